"""Training: for how long, with which options, and in which folder.

- `budget`: how much a training may use, and the learning rate that follows from it
- `presets`: options that go together, and which of them suits a text and a budget
- `optimizer`: AdamW, which moves the weights, and the average that follows them
- `progress`: the numbers that a training counts, and its report of a step
- `distributed`: several processes that train one model, and what they agree on in each step
- `windows`: what the steps read: a window of each stream, and the state before it
- `place`: where a training computes: device, threads, processes
- `snapshot`: saves the state of a training as arrays and numbers, and restores it
- `trainer`: truncated back-propagation: what a step does, and which weights are kept
- `fit`: trains a model in place, and yields a report for each step
- `follow`: what all ranks but the first do: they take the steps that rank 0 takes
- `material`: what a training reads: both parts of a text as ids; and the trainer that reads them
- `inherit`: a new model that begins with the weights and the vocabulary of another one
- `interrupt`: Ctrl-C waits until a step is done
- `folder`: where a training lives that was given no folder
- `lock`: who trains in a folder; nobody else may meanwhile
- `log`: a line for each validation of a run
- `saved`: `resume.safetensors`, all that a training needs to go on
- `run`: a training in a folder; it can be resumed after whatever stopped it
- `finish`: the model is calibrated and measured
- `shown`: what the model of a run writes, side by side at several temperatures
- `card`: the card of a model, `README.md` beside it
- `display`: what a training tells a person
"""
