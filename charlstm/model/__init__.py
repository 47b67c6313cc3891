"""The character model: recurrent cells, the network made of them, and the file that stores it.

- `cells`: recurrent cells, each written once as one time step, for any array library
- `named_cells`: cells that have a name: charlstm's five, and a reader's own
- `section`: one JSON object of a file, read key by key and checked once
- `facts`: what a file says about its model: its text, its training, its scores
- `array_file`: arrays and a JSON header in one file, and the bounds of what is read
- `checkpoint`: one safe file: weights, options, vocabulary and these facts, read without torch
- `own_text`: the text that a file says its model was trained on, read within bounds
- `kernels`: PyTorch's fast code for some of the cells, a whole window at a time
- `dropout`: masks of units and weights, drawn where they are used
- `initial`: how weights start, by a seed; those of recurrent layers in a way of their own
- `stack`: recurrent layers, one above the other
- `network`: embedding -> stacked cells -> logits
"""
