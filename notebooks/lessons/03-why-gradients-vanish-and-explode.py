# %% [markdown]
# # 3. Why gradients vanish and explode
#
# In lesson 2 a gradient went back through time, and every step back multiplied it by the same
# matrix and by a slope. Here you follow such products: of numbers, of matrices, through a network
# that reads text. Then you break a training with them, and mend it.
#
# **Before you run anything, guess:** a network of 64 tanh units reads 60 letters. How much of what
# the last letter has to say reaches the state before the first: about a half, about a hundredth, or
# far less? Could it be *more* than at the end?

# %%
# %matplotlib inline
import os

import numpy as np
import torch
from torch.nn import functional as F

from charlstm import CharModel, ModelOptions, Vocabulary, fit_streams
from charlstm.insight import gradients
from charlstm.model import cells
from charlstm.model.initial import initialize
from charlstm.notebook import plots
from charlstm.text.corpus import read_corpus

torch.set_num_threads(1)
FAST = bool(os.environ.get("CHARLSTM_FAST"))  # fewer steps and seeds, for a quick test
STEPS, DESCENT, SEEDS = (5, 20, range(1)) if FAST else (100, 150, range(5))

# %% [markdown]
# ## One unit without a tanh
#
# Take the smallest recurrent network: one unit, $h_t = w\,h_{t-1} + u_t$. Changing $h_{t-1}$ by a
# little changes $h_t$ by $w$ times as much, so over k steps
#
# $$\frac{dh_T}{dh_{T-k}} = w^k$$
#
# **Guess:** what is left after 50 steps with $w = 0.9$?

# %%
for w in (0.5, 0.9, 1.0, 1.1):
    print(f"w = {w}:", *(f"{w**k:8.2g} after {k} steps" for k in (10, 50, 100)))

# %% [markdown]
# A geometric sequence: it changes by the same factor at every step. Below 1 the gradient
# *vanishes*, above 1 it *explodes*, and only $|w| = 1$ keeps it.
#
# ## One unit with a tanh
#
# Now $h_t = \tanh(w\,h_{t-1} + u_t)$. Each step back multiplies by $w$ and by the slope of the
# tanh, which is $1 - h_t^2$:


# %%
def chain(w, inputs, h=0.0):
    states, factors = [h], []
    for u in inputs:
        h = np.tanh(w * h + u)
        states.append(h)
        factors.append(w * (1 - h * h))
    return np.array(states), np.cumprod([1.0, *reversed(factors)])


# %%
inputs = np.random.default_rng(0).normal(0, 0.5, 50)
first, product = chain(0.9, inputs[:10])
moved = chain(0.9, inputs[:10], h=1e-6)[0]
print(f"the product over 10 steps says {product[10]:.6f}")
print(f"moving the first state says    {(moved[-1] - first[-1]) / 1e-6:.6f}")
states, by_lag = chain(0.9, inputs)
print(f"over 50 steps the product is {by_lag[50]:.1e}: too small to be seen by moving anything")

# %% [markdown]
# The package has the same few lines in `gradients.scalar_chain`. They agree:

# %%
theirs = gradients.scalar_chain(0.9, inputs)
print(f"largest difference {np.abs(theirs[1] - by_lag).max():.1e}")
assert np.allclose(theirs, (states, by_lag))

# %% [markdown]
# The slope is at most 1, so the tanh can only shrink the product: for $|w| < 1$ it vanishes at
# least as fast as $|w|^k$.
#
# **A claim you will read:** "if $|w| > 1$, the gradient explodes." **Guess:** does it, in this
# unit, for $w = 1.5$? For $w = 2$?

# %%
lags = np.arange(51)
lines = {"w = 0.9, no tanh": (lags, 0.9**lags)}
lines |= {f"w = {w}": (lags, np.abs(chain(w, inputs)[1])) for w in (0.9, 1.5, 2.0)}
lines["w = 1.5, all inputs 0"] = lags, chain(1.5, np.zeros(50))[1]
plots.curves(lines, "lag k, steps", "size of $dh_T\\,/\\,dh_{T-k}$", "one unit", log=True)

# %%
for w in (0.9, 1.5, 2.0):
    runs = [chain(w, np.random.default_rng(seed).normal(0, 0.5, 50)) for seed in range(5)]
    factors = [gradients.factor(np.abs(by_lag), first=0) for _, by_lag in runs]
    slope = np.mean([1 - states[1:] ** 2 for states, _ in runs])
    print(f"w = {w}: factor a step {min(factors):.3f} to {max(factors):.3f} in five runs,", end=" ")
    print(f"mean slope {slope:.3f}")

