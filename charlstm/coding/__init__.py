"""A text in few bits: what a model predicts goes through a range coder, the same on every machine.

- `tables`: exp and tanh as tables of whole numbers
- `fixed_point`: an array library whose results do not depend on the machine
- `predictor`: a trained model that computes with it
- `frequencies`: what was predicted or counted, as the whole numbers that a coder takes
- `symbols`: bytes become characters that a model knows, and single bytes; and back
- `range_coder`: symbols become bits, and bits become symbols
- `packed`: what stands in a compressed file
"""
