"""Other networks of the same layers: fill a blank, one text into another, convolutions, numbers.

- `fitting`: the loop that trains them: budget, learning rate, clipping, a report for each step
- `saving`: their files, as safe as a model's, with a kind of its own for each
- `attention`: at each step a look at all letters of the source, with other weights
- `encoder_decoder`: one text into another, with attention or without, or through a neck
- `decoding`: what an encoder and decoder writes, letter by letter: the best letter, or a beam
"""
