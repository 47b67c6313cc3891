"""What this machine has: CPUs and threads on them, a GPU, and the precision they compute in.

- `choice`: how many threads are the fastest, measured while they work
- `threads`: the threads for work that comes in pieces
- `cpus`: the CPUs that this process may use, and threads on them for PyTorch and NumPy
- `devices`: the CPU or a GPU, and whether it computes in bfloat16
- `atomic_file`: a file that is replaced whole, whoever else writes it or has it open
- `signed`: a text that charlstm may write anew, because nobody changed it
- `cache`: the folder for what can be made again, and the right to write there
- `columns`: how wide a text is in a terminal
- `waiting`: shows that long work goes on: a bar on a terminal, elsewhere a line now and then
"""