# %% [markdown]
# (The *factor* is the geometric mean of what the gradient is multiplied by at each step.) It does
# not explode. A larger $w$ pushes the unit to where the tanh is flat, so the slope falls as $w$
# grows, and over fifty steps the product shrank in every run. Only the unit that nothing moves,
# $h = 0$, has the slope 1 at each step, and explodes as $w^k$. Keep it in mind: it comes back at
# the end, as a cliff.
#
# So one tanh unit is a bad picture of exploding gradients. Many units behave otherwise.
#
# ## Many units: a product of matrices
#
# With H units the derivative of one state by the one before is a matrix, the *Jacobian*
# $J_t = \text{diag}(1 - h_t^2)\,W_h$, and over k steps it is the product
# $J_T J_{T-1} \cdots J_{T-k+1}$.
# We take a network with random weights and a text to read. The recurrent matrix starts *orthogonal*
# (a rotation, perhaps with a reflection: it changes no length), times a number, the *gain*.

# %%
text = read_corpus(["tales"]).text
vocabulary = Vocabulary.of(text)
ids = vocabulary.encode(text)
rows = np.stack([ids[k * 1000 : k * 1000 + 61] for k in range(8)])  # 8 streams, 61 characters each
OPTIONS = ModelOptions(cell="rnn", hidden_size=64, embedding_size=0)


def network(gain, seed=0):
    model = CharModel(OPTIONS, len(vocabulary))
    return initialize(model, gain=gain, seed=seed)


# %%
def products(model, ids, lags):
    p = gradients.parameters_of(model.layers[0])
    W_x, W_h = p.weight_ih.double().numpy(), p.weight_hh.double().numpy()
    b = (p.bias_ih + p.bias_hh).double().numpy()
    h, jacobians = np.zeros(len(b)), []
    for i in ids:
        h = np.tanh(W_x[:, i] + W_h @ h + b)
        jacobians.append((1 - h**2)[:, None] * W_h)
    product, found = np.eye(len(b)), {}
    for k in range(1, max(lags) + 1):
        product = product @ jacobians[-k]
        found[k] = product
    return {k: found[k] for k in lags}


# %% [markdown]
# The *singular values* of a matrix say by how much it stretches: the largest in the direction that
# it stretches most, the smallest in the one that it shrinks most. Values too small beside the
# largest to be told from rounding we leave out. **Guess:** with gain 1.5, does this network vanish
# or explode over 40 steps?

# %%
ours = products(network(1.5), rows[0, :60], [1, 10, 40])
spectra = {k: np.linalg.svd(J, compute_uv=False) for k, J in ours.items()}
rounding = 64 * np.finfo(float).eps  # 64 rows, each with a rounding of about eps
spectra = {k: np.where(s > rounding * s[0], s, np.nan) for k, s in spectra.items()}
plots.singular_values(spectra, "products of Jacobians, tanh, gain 1.5")

# %%
for seed in range(5):
    J = products(network(1.5, seed), rows[0, :60], [40])[40]
    values = np.linalg.svd(J, compute_uv=False)
    print(f"seed {seed}: largest {values[0]:.3g}, median {np.median(values):.2g},", end=" ")
    print(f"{(values > 1).sum()} of {len(values)} above 1 after 40 steps")

# %% [markdown]
# Both, at the same time: some directions grow, most shrink. "The gradient explodes" means that it
# has a share in one of the few growing directions.
#
# The package computes the same spectra with PyTorch's automatic Jacobians, and leaves out the same
# values. The others agree, the smallest of them in fewer digits:

# %%
p = gradients.parameters_of(network(1.5).layers[0])
xs = cells.project(p, F.one_hot(torch.tensor(rows[0, :60]).long(), len(vocabulary)).float())
theirs = gradients.jacobian_singular_values("rnn", p, xs, (torch.zeros(64),), [1, 10, 40])
for k, values in theirs.items():
    difference = np.nanmax(np.abs(values / spectra[k] - 1))
    print(f"{k:2} steps: {np.isfinite(values).sum()} values,", end=" ")
    print(f"largest relative difference {difference:.1e}")
    assert np.allclose(values[:10], spectra[k][:10], rtol=1e-4)

# %% [markdown]
# **A popular mistake:** to multiply the Jacobians number by number, `product *= J`. That is not how
# matrices are chained. Without a tanh, an orthogonal matrix with a gain must give gain$^{10}$ after
# ten steps:

# %%
W_h = network(1.0).layers[0].weight_hh.detach().double().numpy()
for gain in (0.5, 1.0, 1.5):
    right, wrong = np.eye(64), np.ones((64, 64))
    for _ in range(10):
        right, wrong = right @ (gain * W_h), wrong * (gain * W_h)
    stretches = [np.linalg.norm(matrix, 2) for matrix in (right, wrong)]
    print(f"gain {gain}: matrix product {stretches[0]:.4g}, number by number {stretches[1]:.1e}")

