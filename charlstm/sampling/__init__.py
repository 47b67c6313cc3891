"""A trained model writes one character at a time, on NumPy alone.

- `choose`: draw the next character from the logits
- `lstm`: the LSTM's step in fewer calls of NumPy
- `stop`: end a sample before a given text
- `sampler`: a trained model reads, predicts and writes
"""
