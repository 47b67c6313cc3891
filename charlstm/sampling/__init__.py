"""A trained model writes one character at a time, on NumPy alone.

- `choose`: draw the next character from the logits
- `runs`: runs of characters, found by their hashes
- `bans`: characters that may not come next, because they would repeat or copy
- `chooser`: the next characters of several samples, by all options together
- `lstm`: the LSTM's step in fewer calls of NumPy
- `stop`: end a sample before a given text
- `sampler`: a trained model reads, predicts and writes
- `reading`: how much a text surprises a model
- `items`: items, one a line, all different, held against the text that they imitate
- `printed`: samples on standard output, as text or as lines of JSON
- `interactive`: a text that a person and a model write together
- `terminal`: keys and a screen for that
"""