# %% [markdown]
# The mistake shows vanishing for all three, even where the gradient explodes.
#
# **Another claim:** "if all eigenvalues of $W_h$ are below 1 in absolute value, the gradient
# shrinks." **Guess:** what do the powers of this matrix do? Both of its eigenvalues are 0.9.

# %%
skewed = np.array([[0.9, 5.0], [0.0, 0.9]])
norms = [np.linalg.norm(np.linalg.matrix_power(skewed, k), 2) for k in range(101)]
print(f"largest at {np.argmax(norms)} steps: {max(norms):.1f}; after 100 steps {norms[100]:.3f}")
for k in (1, 5, 20, 50, 100):
    print(f"power {k:3}: stretches by up to {norms[k]:6.3f}, its eigenvalues are {0.9**k:.3g}")

# %% [markdown]
# In the very long run the eigenvalues are right, for one matrix multiplied by itself. Before that
# the product may grow all the same; here even the 50th power still stretches by more than 1. Nor is
# such a matrix far-fetched: in PyTorch's default start all eigenvalues are below 1 in absolute
# value, and the largest singular value is above 1.

# %%
for seed in range(5):
    start = initialize(CharModel(OPTIONS, len(vocabulary)), "pytorch", seed=seed)
    W = start.layers[0].weight_hh.detach().numpy()
    radius, stretch = np.abs(np.linalg.eigvals(W)).max(), np.linalg.norm(W, 2)
    print(f"seed {seed}: largest |eigenvalue| {radius:.3f}, largest singular value {stretch:.3f}")

# %% [markdown]
# What is certain, as the slopes are at most 1: no tanh network's product stretches by more than the
# largest singular value of $W_h$ to the power k. If that value is below 1, the gradient vanishes.
# If it is above 1, nothing follows.
#
# ## A whole network, on text
#
# Now measure what training feels: the norm of $dL_T/dh_{T-k}$, where $L_T$ is the loss on the last
# character alone. Autograd gives it if we keep every state and ask.


# %%
def norms_by_lag(model, rows, activation=torch.tanh):
    p = gradients.parameters_of(model.layers[0])
    inputs, targets = torch.tensor(rows[:, :-1]).long(), torch.tensor(rows[:, -1]).long()
    h = torch.zeros(len(rows), p.weight_hh.shape[0], requires_grad=True)
    states = [h]
    for i in inputs.T:
        a = p.weight_ih[:, i].T + p.bias_ih + h @ p.weight_hh.T + p.bias_hh
        h = activation(a)
        states.append(h)
    loss = F.cross_entropy(model.head(h), targets, reduction="sum")  # a sum: streams do not mix
    grads = torch.autograd.grad(loss, states)
    return np.array([g.double().norm(dim=1).mean().item() for g in reversed(grads)])


# %%
mine, package = norms_by_lag(network(1.0), rows), gradients.reach(network(1.0), rows).curve()
print(f"largest relative difference {np.abs(mine / package - 1).max():.1e}")
assert np.allclose(mine, package, rtol=1e-4)

# %% [markdown]
# **Guess:** a gain of 1 keeps every length. Does it keep the gradient? Which gain would? And where
# among them is the start that PyTorch gives?

# %% tags=["cover"]
by_start = {f"gain {gain}": norms_by_lag(network(gain), rows) for gain in (0.5, 1.0, 1.2, 1.5, 3.0)}
usual = initialize(CharModel(OPTIONS, len(vocabulary)), "pytorch")
by_start["PyTorch's default start"] = norms_by_lag(usual, rows)
plots.norm_by_lag(by_start, "tanh network of 64 units before training, on text")

# %% [markdown]
# Two numbers sum up such a line: its factor per step (without the first steps), and its *horizon*,
# the lag at which it has fallen below 1 % of its start.

# %%
for name, curve in by_start.items():
    reached = gradients.horizon(curve) or "beyond 60"
    print(f"{name}: factor {gradients.factor(curve):.3f}, horizon {reached};", end=" ")
    print(f"60 letters back it has {curve[60] / curve[0]:.2g} times the norm")

# %% [markdown]
# Nothing here was trained: the start alone decides, and each start has another answer to the
# question at the top. PyTorch's own is among those that vanish fast, though its largest singular
# value is above 1. Even the orthogonal matrix itself, gain 1, loses a little at each step, for the
# slopes of the tanh are below 1. Of these gains, 1.2 comes nearest to keeping the gradient.
#
# At the far end the lines of the large gains bend up. There the text begins: the state is still
# near 0, and the slope of the tanh near 1.

