# %% [markdown]
# # 14. Loops, scans and kernels
#
# *What it shows: where the time of a window goes; a loop, a scan and a kernel; what it costs to
# compile a loop, and why the LSTM pays for it twice; batch and threads; your own machine against
# its limit.*
#
# Afterwards you can
#
# - say which part of a training step takes the time, and why;
# - run the same cell as a loop, as a scan under JAX, and as a kernel;
# - measure how near your training comes to what your machine can do.
#
# *Know before: lessons 2 and 5. Takes 26 minutes to read, without solving the exercises, and 1
# minute to run.*
#
# *The letters in formulas and code are those of [the table in lesson
# 1](01-start-here.ipynb#Symbols). Some code is folded: in JupyterLab, click its three dots to open
# it.*
#
# So far it did not matter how fast a network reads. Here nothing else matters. The network learns
# nothing and reads random numbers: the time does not depend on what it reads.
#
# **Before you run anything, guess:** a large matrix product is the fastest arithmetic that your
# machine does. An LSTM trains on 32 texts side by side, on one thread of your CPU. How much of that
# speed does it reach: 2 %, 20 %, or more than 50 %? And how much of it does the loop that you wrote
# in lesson 5 reach?

# %%
# %matplotlib inline
import csv
import os
import time
from importlib.util import find_spec
from statistics import median
from types import SimpleNamespace

import numpy as np
import torch
from torch.nn import functional as F

from charlstm.model import cells
from charlstm.model.stack import Layer

# %%
from charlstm.notebook import plots
from charlstm.speed.turns import in_turns, ratio, timed

torch.set_num_threads(1)
FAST = bool(os.environ.get("CHARLSTM_FAST"))  # fewer measurements, for a quick test
ROUNDS, LEAST = (2, 0.01) if FAST else (7, 0.05)
JAX = find_spec("jax") is not None
if not JAX:
    print("JAX is not installed, so its parts are left out; to see them: pip install jax")

# %% [markdown]
# ## A clock for a machine that does other things, too
#
# While we measure, other programs run. So we take three precautions. We count the time in which
# this process *had* a CPU, and not the time on the wall. We repeat a short action until it has
# taken long enough to be measured. And we measure all candidates in turns, A B A B, and take
# medians: if the machine becomes slower for a while, it becomes slower for all of them. From now on
# each figure is a ratio of two such times. A time in seconds would be true for one machine only.


# %%
def cpu_time(action):
    """Return a measure: the seconds of CPU time of one run of an action."""

    def measure():
        began, runs, taken = time.process_time(), 0, 0.0
        while taken < LEAST:
            action()
            runs, taken = runs + 1, time.process_time() - began
        return taken / runs

    return measure


# %%
def medians(*actions):
    return [median(figures) for figures in in_turns(*map(cpu_time, actions), rounds=ROUNDS)]


# %% [markdown]
# ## Where the time of a window goes
#
# One layer reads a window of T characters in B texts. Three parts do the work:
#
# - the *input product* $u_t = W_{ih} x_t + b_{ih}$. It needs no state, so all T steps are one matrix
#   product;
# - the *recurrence*: $W_{hh} h_{t-1}$ and the gates. Each step needs the step before;
# - the *read-out* $W_{out} h_t + b_{out}$ and the loss: again one product for all steps.
#
# For each character they multiply $G H D$, $G H^2$ and $V H$ times: once for each weight. An
# addition goes with each multiplication. The two count as two *operations*.

# %%
B, T, V, D, H = 32, 64, 65, 64, 128
work = {"input product": 4 * H * D, "recurrence": 4 * H * H, "read-out": V * H}
for name, products in work.items():
    print(f"{name:14}{products:8,} for a character, {products / sum(work.values()):4.0%}")

# %% [markdown]
# To time a part alone, we give it inputs of its own, and a gradient from nowhere for its way back.
# The recurrence is the loop of lesson 5: `cells.unroll` calls the step `cells.lstm` T times.

