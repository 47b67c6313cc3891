# %% [markdown]
# # 7. Truncated back-propagation, and a stacked LSTM on a corpus
#
# *What it shows: window against delay, windows that overlap, state carried or reset, the cold
# start; one layer against several; two layers trained on tales.*
#
# Afterwards you can
#
# - train with truncated back-propagation, and carry the state right;
# - compare losses of the same protocol only;
# - see overfitting, and choose a remedy.
#
# *Know before: lessons 2 and 5. Takes 44 minutes to read, without solving the exercises, and 2
# minutes to run.*
#
# *The letters in formulas and code are those of [the table in lesson
# 1](01-start-here.ipynb#Symbols). Some code is folded: in JupyterLab, click its three dots to open
# it.*
#
# A text has a million characters, and no gradient goes back through a million steps. So training
# cuts the text into *windows*, and the gradient stops where a window begins. This lesson measures
# what the cut costs. It also asks what happens to the *state* at the cut: training can carry it on
# (often called *stateful*), throw it away (a *state reset*), or, in many tutorials, mix it up. Then
# you train two LSTM layers on a book of tales, and let them write.
#
# ![A line of text is cut into three streams, which become the rows of a table. The table is cut
# into two windows of seven letters. Arrows carry the state from the first window into the second;
# dashed arrows, the gradients, run back and end where their window
# begins](drawings/streams-and-windows.svg)
#
# **Before you run anything, guess:** a network reads random bits in windows of 4. At each step it
# must give the bit that came 4 steps before. Can it learn that? And with windows of 8?

# %%
# %matplotlib inline
import os
from itertools import product

import numpy as np
import torch
from torch.nn import functional as F

from charlstm import CharModel, ModelOptions
from charlstm.notebook import plots

torch.set_num_threads(1)
FAST = bool(os.environ.get("CHARLSTM_FAST"))
UPDATES, EVALUATIONS, HIDDEN = (30, 3, 48) if FAST else (400, 10, 128)

# %% [markdown]
# ## The echo task
#
# The network reads bits. At each step it must repeat the bit that it read k steps ago. (This lag k
# is the task's *delay*.) The bits are random, so the context gives no help, and a network that
# knows nothing pays $\ln 2$ nats.


# %%
# `charlstm.text.synthetic.echo` asks for the next letter; here the answer is no part of what is read
def echo(delay, streams, length):
    """Return inputs and targets, each (streams, length): a target is the input `delay` steps ago."""
    generator = torch.Generator().manual_seed(0)
    bits = torch.randint(2, (streams, delay + length), generator=generator)
    return bits[:, delay:], bits[:, :length]


inputs, targets = echo(delay=4, streams=1, length=20)
print("reads   ", *inputs[0].tolist())
print("must say", *targets[0].tolist())

# %% [markdown]
# ## The loop
#
# Truncated back-propagation through time (Williams & Peng 1990) is a training loop with one unusual
# line, the line before the last in the loop. The state after a window becomes the state before the
# next: the loop carries its *values* on. But `detach` removes the history of how they were
# computed, for h and for c. So the backward pass ends at the beginning of the window.


