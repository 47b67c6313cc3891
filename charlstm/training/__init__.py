"""Training: how much, how, and in which folder.

- `presets`: options that go together, and which to take for a text and a budget
- `trainer`: fit(): a generator of reports
- `material`: what a training reads: the two parts of a text, as ids
- `run`: a training that lives in a folder, and survives whatever stops it
- `display`: what a training tells a person
"""