# %%
torch.manual_seed(0)
layer, head = Layer("lstm", D, H), torch.nn.Linear(H, V)
state = (torch.zeros(B, H), torch.zeros(B, H))
x, u, h = (torch.randn(T, B, size).requires_grad_() for size in (D, 4 * H, H))
targets = torch.randint(V, (T * B,))
parts = {
    "input product": (lambda: cells.project(layer, x), (x, layer.weight_ih)),
    "recurrence": (lambda: cells.unroll(cells.lstm, layer, u, state)[0], (u, layer.weight_hh)),
    "read-out": (lambda: F.cross_entropy(head(h).flatten(0, 1), targets), (h, head.weight)),
}


# %%
def back(forward, leaves):
    out = forward()
    dout = torch.ones_like(out)
    return lambda: torch.autograd.grad(out, leaves, dout, retain_graph=True)


actions = [act for forward, leaves in parts.values() for act in (forward, back(forward, leaves))]
taken = np.array(medians(*actions)).reshape(3, 2)
shares = dict(zip(parts, taken.sum(1) / taken.sum(), strict=True))
for name, (there, backwards) in zip(parts, taken, strict=True):
    print(f"{name:14} {work[name] / sum(work.values()):4.0%} of the multiplications,", end=" ")
    print(f"{shares[name]:4.0%} of the time; back / there {backwards / there:.1f}")

# %% [markdown]
# The recurrence takes a larger share of the time than of the work. Its products are small: B rows
# at a time, where the input product has all $T B$ rows at once. And between two products stands
# much else that counts as no multiplication at all: five tanh, sums, and calls from Python.
#
# The way back has twice the multiplications: for each weight one for the gradient of what came in,
# and one for the gradient of the weight. So a character costs 6 operations for each weight, there
# and back. (Where the way back takes less than twice the time, the way there loses time with
# something else than products: with fresh memory for its results, or with calls.)
#
# How much of the loop is calls? We let it compute almost nothing: one text and one unit. Python
# does not notice, and makes the same calls.


# %%
def loop_of(B, H, T=T):
    """Return an action: the recurrence there and back, as a loop."""
    layer, u = Layer("lstm", 1, H), torch.randn(T, B, 4 * H)
    state = (torch.zeros(B, H), torch.zeros(B, H))

    def action():
        outputs, _ = cells.unroll(cells.lstm, layer, u, state)
        torch.autograd.grad(outputs.sum(), layer.weight_hh)

    return action


# %%
sizes = ((1, 1), (1, H), (B, H), (4 * B, H))
loops = dict(zip(sizes, medians(*(loop_of(*size) for size in sizes)), strict=True))
for (texts, units), seconds in loops.items():
    print(f"B = {texts:3}, H = {units:3}: {seconds / loops[1, 1]:5.1f} times the time of one unit")

# %% [markdown]
# With one text, 128 units take about as long as one unit: you wait for Python and PyTorch, which
# prepare each call, and not for the arithmetic. With more texts each call does more, at the price
# of the same calls.
#
# ## The kernel
#
# A *kernel* is a piece of compiled code that the library calls once. PyTorch has one for a whole
# window of an LSTM; `torch.nn.LSTM` calls it, and so does charlstm when it trains. On a CPU it
# comes from the library oneDNN. A training keeps a graph of the calls, for the way back. **Guess:**
# how many nodes has it, for 16 steps of our loop, and for the kernel?


# %%
def nodes(result):
    """Return how many nodes lead from the weights to a result, for the way back."""
    seen, waiting = set(), [result.grad_fn]
    while waiting:
        node = waiting.pop()
        if node and node not in seen:
            seen.add(node)
            waiting += [before for before, _ in node.next_functions]
    return len(seen)


# %%
graphs = {}
for window in (16, 32, 64):
    by_kernel, _ = layer(x[:window].transpose(0, 1), state)
    by_loop, _ = cells.unroll(cells.lstm, layer, cells.project(layer, x[:window]), state)
    graphs[window] = nodes(by_loop[-1]), nodes(by_kernel)
    loop, kernel = graphs[window]
    print(f"T = {window}: {loop:5,} nodes in the loop, {kernel} in the kernel")
print(f"largest difference of the outputs {(by_loop.transpose(0, 1) - by_kernel).abs().max():.0e}")

