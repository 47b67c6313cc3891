# %% [markdown]
# # 5. The LSTM, gate by gate
#
# *What it shows: the cell line by line; the path through c, and all that goes beside it; gates
# driven by hand, and the gates of trained models.*
#
# Afterwards you can
#
# - write the LSTM, line by line;
# - say what each gate does, and how long a unit remembers;
# - find a unit in a trained model, and test what it holds.
#
# *Know before: lessons 2 and 3. Takes 33 minutes to read, without solving the exercises, and 1
# minute to run.*
#
# *The letters in formulas and code are those of [the table in lesson
# 1](01-start-here.ipynb#Symbols). Some code is folded: in JupyterLab, click its three dots to open
# it.*
#
# In a vanilla network every step rewrites the whole state. The *long short-term memory* (LSTM) of
# Hochreiter and Schmidhuber (1997) carries a second state, c. A step only scales c and adds to it,
# and *gates* say how much. Here you build the LSTM line by line and set its gates by hand. Then you
# watch the gates of trained models.
#
# ![The LSTM cell: c runs along the top, is multiplied by f, and i times g is added to it. Below,
# four sums of x_t and of the old h become f, i, g and o. The new h is o times the tanh of c. A
# dashed arrow goes back along c: the gradient times f](drawings/lstm-cell.svg)
#
# A circle works on each number by itself. The box with the weights is the only place where units
# mix. Look for the path from $c_{t-1}$ to $c_t$: no matrix stands on it, and no tanh.
#
# **Before you run anything, guess:** one of the gates is called the forget gate. People often say
# that it is 0 (forget) or 1 (keep). In a trained model, what share of its values is within 0.05 of
# 0 or of 1: a quarter, a half, or nearly all?

# %%
# %matplotlib inline
import os
from types import SimpleNamespace

import numpy as np
import torch

from charlstm import CharModel, Checkpoint, ModelOptions, Vocabulary, find_model
from charlstm.model import cells
from charlstm.notebook import plots, text_plots

torch.set_num_threads(1)
FAST = bool(os.environ.get("CHARLSTM_FAST"))  # less work, for a quick test of this notebook
PASSAGES, STEPS = (8, 10) if FAST else (32, 300)

# %% [markdown]
# ## Line by line
#
# We take a short text, four units, random weights, and two random states to start from: h, which
# the vanilla network also has, and c, which is new.

# %%
text = 'ann said "not now" and ran'
vocabulary = Vocabulary.of(text)
V, H = len(vocabulary), 4
xs = torch.eye(V, dtype=torch.float64)[torch.from_numpy(vocabulary.encode(text)).long()]
rng = torch.Generator().manual_seed(0)
shapes = cells.CELLS["lstm"].shapes(V, H)
p = SimpleNamespace(**{n: torch.randn(s, generator=rng).double() for n, s in shapes.items()})
start = h, c = tuple(torch.randn(2, H, generator=rng).double())
sizes = {
    cell: sum(map(np.prod, cells.CELLS[cell].shapes(V, H).values())) for cell in ("lstm", "rnn")
}
print(shapes)
print(f"{sizes['lstm']} numbers to learn, where a vanilla network has {sizes['rnn']}")

# %% [markdown]
# **Line 1.** The vanilla network computes one weighted sum for each unit. The LSTM computes four,
# all in one product:

# %%
a = xs[0] @ p.weight_ih.T + p.bias_ih + h @ p.weight_hh.T + p.bias_hh
print(f"{a.numel()} sums for {H} units")

# %% [markdown]
# The two bias vectors are PyTorch's habit. Only their sum counts: we can move any amount from one
# to the other.

# %%
moved = xs[0] @ p.weight_ih.T + (p.bias_ih + 0.7) + h @ p.weight_hh.T + (p.bias_hh - 0.7)
print(f"largest change {(moved - a).abs().max():.1e}")

# %% [markdown]
# **Line 2.** We cut the sums into four blocks: i, f, g, o in PyTorch's order. Three of them are
# *gates*: the sigmoid puts them between 0 and 1. The fourth is the *candidate* g: the tanh puts it
# between -1 and 1.

# %%
i, f, g, o = a.chunk(4)
i, f, g, o = i.sigmoid(), f.sigmoid(), g.tanh(), o.sigmoid()
at = torch.linspace(-6, 6, 49)
print(f"the sigmoid reaches 0.95 at {np.log(0.95 / 0.05):.2f}, and 0.05 at {-np.log(19):.2f}")
plots.curves(
    {"sigmoid: i, f, o": (at, at.sigmoid()), "tanh: g": (at, at.tanh())}, "weighted sum", "value"
)