# %%
for gain in (1.0, 1.5, 3.0):
    p = gradients.parameters_of(network(gain).layers[0])
    with torch.no_grad():
        states, _ = cells.unroll(cells.rnn, p, xs, (torch.zeros(64),))
    slopes = (1 - states**2).mean(1)
    print(
        f"gain {gain}: mean slope", *(f"{slopes[t]:.2f}" for t in (0, 1, 2, 5, 10, 20, 59)), end=" "
    )
    print("after letter 1, 2, 3, 6, 11, 21, 60")

# %% [markdown]
# In the panel below you can change the gain, the length and the activation. (It needs a running
# kernel, and reads random letters, so its numbers differ a little from the figure above.) It opens
# with the cell `rnn` and the start `charlstm`, which is the orthogonal one. **Try** to find a gain
# that keeps the gradient over 200 letters, for the tanh and for the linear network. We come to the
# LSTM in lesson 4.

# %%
from charlstm.notebook.widgets import gradient_explorer

gradient_explorer(cell="rnn", scheme="charlstm")

# %% [markdown]
# ## Is saturation to blame?
#
# **A claim you will read:** "gradients vanish because the activation saturates." If so, a network
# without an activation could not vanish, and the most saturated network would vanish the fastest.
# **Guess** the order of the five factors below before you look.


# %%
def mean_slope(model, activation):
    p = gradients.parameters_of(model.layers[0])
    h, slopes = torch.zeros(len(rows), 64), []
    for i in torch.tensor(rows[:, :-1].T).long():
        a = (p.weight_ih[:, i].T + p.bias_ih + h @ p.weight_hh.T + p.bias_hh).requires_grad_()
        out = activation(a)
        slopes.append(torch.autograd.grad(out.sum(), a)[0].mean().item())
        h = out.detach()
    return np.mean(slopes)


# %%
cases = [(cells.linear, 0.8), (torch.tanh, 0.5), (torch.tanh, 1.0), (torch.tanh, 3.0)]
for activation, gain in [*cases, (torch.sigmoid, 1.0)]:
    models = [network(gain, seed) for seed in SEEDS]
    factors = [gradients.factor(norms_by_lag(model, rows, activation)) for model in models]
    slope = np.mean([mean_slope(model, activation) for model in models])
    print(f"{activation.__name__:7} gain {gain}: mean slope {slope:.3f},", end=" ")
    print(f"factor {min(factors):.3f} to {max(factors):.3f} over the seeds")

# %% [markdown]
# The claim fails both ways. The linear network has the slope 1 everywhere and vanishes all the
# same, by its gain. The tanh network of gain 3 is the most saturated of the tanh networks, and its
# gradient is the one that grows. What counts is the product of slope and matrix. The grain of truth
# is in the sigmoid: its slope is never above 1/4, saturated or not.
#
# ## The explosion
#
# Does any of this matter for learning? We train the network of lesson 2, five arrays, with plain
# gradient descent at a rate of 1, on windows of 100 characters of the tales, each from the zero
# state.

# %%
streams, H = fit_streams(ids, 16, 100), 64


def fresh(gain, seed):
    g = torch.Generator().manual_seed(seed)
    Q, _ = torch.linalg.qr(torch.randn(H, H, generator=g))
    p = {"W_x": 0.3 * torch.randn(H, len(vocabulary), generator=g), "W_h": gain * Q}
    p |= {"b": torch.zeros(H), "V": torch.randn(len(vocabulary), H, generator=g) / 8}
    p["d"] = torch.zeros(len(vocabulary))
    return {name: value.requires_grad_() for name, value in p.items()}


# %%
def window_loss(p, k, activation):
    inputs, targets = (torch.from_numpy(part).long() for part in streams.read(k))
    h, states = torch.zeros_like(p["b"]), []
    for x in F.embedding(inputs.T, p["W_x"].T) + p["b"]:
        h = activation(x + h @ p["W_h"].T)
        states.append(h)
    logits = torch.stack(states, 1) @ p["V"].T + p["d"]
    return F.cross_entropy(logits.flatten(0, 1), targets.flatten()), h.detach()


# %% [markdown]
# *Clipping* by global norm is one line: if the gradient, all arrays taken together as one long
# vector, is longer than a limit, shorten it to the limit. Its direction stays. (The norm is taken
# in double precision, for the square of a large float32 overflows.)


# %%
def clip_scale(grads, limit):
    norm = torch.stack([g.double().norm() for g in grads]).norm().item()
    return norm, 1.0 if limit is None else limit / max(norm, limit)