# %% [markdown]
# Both compute the same. The kernel has a price, too: somebody had to write it, in another language,
# once for each cell. A cell that you invent has none. The peephole LSTM of lesson 6 has none
# either.
#
# ## The scan: the same cell under JAX
#
# There is a third way. [JAX](https://docs.jax.dev) (its extra here is `jax`) takes a Python
# function and *compiles* it: `jax.jit` runs the function once with stand-ins for arrays, writes
# down every operation, and makes one program of them. If the function has a Python loop, the loop
# is gone: its T rounds stand one after the other in the program. It is *unrolled*. `jax.lax.scan`
# is a loop that the program keeps. It takes a function of what is carried on and of one input,
# which returns what to carry on and what to put out. That is just what a cell is.

# %%
if JAX:
    os.environ.setdefault("JAX_PLATFORMS", "cpu")  # also if there is a GPU
    os.environ.setdefault("NPROC", "1")  # so many threads
    import jax


def scan(step, p, us, state):
    def one(state, u):
        state = step(p, u, state)
        return state, state[0]

    state, outputs = jax.lax.scan(one, state, us)
    return outputs, state


# %% [markdown]
# The cells of charlstm ask an array which library made it (`cells.namespace`). So `cells.lstm`
# needs no change. Both loops take the same arguments, and the same loss is made of their outputs:


# %%
def loss_by(loop, cell="lstm"):
    def loss(weights, inputs, state):
        p = SimpleNamespace(**weights)
        outputs, _ = loop(cells.CELLS[cell].step, p, cells.project(p, inputs), state)
        return (outputs * outputs).sum()

    return loss


def given(cell="lstm", window=T):
    rng, kind = np.random.default_rng(0), cells.CELLS[cell]
    weights = {k: rng.normal(0, 0.1, s).astype("f4") for k, s in kind.shapes(D, H).items()}
    inputs = rng.normal(size=(window, B, D)).astype("f4")
    return weights, inputs, tuple(rng.normal(size=(B, H)).astype("f4") for _ in kind.states)


# %% [markdown]
# Is it the same? Here are PyTorch's loop and JAX's scan with the same weights, from the same state,
# with the gradients of all weights:

# %% jupyter={"source_hidden": true}
# Folded: the gradients of the loop in PyTorch and of the scan in JAX
differences = {}
if JAX:
    weights, inputs, start = given(window=32)
    named = {name: torch.from_numpy(array).requires_grad_() for name, array in weights.items()}
    loss = loss_by(cells.unroll)(named, torch.from_numpy(inputs), (*map(torch.from_numpy, start),))
    theirs = torch.autograd.grad(loss, [*named.values()])
    _, ours = jax.jit(jax.value_and_grad(loss_by(scan)))(weights, inputs, start)
    for name, theirs_of in zip(named, theirs, strict=True):
        apart = np.abs(np.asarray(ours[name]) - theirs_of.numpy()).max()
        differences[name] = float(apart / theirs_of.abs().max())
        print(f"d {name:10} largest difference {differences[name]:.0e} of the largest entry")

# %% [markdown]
# ## "A long loop takes forever to compile"
#
# **A claim you will read:** under `jax.jit`, a Python loop over a long text takes forever to
# compile, the first time; use a scan. Is that so? And is it all? We compile both for three windows,
# there and back. Besides the time we count the multiplications in the compiled program: not how
# often they run, but how often they are *written* in it. We do the same for a vanilla network
# (lesson 2).
#
# **Guess:** if the window becomes twice as long, how do the time and the length of the unrolled
# program grow, for the vanilla network and for the LSTM?


# %%
def compiled(loop, cell, window):
    """Return the program for a pass there and back, and the CPU time of compiling it."""
    began = time.process_time()
    program = jax.jit(jax.value_and_grad(loss_by(loop, cell))).lower(*given(cell, window)).compile()
    return program, time.process_time() - began


# %%
WINDOWS = (1, 2, 4) if FAST else (8, 16, 32)
programs, compiling, written = {}, {}, {}
if JAX:
    compiled(scan, "rnn", 2)  # JAX itself must start
    for way in ((scan, "lstm"), (cells.unroll, "rnn"), (cells.unroll, "lstm")):
        for window in WINDOWS:
            programs[way, window], compiling[way, window] = compiled(*way, window)
            written[way, window] = programs[way, window].as_text().count(" multiply(")

