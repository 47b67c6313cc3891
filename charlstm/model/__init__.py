"""The character model: recurrences, the network made of them, and the file that keeps it.

- `cells`: the recurrences, each written once as one time step, for any array library
- `named_cells`: cells that have a name: the five, and a reader's own
- `section`: one JSON object of a file, read key by key and checked once
- `facts`: what a file says of its model: text, training, scores
- `checkpoint`: one safe file: weights, options, vocabulary, what is known about them; no torch
- `kernels`: PyTorch's kernels for the cells that have one, a whole window at a time
- `initial`: how the weights of recurrent layers start
- `network`: embedding -> stacked cells -> logits
"""