# %% [markdown]
# **Line 3.** The forget gate f scales the old c. The input gate i scales what the step adds:
#
# $$c_t = f_t \cdot c_{t-1} + i_t \cdot g_t$$

# %%
after = f * c + i * g
print("unit  f       c before  i       g       c after")
for unit, row in enumerate(zip(f, c, i, g, after, strict=True)):
    print(unit, "".join(f"{value:+9.3f}" for value in row))

# %% [markdown]
# **Line 4.** The output gate o scales what the unit shows of c. The result is the new h, which is
# also the output:
#
# $$h_t = o_t \cdot \tanh c_t$$

# %%
shown = o * after.tanh()
print("unit  c after   o        h")
for unit, row in enumerate(zip(after, o, shown, strict=True)):
    print(unit, "".join(f"{value:+9.3f}" for value in row))

# %% [markdown]
# That is the whole cell. (The first version of 1997 had no f; Gers, Schmidhuber and Cummins added
# it in 2000.) Here it is as a function:


# %%
def lstm_step(p, x, h, c):
    a = x @ p.weight_ih.T + p.bias_ih + h @ p.weight_hh.T + p.bias_hh
    i, f, g, o = a.chunk(4, dim=-1)
    i, f, g, o = i.sigmoid(), f.sigmoid(), g.tanh(), o.sigmoid()
    c = f * c + i * g
    h = o * c.tanh()
    return h, c, {"i": i, "f": f, "g": g, "o": o, "c": c, "h": h}


# %% [markdown]
# ## Is it right?
#
# We compare our function with `charlstm.model.cells` and with PyTorch's own `LSTMCell`. We compare
# the states after the whole text and the gradients of all weights, in both precisions.


# %% jupyter={"source_hidden": true}
# Folded: compare states and gradients with the package and PyTorch
def run(step, dtype):
    q = {name: w.to(dtype).clone().requires_grad_() for name, w in vars(p).items()}
    state = [s.to(dtype) for s in start]
    for x in xs.to(dtype):
        state = step(SimpleNamespace(**q), x, *state)[:2]
    loss = state[0].sum() + state[1].square().sum()
    return [*state, *torch.autograd.grad(loss, list(q.values()))]


torchs = torch.nn.LSTMCell(V, H)
theirs = {
    "charlstm.model.cells": lambda q, x, h, c: cells.lstm(q, cells.project(q, x), (h, c)),
    "LSTMCell": lambda q, x, h, c: torch.func.functional_call(torchs, vars(q), (x, (h, c))),
}
for dtype in (torch.float32, torch.float64):
    ours = run(lstm_step, dtype)
    for name, step in theirs.items():
        pairs = [(x - y).abs().max() for x, y in zip(ours, run(step, dtype), strict=True)]
        states, gradients = max(pairs[:2]), max(pairs[2:])
        print(f"{dtype} {name:14} states {states:.1e}, gradients {gradients:.1e}")
        assert states < 1e-6

# %% [markdown]
# ## The path through c
#
# Many texts say that $dc_t / dc_{t-1} = f_t$: a product by a gate, without a matrix, without a
# tanh. This is true if we hold $h_{t-1}$ fixed. Here is autograd's Jacobian, compared with the
# forget gate:

# %%
x, (h, c, now) = xs[5], lstm_step(p, xs[4], *start)  # a state that the cell has made itself
fixed = torch.func.jacrev(lambda c: lstm_step(p, x, h, c)[1])(c)
f = lstm_step(p, x, h, c)[2]["f"]
print(np.array_str(fixed.numpy(), precision=3, suppress_small=True))
print(f"largest difference from diag(f): {(fixed - f.diag()).abs().max():.1e}")

# %% [markdown]
# But $h_{t-1}$ is not fixed. The cell made it from $c_{t-1}$, as $o_{t-1} \tanh c_{t-1}$, and it
# goes into all the gates at t.
#
# **Guess:** now $h_{t-1}$ changes together with $c_{t-1}$. Is the Jacobian still diagonal?

# %%
o = now["o"]
whole = torch.func.jacrev(lambda c: lstm_step(p, x, o * c.tanh(), c)[1])(c)
print(np.array_str(whole.numpy(), precision=3, suppress_small=True))