# %%
def train(model, inputs, targets, T):
    optimizer = torch.optim.Adam(model.parameters(), 1e-2)
    state, losses = None, []  # None: the zero state
    for t in range(0, inputs.shape[1], T):
        logits, state = model(inputs[:, t : t + T], state)
        loss = F.cross_entropy(logits.flatten(0, 1), targets[:, t : t + T].flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        state = [(h.detach(), c.detach()) for h, c in state]
        losses.append(loss.item())
    return losses


# %% [markdown]
# Now we test your guess: delay 4, windows of 4 and of 8. Both runs make the same number of updates
# and read 64 bits for each. Each point is the mean of 10 updates.

# %%
tiny = ModelOptions(hidden_size=24, embedding_size=None, dropout=0)  # None: one-hot input
curves = {}
for T in (4, 8):
    inputs, targets = echo(4, 64 // T, UPDATES * T)
    losses = np.reshape(train(CharModel(tiny, 2), inputs, targets, T), (-1, 10)).mean(1)
    curves[f"windows of {T}"] = dict(zip(range(10, UPDATES + 1, 10), losses, strict=True))
plots.training(curves, f"echo of 4 steps ago; knowing nothing costs {np.log(2):.2f} nats")

# %% [markdown]
# Windows of 8 learn it. Windows of 4 stay near $\ln 2$ for most of the run. They get a little
# better at the end; we explain this below (*Look at the last line*). First we look at the rule.
#
# ## How far back a loss can see
#
# The network reads two windows of 8, and we detach the state in between. For each position of the
# second window, autograd shows for which inputs its output has a gradient: `#` means that the
# gradient is not zero.

# %%
model, T = CharModel(tiny, 2), 8
layer = model.layers[0]
x = model.embed(echo(0, 1, 2 * T)[0]).requires_grad_()  # (1, 2T, 2)
_, state = layer(x[:, :T], model.zero_state(1)[0])
outputs, _ = layer(x[:, T:], tuple(s.detach() for s in state))
seen = []
for t in range(T):
    (gradient,) = torch.autograd.grad(outputs[0, t].sum(), x, retain_graph=True)
    seen.append((gradient[0].norm(dim=-1) > 0).int().tolist())
    marks = "".join(".#"[mark] for mark in seen[-1])
    print(f"position {t + 1}:  {marks[:T]} | {marks[T:]}")

# %%
with torch.no_grad():
    _, changed = layer(1 - x[:, :T], model.zero_state(1)[0])  # every bit before the cut is flipped
    others, _ = layer(x[:, T:], changed)
print(f"a loss sees {np.sum(seen, 1).mean():.1f} characters, averaged over the window of {T}")
print(f"flipped bits before the cut move an output by up to {(others - outputs).abs().max():.3f}")

# %% [markdown]
# So a window of T does not mean that each loss sees T characters. Only the last one does; the first
# sees only the character just read. From 4 of 8 positions, the loss sees the bit that came 4 steps
# before. In a window of 4 no position sees it. But the values do cross the cut, as the second line
# shows: if we flip the bits before the cut, the outputs after it change. Only gradients do not
# cross it.
#
# ## If you forget to detach
#
# **Guess:** what happens if you detach nothing? If you detach h but not c? If you follow the error
# message and add `retain_graph=True`?


# %%
def two_updates(cut, **how):
    """Train on two windows, with `cut` applied to h and c between them; return an error or "runs"."""
    model, state = CharModel(tiny, 2), None
    optimizer = torch.optim.Adam(model.parameters())
    try:
        for inputs in echo(0, 4, 16)[0].split(8, dim=1):
            logits, state = model(inputs, state)
            logits.square().mean().backward(**how)  # any loss will do
            optimizer.step()
            state = [cut(h, c) for h, c in state]
    except RuntimeError as error:
        return f"RuntimeError: {str(error)[:50]}..."
    return "runs"


# %%
print("h and c detached:    ", two_updates(lambda h, c: (h.detach(), c.detach())))
print("only h detached:     ", two_updates(lambda h, c: (h.detach(), c)))
print("only c detached:     ", two_updates(lambda h, c: (h, c.detach())))
print("nothing detached:    ", two_updates(lambda h, c: (h, c)))
print("with retain_graph:   ", two_updates(lambda h, c: (h, c), retain_graph=True))

# %% [markdown]
# One state that is still connected to its history is enough to cause an error. The popular answer
# to the first message, `retain_graph=True`, leads to another error. The optimiser has changed the
# weights in place, but the old graph needs the old weights. A program that makes no update in
# between, or copies its weights, gets no error. But then the graph grows. We count its nodes:


# %%
def nodes(loss):
    """Count the operations that backward would walk through."""
    found, todo = set(), [loss.grad_fn]
    while todo:
        node = todo.pop()
        if node is not None and node not in found:
            found.add(node)
            todo += [after for after, _ in node.next_functions]
    return len(found)


# %%
for name in ("detached", "not detached"):
    model, state, counts = CharModel(tiny, 2), None, []
    for inputs in echo(0, 4, 160)[0].split(8, dim=1):
        logits, state = model(inputs, state)
        counts.append(nodes(logits.mean()))
        if name == "detached":
            state = [(h.detach(), c.detach()) for h, c in state]
    logits.mean().backward()  # nothing is raised
    print(f"{name:13} after windows 1 to 8: {counts[:8]}, after 20: {counts[-1]} nodes")

# %% [markdown]
# Without the cut, the memory that we need, and the work of each `backward`, grow with the text.
#
# ## Window against delay
#
# Now we test every delay with every window. We *carry* the state from window to window, or we
# *reset* it to zeros at the beginning of each window. Five seeds of each pair make 160 models. One
# after the other would take long, so we train all models with the same window side by side. Every
# weight matrix gets a first axis M, and the matrix product does the rest. The step is the step of
# lesson 5. The bias is part of the bit's row, because each step always uses one of the two rows.

# %% jupyter={"source_hidden": true}
# Folded: weights of five seeds, and one step of all models
H, SEEDS = 24, 5
generator = torch.Generator().manual_seed(0)
W0 = torch.randn(SEEDS, 2 + H, 4 * H, generator=generator) / H**0.5  # rows: 2 of the bit, H of h
W0[:, :2, H : 2 * H] += 1  # forget bias 1, see lesson 6
W_out0 = torch.randn(SEEDS, H, 2, generator=generator) / H**0.5  # from h to the logits


def advance(W, bit, h, c):
    """Advance M models on B streams by one step: bit (B,), h and c (M, B, H)."""
    i, f, g, o = (W[:, bit] + h @ W[:, 2:]).chunk(4, -1)
    c = f.sigmoid() * c + i.sigmoid() * g.tanh()
    return o.sigmoid() * c.tanh(), c


# %% [markdown]
# Is it the LSTM of the package? We compare model 3, for one step from a random state:

# %% jupyter={"source_hidden": true}
# Folded: compare with the package
from types import SimpleNamespace

from charlstm.model import cells

bit, (h, c) = torch.tensor([0, 1, 1]), torch.randn(2, SEEDS, 3, H, generator=generator)
p = SimpleNamespace(weight_hh=W0[3, 2:].T, bias_hh=0)
expected = torch.stack(cells.lstm(p, W0[3, bit], (h[3], c[3])))
difference = (torch.stack(advance(W0, bit, h, c))[:, 3] - expected).abs().max()
print(f"largest difference to charlstm.model.cells.lstm: {difference:.1e}")
assert difference < 1e-6

# %% [markdown]
# A run is a delay, a seed, and a rule for the state between two windows. We add a third rule for
# later: *mixed* gives every stream the state of another one. This happens in a program that
# shuffles its windows and still carries the state.


# %% jupyter={"source_hidden": true}
# Folded: the state between two windows, by rule
RULES = ("carried", "reset", "mixed")


def handed_on(runs, *state):
    """Return the states that the next window starts from, each (M, B, H), detached."""
    reset, mixed = (torch.tensor([rule == name for _, rule, _ in runs]) for name in RULES[1:])
    state = [s.detach() for s in state]
    state = [torch.where(mixed[:, None, None], s.roll(1, dims=1), s) for s in state]
    return [torch.where(reset[:, None, None], torch.zeros(()), s) for s in state]


# %% jupyter={"source_hidden": true}
# Folded: read a window with all models
def read(W, W_out, bits, h, c):
    """Read bits (B, T) with all models; return logits (M, T * B, 2), h and c."""
    outputs = []
    for bit in bits.T:
        h, c = advance(W, bit, h, c)
        outputs.append(h)
    return torch.stack(outputs, 1).flatten(1, 2) @ W_out, h, c


# %% [markdown]
# The loop is the loop above, once for all runs. We score a window before we learn from it, so every
# bit is new. Only the last quarter of the updates counts.


# %% jupyter={"source_hidden": true}
# Folded: nats and right answers of a window; random bits
def score(logits, bits, runs, t, T):
    """Return nats and the share of right answers, each (M,), for the window at t."""
    wanted = torch.stack([bits[:, t - k : t - k + T].T.flatten() for k, _, _ in runs])
    nats = F.cross_entropy(logits.transpose(1, 2), wanted, reduction="none")
    return nats.mean(1), (logits.argmax(-1) == wanted).float().mean(1)


def random_bits(T, windows, seed):
    """Return 64 // T streams of random bits: 8 bits for the first echoes, then the windows."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(2, (64 // T, 8 + windows * T), generator=generator)


# %%
def train_runs(runs, T):
    times = len(runs) // SEEDS, 1, 1
    W, W_out = (first.repeat(times).requires_grad_() for first in (W0, W_out0))
    optimizer = torch.optim.Adam([W, W_out], 1e-2)
    bits, found = random_bits(T, UPDATES, seed=T), []
    h = c = torch.zeros(len(runs), len(bits), H)
    for t in range(8, bits.shape[1], T):
        logits, h, c = read(W, W_out, bits[:, t : t + T], *handed_on(runs, h, c))
        nats, right = score(logits, bits, runs, t, T)
        optimizer.zero_grad()
        nats.sum().backward()  # the models share no weights, so each gets its own gradient
        optimizer.step()
        found.append(torch.stack([nats.detach(), right]))
    return W.detach(), W_out.detach(), torch.stack(found)[-UPDATES // 4 :].mean(0)


# %% [markdown]
# **Guess:** fill in a table for yourself: delays 1, 2, 4 and 8, windows of 2, 4, 8 and 16. Where
# does the network learn the echo if we carry the state? And what can a network know if we reset its
# state?

# %%
DELAYS, WINDOWS = (1, 2, 4, 8), (2, 4, 8, 16)
runs = list(product(DELAYS, RULES[:2], range(SEEDS)))
shares = {rule: {} for rule in RULES[:2]}  # by delay and window, of each seed
for T in WINDOWS:
    _, _, (_, right) = train_runs(runs, T)
    for k, rule in product(DELAYS, RULES[:2]):
        mine = [run[:2] == (k, rule) for run in runs]
        shares[rule][k, T] = right[torch.tensor(mine)].numpy()

# %% tags=["cover"] alt="share of echoes that are right by window and delay: a staircase"
table = {pair: values.mean() for pair, values in shares["carried"].items()}
plots.grid(table, "delay k", "window T", "share right", "state carried; the mean of five seeds")

# %%
table = {pair: values.mean() for pair, values in shares["reset"].items()}
plots.grid(table, "delay k", "window T", "share right", "state reset; the mean of five seeds")

# %% [markdown]
# Carried: we see a staircase along k = T. Where the window is longer than the delay, at least one
# of its positions sees the bit. The weights are the same at all positions, so all positions profit.
# The means hide the seeds. We compare the worst seed above the stairs with the best one below:

# %%
for k in DELAYS:
    seen = [value for (delay, T), v in shares["carried"].items() if delay == k < T for value in v]
    unseen = [
        value for (delay, T), v in shares["carried"].items() if delay == k >= T for value in v
    ]
    below = f"best seed with T <= k: {max(unseen):.2f}" if unseen else "no window with T <= k"
    print(f"delay {k}: worst seed with T > k: {min(seen):.2f}; {below}")
unseen = np.concatenate([v for (k, T), v in shares["carried"].items() if k >= T])
lucky = f"{(unseen > 0.55).sum()} of {len(unseen)} above 0.55; chance is 0.5"
print(f"all runs with k >= T: {unseen.min():.2f} to {unseen.max():.2f}, {lucky}")

# %% [markdown]
# Look at the last line. People often say: "With a window of T nothing older than T characters can
# be used." This is not true. With a carried state, most runs whose gradient never saw the bit still
# do better than chance. The values of the state contain old bits, and the network can read them
# without a gradient through time. But this is a poor substitute.
#
# Reset: a bit from before the window is lost, whatever the network learns. Of T positions, the
# first k (or all, if k is larger) can only guess. So on average the share right cannot be above
# $1 - \min(k, T) / (2T)$ (a finite run may be lucky by 0.01):

# %%
for k in DELAYS:
    most = [1 - min(k, T) / (2 * T) for T in WINDOWS]
    means = [shares["reset"][k, T].mean() for T in WINDOWS]
    pairs = [f"T {T}: {m:.2f} of {top:.2f}" for T, m, top in zip(WINDOWS, means, most, strict=True)]
    print(f"delay {k}:   " + "   ".join(pairs))

# %% [markdown]
# The longer the window, the smaller its blind part. Only the carried state sees everything. The
# delay of 8 in windows of 16 is learnt slowly: neither rule finished it.
#
# ## Windows that overlap
#
# The first loss in a window sees one character, the last sees all T. We can do without the
# short-sighted losses. Truncated back-propagation has two lengths: after every $k_1$ characters
# there is an update, and its gradient goes back over the last $k_2$ characters. (These names are
# Sutskever's, 2013. Williams and Peng write BPTT(h; h'), with $h = k_2$ and $h' = k_1$.) If
# $k_1 < k_2$, a window begins before the one before has ended: the windows overlap. Only the
# newest $k_1$ characters of a window have a loss, so that no loss counts twice. Then every loss
# sees at least $k_2 - k_1 + 1$ characters.
#
# Our loop, and the trainer of this package, take $k_1 = k_2 = T$: each window begins where the one
# before ended. An overlap is not free. The network reads every character $k_2 / k_1$ times,
# forward and backward.
#
# **Guess:** the delay is 7. Windows of 8 without overlap show the bit to one of their 8 losses.
# With $k_1 = 1$ all losses see it, for 8 times the work. How much better does the network learn?
# And what is better for the same work: an overlap, or a longer window?


# %%
def stride(W, W_out, window, state, k1):
    """Read a window; return the logits of its newest k1 bits, and where the next window starts."""
    states, blocks = [], window.split(k1, dim=1)
    for block in blocks:
        logits, *state = read(W, W_out, block, *state)
        states.append(state)
    return logits, [s.detach() for s in states[0]]


# %% [markdown]
# Each update has 64 new bits, as above, in $64 / k_1$ streams. So after the same number of updates
# all runs have read the same number of bits.


# %%
def train_overlapping(k1, k2, updates=UPDATES, delay=7):
    """Return the share right, (updates, SEEDS)."""
    W, W_out = (first.clone().requires_grad_() for first in (W0, W_out0))
    optimizer, right_shares = torch.optim.Adam([W, W_out], 1e-2), []
    bits, runs = random_bits(k1, updates + k2 // k1, seed=1), [(delay, "carried", 0)] * SEEDS
    state = [torch.zeros(SEEDS, len(bits), H)] * 2
    for t in range(8, 8 + updates * k1, k1):
        logits, state = stride(W, W_out, bits[:, t : t + k2], state, k1)
        nats, right = score(logits, bits, runs, t + k2 - k1, k1)
        optimizer.zero_grad()
        nats.sum().backward()
        optimizer.step()
        right_shares.append(right)
    return torch.stack(right_shares)


# %%
PAIRS = (8, 8), (4, 8), (2, 8), (1, 8), (16, 16)
overlaps = {pair: train_overlapping(*pair) for pair in PAIRS}
tenth = UPDATES // 10  # each point is the mean of so many updates, and of the seeds
lines = {}
for (k1, k2), found in overlaps.items():
    y = found.mean(1).view(-1, tenth).mean(1)
    lines[f"$k_1$ = {k1}, $k_2$ = {k2}"] = 64 * tenth * np.arange(1, len(y) + 1), y
plots.curves(lines, "bits of the text", "share right", "echo of 7 steps ago; chance is 0.5")

# %% [markdown]
# Now the same work: a run that reads every bit twice may only make half of the updates.

# %%
print("k1 k2   losses that   share right at the end,       at the same")
print("        see the bit   worst and best seed           work")
for (k1, k2), found in overlaps.items():
    seeing = min(1, max(0, (k2 - 7) / k1))
    ends, same = found[-tenth:].mean(0), UPDATES * k1 // k2
    equal = found[max(0, same - tenth) : same].mean(0)
    print(f"{k1:2} {k2:2}   {seeing:11.0%}   {ends.min():.2f} to {ends.max():.2f}", end=" ")
    print(f"{equal.min():20.2f} to {equal.max():.2f}")

# %% [markdown]
# After the same number of bits, an overlap is worth a little on average: the worst seeds get better,
# the best ones hardly. But it is paid for with work. For the same work no overlap gets further than
# plain windows of 8. And windows of 16 without overlap are far ahead of all others. They cost
# no more work, because they, too, read each bit once; they need memory for 16 steps in place of 8.
#
# (Only 9 of 16 losses see the bit there, and with $k_1 = 1$ all do. Why is it so much better, then?
# We did not find out. One difference: its last losses see 15 steps back, and these would see 7.)
#
# Does the same hold for a text? The script `python notebooks/lessons/data/overlap.py` trains an LSTM
# on the tales, with three seeds. Each update has 512 losses, and the learning rate is constant. Its
# file has the loss on the last tenth of the tales, on which it does not train. (Runs with a smaller
# $k_1$ have more streams.)

# %% jupyter={"source_hidden": true}
# Folded: read the file and print it
import csv
from pathlib import Path

rows = csv.DictReader(Path("data/overlap.csv").read_text(encoding="utf-8").splitlines())
MADE, on_tales = (250, 500, 1000), {}
for row in rows:
    nats = [float(row[f"after_{updates}"]) for updates in MADE]
    on_tales.setdefault((int(row["k1"]), int(row["k2"])), []).append(nats)
print("k1 k2   work per    nats per character after this many updates")
print("        character       250               500              1000")
for (k1, k2), nats in on_tales.items():
    spans = zip(np.min(nats, 0), np.max(nats, 0), strict=True)
    spans = "   ".join(f"{low:.3f} to {high:.3f}" for low, high in spans)
    print(f"{k1:2} {k2:2} {k2 / k1:8.0f}x     {spans}")

# %%
lines = {}
for (k1, k2), nats in on_tales.items():
    work = (512 * updates * k2 // k1 for updates in MADE)
    lines[f"$k_1$ = {k1}, $k_2$ = {k2}"] = dict(zip(work, np.transpose(nats), strict=True))
plots.by_seed(lines, "characters processed", "nats per character", "unseen tales; a dot is a seed")

# %% [markdown]
# After the same number of updates all four have read the same number of characters, and they end
# close to each other: here the overlap brings no gain that the seeds would not hide. For the same
# work, the figure shows its curve to the right of the others. When an overlap of a half has
# processed as many characters, it has made half of the updates, and is about 0.14 nats behind.
#
# When can an overlap pay? When there is no memory for longer windows; or when an update is due after
# every few characters, as in the on-line training that Williams and Peng had in mind. For a text in
# a file the overlap did not pay. A longer window costs no more work either: on the echo it helped
# much, and on the tales it brought nothing: 16 was even a hundredth of a nat ahead. So the package has only
# one length, `window`.
#
# ## A state from another text
#
# Now we use the third rule. *Shuffle your windows* is common advice, made for models that keep no
# state. With a carried state, a shuffled window starts from the state of another text. **Guess**,
# for delay 4 and windows of 8: during training, is the mixed-up state better or worse than no
# state? And what happens if we then run each trained model on one long text and carry its state, as
# a sampler does?

# %%
T, runs = 8, list(product([4], RULES, range(SEEDS)))
W, W_out, (nats, right) = train_runs(runs, T)
long, found = random_bits(T, 50, seed=99), []
h = c = torch.zeros(len(runs), len(long), H)
with torch.no_grad():
    for t in range(8, long.shape[1], T):
        logits, h, c = read(W, W_out, long[:, t : t + T], h, c)
        found.append(torch.stack(score(logits, long, runs, t, T)))
long_nats, long_right = torch.stack(found[5:]).mean(0)  # skip the windows just after the zero state

# %%
columns = {"nats, training": nats, "nats, long text": long_nats, "right, long text": long_right}
for title, values in columns.items():
    print(title)
    for rule, seeds in zip(RULES, values.view(3, SEEDS), strict=True):
        print(f"   {rule:8}", *(f"{value:6.2f}" for value in seeds))
print(f"sure in one half, guessing in the other: {np.log(2) / 2:.2f} nats")
print(f"right in 3 of 4, never sure which: {-0.75 * np.log(0.75) - 0.25 * np.log(0.25):.2f} nats")

# %% [markdown]
# We see three ways of training, five seeds each, and three outcomes:
#
# - *carried* knows everything.
# - *reset* knows where in its window it is: its loss is the loss of someone who guesses in the
#   first half, and is sure in the second. On a long text no zero state comes any more, and the
#   model does worse than a model that knows nothing and pays ln 2. (This is no rule for every delay
#   and window; exercise 4 asks for others.)
# - *mixed* cannot tell which half it is in: its loss is the loss of someone who is never sure. It
#   has learnt the right answer but does not trust it, and pays for this on the long text, too.
#
# So "reset the state, sampling starts from zero as well" is only half true. Sampling starts there,
# but then it continues.
#
# ## The cold start: a window that begins with the zero state
#
# We ask the same question for a real model and a real text. The shipped model reads the shipped
# plays, which it has never seen, in windows of 64. We measure the loss at each position of the
# window for three starts: its own state, carried from the window before; the zero state; the state
# of another place.
#
# **Guess:** how much does the first character cost in each case? After how many characters is the
# difference gone?

# %%
from charlstm import Checkpoint, find_model, read_corpus, streams_for

checkpoint = Checkpoint.load(find_model("tinyshakespeare"))
trained = CharModel.from_checkpoint(checkpoint)
ids = checkpoint.vocabulary.encode(read_corpus(["plays"]).text, unknown="skip")
streams = streams_for(ids[: 1 + 64 * 64 * (2 if FAST else 6)], 64, 64)
print(f"{streams.batch_size} streams, {streams.windows} windows of {streams.window} characters")


def moved(state):
    """Give every stream the state of the stream above it."""
    return [tuple(s.roll(1, dims=0) for s in layer) for layer in state]


# %%
def start_costs(model, streams):
    """Return nats by position in the window, for three starts; the first window does not count."""
    costs = {"another place's state": [], "the zero state": [], "its own state": []}
    with torch.inference_mode():
        _, state = model(torch.from_numpy(streams.read(0)[0]))
        for window in range(1, streams.windows):
            inputs, targets = (torch.from_numpy(part).long() for part in streams.read(window))
            for name, start in zip(costs, (moved(state), None, state), strict=True):
                logits, after = model(inputs, start)
                nats = F.cross_entropy(logits.transpose(1, 2), targets, reduction="none")
                costs[name].append(nats.mean(0).numpy())
            state = after  # from the last of the three starts: the own state
    return {name: np.mean(rows, 0) for name, rows in costs.items()}


# %%
costs, position = start_costs(trained, streams), np.arange(1, 25)
shown = {name: (position, nats[:24]) for name, nats in costs.items()}
plots.curves(shown, "position in the window, characters", "nats", "what a start costs")

# %%
others, zero, own = costs.values()
for first, last in ((1, 1), (2, 4), (5, 8), (9, 16), (17, 32), (33, 64)):
    part = slice(first - 1, last)
    extra = zero[part].mean() - own[part].mean(), others[part].mean() - own[part].mean()
    print(f"characters {first:2} to {last:2}: zero {extra[0]:+.2f} nats, another's {extra[1]:+.2f}")

# %% [markdown]
# A start without context is expensive for a few characters, but the effect is soon gone. A false
# context is far more expensive than none here. One reason may be that this model has practised the
# zero start (`reset`, explained below), but never a false start; we did not test this. (The tests
# of this package train five small models. In them, both starts are much more expensive at the first
# character than the own state, but which of the two is worse is no rule.)
#
# ## A trap when you compare losses
#
# ![Above, carried: one pass over the text, so what the model has read grows to the end. Below,
# cold: four windows of 256 characters, and it falls back to zero where each
# begins](drawings/protocols.svg)
#
# Now we average over the window, as evaluations do. *Cold* evaluation starts every window from the
# zero state (it resets the state). So its loss contains the expensive characters, and their share
# depends on the window's length. The next cell always uses the same model:

# %%
from charlstm import score_carried, score_cold

few = ids[: 1_025 if FAST else 6_145]
for window in (16, 32, 64, 256):
    cut = score_cold(trained, few, window)
    print(f"cold, windows of {window:3}: {cut.nats:.3f} nats per character")
print(f"carried:             {score_carried(trained, few).nats:.3f} nats per character")

# %% [markdown]
# `score_carried` is one pass over the text (a *stateful* evaluation). It carries the state along:
# no window, no choice. So you can compare two losses only if both come from the same text *and* the
# same protocol. nanoGPT's losses are cold, with 256 characters. This package prints both.
#
# ## Two layers on a corpus
#
# Now we put everything together: text, vocabulary, ids, streams, a stacked LSTM, the loop. The last
# tenth of the tales is for validation. We never train on it.

# %%
from charlstm import Vocabulary

text = read_corpus(["tales"]).text
vocabulary = Vocabulary.of(text)
ids = vocabulary.encode(text)
training, validation = np.split(ids, [int(0.9 * len(ids))])
streams = streams_for(training, batch_size=16, window=32)
print(f"{len(text):,} characters, {len(vocabulary)} different; {len(validation):,} for validation")
print(f"{streams.batch_size} streams; {streams.windows} windows of {streams.window} in an epoch")

# %% [markdown]
# ![From below, for each of three letters: its embedding, a cell of layer 1, a cell of layer 2, a
# plus, the head, the logits. The output of layer 1 also goes past layer 2 to the
# plus](drawings/stack.svg)
#
# *Stacked* means that the second layer reads the output of the first. The letters come in as rows
# of a learnt table, the embedding. The softmax reads the sum of both layers' outputs, so the first
# layer also reaches it directly. That is the whole model. We write it out with the step of lesson
# 5, and compare it with the package:

# %%
stacked = ModelOptions(layers=2, hidden_size=HIDDEN, embedding_size=32, dropout=0)
model = CharModel(stacked, len(vocabulary))
inputs = torch.from_numpy(streams.read(0)[0])
with torch.no_grad():
    total, xs = 0, model.embedding(inputs).transpose(0, 1)  # (T, B, E)
    for layer in model.layers:
        zeros = torch.zeros(len(inputs), HIDDEN)
        xs, _ = cells.unroll(cells.lstm, layer, cells.project(layer, xs), (zeros, zeros))
        total = total + xs
    by_hand = model.head(total).transpose(0, 1)  # (B, T, V)
    print(f"largest difference {(by_hand - model(inputs)[0]).abs().max():.1e}")
print(f"{sum(p.numel() for p in model.parameters()):,} numbers to learn")

# %% [markdown]
# The package trains with `fit`, a generator that gives a report for each update (a step of the
# optimiser). Does it do more than the loop above? We make ten updates with `fit`, with all
# refinements switched off, and ten by hand. Three things were not in the loop above. The gradient
# is clipped (lesson 4). The optimiser averages gradients and their squares over other times
# (`betas`). The learning rate changes during the training (a *learning rate schedule*), so we take
# it from the reports.

# %%
from charlstm import TrainOptions, fit

part = training[: 1 + 16 * 32 * 10]  # exactly ten windows
plain = TrainOptions(steps=10, reset=0, ema=None, weight_decay=0)
reports = list(fit(CharModel(stacked, len(vocabulary)), part, validation[:100], plain))

# %% jupyter={"source_hidden": true}
# Folded: ten updates by hand
model, state, ten = CharModel(stacked, len(vocabulary)), None, streams_for(part, 16, 32)
optimizer = torch.optim.AdamW(model.parameters(), betas=(plain.beta1, 0.99), weight_decay=0)
for report in reports:
    optimizer.param_groups[0]["lr"] = report.learning_rate
    inputs, targets = (torch.from_numpy(part).long() for part in ten.read(report.step - 1))
    logits, state = model(inputs, state)
    loss = F.cross_entropy(logits.flatten(0, 1), targets.flatten())
    optimizer.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), plain.clip)
    optimizer.step()
    state = [(h.detach(), c.detach()) for h, c in state]
    assert abs(report.loss - loss.item()) < 1e-6

# %%
print(f"loss of update 1 and 10 by fit:  {reports[0].loss:.6f}  {reports[-1].loss:.6f}")
print(f"loss of update 10 by hand:                 {loss.item():.6f}")

# %% [markdown]
# Two of the refinements that were off: with `reset` (a random *state reset*), some streams start a
# window from the zero state, so the model also learns the start that a sampler uses. `ema` averages
# the weights over the updates (an *exponential moving average*). From here on `reset` is on.
#
# ## One layer or two?
#
# Is a stack of two layers better than one layer with as many numbers? And why does the softmax read
# the sum of all layers' outputs, not only the last layer's?
# `python notebooks/lessons/data/depth.py` has trained LSTMs of one, two and four layers with both
# read-outs on tiny-shakespeare. All have about 128,000 numbers, so a letter costs each of them about
# as much arithmetic. For each the script first looked for the best learning rate. The file
# `data/depth.csv` has a row for each training.
#
# **Guess:** which network is best after 3,000 updates?

# %% jupyter={"source_hidden": true}
# Folded: the nats of the trainings with the best rate, by network, updates and seed
rows = list(csv.DictReader(Path("data/depth.csv").read_text(encoding="utf-8").splitlines()))
best, depth, seconds = {}, {}, {}
for row in rows:  # the rate was chosen by seed 0 after 1000 updates
    network = row["layers"], row["readout"], row["hidden_size"]
    if (row["steps"], row["seed"]) == ("1000", "0"):
        found = float(row["cold"]), row["learning_rate"]
        best[network] = min(best.get(network, found), found)
for row in rows:
    network = row["layers"], row["readout"], row["hidden_size"]
    if row["learning_rate"] == best[network][1]:
        by_updates = depth.setdefault(network, {})
        by_updates.setdefault(int(row["steps"]), []).append(float(row["cold"]))
        seconds.setdefault(network, []).append(1000 * int(row["seconds"]) / int(row["steps"]))
depth = {network: dict(sorted(by_updates.items())) for network, by_updates in depth.items()}

# %%
print(f"{'nats after so many updates':>63}")
columns = f"{'300':>8} {'1,000':>8} {'3,000':>8} {'time':>7}"
print(f"layers x units {'read-out':>8} {'best rate':>11} {columns}")
for network, by_updates in depth.items():
    layers, readout, size = network
    means = " ".join(f"{np.mean(nats):8.3f}" for nats in by_updates.values())
    time = np.median(seconds[network]) / np.median(seconds["1", "last", "139"])
    print(f"{layers:>5} x {size:5} {readout:>10} {best[network][1]:>11} {means} {time:7.2f}")

# %%
lines = {}
for (layers, readout, _), by_updates in depth.items():
    name = "1 layer" if layers == "1" else f"{layers} layers, {readout}"
    lines[name] = by_updates
plots.by_seed(lines, "updates", "nats per character, cold", "tiny-shakespeare; a dot is a seed")

# %% [markdown]
# With so few numbers one layer is best, at each length. Two layers take about as long for an update,
# four take longer (the last column: CPU time, against one layer), so more time does not help them
# either. We did not try this with more numbers. (The shipped model has 2.5 million, and two layers.)
#
# The sum is better than the last layer's output after 3,000 updates, in each seed. With four layers
# it is far better from the start. A likely reason: the sum gives each layer a short way to the loss.
# Without it the gradient of the first layer must come through all the layers above, and each of them
# multiplies it by gates and slopes, as each step back in time does (lesson 3).
#
# ## Overfitting: validation loss and training loss separate
#
# We begin with a short text: 20,000 characters of the tales. Between two reports we can use the
# model. So we evaluate it on both parts ourselves, in the same way: cold, and with no units
# dropped. We also plot the loss that training reports. Training carries the state, drops units
# where we ask for it, and changes the weights while it measures. (An evaluation scores at most
# `2 * EVALUATIONS` windows of 256 characters, spread over the part.)

# %%
SHORT = training[:20_000]


def watch(options, text, updates, seed=0):
    """Train; return the model, three curves of nats by update, and the epochs."""
    model, losses = CharModel(options, len(vocabulary), seed), []
    seen = {"training": {}, "validation": {}, "as reported": {}}
    for report in fit(model, text, validation, TrainOptions(steps=updates, ema=None, seed=seed)):
        losses.append(report.loss)
        if report.step % (updates // EVALUATIONS) == 0:
            seen["as reported"][report.step] = np.mean(losses[-updates // EVALUATIONS :])
            for name, part in (("training", text), ("validation", validation)):
                seen[name][report.step] = score_cold(model, part, most_windows=2 * EVALUATIONS).nats
    return model, seen, report.epoch


# %% [markdown]
# **Guess:** the model has many more weights than this text has characters. What will the curves do?

# %%
runs = {"plain": watch(stacked, SHORT, UPDATES)}
plots.training(runs["plain"][1], "20,000 characters of the tales")

# %% [markdown]
# The training curve keeps falling. The validation curve stops, and then rises: from there on the
# model learns only what is true for this text. This is overfitting. The cheapest remedy is to keep
# the weights of the best evaluation (*early stopping*). (`fit` keeps the best weights of
# evaluations of its own; in so short a run its only one is at the end.) There are other remedies
# (*regularisation*). `dropout` and `weight_drop` train the model with a part of it missing, another
# part in each window. A smaller model has less room to store things.

# %%
from dataclasses import replace

runs["dropped"] = watch(replace(stacked, dropout=0.4, weight_drop=0.3), SHORT, UPDATES)
runs["half the size"] = watch(replace(stacked, hidden_size=HIDDEN // 2), SHORT, UPDATES)
lines = {name: seen["validation"] for name, (_, seen, _) in runs.items()}
plots.training(lines, "validation, 20,000 characters of the tales")

# %% [markdown]
# **Guess:** where does the reported loss of the dropped model lie: below the training curve, above
# it, above validation?

# %%
plots.training(runs["dropped"][1], "20,000 characters, with dropout 0.4 and weight drop 0.3")

# %% [markdown]
# If you compare validation with the reported loss, validation looks better at first. Many people
# wonder why. It happens without dropping, too: look at the plain model's figure again. The reported
# loss is a mean over the updates before the evaluation, when the weights were worse. Here the
# missing units add to it, and this effect stays: at the end the reported loss is well above the
# training curve. (In the plain model it is not.) So the gap to validation (the *generalisation
# gap*) looks too small. Compare only curves of the same protocol.
#
# The best remedy is not in the model: it is more text. Now the plain model reads all of the
# training part, with three times as many updates.

# %%
runs["whole text"] = watch(stacked, training, 3 * UPDATES)
plots.training(runs["whole text"][1], "the whole training part of the tales")

# %%
for name, (_, seen, epochs) in runs.items():
    last = max(seen["training"])
    ours, nats, said = (seen[part][last] for part in ("training", "validation", "as reported"))
    print(
        f"{name:14} {last:4} updates, {epochs:4.1f} epochs: training {ours:.3f},",
        end="\n" + 15 * " ",
    )
    print(f"validation {nats:.3f}, gap {nats - ours:+.3f} ({nats - said:+.3f} from reported)")
by_update = runs["whole text"][1]["validation"]
early = max(update for update in by_update if update <= UPDATES)
print(f"whole text after {early} updates: validation {by_update[early]:.3f}")

# %% [markdown]
# This is one seed. A test of the package runs five, with smaller models. There the plain model on
# the short text has the largest gap. Dropping and the smaller size both make the gap smaller, but
# not zero. And with more text validation is better than with either, after as many updates, too. A
# small gap may have either sign, because the two parts are different tales, and one may be harder.
#
# ## Let it write
#
# A checkpoint contains weights, options and the vocabulary. The sampler of lesson 1 needs no more.

# %%
from charlstm import SampleOptions, Sampler, generate
from charlstm.notebook.lines import wrapped

checkpoints = {
    name: Checkpoint(model.options, vocabulary, model.to_arrays())
    for name, (model, _, _) in runs.items()
}
prime, options = "The king ", SampleOptions(temperature=0.6, length=400, seed=1)
written = "".join(generate(Sampler(checkpoints["whole text"]), prime, options))
print(wrapped(prime + written))

# %% [markdown]
# "An overfitted model recites its training text", people often write. **Guess:** take all pieces of
# 20 characters that each model writes. How many of them stand in the text that it has read? For
# comparison: people wrote the validation part. How many of its pieces stand in the training part?

# %%
from charlstm.text.novelty import novelty

options = SampleOptions(temperature=0.8, length=600 if FAST else 3_000, seed=2)
for name, found in checkpoints.items():
    was_read = text[: len(training if name == "whole text" else SHORT)]
    result = novelty("".join(generate(Sampler(found), "", options)), was_read)
    print(f"{name:14} {result.copied[20]:.2%}; the longest {result.longest!r}")
people = novelty(vocabulary.decode(validation), text[: len(training)])
print(f"{'people':14} {people.copied[20]:.2%}; the longest {people.longest!r}")

# %% [markdown]
# The overfitted model may copy more than the others do, but nearly all of its pieces are its own.
# (The last figure shows how often people repeat a piece of that length.) A text that a model knows
# by heart costs 0 nats, and this model's training curve is far above that. (Other models and texts
# may differ: try `hidden_size=256` on 2,000 characters.)
#
# ## How to choose: greedy, top-k, top-p
#
# So far the model drew from all characters. Three other ways are common. *Greedy* always takes the
# most likely one (temperature 0). *Top-k* draws among the k most likely ones. *Top-p* (nucleus
# sampling) draws among the fewest that together have the chance p: few where the model is sure,
# many where it is not.
#
# **Guess:** which of them writes the best text? And which repeats itself? We count the pieces of 20
# characters that the same sample had before.


# %%
def loops(sample, length=20):
    """Return the share of the pieces of a sample that stand earlier in it, too."""
    pieces = [sample[t : t + length] for t in range(len(sample) - length + 1)]
    return 1 - len(set(pieces)) / len(pieces)


CHOICES = {
    "greedy": {"temperature": 0.0},
    "all": {"temperature": 1.0},
    "top-k 5": {"temperature": 1.0, "top_k": 5},
    "top-p 0.8": {"temperature": 1.0, "top_p": 0.8},
}


# %%
def samples(checkpoint, length=500 if FAST else 3_000, seed=2):
    """Return a sample for each way to choose."""
    sampler, found = Sampler(checkpoint), {}
    for name, choice in CHOICES.items():
        options = SampleOptions(**choice, length=length, seed=seed)
        found[name] = "".join(generate(sampler, "\n", options))
    return found


ours = samples(checkpoints["whole text"])
for name, sample in ours.items():
    print(f"--- {name}\n{wrapped(sample[:200].strip())}\n")

# %% [markdown]
# Is it the fault of our small model? The shipped model is larger and has read another text. We let
# it write in the same ways. (Only for our model is the text at hand that it has read, so only for
# ours we can say how much is copied. Known words are those that the tales and plays have.)

# %%
from charlstm.text.novelty import known_words

shipped = samples(Checkpoint.load(find_model("tinyshakespeare")))
known = read_corpus(["tales", "plays"]).text
people = vocabulary.decode(validation)[: len(ours["all"])]
print(f"{'':10} {'this lesson: loops':>19} {'copied':>7} {'words':>6}", end="")
print(f" {'shipped: loops':>15} {'words':>6}")
for name, sample in [*ours.items(), ("people", people)]:
    copied = novelty(sample, text[: len(training)]).copied[20]
    row = f"{name:10} {loops(sample):19.1%} {copied:7.1%} {known_words(sample, known):6.0%}"
    if other := shipped.get(name):
        row += f" {loops(other):15.1%} {known_words(other, known):6.0%}"
    print(row)

# %% [markdown]
# Greedy goes in circles, in both models. Sooner or later the state comes near one that it had
# before, and as nothing is drawn at random, the same text follows again. The two cuts still draw,
# and leave out only what is unlikely. So they write more known words than drawing from all, and
# hardly loop. (Holtzman et al. 2020 show this for large models.) None of the four copies much: a
# loop is not a quotation.
#
# ## A panel for training
#
# The panel does the same training. It shows a live curve and a sample so far, and its button stops
# the training and keeps what the model has learnt. (It needs a running kernel. Without one, the
# curves above show what it draws.)

# %%
from charlstm.notebook.workers import TrainingMonitor

monitor = TrainingMonitor(text, replace(stacked, dropout=0.2), TrainOptions(minutes=1))
monitor

# %% [markdown]
# When you have stopped it, `monitor.checkpoint` is the best model so far. After
# `from pathlib import Path`, `monitor.checkpoint.save(Path("mine.safetensors"))` writes it to a
# file.
#
# ## Exercises
#
# **1.** Drop the end of a text of ids, so that B times a whole number of windows is left. Then cut
# the rest into B rows. Return the window with a given number (from 0), an array (B, T). Each row of
# a window continues where the same row of the window before ended.

# %%
from charlstm.notebook.exercises import check


def window_of(ids, B, T, number):
    raise NotImplementedError


count = np.arange(14)  # two streams of 6 = 2 windows of 3
check(
    window_of,
    [((count, 2, 3, 0), [[0, 1, 2], [6, 7, 8]]), ((count, 2, 3, 1), [[3, 4, 5], [9, 10, 11]])],
)

# %% [markdown]
# **2.** A text was scored in pieces of different lengths. For each piece you get its mean nats and
# its number of characters. How many bits per character is this for the whole text?


# %%
def bits_of_all(nats, characters):
    raise NotImplementedError


halves = (np.array([np.log(2), np.log(4)]), np.array([30, 10]))
check(bits_of_all, [(halves, 1.25), ((np.array([np.log(8)]), np.array([7])), 3.0)])

# %% [markdown]
# **3.** The smallest network: $h_t = w h_{t-1} + u_t$ from $h_0 = 0$, one number each (lesson 3).
# We cut the history before the steps 1, T + 1, 2T + 1 and so on. What is the slope of the last h
# with respect to w? (If T is as long as the text, it is the true slope. How far off is it with T =
# 1?)


# %%
def truncated_slope(w, u, T):
    raise NotImplementedError


ones = np.ones(4)
check(
    truncated_slope,
    [((0.5, ones, 4), 2.75), ((0.5, ones, 2), 2.5), ((0.5, ones, 1), 1.75), ((0.0, ones, 2), 1.0)],
)

# %% [markdown]
# **4.** The task is the echo of k steps ago in windows of T, among V equally likely characters. We
# reset the state. What is the lowest loss, in nats, that a network can reach? (Then try other
# delays and windows in the experiment with the three rules: where does the reset model still work
# on the long text?)


# %%
def least_nats(k, T, V):
    raise NotImplementedError


check(least_nats, [((4, 8, 2), np.log(2) / 2), ((9, 8, 2), np.log(2)), ((1, 4, 5), np.log(5) / 4)])

# %% [markdown]
# <details><summary>One way to write them</summary>
#
# ```python
# def window_of(ids, B, T, number):
#     windows = len(ids) // (B * T)
#     rows = ids[: windows * B * T].reshape(B, windows * T)
#     return rows[:, number * T : (number + 1) * T]
#
# def bits_of_all(nats, characters):
#     return (nats * characters).sum() / characters.sum() / np.log(2)
#
# def truncated_slope(w, u, T):
#     w, h = torch.tensor(w, requires_grad=True), torch.tensor(0.0)
#     for t, value in enumerate(u):
#         if t % T == 0:
#             h = h.detach()
#         h = w * h + value
#     return torch.autograd.grad(h, w)[0]
#
# def least_nats(k, T, V):
#     return min(k, T) / T * np.log(V)
# ```
# </details>
#
# ## Summary
#
# - Truncated back-propagation carries the values of the state over the cut and detaches the
#   history, for h and for c. The gradient of a loss reaches back to the beginning of its window.
# - Overlapping windows ($k_1 < k_2$) let more losses see far back, for $k_2 / k_1$ times the work. On
#   the echo a longer window without overlap did more, and costs no more work; on the tales neither
#   brought anything.
# - Echo: with a carried state, the network learns delays that are shorter than the window. With a
#   reset state each window has a blind beginning, and the model may fail on a text that continues.
#   With the state of another text it never learns to trust its memory.
# - A start without its own state is expensive for a few characters; a false one may be worse. So
#   give with every loss the text, and say whether it is cold (in which window) or carried.
# - With 128,000 numbers one layer was better than two or four. If there are several, let the softmax
#   read the sum of their outputs.
# - Look at training and validation in the same protocol. If they separate, use more text, then
#   dropout, weight drop, or a smaller model.
#
# ## Where to go from here
#
# One command does all of this on your own text: `python -m charlstm.train my-text.txt`. Then
# `python -m charlstm.sample runs/my-text --temp 0.8` writes (and
# `python -m charlstm.sample --temp 0.8` uses the shipped model). The README explains the rest. The
# folder `notebooks/assignments` has problem sets that grade themselves. If you want to read the
# code, read `charlstm/text/streams.py`, `charlstm/model/cells.py`, `charlstm/model/network.py` and
# `charlstm/training/trainer.py`, in this order. It is the order of this course.
#
# **Where to read on.** R. Williams and J. Peng, *An efficient gradient-based algorithm for on-line
# training of recurrent network trajectories* (1990): truncated back-propagation. I. Sutskever,
# *Training recurrent neural networks* (PhD thesis, 2013): $k_1$ and $k_2$. C. Tallec and Y.
# Ollivier, *Unbiasing truncated backpropagation through time* (2017): exercise 3 is the smallest
# case of the bias that they remove. Y. Gal and Z. Ghahramani, *A theoretically grounded application
# of dropout in recurrent neural networks* (2016), and S. Merity, N. Keskar and R. Socher,
# *Regularizing and optimizing LSTM language models* (2018): the two ways to drop. A. Holtzman and
# others, *The curious case of neural text degeneration* (2020): top-p, and why greedy loops. Next:
# [8. Inside the network](08-inside-the-network.ipynb).