# %%
def train(activation, gain, limit, seed, rate=1.0, steps=STEPS):
    p, norms, losses = fresh(gain, seed), [], []
    for k in range(steps):
        loss, _ = window_loss(p, k, activation)
        grads = torch.autograd.grad(loss, list(p.values()))
        norm, scale = clip_scale(grads, limit)
        norms.append(norm)
        losses.append(loss.item())
        with torch.no_grad():
            for value, grad in zip(p.values(), grads, strict=True):
                value -= rate * scale * grad
        if not np.isfinite(norm):
            break
    return p, norms, losses


# %% [markdown]
# Held against PyTorch's own clipping, on gradients with a norm above and below the limit:

# %%
g = torch.Generator().manual_seed(0)
for size in (1.0, 0.001):
    loose = [torch.nn.Parameter(torch.zeros(5, 3)), torch.nn.Parameter(torch.zeros(7))]
    for parameter in loose:
        parameter.grad = size * torch.randn(parameter.shape, generator=g)
    mine = [clip_scale([q.grad for q in loose], 1.0)[1] * q.grad for q in loose]
    norm = torch.nn.utils.clip_grad_norm_(loose, 1.0).item()
    difference = max((a - q.grad).abs().max().item() for a, q in zip(mine, loose, strict=True))
    print(f"norm {norm:.4f}: largest difference {difference:.1e}")
    assert difference < 1e-6

# %% [markdown]
# Two networks start with gain 1.5, one of tanh units and one of relu units; each is trained without
# clipping, and with a limit of 1. **Guess:** which of the four break, and what does breaking look
# like?

# %%
CASES = {
    "tanh": (torch.tanh, 1.5, None),
    "relu": (torch.relu, 1.5, None),
    "tanh, clipped": (torch.tanh, 1.5, 1.0),
    "relu, clipped": (torch.relu, 1.5, 1.0),
}
runs = {name: [train(*case, seed) for seed in SEEDS] for name, case in CASES.items()}
shown = {name: of[0] for name, of in runs.items()}  # seed 0
plots.gradient_norms({name: norms for name, (_, norms, _) in shown.items()}, 1.0, "gain 1.5")

# %%
losses = {name: dict(enumerate(shown[name][2], 1)) for name in ("tanh", "tanh, clipped")}
plots.training(losses, "tanh, gain 1.5, one seed")

# %% [markdown]
# One seed is an anecdote. All of them, beside what a model would pay that knew only how often each
# character comes:

# %%
often = np.bincount(ids) / len(ids)
print(f"knowing only how often each character comes: {-(often * np.log(often)).sum():.3f} nats")
for name, of in runs.items():
    print(f"{name}:")
    for seed, (p, norms, losses) in zip(SEEDS, of, strict=True):
        line = f"  seed {seed}: {len(norms):3} steps, largest norm {max(norms[:-1]):7.1e}, loss"
        line += f" {np.mean(losses[-10:]):.3f}" if np.isfinite(losses[-1]) else " NaN"
        if name.startswith("tanh"):
            flat = (window_loss(p, 0, torch.tanh)[1].abs() > 0.99).float().mean()
            line += f", {flat:4.0%} of units beyond 0.99"
        print(line)

# %% [markdown]
# Two ways to break. The **relu** network ends in NaN after a handful of steps, in each seed. The
# **tanh** network never says NaN here, and that is worse: nothing stops it. It goes on with finite
# losses, and they end above that of counting characters. Its gradients were not even enormous. But
# most of its units ended near -1 or 1, where the slope of the tanh is almost 0. "An exploding
# gradient shows as NaN" holds for the one and not for the other.
#
# With clipping, the same networks from the same weights learn, in each seed.
#
# How does it come to NaN? Look at the steps of one relu network without clipping:

# %%
for steps in range(1, len(shown["relu"][1]) + 1):
    p, norms, losses = train(torch.relu, 1.5, None, 0, steps=steps)
    largest = p["W_h"].detach().abs().max().item()
    lost = torch.cat([value.detach().flatten() for value in p.values()]).isnan().float().mean()
    print(f"step {steps}: loss {losses[-1]:.3g}, norm {norms[-1]:.3g};", end=" ")
    print(f"after it the largest weight of W_h is {largest:.3g}, {lost:.0%} of all weights are NaN")

# %% [markdown]
# A step along a large gradient makes large weights; large weights make a larger gradient; then the
# states overflow. What is NaN stays NaN, whatever is subtracted from it.
#
# ## What clipping does, and what it does not
#
# `gradients.clipping` sums up what the limit did:

# %%
for name in ("tanh, clipped", "relu, clipped"):
    for seed, (_, norms, _) in zip(SEEDS, runs[name], strict=True):
        did = gradients.clipping(norms, 1.0)
        print(f"{name}, seed {seed}: {did.share:4.0%} of steps clipped,", end=" ")
        print(f"median norm {did.median:.2f}, largest {did.largest:.2g}")