# %% jupyter={"source_hidden": true}
# Folded: print what compiling took, and how many multiplications are in the program
titles = {"scan/lstm": "LSTM, scan", "unroll/rnn": "RNN, loop", "unroll/lstm": "LSTM, loop"}
for ((loop, cell), window), seconds in compiling.items():
    times = seconds / compiling[(scan, "lstm"), WINDOWS[0]]
    print(f"{titles[f'{loop.__name__}/{cell}']:10} T = {window:2}: compiling takes", end=" ")
    print(f"{times:5.1f} times the first; {written[(loop, cell), window]:5,} multiplications")

# %% [markdown]
# So the claim is right: the scan takes as long for every window, and the loop the longer the more
# steps it has. But the LSTM's program does not grow with the window. It grows nearly with its
# *square*. The vanilla network's does not. What do you expect of their running time?


# %%
def run_of(way, cell, window):
    program, arrays = programs[(way, cell), window], given(cell, window)
    return lambda: jax.block_until_ready(program(*arrays))


running = {}
if JAX:
    taken = medians(*(run_of(*way, window) for way, window in programs))
    running = dict(zip(programs, taken, strict=True))
    for window in WINDOWS:
        slower = running[(cells.unroll, "lstm"), window] / running[(scan, "lstm"), window]
        print(f"T = {window:2}: the unrolled LSTM runs {slower:4.1f} times as long as its scan")

# %% [markdown]
# The article that says "the first time" has stopped its clock too early. The unrolled LSTM is slow
# *every* time, and the more so the longer the window. Why?
#
# A compiler *fuses* cheap operations: what it can work out in passing, it does not store. A product
# of matrices is not cheap, and neither is a tanh. But look at the second state of the LSTM: $c_t =
# f_t \cdot c_{t-1} + i_t \cdot g_t$. From step to step there are only sums and products, number by
# number. The same holds for its gradient on the way back: $dc_{t-1} = f_t \cdot dc_t + \ldots$.
# This path on which nothing is lost is what the LSTM was made for (lesson 6). Along it the compiler
# may work out $dc_t$ anew, from the end of the window, in each place that needs it. In all that
# makes about $T^2 / 2$ steps. In a vanilla network a matrix product stands between any two steps,
# and nothing is worked out twice.
#
# That is an explanation, so we test it: we forbid JAX's compiler to fuse. This and longer windows
# are in a file, since compiling takes so long: `python notebooks/lessons/data/scan.py` makes
# `data/scan.csv`. Each row is one way and one window, at the sizes of this lesson, with CPU times
# on one thread: of the first call, with all compiling, and of a later call, in turns with PyTorch's
# kernel for the same cell. `torch.compile`, PyTorch's own compiler, is there, too. (Its line ends
# at 64, and those of the loops under `jax.jit` at 128: the script compiles no longer ones.)

# %%
with open("data/scan.csv", newline="", encoding="utf-8") as file:
    rows = list(csv.DictReader(file))
NAMES = {"scan": "scan", "loop under jit": "loop, LSTM", "loop under jit, RNN": "loop, RNN",
         "loop under jit, not fused": "loop, LSTM, not fused", "torch.compile": "torch.compile",
         "torch's loop": "PyTorch's loop"}  # fmt: skip
first, later = ({NAMES[row["way"]]: {} for row in rows} for _ in range(2))
for row in rows:
    window = int(row["window"])
    first[NAMES[row["way"]]][window] = float(row["first"])
    later[NAMES[row["way"]]][window] = [float(row["of kernel"])]
del first["PyTorch's loop"]  # it compiles nothing
scans = first.pop("scan")
print(f"T = {min(scans)} to {max(scans)}: the scan's first calls differ by a factor of", end=" ")
print(f"{max(scans.values()) / min(scans.values()):.1f}")

# %%
longer = {
    name: {window: [seconds / scans[window]] for window, seconds in line.items()}
    for name, line in first.items()
}
figure = plots.by_seed(longer, "window T, characters", "first call / the scan's first call")
figure.axes[0].set_yscale("log")
figure

