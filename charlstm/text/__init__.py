"""Text, before any model sees it, in the order in which it gets there.

- `vocabulary`: characters to ids and back
- `registry`: texts that have a name: they come with charlstm, or are downloaded and checked
- `corpus`: a name, a path, a folder or "-" becomes one text, cut into parts
- `streams`: ids become parallel streams, cut into windows (truncated BPTT)
- `writer`: makes a text choice by choice, and knows the entropy of each character
- `synthetic`: texts about which the truth is known: chains, brackets, recall, echo, agreement
- `baselines`: what a compressor and a 5-gram model reach on a text
- `novelty`: how much of a text is copied from another
- `report`: what can be said of a text before a model is trained on it
"""
