"""Other networks of the same layers: fill a blank, one text into another, convolutions, numbers.

- `fitting`: the loop that trains them: budget, learning rate, clipping, a report for each step
- `saving`: their files, as safe as a model's, with a kind of its own for each
- `bidirectional`: each character from those before and after it; one pass predicts all places
- `filling`: the blanks of a text, one or several, the surest first, by a beam
- `attention`: at each step a look at all letters of the source, with other weights
- `encoder_decoder`: one text into another, with attention or without, or through a neck
- `decoding`: what an encoder and decoder writes, letter by letter: the best letter, or a beam
- `convolution`: a causal convolution over the characters before the recurrent layers
- `fixed_window`: no memory: the last k characters, and nothing before them
- `transformer`: a small causal transformer, which looks back at the last L characters
- `series`: series of numbers, one famous and two made, and faults planted into them
- `naive`: simple forecasts to hold a network against
- `forecast`: numbers in place of letters: windows, their scale, one or several steps ahead
"""