# %%
last = max(later["loop, LSTM"])
times = longer["loop, LSTM"][last][0], later["loop, LSTM"][last][0] / later["scan"][last][0]
print(
    f"T = {last}: the unrolled LSTM takes {times[0]:.0f} times as long as the scan the first time,"
)
print(f"and {times[1]:.0f} times as long each later time")
figure = plots.by_seed(later, "window T, characters", "a later call / PyTorch's kernel")
figure.axes[0].set_yscale("log")
figure

# %% [markdown]
# The first figure is the claim. For the scan the window makes hardly a difference. The first call
# of the loops takes about twice as long for twice the window; the LSTM's takes four times as long
# in the end, and JAX itself asks on the screen whether that is not very slow. `torch.compile`
# unrolls, too, and so it asks for as much patience.
#
# The second figure is what the claim leaves out. The unrolled LSTM gets slower and slower, for each
# letter. The one that may not be fused stays much nearer to the scan. So the explanation holds for
# the most part. (Some growth remains, in the unrolled RNN, too. We have not looked for its reason.
# That the short unrolled RNNs are faster than the kernel is the kernel's fault: on a CPU, PyTorch's
# kernel for the RNN does not come from oneDNN.)
#
# So: true, and less than half of the truth. All this is JAX 0.10 on a CPU. The compiler of another
# version may fuse with more sense; the cells above tell you.
#
# ## Batch
#
# Now back to PyTorch, and to the limit. The *peak* is the speed of a large matrix product, in
# operations per second. A training step does $6 \cdot 4 H (D + H)$ operations for a character. So
# the share of the peak that it reaches is the time that a product of as many operations would take,
# divided by the time that the step takes. We measure it by batch, for the loop, for the kernel, and
# for the matrix products of the recurrence alone, called one after the other: all that no cell can
# do without.


# %%
def step_of(run, B, H=H):
    """Return an action: one layer there and back over a window, as a loop or by the kernel."""
    layer, x = Layer("lstm", D, H), torch.randn(B, T, D).requires_grad_()
    state, leaves = (torch.zeros(B, H), torch.zeros(B, H)), (x, *layer.parameters())

    def kernel():
        torch.autograd.grad(layer(x, state)[0].sum(), leaves)

    def loop():
        us = cells.project(layer, x).transpose(0, 1)
        torch.autograd.grad(cells.unroll(cells.lstm, layer, us, state)[0].sum(), leaves)

    return {"kernel": kernel, "loop": loop}[run]


# %%
def products_of(B, H=H):
    """Return an action: the recurrence's matrix products, there and back, and nothing else."""
    h, da, W = torch.randn(B, H), torch.randn(B, 4 * H), torch.randn(4 * H, H)

    def products():
        for _ in range(T):
            h @ W.T, da @ W, da.T @ h

    return products


# %%
SIDE = 1024
large = torch.randn(SIDE, SIDE)


def of_peak(B, H=H):
    """Return the share of the peak that products, kernel and loop reach."""
    actions = (products_of(B, H), step_of("kernel", B, H), step_of("loop", B, H))
    peak, *times = medians(lambda: large @ large, *actions)
    operations = [6 * 4 * H * size * B * T for size in (H, D + H, D + H)]
    return [n * peak / (2 * SIDE**3) / t for n, t in zip(operations, times, strict=True)]


# %% tags=["cover"] alt="share of a machine's peak against batch: the bare matrix products and the kernel above, the loop far below"
batches = (1, 32) if FAST else (1, 4, 16, 64, 256)
reached = {batch: of_peak(batch) for batch in batches}
lines = {
    name: {batch: [reached[batch][place]] for batch in batches}
    for place, name in enumerate(("products alone", "kernel", "loop"))
}
plots.by_seed(lines, "batch B, texts", "share of the peak", f"an LSTM of {H} units, one thread")

# %% [markdown]
# (Your guesses: 32 texts lie between 16 and 64. The last table of this lesson has them exactly.)
# Each way gets nearer to the peak as the batch grows, up to a point, and each for a reason of its
# own. The loop has its calls to pay, and shares them among more texts. The products must fetch each
# weight from memory: with one text for two operations, with 64 texts for 128. (The kernel can be
# above the bare products, which fetch each weight T times. It may keep the weights near, in the
# order in which it needs them.)
#
# More texts side by side are not free. They take memory for the way back, and there are fewer
# updates in a pass over the text. So you cannot choose the batch by this figure alone.
#
# ## Threads
#
# A second thread can take half of a product, if the product is large enough to be shared, and if a
# CPU is free. Now the time on the wall counts, not the CPU time: two threads that wait for each
# other use two CPUs.

