"""How good a model is.

- `scores`: nats and bits per character, in two protocols
- `sampled`: the scores of a long text, from samples of it
- `calibration`: one number divides the logits, so that a model is as sure as it is right
- `dynamic`: the score of a copy of the model that learns while it reads
- `corrections`: what came in each context, compared with what was expected there
- `gate`: the weights of a mixture, which learn after each character
- `mixture`: the same copy, mixed with n-grams that learn while they read
- `passage`: the part of a text that is measured, as the model reads it
- `writing`: how much of what a model writes is copied from what it has read
- `comparison`: settings compared over several seeds
- `evaluation`: all figures of one model on one text
"""
