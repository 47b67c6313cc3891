"""Training: how much, how, and in which folder.

- `budget`: how much a training may use, and the learning rate that follows from it
- `presets`: options that go together, and which to take for a text and a budget
- `optimizer`: what moves the weights: AdamW, and behind it their average
- `progress`: the numbers that a training counts, and what it reports of a step
- `snapshot`: a training as arrays and numbers, and back; the last good state
- `trainer`: fit(): a generator of reports
- `material`: what a training reads: the two parts of a text, as ids
- `run`: a training that lives in a folder, and survives whatever stops it
- `display`: what a training tells a person
"""