# %%
cpus = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def with_threads(number, action):
    def run():
        torch.set_num_threads(number)
        action()

    return timed(run)


# %%
gains = {}
for batch in (4, 64) if cpus > 1 else ():
    action = step_of("kernel", batch)
    one, several = (with_threads(number, action) for number in (1, cpus))
    gains[batch] = ratio(*in_turns(one, several, rounds=3 * ROUNDS))
torch.set_num_threads(1)
if cpus == 1:
    print("This process may use one CPU only, so there is nothing to compare.")
for batch, gain in gains.items():
    print(f"B = {batch:2}: {cpus} threads are {gain:.2f} times as fast as one")

# %% [markdown]
# With few texts a product is too small: by the time that both threads have met, one could have done
# it. With many, the factor comes nearer to the number of threads. That is so on a quiet machine. If
# other programs use the CPUs, each product waits for the slower thread, and more threads can be
# *slower* than one. So no fixed number is right: charlstm measures while it trains, and takes what
# is the fastest now. (The README has a table of a busy machine; `python -m charlstm.benchmark
# --busy` measures yours.)
#
# ## What a GPU would change
#
# This lesson must run where there is no GPU, so none of its figures comes from one. This section
# tells what others report, and where. (What charlstm reaches on a GPU stands in the README.)
#
# - A GPU has thousands of lanes, and they want one large product. An LSTM gives it T small ones, each
#   of which must wait for the one before. Diamos and others (*Persistent RNNs*, 2016) kept the
#   weights on the chip over all steps, in one kernel for the whole window. With 4 texts side by side
#   they report 2.8 TFLOP/s on a Titan X: about 45 % of its peak, and 30 times as fast as one product
#   after the other (the second and third figure are from the version for a workshop, ICLR 2016).
# - Appleyard, Kočiský and Blunsom (*Optimizing Performance of Recurrent Neural Networks on GPUs*,
#   2016) describe what NVIDIA's library cuDNN does since its version 5: first one cell is made
#   faster, then a layer, then all layers together. They report a factor of about ten over a naive
#   implementation.
# - That kernel is still hard to beat. The author of FlashRNN, a library of newer GPU kernels for
#   recurrent networks, wrote in 2025 that cuDNN's LSTM is a bit faster than his, and that it is
#   limited to that one cell ([issue 3](https://github.com/NX-AI/flashrnn/issues/3)). One of JAX's
#   authors wrote in 2022 that its compiler makes no great code for recurrent networks, on GPUs
#   above all ([issue 13111](https://github.com/jax-ml/jax/issues/13111)); JAX can now call cuDNN's
#   kernel, too.
#
# So a GPU does not change the story. It makes it steeper: the peak is far higher, the calls are not
# cheaper, and batch and kernel matter all the more.
#
# ## Your machine against its limit
#
# Now for your own machine. The table holds one layer of an LSTM against the peak of one thread: a
# small and a wide one, 32 texts side by side.

# %%
mine = {units: of_peak(32, units) for units in ((H,) if FAST else (H, 4 * H))}
for units, (products, kernel, loop) in mine.items():
    print(f"H = {units}: products alone reach {products:.0%} of the peak,", end=" ")
    print(f"the kernel {kernel:.0%}, the loop {loop:.0%}")
    print(f"   the kernel is {kernel / loop:.1f} times as fast as the loop", end=" ")
    print(f"and could become {1 / kernel:.1f} times faster at most")

# %% jupyter={"source_hidden": true}
# Folded: the same for the scan, where JAX is installed
if JAX:
    program, _ = compiled(scan, "lstm", T)
    arrays = given()
    peak, there_and_back, kernel = medians(
        lambda: large @ large,
        lambda: jax.block_until_ready(program(*arrays)),
        step_of("kernel", B),
    )
    share = 6 * 4 * H * (D + H) * B * T * peak / (2 * SIDE**3) / there_and_back
    print(
        f"H = {H}: the scan reaches {share:.0%}; it takes {there_and_back / kernel:.1f} times",
        end="",
    )
    print(" as long as the kernel")