# %% [markdown]
# Clipping does not keep the gradient small: in the relu networks it still was enormous. It keeps
# the *step* short.
#
# **Two more claims to test.** "Clipping cures exploding gradients", whatever the start: a tanh
# network with gain 3. "A network whose gradients vanish cannot learn": one with gain 0.5, no
# clipping. And a third way out: ten times smaller steps, no clipping. **Guess** which comes off
# best.

# %%
MORE = {
    "gain 3, clipped": (torch.tanh, 3.0, 1.0, 1.0),
    "gain 1.5, clipped": (torch.tanh, 1.5, 1.0, 1.0),
    "gain 1.5, a tenth of the rate": (torch.tanh, 1.5, None, 0.1),
    "gain 0.5": (torch.tanh, 0.5, None, 1.0),
}
for name, (activation, gain, limit, rate) in MORE.items():
    done = [train(activation, gain, limit, seed, rate)[2] for seed in SEEDS]
    print(f"{name:30}", *(f"{np.mean(losses[-10:]):.3f}" for losses in done), "nats")

# %% [markdown]
# - With gain 3 these networks stay worse than counting characters, though no step was long.
# - The network with gain 0.5, whose gradient vanishes the fastest, learns *best* in these few
#   steps. What vanishes is the share of the far past; at lag 0 all lines of the figure begin alike.
#   Vanishing does not stop the learning. What it costs, this loss does not show; lesson 5 has a
#   task that does.
# - Small steps do not break the tanh network, and are slower.
#
# Why does clipping not help at gain 3? A gradient promises that a step of some length against it
# makes the loss smaller by length times norm. It holds for short enough steps. How short? We take
# one step of several lengths, and print by how many nats the loss was to fall, and by how many it
# fell, each from the smallest to the largest over the seeds.


# %%
def promises(gain, lengths, seed):
    p = {name: value.detach().double() for name, value in fresh(gain, seed).items()}
    loss, _ = window_loss({k: v.requires_grad_() for k, v in p.items()}, 0, torch.tanh)
    grads = torch.autograd.grad(loss, list(p.values()))
    norm, _ = clip_scale(grads, None)
    found = []
    for length in lengths:
        moved = {k: v - length / norm * g for (k, v), g in zip(p.items(), grads, strict=True)}
        with torch.no_grad():
            came = loss - window_loss(moved, 0, torch.tanh)[0]
        found.append((length * norm, came.item()))
    return loss.item(), np.array(found)


# %%
lengths = (1.0, 0.01, 1e-4, 1e-8)
for gain in (0.5, 1.5, 3.0):
    starts, found = zip(*(promises(gain, lengths, seed) for seed in SEEDS), strict=True)
    low, high = np.min(found, axis=0), np.max(found, axis=0)
    print(f"gain {gain}, where the loss is {min(starts):.2f} to {max(starts):.2f} nats:")
    for length, least, most in zip(lengths, low, high, strict=True):
        print(f"  a step of {length:g} promises {least[0]:.2g} to {most[0]:.2g} nats;", end=" ")
        print(f"the loss falls by {least[1]:.2g} to {most[1]:.2g}")

# %% [markdown]
# With gain 3 the gradient promises more nats than the loss has, at any length here. What comes is
# next to nothing, and for some seeds a rise. Where a gradient has exploded that far, its direction
# is of little use for steps of such lengths. Clipping mends the length of a step, not its
# direction.
#
# One more limit: clipping needs a finite gradient. Where one number has overflowed, scaling comes
# too late.

# %%
q = torch.nn.Parameter(torch.zeros(3))
for values in ([3.0, 4.0, 0.0], [3.0, float("inf"), 0.0]):
    q.grad = torch.tensor(values)
    norm = torch.nn.utils.clip_grad_norm_([q], 1.0)
    print(f"{values} has the norm {norm:g} and becomes {[round(v, 4) for v in q.grad.tolist()]}")

# %% [markdown]
# ## The cliff
#
# Why does a gradient become so large so suddenly? Pascanu, Mikolov and Bengio (2013) looked at one
# unit, where the whole loss can be drawn. Ours starts at $h_0 = 0.5$, runs 50 steps of
# $h_t = \tanh(w\,h_{t-1} + b)$, and should end at 0.5: the loss is $(h_{50} - 0.5)^2$.
#
# **Guess:** what does the loss look like along $b$, for a small and for a larger $w$?


# %%
def cliff_loss(w, b):
    h = torch.full_like(w, 0.5)
    for _ in range(50):
        h = torch.tanh(w * h + b)
    return (h - 0.5) ** 2


