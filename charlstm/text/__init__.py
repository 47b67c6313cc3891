"""Text before any model sees it. The files stand in the order in which a text goes through them.

- `encoded`: a text as numbers: in memory, or on disk if it is too large for that
- `escapes`: what stands for a line end, or for any character, where a person types
- `normal_forms`: an é as one character, or as an e and an accent
- `vocabulary`: characters to ids and back
- `registry`: texts that have a name: they come with charlstm, or it downloads and checks them
- `marks`: the mark of an encoding at the beginning of a file, and how bytes without one look
- `kinds`: what a file is by its first bytes: text, a page or table, or a document that is none
- `chunks`: bytes that can be read more than once, in chunks
- `archives`: what a file holds: itself, or what was packed into it
- `folders`: the text files in a folder and below it; what is left out is told
- `pieces`: files, folders, archives, names or "-" as pieces of bytes
- `decoded`: pieces of bytes become characters, a few million at a time
- `prepared`: a large text is written to disk once, as ids
- `split`: where the parts of a text lie; lines or blocks of it that are drawn
- `corpus`: a name, a path, a folder or "-" becomes one text, cut into parts
- `streams`: ids become parallel streams, cut into windows (truncated BPTT)
- `writer`: a text made choice by choice, with the entropy of each character
- `chains`: texts about which the truth is known: a Markov chain, and one whose states are hidden
- `synthetic`: texts whose answers lie far back: brackets, copy, echo, recall, adding, agreement
- `pairs`: pairs of texts of which one follows from the other by a rule, or from a file
- `typos`: typing errors put into a text, and how well they are found
- `contexts`: what stands before each place of a text: words and paragraphs
- `ngrams`: what n-grams say about each next character, from all that was read before it
- `baselines`: what a compressor and a 5-gram model reach on a text
- `novelty`: how much of a text is copied from another
- `order`: whether the end of a text differs from the rest, as that of a sorted list does
- `report`: what can be known about a text before a model is trained on it
"""
