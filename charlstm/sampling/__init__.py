"""One letter at a time, on NumPy alone.

- `sampler`: a trained model reads and writes
"""