def cliff_gradient(w, b):
    w, b = w.clone().requires_grad_(), b.clone().requires_grad_()
    return torch.autograd.grad(cliff_loss(w, b).sum(), [w, b])


# %%
b = torch.linspace(-0.4, 0.4, 401, dtype=torch.double)
slices = {f"w = {w}": (b, cliff_loss(torch.full_like(b, w), b)) for w in (0.5, 1.0, 1.4)}
plots.curves(slices, "b", "loss $(h_{50} - 0.5)^2$", "one unit, 50 steps")

# %% [markdown]
# With the largest w there is a wall. How steep is it? It takes a fine comb to find out:

# %%
for points in (41, 401, 4_001, 40_001):
    b = torch.linspace(-0.4, 0.4, points, dtype=torch.double)
    down = torch.hypot(*cliff_gradient(torch.full_like(b, 1.4), b))
    place = int(down.argmax())
    print(f"{points:6} points: largest gradient {down[place]:9.3g} at b = {b[place]:.5f},", end=" ")
    print(f"median {down.median():.3g}, above 10 at {(down > 10).double().mean():.2%} of them")

# %% [markdown]
# Almost everywhere the gradient is harmless, and on a strip too thin to see it is not. What does
# the unit do there, and a little beside it? By the chain of the beginning:

# %%
for beside in (-0.01, 0.0, 0.01):
    states, by_lag = chain(1.4, np.full(50, b[place].item() + beside), h=0.5)
    growing = (1.4 * (1 - states[1:] ** 2) > 1).sum()
    print(f"b = {b[place] + beside:.3f}: h is 0.5 at first, {states[25]:6.3f} after", end=" ")
    print(f"25 steps, {states[50]:6.3f} after 50;", end=" ")
    print(f"{growing:2} of 50 factors above 1, product {by_lag[50]:.2g}")

# %% [markdown]
# Beside the wall the unit goes up or down, and the product is small. On the wall it stands for long
# where it neither rises nor falls, like the unit at rest from before. There the factors are above
# 1, and they multiply.
#
# Now let gradient descent come across the wall, from $w = 1.4$, $b = 0$, with a rate of 0.05. The
# picture looks down on the loss; the wall is the edge between dark and bright.


# %%
def descend(w, b, limit, steps=DESCENT, rate=0.05):
    ways, norms = [(w, b)], []
    for _ in range(steps):
        down = cliff_gradient(w, b)
        norm = torch.hypot(*down)
        scale = 1.0 if limit is None else limit / norm.clamp(min=limit)
        w, b = w - rate * scale * down[0], b - rate * scale * down[1]
        ways.append((w, b))
        norms.append(norm)
    return torch.stack([torch.stack(way) for way in ways]).numpy(), torch.stack(norms).numpy()


here = torch.tensor([1.4], dtype=torch.double), torch.tensor([0.0], dtype=torch.double)
ways = {"without clipping": descend(*here, None), "clipped at 1": descend(*here, 1.0)}

# %%
ws, bs = np.linspace(0.9, 1.5, 241), np.linspace(-0.25, 0.15, 241)
loss = cliff_loss(*(torch.tensor(axis) for axis in np.meshgrid(ws, bs))).numpy()
paths = {name: (way[:20, 0, 0], way[:20, 1, 0]) for name, (way, _) in ways.items()}
plots.surface(
    loss, ws, bs, ("w", "b", "loss $(h_{50} - 0.5)^2$"), paths, "the first steps of two descents"
)

# %%
for name, (way, norms) in ways.items():
    step = int(norms.argmax())
    (w, b), (w_next, b_next) = way[step, :, 0], way[step + 1, :, 0]
    print(f"{name}: largest gradient {norms[step, 0]:.3g} in step {step + 1}, a step from", end=" ")
    print(f"({w:.2f}, {b:.2f}) to ({w_next:.2f}, {b_next:.2f});", end=" ")
    print(f"in the end the gradient is {norms[-1, 0]:.2g},", end=" ")
    print(f"the loss {cliff_loss(*torch.tensor(way[-1])).item():.4f}")

# %% [markdown]
# Both come to the wall in nearly the same way. Without clipping, one step leaves the map for a
# place where the gradient is 0, and that is the end. With clipping the way goes to and fro across
# the wall, and down.
#
# Is this one unlucky start? A thousand starts in the plane, in five groups:

