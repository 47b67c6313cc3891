"""The character model: recurrences, the network made of them, and the file that keeps it.

- `cells`: the recurrences, each written once as one time step, for any array library
- `checkpoint`: one safe file: weights, options, vocabulary, what is known about them; no torch
- `network`: embedding -> stacked cells -> logits
"""