# %% [markdown]
# The recurrent matrix is back. But this cell has large random weights. What about cells before and
# after real training? We need models, a text, and a function that reads one character with all
# layers, in B passages at once. (The shipped model's head, its output layer, reads the sum of its
# layers' outputs. We use `to_head` and `to_self` further down.) Here untrained models have one of
# two starts (initial weights). *PyTorch's* draws all weights and biases uniformly from
# $-1/\sqrt{H}$ to $1/\sqrt{H}$. *charlstm's* takes orthogonal recurrent matrices (lesson 3) and
# adds 1 to the forget gate's sums.

# %%
from charlstm import initialize, read_corpus
from charlstm.insight.gradients import reach

checkpoint = Checkpoint.load(find_model("tinyshakespeare"))
known = checkpoint.vocabulary
shipped = CharModel.from_checkpoint(checkpoint)
options = ModelOptions(hidden_size=64)
fresh = [CharModel(options, len(known), seed) for seed in range(5)]
pytorch = [initialize(CharModel(options, len(known), s), "pytorch", seed=s) for s in range(5)]
verse = read_corpus(["verse"]).text
readable = "".join(character for character in verse if character in known.characters)
print(f"left out: {len(verse) - len(readable)} of {len(verse)} characters that it does not know")


# %% jupyter={"source_hidden": true}
# Folded: read with all layers, and compare with the shipped model
def passages(text, vocabulary, B=PASSAGES, T=61):
    return torch.from_numpy(vocabulary.encode(text[: B * T])).reshape(B, T)


def advance(model, ids, states, to_head=1.0, to_self=1.0):
    x, features, after, gates = model.embed(ids[:, None])[:, 0], 0.0, [], []
    for layer, (h, c) in zip(model.layers, states, strict=True):
        h, c, now = lstm_step(layer, x, h, c)
        x, features = h, features + to_head * h
        after.append((to_self * h, c))
        gates.append(now)
    return model.head(features), after, gates


ids = passages(readable, known)
with torch.no_grad():
    states = shipped.zero_state(len(ids))
    for t in range(ids.shape[1]):
        logits, states, gates = advance(shipped, ids[:, t], states)
    print(f"largest difference of logits {(logits - shipped(ids)[0][:, -1]).abs().max():.1e}")

# %% [markdown]
# Now we take the Jacobian of the first layer after 20 characters. First we remove
# $\mathrm{diag}(f)$ from it and measure the rest, as a share of the size of $\mathrm{diag}(f)$
# (Frobenius norms). Then we measure the largest factor by which the Jacobian can stretch a vector,
# and the largest f. All are means over passages.


# %% jupyter={"source_hidden": true}
# Folded: the part of the Jacobian beside diag(f), its stretch, the largest f
def beside_f(model, ids, at=20):
    states, layer = model.zero_state(len(ids)), model.layers[0]
    for t in range(at):
        _, states, gates = advance(model, ids[:, t], states)
    found = []
    for x, h, c, o in zip(model.embed(ids)[:, at], *states[0], gates[0]["o"], strict=True):
        J = torch.func.jacrev(lambda c, x=x, o=o: lstm_step(layer, x, o * c.tanh(), c)[1])(c)
        f = lstm_step(layer, x, h, c)[2]["f"]
        found.append([(J - f.diag()).norm() / f.norm(), torch.linalg.matrix_norm(J, 2), f.max()])
    return torch.tensor(found).mean(0).tolist()