# %%
rng = np.random.default_rng(0)
w, b = (torch.tensor(rng.uniform(*ends, 1000)) for ends in ((1.0, 2.0), (-0.4, 0.4)))
for name, limit in (("without clipping", None), ("clipped at 1", 1.0), ("clipped at 0.1", 0.1)):
    way, _ = descend(w, b, limit)
    thrown = (np.hypot(way[-1, 0] - 1.5, way[-1, 1]) > 3).reshape(5, 200).mean(1)
    good = (cliff_loss(*torch.tensor(way[-1])).numpy() < 0.01).reshape(5, 200).mean(1)
    print(f"{name:16} thrown out:", *(f"{share:4.0%}" for share in thrown), end="; ")
    print("loss below 0.01:", *(f"{share:4.0%}" for share in good))

# %% [markdown]
# Without clipping some are thrown out; with a limit of 1 none is, and more arrive. With a limit of
# 0.1 the steps are so short that fewer arrive in the steps given: the limit is one more number to
# choose.
#
# ## Exercises
#
# **1.** The horizon that belongs to a factor: the first lag k at which factor$^k$ is below a share.

# %%
from charlstm.notebook.exercises import check


def horizon_of(factor, share):
    raise NotImplementedError


_ = check(horizon_of, [((0.5, 0.1), 4), ((0.9, 0.01), 44), ((0.99, 0.5), 69)])

# %% [markdown]
# **2.** The factor of a curve of norms: the geometric mean of its changes per step, from its first
# value to its last. (Can you do it without a loop?)


# %%
def factor_of(curve):
    raise NotImplementedError


_ = check(
    factor_of,
    [((0.8 ** np.arange(20),), 0.8), ((np.array([2.0, 9.0, 18.0]),), 3.0), ((np.ones(4),), 1.0)],
)

# %% [markdown]
# **3.** Clipping by global norm in NumPy: a list of arrays comes in, and a new list goes out. All
# arrays together count as one vector; short ones are not touched; zero stays zero.


# %%
def clip_all(arrays, limit):
    raise NotImplementedError


pair = [np.array([3.0, 0.0]), np.array([0.0, 4.0])]
zeros = [np.zeros(2), np.zeros(2)]
_ = check(
    clip_all,
    [((pair, 1.0), [[0.6, 0.0], [0.0, 0.8]]), ((pair, 9.0), pair), ((zeros, 1.0), zeros)],
)

# %% [markdown]
# **4.** Another way to clip cuts each *number* to between -limit and limit. How many degrees lie
# between the gradient and what is left of it then?


# %%
def degrees(g, limit):
    raise NotImplementedError


_ = check(
    degrees,
    [((np.array([5.0, 5.0]), 1.0), 0.0), ((np.array([100.0, 1.0]), 1.0), 44.4270613)],
    tolerance=1e-4,
)

# %% [markdown]
# <details><summary>One way to write them</summary>
#
# ```python
# def horizon_of(factor, share):
#     return int(np.log(share) / np.log(factor)) + 1
#
# def factor_of(curve):
#     return (curve[-1] / curve[0]) ** (1 / (len(curve) - 1))
#
# def clip_all(arrays, limit):
#     norm = np.sqrt(sum((array**2).sum() for array in arrays))
#     return [array * (limit / max(norm, limit)) for array in arrays]
#
# def degrees(g, limit):
#     cut = np.clip(g, -limit, limit)
#     cosine = (g @ cut) / (np.linalg.norm(g) * np.linalg.norm(cut))
#     return np.degrees(np.arccos(min(cosine, 1.0)))
# ```
# </details>
#
# ## Summary
#
# - Going back k steps multiplies by k Jacobians $\text{diag}(1 - h_t^2)\,W_h$. A product of many
#   factors shrinks or grows geometrically; keeping its size is the exception.
# - One tanh unit vanished for small and for large w. With many units, one network has growing and
#   shrinking directions at once.
# - Saturation is neither needed for vanishing nor does it prevent exploding. Eigenvalues of $W_h$
#   below 1 in absolute value promise nothing for the first steps; a largest singular value below 1
#   does.
# - A vanishing gradient did not stop the learning, and an exploding one did not always say NaN:
#   relu networks overflowed, tanh networks saturated.
# - Clipping by global norm keeps the direction and bounds the step. It saved every run with gain
#   1.5, and did not save those with gain 3.
#
# **Where to read on.** S. Hochreiter, *Untersuchungen zu dynamischen neuronalen Netzen* (1991,
# diploma thesis, in German), found the problem. Y. Bengio, P. Simard, P. Frasconi, *Learning
# long-term dependencies with gradient descent is difficult* (1994), showed why it is hard. R.
# Pascanu, T. Mikolov, Y. Bengio, *On the difficulty of training recurrent neural networks* (2013),
# have the cliff and the clipping. Next: [4. The LSTM, gate by
# gate](04-the-lstm-gate-by-gate.ipynb).
