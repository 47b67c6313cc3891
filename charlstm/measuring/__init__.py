"""How good a model is.

- `scores`: nats and bits per character, in two protocols
- `dynamic`: the same for a copy that learns while it reads
- `passage`: what is measured: a part of a text, as a model reads it
- `writing`: what a model writes, beside what it has read
- `evaluation`: all figures of one model on one text
"""
