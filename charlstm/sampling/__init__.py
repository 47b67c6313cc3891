"""One letter at a time, on NumPy alone.

- `choose`: draw the next character from the logits
- `stop`: end a sample before a text
- `sampler`: a trained model reads, predicts and writes
"""
