"""How fast charlstm is on this machine: what `python -m charlstm.benchmark` measures.

- `turns`: measure several actions in turns, so that a change of the machine's speed meets all
- `beside`: other processes at the same time, and their end
- `bare`: training and sampling, each beside a bare torch loop
- `busy`: training, evaluation and sampling while other programs keep the CPUs busy
"""