# %%
with torch.no_grad():
    for name, group in (("PyTorch's start", pytorch), ("charlstm's start", fresh)):
        shares = [beside_f(model, ids[:4])[0] for model in group]
        print(f"{name:17} beside f, five seeds:", *(f"{share:.2f}" for share in shares))
    share, stretch, largest = beside_f(shipped, ids[: PASSAGES // 4])
    print(f"the shipped model beside f: {share:.2f}")
    print(f"its Jacobian stretches by up to {stretch:.2f}; its largest f is {largest:.2f}")

# %% [markdown]
# So the product by f is the larger part of one step, but not all of it. In the shipped model, which
# is trained and also larger, its part is smaller than in the two starts. And although no f is above
# 1, a step back can make a gradient larger.
#
# Over many steps the rest adds up. If we detach h wherever it enters the gates, only the path along
# c is left: a product of all the f's. (In 1997 the authors cut the gradient like this on purpose.)

# %%
c0 = start[1].clone().requires_grad_()
h, c, product = start[0], c0, 1.0
for x in xs:
    h, c, now = lstm_step(p, x, h.detach(), c)
    product = product * now["f"].detach()
(gradient,) = torch.autograd.grad(c.sum(), c0)
print("dc_T/dc_0 along c ", *(f"{value:.2e}" for value in gradient))
print("product of the f's", *(f"{value:.2e}" for value in product))

# %% [markdown]
# Now a whole model. We measure the gradient of the last character's loss with respect to $c_{T-k}$
# twice: the whole gradient, and only the part along c.
#
# **Guess:** how much of the gradient over 40 characters comes along c?


# %%
def along_c(p, x, state):
    return cells.lstm(p, x, (state[0].detach(), state[1]))


def both(model):
    return [reach(model, ids.numpy(), step=step).curve("c") for step in (None, along_c)]


starts = {"PyTorch's start": pytorch, "charlstm's start": fresh, "shipped": [shipped]}
measured = {name: [both(model) for model in group] for name, group in starts.items()}

# %%
curves = {}
for name, pairs in measured.items():
    curves[f"{name}, whole"], curves[f"{name}, along c"] = pairs[0]
plots.norm_by_lag(curves, "the last layer's c, seed 0", what="c")

# %% [markdown]
# How many times larger is the whole gradient at lag 40 (40 characters back)? For all seeds:

# %%
for name, pairs in measured.items():
    print(f"{name:17}", *(f"{whole[40] / along[40]:.1f}" for whole, along in pairs))

# %% [markdown]
# In none of these models did most of the gradient from 40 characters back come along c. The paths
# through h and the gates matter. A product of f's alone would make the network's memory look
# shorter than it is. Whether the gradient still vanishes is the subject of lesson 6.
#
# ## Setting the gates by hand
#
# What can gates do? We forget the weights for a moment, and set i, f and g ourselves. Three units
# read the text:
#
# - the first counts the letter n;
# - the second knows whether we are inside quotation marks;
# - the third counts the letters of a word, and starts again for each word.
#
# All three write g = 1. **Guess:** which gates of the third unit must close, and at which
# characters?

# %%
n = np.array([character == "n" for character in text])
quote = np.array([character == '"' for character in text])
letter = np.array([character.isalpha() for character in text])
opening = quote & (np.cumsum(quote) % 2 == 1)
hand = {
    "i": np.stack([n, opening, letter], 1).astype(float),
    "f": np.stack([np.ones_like(n), ~quote, letter], 1).astype(float),
}
text_plots.gates(text, hand, "gates set by hand")

# %%
c, rows = np.zeros(3), []
for i, f in zip(hand["i"], hand["f"], strict=True):
    c = f * c + i
    rows.append(c)
by_hand = np.array(rows)
names = ("n so far", "inside quotes", "letters of the word")
text_plots.along(text, dict(zip(names, by_hand.T, strict=True)), "c")

# %% [markdown]
# An open f keeps, a closed f erases, an open i writes. To count, a unit writes 1 each time and
# never forgets. And o? It hides. We let the first unit write 0.15 for each n, and open its output
# gate only at spaces:

# %%
c = 0.15 * by_hand[:, :1]
o = np.array([[float(character == " ")] for character in text])
text_plots.gates(
    text, {"o": o, "c": c, "h": o * np.tanh(c)}, "one unit that tells its count at spaces"
)

# %% [markdown]
# Behind the closed gate the count continues. But h shows c only through a tanh, and there large
# counts look almost alike:

# %%
for count in (1, 2, 5, 6):
    print(f"c = {count}: h is at most {np.tanh(count):.5f}")

# %% [markdown]
# Now you try. One unit writes at some characters and erases at others. The sliders say how far its
# gates open. Make the unit count vowels; make it forget slowly; make it know whether the last
# letter was an n. (The panel needs a running kernel. Without one you see a picture of it.)

# %%
from charlstm.notebook.explorers import GatePanel

GatePanel(text, write="n", erase="")

# %% [markdown]
# ## How long it remembers
#
# If f is constant, a value that the unit wrote k characters ago still counts $f^k$. The sum of all
# these shares, $1 + f + f^2 + \ldots = 1 / (1 - f)$, is the *memory length* of a unit, in
# characters.
#
# **Guess:** f = 0.5 sounds half open. After how many characters is less than 1 % left?

# %%
print("f     bias   memory length   less than 1 % is left after")
for f in (0.5, 0.73, 0.95, 0.99):
    bias, steps = np.log(f / (1 - f)), int(np.log(0.01) / np.log(f)) + 1
    print(f"{f:.2f}  {bias:+.2f}  {1 / (1 - f):5.1f}           {steps} characters")

# %% [markdown]
# The second column is the weighted sum that gives this f. If there is no input and no h, this sum
# is the *forget bias*. Which forget bias do cells start with?

# %%
for name, model in (("PyTorch's start", pytorch[0]), ("charlstm's start", fresh[0])):
    first = model.layers[0]
    bias = (first.bias_ih + first.bias_hh)[64:128].mean().item()
    print(f"{name:17} forget bias {bias:.2f} on average: f = {1 / (1 + np.exp(-bias)):.2f}")

# %% [markdown]
# ## The same gates, made by weights
#
# A network must set its gates itself. Can weights do this? The second unit must know whether a `"`
# opens or closes. So its input gate must look at the unit's own h: it opens at a `"`, unless we are
# inside.
#
# We write the weights into PyTorch's `LSTMCell`. S = 20 is large enough to shut or open a gate.

# %%
S, cell = 20.0, torch.nn.LSTMCell(V, 3).double()
mark, letters, letter_n = (
    torch.tensor([test(x) for x in vocabulary.characters]).double()
    for test in (lambda x: x == '"', str.isalpha, lambda x: x == "n")
)
with torch.no_grad():
    for w in cell.parameters():
        w.zero_()
    cell.bias_ih += S  # all gates open, and g = 1; now shut what must be shut
    w_i, w_f, _, _ = cell.weight_ih.view(4, 3, V)
    w_i[:] = -2 * S * (1 - torch.stack([letter_n, mark, letters]))
    w_f[1:] = -2 * S * torch.stack([mark, 1 - letters])
    cell.weight_hh[1, 1] = -2 * S / np.tanh(1)  # i of unit 1 looks at h of unit 1

# %%
state, rows = None, []
with torch.no_grad():
    for x in xs:
        state = cell(x, state)
        rows.append(torch.stack(state))
h_rows, c_rows = torch.stack(rows, 1).numpy()
print(f"largest difference from the units driven by hand: {np.abs(c_rows - by_hand).max():.1e}")
text_plots.gates(text, {"h": h_rows}, "three units of an LSTMCell")

# %% [markdown]
# So weights that we can write down make an LSTM count, switch and reset. This does not mean that
# training finds them.
#
# ## The gates of trained models
#
# Now we look at trained models: the shipped one, and five small ones (one layer of 64 units). The
# small models learn here, from the tales that come with charlstm. We watch them while they read the
# last tenth of the tales, which is not used for training. We watch the shipped model while it reads
# the verse.

# %%
from charlstm import TrainOptions, fit

tales = read_corpus(["tales"]).text
cut = int(0.9 * len(tales))
words = Vocabulary.of(tales)
models = {"shipped": (shipped, ids)}
for seed in range(5):
    model = CharModel(options, len(words), seed)
    budget = TrainOptions(steps=STEPS, batch_size=32, window=64, seed=seed)
    *_, last = fit(model, words.encode(tales[:cut]), words.encode(tales[cut:]), budget)
    models[f"small, seed {seed}"] = model, passages(tales[cut:], words)
    print(f"seed {seed}: {last.validation:.3f} nats after {last.step} steps")


# %% jupyter={"source_hidden": true}
# Folded: read, and keep all states and gates
@torch.no_grad()
def watch(model, ids, skip=20):
    states, seen = model.zero_state(len(ids)), []
    for t in range(ids.shape[1]):
        _, states, gates = advance(model, ids[:, t], states)
        seen.append(gates)
    return [
        {name: torch.stack([now[m][name] for now in seen[skip:]]) for name in seen[0][m]}
        for m in range(len(model.layers))
    ]


watched = {name: watch(*pair) for name, pair in models.items()}
print(tuple(watched["shipped"][0]["f"].shape))

# %% [markdown]
# The three numbers are characters, passages, units. (We leave out the first 20 characters of each
# passage, because there the state still depends on the zero start.)
#
# ### "The forget gate is 0 or 1"
#
# Now we check your guess from the beginning. Here is the share of all values of f, in 20 bins:

# %%
edges = np.linspace(0, 1, 21)
bins = {}
for name, layer in (("shipped", 0), ("shipped", 1), ("small, seed 0", 0)):
    counts, _ = np.histogram(watched[name][layer]["f"], edges)
    bins[f"{name}, layer {layer + 1}"] = edges[:-1] + 0.025, counts / counts.sum()
plots.curves(bins, "forget gate f", "share of values")

# %%
print("                          f < 0.05   between   f > 0.95")
for name, layers in watched.items():
    for layer, values in enumerate(layers):
        low, high = (values["f"] < 0.05).double().mean(), (values["f"] > 0.95).double().mean()
        print(f"{name:14} layer {layer + 1}   {low:8.1%}  {1 - low - high:8.1%}   {high:8.1%}")

# %% [markdown]
# In none of the six models are nearly all values at the ends, and in none even half of them. How
# many are there depends on the model: more in the small ones than in the shipped one. No value is
# exactly 0 or 1 (except by rounding), because a sigmoid never gets there. Look before you say what a
# gate does.
#
# How long do the units of the shipped model remember? We take each unit's mean f as if it were
# constant:

# %%
print("memory length, characters: lowest tenth, median, highest tenth and longest of the units")
for layer, values in enumerate(watched["shipped"]):
    lengths = 1 / (1 - values["f"].double().mean((0, 1)))
    parts = np.quantile(lengths, (0.1, 0.5, 0.9, 1.0))
    print(f"layer {layer + 1}", "".join(f"{part:8.1f}" for part in parts))

# %% [markdown]
# Few units remember long; most forget quickly. (This is a rough figure: if f changes, the product
# of the f's is not the power of their mean.)
#
# ### Does a unit do what we set by hand?
#
# Our third unit counted the letters of a word, and started again. Does training make such units? We
# search all layers, states and gates for the unit that correlates most with a feature of the text.
# The first half of the text chooses the unit, the second half tests it.
#
# A warning: a gate sees each character as it comes in. So in *any* network some gate reacts to line
# ends, learned or not. An honest search has a **control**: the same search in untrained networks of
# the same size.
#
# **Guess:** for which feature is the difference largest: the place in the word, the place in the
# line, or being inside the name of a speaker?

# %%
from charlstm.insight import activations, neurons

plays = "".join(x for x in read_corpus(["plays"]).text if x in known.characters)
part = plays[: 3_200 if FAST else 9_600]
wanted = ("position in the word", "position in the line", "inside a speaker's name")
features = {name: neurons.FEATURES[name](part) for name in wanted}
untrained = [neurons.untrained(checkpoint, seed) for seed in range(1 if FAST else 5)]
searched = [neurons.search(model, part, features) for model in (checkpoint, *untrained)]

# %%
print("                         trained model            correlation   untrained")
for name in wanted:
    best, *controls = (units[name] for units in searched)
    others = " ".join(f"{abs(control.tested):.2f}" for control in controls)
    print(f"{name:24} {best!s:24} {best.tested:+11.2f}   {others}")

# %% [markdown]
# (A unit may rise or fall with the feature; for the untrained models the table leaves out the
# sign.) The untrained models do not reach 0: this is what a network gets for nothing. What training
# has added is the distance from there. Was one difference the largest? Compare them with how much
# the five controls of one feature differ among themselves, before you put the features in an order.
#
# Look at the unit that knows names, on a scene that had no part in the search. A letter's colour is
# the unit's value after it:

# %% tags=["cover"] alt="a scene in coloured letters: a unit of the shipped model changes its value inside speakers' names"
name = "inside a speaker's name"
lines = plays[len(part) :].splitlines(keepends=True)
before, scene = "".join(lines[:12]), "".join(lines[12:28])


def coloured(model, unit, title):
    held = activations.record(model, before + scene)[unit.layer][unit.name][len(before) :]
    return text_plots.unit(scene, held[:, unit.unit], unit.layer, unit.name, unit.unit, title)


coloured(checkpoint, searched[0][name], f"{name}: the trained model")

# %% [markdown]
# Does this unit know names, or only what names are made of: capital letters, short lines? The
# search cannot tell. Look for places where the two differ, such as titles in capitals. And here is
# the best unit of an untrained model:

# %% alt="the same scene, coloured by the best unit of an untrained model"
coloured(untrained[0], searched[1][name], f"{name}: an untrained model")

# %% [markdown]
# ### Find your own unit
#
# The model has read the scene once. Choose a layer, a state or gate, and a unit, and see what it
# held. Begin with the unit that counts the line. Then look for one that nobody has named: what does
# it follow? Before you believe it, look at it in an untrained model. (The panel needs a running
# kernel. Without one you see a picture of it.)

# %%
from charlstm.notebook.explorers import UnitPanel

line = searched[0]["position in the line"]
UnitPanel(checkpoint, scene, before, start=(line.layer, line.name, line.unit))

# %% [markdown]
# ### "c is the short-term memory"
#
# Some pages say this of $c_{t-1}$, others of $h_{t-1}$. We make two measurements. The first: how
# similar is a unit's value to its own value some characters earlier? (We take the correlation, as
# the mean over units.)

# %%
print("correlation with itself after     1     5    20 characters")
for name in ("shipped", "small, seed 0"):
    for layer, values in enumerate(watched[name]):
        for state in "ch":
            held = values[state] - values[state].mean((0, 1))
            held = held / held.square().mean((0, 1)).sqrt().clamp_min(1e-9)
            like = "".join(f"{(held[k:] * held[:-k]).mean():6.2f}" for k in (1, 5, 20))
            print(f"{name:14} layer {layer + 1}, {state}       {like}")

# %% [markdown]
# From one character to the next, c stays more similar to itself than h does, in each pair of rows. After
# five characters, some similarity is left in the shipped model's second layer and in the small
# model, more for c than for h. In the shipped model's first layer almost nothing is left for
# either.
#
# The second: we read 20 characters, set one of the two states to zero ("wipe" it) in all layers,
# and read on. How much does the prediction of the next character differ from the prediction of an
# untouched model? (We measure the Kullback-Leibler divergence: how many nats more the wiped model
# pays, on average, if characters come as the untouched model expects.)
#
# **Guess:** which wipe does more damage at once, and which after ten characters?


# %% jupyter={"source_hidden": true}
# Folded: the chances of the next character, and what a wipe changes in them
@torch.no_grad()
def forecasts(model, ids, states, **closed):
    rows = []
    for column in ids.T:
        logits, states, _ = advance(model, column, states, **closed)
        rows.append(logits.log_softmax(-1))
    return torch.stack(rows), states


def wiped(model, ids, at=20):
    _, states = forecasts(model, ids[:, :at], model.zero_state(len(ids)))
    without = {"h": [(0 * h, c) for h, c in states], "c": [(h, 0 * c) for h, c in states]}
    true, _ = forecasts(model, ids[:, at:], states)
    other = {what: forecasts(model, ids[:, at:], state)[0] for what, state in without.items()}
    return {name: (true.exp() * (true - q)).sum(-1).mean(1).numpy() for name, q in other.items()}


# %%
B = 4 * PASSAGES
longer = {name: passages(tales[cut:], words, B) for name in models}
longer["shipped"] = passages(readable, known, B)
damage = {name: wiped(model, longer[name]) for name, (model, _) in models.items()}
lags = np.arange(1, 42)
drawn = {f"{x}, {what} wiped": (lags[:25], damage[x][what][:25])
         for x in ("shipped", "small, seed 0") for what in "hc"}  # fmt: skip
plots.curves(drawn, "characters read since", "change of the forecast, nats", log=True)

# %%
print("change, nats     after 1: h wiped, c wiped   after 10: h wiped, c wiped")
for name, both in damage.items():
    print(f"{name:14}", *(f"{both[w][k]:13.5f}" for k in (0, 9) for w in "hc"))

# %% [markdown]
# Ten characters later, wiping c changes the prediction more than wiping h in all six models: about
# twice as much in the shipped one, and many times as much in the small ones. Right after the wipe, wiping h does more in the shipped model; in the small ones the two are
# closer. If we must call one of them short, it is h. (But the name means neither. In 1997
# *short-term memory* meant what a network holds in its states, and *long-term memory* what it holds
# in its weights. The LSTM was invented to make the short-term memory last.)
#
# ### "The output gate controls what leaves the network"
#
# The logits leave the network, and the head makes them. The output gate scales what a unit shows,
# and three readers see it: the head, the layer above, and the cell's own gates at the next
# character. We close the gate for the head alone, then for the cell's own gates alone.
#
# **Guess:** if o is 0 for the head alone, does the network stop predicting?


# %%
def nats(model, ids, **closed):
    rows, _ = forecasts(model, ids[:, :-1], model.zero_state(len(ids)), **closed)
    return -rows.gather(2, ids.T[1:, :, None].long()).mean()


losses = {
    name: [nats(*pair, **closed) for closed in ({}, {"to_head": 0.0}, {"to_self": 0.0})]
    for name, pair in models.items()
}
print("nats per character   intact    shut to head   shut to its own gates")
for name, three in losses.items():
    print(f"{name:14}" + "".join(f"{x:14.3f}" for x in three))

# %% [markdown]
# With the gate closed for the head, the network still gives chances: always the same ones, from the
# head's bias. With the gate closed only for the cell's own gates, the head still reads all of h,
# but the predictions are worse, too. So the output gate also decides what the cell tells itself.
#
# ## Exercises
#
# **1.** Write one step of the cell in NumPy, with the gates in PyTorch's order. x has 5 numbers, h
# and c have 3 each; `p` holds the four arrays `weight_ih`, `weight_hh`, `bias_ih` and `bias_hh`.
# Return the new h and the new c.

# %%
from charlstm.notebook.exercises import check


def step(p, x, h, c):
    raise NotImplementedError


numbers = np.random.default_rng(1)
q = SimpleNamespace(
    **{k: numbers.normal(size=s) for k, s in cells.CELLS["lstm"].shapes(5, 3).items()}
)
x, h, c = numbers.normal(size=5), numbers.normal(size=3), numbers.normal(size=3)
expected = cells.lstm(q, cells.project(q, x), (h, c))
check(step, [((q, x, h, c), expected), ((q, 0 * x, h, c), cells.lstm(q, q.bias_ih, (h, c)))])

# %% [markdown]
# **2.** Coupled gates: a cell writes exactly as much as it forgets, i = 1 - f (Greff et al. 2017).
# Return the new c, from the weighted sums of f and g.


# %%
def coupled_c(a_f, a_g, c):
    raise NotImplementedError


check(coupled_c, [((0.0, 0.0, 1.0), 0.5), ((40.0, 1.0, 0.3), 0.3), ((-40.0, 40.0, 0.3), 1.0)])

# %% [markdown]
# **3.** Which forget bias gives a unit a memory length of m characters, if nothing else acts on its
# gate?


# %%
def bias_for(m):
    raise NotImplementedError


check(bias_for, [((2,), 0.0), ((1 + np.e,), 1.0), ((100,), np.log(99))])

# %% [markdown]
# **4.** Set the forget bias of an `nn.LSTMCell` to b, whatever it was before, and leave its other
# gates as they are. Return the sum of its two bias vectors.


# %%
def set_forget_bias(cell, b):
    raise NotImplementedError


other = torch.nn.LSTMCell(1, 2)
torch.nn.init.constant_(other.bias_ih, 0.5)
torch.nn.init.constant_(other.bias_hh, 0.2)
check(set_forget_bias, [((other, 3.0), [0.7, 0.7, 3, 3, 0.7, 0.7, 0.7, 0.7])])

# %% [markdown]
# <details><summary>One way to write them</summary>
#
# ```python
# def step(p, x, h, c):
#     a = p.weight_ih @ x + p.bias_ih + p.weight_hh @ h + p.bias_hh
#     i, f, g, o = np.split(a, 4)
#     i, f, o = (1 / (1 + np.exp(-gate)) for gate in (i, f, o))
#     c = f * c + i * np.tanh(g)
#     return o * np.tanh(c), c
#
# def coupled_c(a_f, a_g, c):
#     f = 1 / (1 + np.exp(-a_f))
#     return f * c + (1 - f) * np.tanh(a_g)
#
# def bias_for(m):
#     return np.log(m - 1)
#
# def set_forget_bias(cell, b):
#     H = cell.hidden_size
#     with torch.no_grad():
#         cell.bias_ih[H : 2 * H] = b
#         cell.bias_hh[H : 2 * H] = 0
#     return (cell.bias_ih + cell.bias_hh).detach()
# ```
# </details>
#
# ## Summary
#
# - Four lines make the cell: weighted sums, gates, $c_t = f_t c_{t-1} + i_t g_t$, and
#   $h_t = o_t \tanh c_t$. They agree with `charlstm.model.cells.lstm` and PyTorch, up to rounding.
# - $dc_t / dc_{t-1} = \mathrm{diag}(f_t)$ is true if $h_{t-1}$ is held fixed. But it is not fixed:
#   the whole Jacobian is not diagonal, and it can stretch.
# - With the right gates, set by hand or by weights, a unit counts, switches and resets. A constant
#   f remembers $1 / (1 - f)$ characters.
# - In the models above, the forget gate is not simply 0 or 1. h is shorter-lived than c. The output
#   gate acts on the cell itself as well as on the head. The tables say how much. Another model may
#   differ, as these differ.
# - A unit that follows the text means something only beside its control: choose it on one text, test
#   it on another, and search an untrained network, too.
#
# **Where to read on.** S. Hochreiter and J. Schmidhuber, *Long short-term memory* (1997): the cell
# without a forget gate. F. Gers, J. Schmidhuber and F. Cummins, *Learning to forget: continual
# prediction with LSTM* (2000): the forget gate. K. Greff, R. Srivastava, J. Koutník, B. Steunebrink
# and J. Schmidhuber, *LSTM: a search space odyssey* (2017): what happens without some of the parts.
# Next: [6. Does the LSTM cure it?](06-does-the-lstm-cure-it.ipynb).