# %% [markdown]
# What is left to gain? Not more than the last figure of each row. If the kernel is at half of the
# peak, then no other code, and no other library, makes this layer more than twice as fast on this
# thread in this precision. What remains are fewer operations, numbers of half the size (bfloat16),
# more threads, or another machine.
#
# `python -m charlstm.benchmark` measures the whole trainer in this way, with dropout and
# everything, for all presets.
#
# ## Exercises
#
# **1.** Write `jax.lax.scan` in plain Python. `step(carry, x)` returns the new carry and an output.
# Return a list: the last carry, and after it all outputs.

# %%
from charlstm.notebook.exercises import check


def scan_by_hand(step, carry, xs):
    raise NotImplementedError


def add_up(total, x):
    return total + x, 10 * (total + x)


cases = [((add_up, 0, [1, 2, 3]), [6, 10, 30, 60]), ((add_up, 8, []), [8])]
check(scan_by_hand, [*cases, ((lambda last, x: (x, x - last), 5, [7, 4]), [4, 2, -3])])

# %% [markdown]
# **2.** Which share of a layer's multiplications is the recurrence, for inputs of size D and H
# units? (Without the read-out. Does it depend on the number of gates?)


# %%
def share_of_recurrence(D, H):
    raise NotImplementedError


check(share_of_recurrence, [((64, 128), 2 / 3), ((100, 100), 0.5), ((10, 90), 0.9)])

# %% [markdown]
# **3.** A program takes `compiling` seconds to compile. Then it needs `fast` seconds for a window,
# where another way needs `slow` seconds and no compiling. After how many windows has it taken less
# time in all? Return the smallest number of windows.


# %%
def pays_after(compiling, fast, slow):
    raise NotImplementedError


check(pays_after, [((10, 1, 3), 6), ((9, 1, 3), 5), ((0.5, 1, 2), 1)])

# %% [markdown]
# **4.** A part of a program takes the share `part` of its time. Another machine does this part
# `factor` times as fast, and the rest as before. How many times as fast is the whole program? (This
# is Amdahl's law. What does it say of a loop whose calls cost as much as its products?)


# %%
def whole(part, factor):
    raise NotImplementedError


check(whole, [((0.5, 2), 4 / 3), ((0.5, 1e12), 2), ((0.9, 10), 1 / 0.19), ((1.0, 7), 7)])

# %% [markdown]
# <details><summary>One way to write them</summary>
#
# ```python
# def scan_by_hand(step, carry, xs):
#     outputs = []
#     for x in xs:
#         carry, output = step(carry, x)
#         outputs.append(output)
#     return [carry, *outputs]
#
# def share_of_recurrence(D, H):
#     return H / (D + H)  # G H^2 of G H (D + H): the gates cancel out
#
# def pays_after(compiling, fast, slow):
#     return int(compiling / (slow - fast)) + 1
#
# def whole(part, factor):
#     return 1 / (1 - part + part / factor)
# ```
#
# In the last one, an endless speed of the products makes the loop only twice as fast: the calls
# remain. </details>
#
# ## Summary
#
# - The recurrence takes more of the time than of the work: many small products, one after the other.
# - The same cell runs as a loop, as a scan, and (if somebody has written it) as a kernel.
# - Under `jax.jit` a Python loop is unrolled. To compile it takes the longer the longer the window.
#   And an unrolled LSTM is slow each time, because the compiler works out its second state again and
#   again. A scan has neither trouble.
# - More texts at once bring each way nearer to the peak. The kernel gets there first.
# - Hold your training against the peak of your machine. Then you know how much is left to gain.
#
# **Where to read on.** G. Diamos and others, *Persistent RNNs: Stashing Recurrent Weights On-Chip*
# (2016), sections 1 to 3. The pages
# [jax.lax.scan](https://docs.jax.dev/en/latest/_autosummary/jax.lax.scan.html) of JAX's
# documentation. S. Williams, A. Waterman and D. Patterson, *Roofline: An Insightful Visual
# Performance Model for Multicore Architectures* (2009): what a machine can reach. Next: [15. What
# the articles say](15-what-the-articles-say.ipynb).
