# %% [markdown]
# # 3. Why gradients vanish and explode
#
# *What it shows: products of numbers and of matrices, their spectrum, the norm of the gradient
# against lag; what explodes, what clipping saves, and what it does not; the cliff.*
#
# Afterwards you can
#
# - say when a gradient vanishes or explodes, and measure it;
# - clip a gradient, and say what clipping cannot do;
# - test popular claims about saturation, eigenvalues and NaN.
#
# *Know before: lesson 2; eigenvalues help. Takes 35 minutes to read, without solving the exercises,
# and 1 minute to run.*
#
# *The letters in formulas and code are those of [the table in lesson
# 1](01-start-here.ipynb#Symbols).*
#
# In lesson 2 a gradient went back through time, and every step back multiplied it by the same
# matrix and by a slope. Here you follow such products: first of numbers, then of matrices, then
# through a network that reads text. Then you make a training fail because of them, and repair it.
#
# ![The vanilla cell: the old state goes through W_hh, the input through W_ih; their sum goes
# through a tanh and is the new state. A dashed arrow back: the gradient times one minus the square
# of h_t, then times W_hh transposed](drawings/vanilla-cell.svg)
#
# This is the cell of lesson 2. This lesson is about the dashed arrow.
#
# **Before you run anything, guess:** a network of 64 tanh units reads 60 letters. The loss on the
# last letter sends a gradient back. How much of it reaches the state before the first letter: about
# a half, about a hundredth, or far less? Could it be *more* than at the end?

# %%
# %matplotlib inline
import os

import numpy as np
import torch
from torch.nn import functional as F

from charlstm import CharModel, ModelOptions, Vocabulary, initialize, read_corpus, streams_for
from charlstm.insight import gradients
from charlstm.notebook import plots

torch.set_num_threads(1)
FAST = bool(os.environ.get("CHARLSTM_FAST"))  # fewer steps and seeds, for a quick test
STEPS, DESCENT, SEEDS = (5, 20, range(1)) if FAST else (100, 150, range(5))

# %% [markdown]
# ## One unit without a tanh
#
# Take the smallest recurrent network: one unit, $h_t = w\,h_{t-1} + u_t$, where $u_t$ is what the
# input adds. If $h_{t-1}$ changes by a little, $h_t$ changes by $w$ times as much. So over k steps
# (k is the *lag*)
#
# $$\frac{dh_T}{dh_{T-k}} = w^k$$
#
# **Guess:** what is left after 50 steps with $w = 0.9$?

# %%
for w in (0.5, 0.9, 1.0, 1.1):
    print(f"w = {w}:", *(f"{w**k:8.2g} after {k} steps" for k in (10, 50, 100)))

# %% [markdown]
# This is a geometric sequence: it changes by the same factor at every step. If $|w|$ is below 1,
# the gradient *vanishes* (becomes tiny). If $|w|$ is above 1, it *explodes* (becomes huge). Only
# $|w| = 1$ keeps it.
#
# ## One unit with a tanh
#
# Now $h_t = \tanh(w\,h_{t-1} + u_t)$. Each step back multiplies the gradient by $w$ and by the
# slope of the tanh, which is $1 - h_t^2$:


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
# The function `gradients.scalar_chain` of the package has the same few lines. Both agree:

# %%
theirs = gradients.scalar_chain(0.9, inputs)
print(f"largest difference {np.abs(theirs[1] - by_lag).max():.1e}")
assert np.allclose(theirs, (states, by_lag))

# %% [markdown]
# The slope is at most 1, so the tanh can only make the product smaller. For $|w| < 1$ the product
# vanishes at least as fast as $|w|^k$.
#
# **A claim you will read:** "if $|w| > 1$, the gradient explodes." **Guess:** does this unit's
# gradient explode for $w = 1.5$? For $w = 2$?

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
# (Each step multiplies the gradient by a number. The *factor* is the geometric mean of these
# numbers.) The gradient does not explode. A larger $w$ pushes the unit to where the tanh is flat.
# So the slope falls as $w$ grows, and over fifty steps the product became smaller in every run.
# Only a unit that stays at $h = 0$, because no input moves it, has the slope 1 at each step. Its
# gradient explodes as $w^k$. Remember this unit: at the end of the lesson it explains a cliff.
#
# So one tanh unit is a bad model of exploding gradients. Many units behave differently.
#
# ## Many units: a product of matrices
#
# With H units the derivative of one state with respect to the state before is a matrix, the
# *Jacobian* $J_t = \text{diag}(1 - h_t^2)\,W_{hh}$. Over k steps the derivative is the product
# $J_T J_{T-1} \cdots J_{T-k+1}$. We take a network with random weights and a text to read. The
# recurrent matrix starts as an *orthogonal* matrix times a number, the *gain*. (An orthogonal
# matrix is a rotation, perhaps with a reflection. It changes no length.)

# %%
text = read_corpus(["tales"]).text
vocabulary = Vocabulary.of(text)
ids = vocabulary.encode(text)
rows = np.stack([ids[at : at + 61] for at in range(0, 8000, 1000)])  # 8 streams, 61 characters each
OPTIONS = ModelOptions(cell="rnn", hidden_size=64, embedding_size=None)


def network(gain, seed=0):
    model = CharModel(OPTIONS, len(vocabulary))
    return initialize(model, gain=gain, seed=seed)


# %%
def products(model, ids, lags):
    p = gradients.parameters_of(model.layers[0])
    W_ih, W_hh = p.weight_ih.double().numpy(), p.weight_hh.double().numpy()
    b = (p.bias_ih + p.bias_hh).double().numpy()
    h, jacobians = np.zeros(len(b)), []
    for x in ids:
        h = np.tanh(W_ih[:, x] + W_hh @ h + b)
        jacobians.append((1 - h**2)[:, None] * W_hh)
    product, found = np.eye(len(b)), {}
    for k in range(1, max(lags) + 1):
        product = product @ jacobians[-k]
        found[k] = product
    return {k: found[k] for k in lags}


# %% [markdown]
# The *singular values* of a matrix say how much it stretches a vector: the largest in the direction
# that it stretches most, the smallest in the direction that it shrinks most. We leave out values
# that are so small beside the largest that they may be rounding errors. **Guess:** with gain 1.5,
# does the gradient of this network vanish or explode over 40 steps?

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
# It does both at the same time: some directions grow, most shrink. "The gradient explodes" means
# that a part of it points in one of the few growing directions.
#
# The package computes the same singular values with PyTorch's automatic Jacobians, and leaves out
# the same values. The remaining values agree; the smallest of them agree in fewer digits:

# %%
from charlstm.model import cells

p = gradients.parameters_of(network(1.5).layers[0])
xs = cells.project(p, F.one_hot(torch.tensor(rows[0, :60]).long(), len(vocabulary)).float())
theirs = gradients.jacobian_singular_values("rnn", p, xs, (torch.zeros(64),), [1, 10, 40])
for k, values in theirs.items():
    difference = np.nanmax(np.abs(values / spectra[k] - 1))
    print(f"{k:2} steps: {np.isfinite(values).sum()} values,", end=" ")
    print(f"largest relative difference {difference:.1e}")
    assert np.allclose(values[:10], spectra[k][:10], rtol=1e-4)

# %% [markdown]
# **A popular mistake** is to multiply the Jacobians number by number, `product *= J`. The chain
# rule needs the matrix product instead. Without a tanh, an orthogonal matrix with a gain must give
# gain$^{10}$ after ten steps:

# %%
W_hh = network(1.0).layers[0].weight_hh.detach().double().numpy()
for gain in (0.5, 1.0, 1.5):
    right, wrong = np.eye(64), np.ones((64, 64))
    for _ in range(10):
        right, wrong = right @ (gain * W_hh), wrong * (gain * W_hh)
    stretches = [np.linalg.norm(matrix, 2) for matrix in (right, wrong)]
    print(f"gain {gain}: matrix product {stretches[0]:.4g}, number by number {stretches[1]:.1e}")

# %% [markdown]
# The mistaken product vanishes for all three gains, even where the true gradient explodes.
#
# **Another claim:** "if all eigenvalues of $W_{hh}$ are below 1 in absolute value, the gradient
# shrinks." **Guess:** what do the powers of this matrix do? Both of its eigenvalues are 0.9.

# %%
skewed = np.array([[0.9, 5.0], [0.0, 0.9]])
norms = [np.linalg.norm(np.linalg.matrix_power(skewed, k), 2) for k in range(101)]
print(f"largest at {np.argmax(norms)} steps: {max(norms):.1f}; after 100 steps {norms[100]:.3f}")
for k in (1, 5, 20, 50, 100):
    print(f"power {k:3}: stretches by up to {norms[k]:6.3f}, its eigenvalues are {0.9**k:.3g}")

# %% [markdown]
# In the very long run the eigenvalues are right, for one matrix multiplied by itself. Before that
# the product may still grow; here even the 50th power still stretches by more than 1. Such matrices
# are not rare. In PyTorch's default start (its initial weights, the *initialisation*) all
# eigenvalues are below 1 in absolute value, but the largest singular value is above 1:

# %%
for seed in range(5):
    start = initialize(CharModel(OPTIONS, len(vocabulary)), "pytorch", seed=seed)
    W_hh = start.layers[0].weight_hh.detach().numpy()
    radius, stretch = np.abs(np.linalg.eigvals(W_hh)).max(), np.linalg.norm(W_hh, 2)
    print(f"seed {seed}: largest |eigenvalue| {radius:.3f}, largest singular value {stretch:.3f}")

# %% [markdown]
# One thing is certain, because the slopes are at most 1: the product of any tanh network over k
# steps stretches by at most the largest singular value of $W_{hh}$ to the power k. If that value is
# below 1, the gradient vanishes. If it is above 1, we cannot conclude anything.
#
# ## A whole network, on text
#
# Now we measure the gradient that training uses: the norm of $dh_{T-k} = dL/dh_{T-k}$. Here L is
# the loss on the last character alone. We keep every state, and autograd gives us this gradient.


# %%
def norms_by_lag(model, rows, activation=torch.tanh):
    p = gradients.parameters_of(model.layers[0])
    inputs, targets = torch.tensor(rows[:, :-1]).long(), torch.tensor(rows[:, -1]).long()
    h = torch.zeros(len(rows), p.weight_hh.shape[0], requires_grad=True)
    states = [h]
    for x in inputs.T:
        a = p.weight_ih[:, x].T + p.bias_ih + h @ p.weight_hh.T + p.bias_hh
        h = activation(a)
        states.append(h)
    loss = F.cross_entropy(model.head(h), targets, reduction="sum")  # a sum keeps streams apart
    grads = torch.autograd.grad(loss, states)
    return np.array([dh.double().norm(dim=1).mean().item() for dh in reversed(grads)])


# %%
mine, package = norms_by_lag(network(1.0), rows), gradients.reach(network(1.0), rows).curve()
print(f"largest relative difference {np.abs(mine / package - 1).max():.1e}")
assert np.allclose(mine, package, rtol=1e-4)

# %% [markdown]
# **Guess:** a gain of 1 keeps every length. Does it keep the gradient? Which gain would keep it?
# And where, among these gains, is PyTorch's default start?

# %% tags=["cover"] alt="norms of gradients against lag, for several gains"
by_start = {f"gain {gain}": norms_by_lag(network(gain), rows) for gain in (0.5, 1.0, 1.2, 1.5, 3.0)}
usual = initialize(CharModel(OPTIONS, len(vocabulary)), "pytorch")
by_start["PyTorch's default start"] = norms_by_lag(usual, rows)
plots.norm_by_lag(by_start, "tanh network of 64 units before training, on text")

# %% [markdown]
# Two numbers summarise such a line: its factor per step (without the first steps), and its
# *horizon*, the lag (distance in steps) at which it has fallen below 1 % of its first value.

# %%
for name, curve in by_start.items():
    reached = gradients.horizon(curve) or "beyond 60"
    print(f"{name}: factor {gradients.factor(curve):.3f}, horizon {reached};", end=" ")
    print(f"60 letters back {curve[60] / curve[0]:.2g} times the norm")

# %% [markdown]
# We trained nothing here. The start alone decides, and each start answers the question at the top
# differently. PyTorch's start is among those that vanish fast, although its largest singular value
# is above 1. Even the orthogonal matrix itself, gain 1, loses a little at each step, because the
# slopes of the tanh are below 1. Of these gains, 1.2 comes nearest to keeping the gradient.
#
# At the right end the lines of the large gains bend up. There the text begins: the state is still
# near 0, and the slope of the tanh is near 1.

# %%
for gain in (1.0, 1.5, 3.0):
    p = gradients.parameters_of(network(gain).layers[0])
    with torch.no_grad():
        states, _ = cells.unroll(cells.rnn, p, xs, (torch.zeros(64),))
    slopes = (1 - states**2).mean(1)
    print(
        f"gain {gain}: mean slope", *(f"{slopes[t]:.2f}" for t in (0, 1, 2, 5, 10, 20, 59)), end=" "
    )
    print("after letter 1 2 3 6 11 21 60")

# %% [markdown]
# In the panel below you can change the gain, the length and the activation. (The panel needs a
# running kernel. It reads random letters, so its numbers differ a little from the figure above.) It
# opens with the cell `rnn` and the start `charlstm`, which is the orthogonal one. **Try** to find a
# gain that keeps the gradient over 200 letters, for the tanh and for the linear network. The LSTM
# follows in lesson 5.

# %%
from charlstm.notebook.explorers import GradientExplorer

GradientExplorer(cell="rnn", scheme="charlstm")

# %% [markdown]
# ## Is saturation the cause?
#
# **A claim you will read:** "gradients vanish because the activation saturates" (reaches its flat
# ends). If this is true, a network without an activation cannot vanish, and the most saturated
# network vanishes the fastest. **Guess** the order of the five factors below before you look.


# %%
def mean_slope(model, activation):
    p = gradients.parameters_of(model.layers[0])
    h, slopes = torch.zeros(len(rows), 64), []
    for x in torch.tensor(rows[:, :-1].T).long():
        a = (p.weight_ih[:, x].T + p.bias_ih + h @ p.weight_hh.T + p.bias_hh).requires_grad_()
        after = activation(a)
        slopes.append(torch.autograd.grad(after.sum(), a)[0].mean().item())
        h = after.detach()
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
# The claim fails in both ways. The linear network has the slope 1 everywhere, and its gradient
# still vanishes, because of its gain. The tanh network of gain 3 is the most saturated of the tanh
# networks, and its gradient is the one that grows. The product of slope and matrix decides. But the
# claim is partly true for the sigmoid: its slope is never above 1/4, saturated or not.
#
# ## Explosion in training
#
# Does any of this matter for learning? We train the network of lesson 2, five arrays, with plain
# gradient descent at a learning rate of 1. It reads windows of 100 characters of the tales. Each
# window starts from the zero state.

# %%
streams, V, H = streams_for(ids, 16, 100), len(vocabulary), 64


def fresh(gain, seed):
    rng = torch.Generator().manual_seed(seed)
    orthogonal, _ = torch.linalg.qr(torch.randn(H, H, generator=rng))
    p = {"W_ih": 0.3 * torch.randn(H, V, generator=rng), "W_hh": gain * orthogonal}
    p |= {"b": torch.zeros(H), "W_out": torch.randn(V, H, generator=rng) / 8}
    p["b_out"] = torch.zeros(V)
    return {name: value.requires_grad_() for name, value in p.items()}


# %%
def window_loss(p, window, activation):
    inputs, targets = (torch.from_numpy(part).long() for part in streams.read(window))
    h, states = torch.zeros_like(p["b"]), []
    for u in F.embedding(inputs.T, p["W_ih"].T) + p["b"]:
        h = activation(u + h @ p["W_hh"].T)
        states.append(h)
    logits = torch.stack(states, 1) @ p["W_out"].T + p["b_out"]
    return F.cross_entropy(logits.flatten(0, 1), targets.flatten()), h.detach()


# %% [markdown]
# *Clipping* by global norm is one line. Take all arrays of the gradient together as one long
# vector. If it is longer than a limit, shorten it to the limit. Its direction stays the same. (We
# compute the norm in double precision, because the square of a large float32 overflows.)


# %%
def clip_scale(grads, limit):
    norm = torch.stack([grad.double().norm() for grad in grads]).norm().item()
    return norm, 1.0 if limit is None else limit / max(norm, limit)


# %%
def train(activation, gain, limit, seed, rate=1.0, steps=STEPS):
    p, norms, losses = fresh(gain, seed), [], []
    for step in range(steps):
        loss, _ = window_loss(p, step, activation)
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
# We compare this with PyTorch's own clipping, on gradients with a norm above and below the limit:

# %%
rng = torch.Generator().manual_seed(0)
for size in (1.0, 0.001):
    loose = [torch.nn.Parameter(torch.zeros(5, 3)), torch.nn.Parameter(torch.zeros(7))]
    for parameter in loose:
        parameter.grad = size * torch.randn(parameter.shape, generator=rng)
    grads = [parameter.grad.clone() for parameter in loose]
    norm = torch.nn.utils.clip_grad_norm_(loose, 1.0).item()
    _, scale = clip_scale(grads, 1.0)
    pairs = zip(grads, loose, strict=True)
    difference = max((scale * grad - q.grad).abs().max().item() for grad, q in pairs)
    print(f"norm {norm:.4f}: largest difference {difference:.1e}")
    assert difference < 1e-6

# %% [markdown]
# Two networks start with gain 1.5: one has tanh units, the other has relu units. We train each
# without clipping, and with a limit of 1. **Guess:** which of the four trainings fail, and what
# does failure look like?

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
# One seed proves little. Here are all seeds. Compare their losses with the loss of a model that
# knows only how often each character comes:

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
# We see two ways to fail. The **relu** network ends in NaN after a handful of steps, for each seed.
# The **tanh** network never shows NaN here, and that is worse: nothing stops it. Its losses stay
# finite, and they end above the loss of counting characters. Its gradients were not even enormous.
# But most of its units ended near -1 or 1, where the slope of the tanh is almost 0. "An exploding
# gradient shows as NaN" is true for the relu network and false for the tanh network.
#
# With clipping, the same networks learn from the same weights, for each seed.
#
# Where does the NaN come from? Look at the steps of one relu network without clipping:

# %%
for steps in range(1, len(shown["relu"][1]) + 1):
    p, norms, losses = train(torch.relu, 1.5, None, 0, steps=steps)
    largest = p["W_hh"].detach().abs().max().item()
    lost = torch.cat([value.detach().flatten() for value in p.values()]).isnan().float().mean()
    print(f"step {steps}: loss {losses[-1]:.3g}, norm {norms[-1]:.3g};", end="\n  ")
    print(
        f"after it the largest weight of W_hh is {largest:.3g}, {lost:.0%} of all weights are NaN"
    )

# %% [markdown]
# A step along a large gradient makes large weights. Large weights make a larger gradient. Then the
# states overflow. A weight that is NaN stays NaN, whatever we subtract from it.
#
# ## What clipping can and cannot do
#
# `gradients.clipping` summarises what the limit did:

# %%
for name in ("tanh, clipped", "relu, clipped"):
    for seed, (_, norms, _) in zip(SEEDS, runs[name], strict=True):
        did = gradients.clipping(norms, 1.0)
        print(f"{name}, seed {seed}: {did.share:4.0%} of steps clipped,", end=" ")
        print(f"median norm {did.median:.2f}, largest {did.largest:.2g}")

# %% [markdown]
# Clipping does not keep the gradient small: in the relu networks the gradient was still enormous.
# Clipping keeps the *step* short.
#
# **Two more claims to test.** "Clipping cures exploding gradients", for every start: we train a
# tanh network with gain 3. "A network whose gradients vanish cannot learn": we train one with gain
# 0.5, without clipping. We also try a third method: ten times smaller steps, without clipping.
# **Guess** which gives the best loss.

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
# - With gain 3 these networks stay worse than counting characters, although no step was long.
# - The network with gain 0.5, whose gradient vanishes the fastest, learns *best* in these few
#   steps. Only the gradient from the far past vanishes; at lag 0 all lines of the figure begin
#   alike. So vanishing does not stop the learning. This loss does not show what vanishing costs;
#   lesson 6 has a task that does.
# - Small steps do not break the tanh network, but they are slower.
#
# Why does clipping not help at gain 3? A gradient makes a promise: a step of some length against it
# lowers the loss by length times norm. This holds for short enough steps. How short? We take one
# step of several lengths. We print how much the loss should fall, in nats, and how much it really
# falls, each from the smallest to the largest over the seeds.


# %%
def promises(gain, lengths, seed):
    start = fresh(gain, seed).items()
    p = {name: value.detach().double().requires_grad_() for name, value in start}
    loss, _ = window_loss(p, 0, torch.tanh)
    grads = torch.autograd.grad(loss, list(p.values()))
    norm, _ = clip_scale(grads, None)
    found = []
    for length in lengths:
        pairs = zip(p.items(), grads, strict=True)
        moved = {name: value - length / norm * grad for (name, value), grad in pairs}
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
# With gain 3 the gradient promises a fall larger than the whole loss, at any length here. The loss
# really falls by almost nothing, and for some seeds it rises. When a gradient has exploded that
# far, its direction is of little use for steps of such lengths. Clipping repairs the length of a
# step, not its direction.
#
# Clipping has one more limit: it needs a finite gradient. Once one number has overflowed, scaling
# comes too late.

# %%
q = torch.nn.Parameter(torch.zeros(3))
for values in ([3.0, 4.0, 0.0], [3.0, float("inf"), 0.0]):
    q.grad = torch.tensor(values)
    norm = torch.nn.utils.clip_grad_norm_([q], 1.0)
    print(f"{values} has the norm {norm:g} and becomes {[round(v, 4) for v in q.grad.tolist()]}")

# %% [markdown]
# ## The cliff: where a gradient suddenly becomes large
#
# Why does a gradient become so large so suddenly? Pascanu, Mikolov and Bengio (2013) looked at one
# unit, because we can draw its whole loss. Our unit starts at $h_0 = 0.5$, runs 50 steps of
# $h_t = \tanh(w\,h_{t-1} + b)$, and should end at 0.5. The loss is $(h_{50} - 0.5)^2$.
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
# With the largest w the loss has a wall. How steep is it? We need many closely spaced points to
# find out:

# %%
for points in (41, 401, 4_001, 40_001):
    b = torch.linspace(-0.4, 0.4, points, dtype=torch.double)
    down = torch.hypot(*cliff_gradient(torch.full_like(b, 1.4), b))
    place = int(down.argmax())
    print(
        f"{points:6} points: largest gradient {down[place]:9.3g} at b = {b[place]:.5f},",
        end="\n        ",
    )
    print(f"median {down.median():.3g}, above 10 at {(down > 10).double().mean():.2%} of them")

# %% [markdown]
# Almost everywhere the gradient is harmless, but on a strip too thin to see it is huge. What does
# the unit do there, and a little beside it? We use the function `chain` from the beginning:

# %%
for beside in (-0.01, 0.0, 0.01):
    states, by_lag = chain(1.4, np.full(50, b[place].item() + beside), h=0.5)
    growing = (1.4 * (1 - states[1:] ** 2) > 1).sum()
    print(f"b = {b[place] + beside:.3f}: h is 0.5 at first, {states[25]:6.3f} after", end=" ")
    print(f"25 steps, {states[50]:6.3f} after 50;", end="\n  ")
    print(f"{growing:2} of 50 factors above 1, product {by_lag[50]:.2g}")

# %% [markdown]
# Beside the wall the unit goes up or down, and the product is small. On the wall the unit stays for
# a long time at a point where it neither rises nor falls, like the unit at $h = 0$ before. There
# the factors are above 1, and they multiply.
#
# Now gradient descent crosses the wall, from $w = 1.4$, $b = 0$, with a learning rate of 0.05. The
# picture shows the loss from above; the wall is the edge between dark and bright.


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
    print(
        f"{name}: largest gradient {norms[step, 0]:.3g} in step {step + 1}, a step from", end="\n  "
    )
    print(f"({w:.2f}, {b:.2f}) to ({w_next:.2f}, {b_next:.2f});", end=" ")
    print(f"in the end the gradient is {norms[-1, 0]:.2g},", end=" ")
    print(f"the loss {cliff_loss(*torch.tensor(way[-1])).item():.4f}")

# %% [markdown]
# Both paths reach the wall in nearly the same way. Without clipping, one step jumps off the map to
# a place where the gradient is 0, and the descent ends there. With clipping the path crosses the
# wall again and again, and goes down.
#
# Is this only one unlucky start? We try a thousand starts in the plane, in five groups:

# %%
rng = np.random.default_rng(0)
w, b = (torch.tensor(rng.uniform(*ends, 1000)) for ends in ((1.0, 2.0), (-0.4, 0.4)))
for name, limit in (("without clipping", None), ("clipped at 1", 1.0), ("clipped at 0.1", 0.1)):
    way, _ = descend(w, b, limit)
    diverged = (np.hypot(way[-1, 0] - 1.5, way[-1, 1]) > 3).reshape(5, 200).mean(1)
    good = (cliff_loss(*torch.tensor(way[-1])).numpy() < 0.01).reshape(5, 200).mean(1)
    print(f"{name:16} diverged:", *(f"{share:4.0%}" for share in diverged), end="; ")
    print(f"\n{'':16} loss below 0.01:", *(f"{share:4.0%}" for share in good))

# %% [markdown]
# Without clipping some paths *diverge*: they leave the plane and do not come back. With a limit of
# 1 none does, and more paths reach a low loss. With a limit of 0.1 the steps are so short that fewer
# paths reach it in the same number of steps. So the limit is one more number to choose.
#
# ## Exercises
#
# **1.** Compute the horizon from a factor: the first lag k at which factor$^k$ is below a given
# share.

# %%
from charlstm.notebook.exercises import check


def horizon_of(factor, share):
    raise NotImplementedError


check(horizon_of, [((0.5, 0.1), 4), ((0.9, 0.01), 44), ((0.99, 0.5), 69)])

# %% [markdown]
# **2.** Compute the factor of a curve of norms: the geometric mean of its changes per step, from
# its first value to its last. (Can you do it without a loop?)


# %%
def factor_of(curve):
    raise NotImplementedError


check(
    factor_of,
    [((0.8 ** np.arange(20),), 0.8), ((np.array([2.0, 9.0, 18.0]),), 3.0), ((np.ones(4),), 1.0)],
)

# %% [markdown]
# **3.** Write clipping by global norm in NumPy: take a list of arrays and return a new list. Treat
# all arrays together as one vector. Do not change short vectors; zero stays zero.


# %%
def clip_all(arrays, limit):
    raise NotImplementedError


pair = [np.array([3.0, 0.0]), np.array([0.0, 4.0])]
zeros = [np.zeros(2), np.zeros(2)]
check(
    clip_all,
    [((pair, 1.0), [[0.6, 0.0], [0.0, 0.8]]), ((pair, 9.0), pair), ((zeros, 1.0), zeros)],
)

# %% [markdown]
# **4.** Another way to clip cuts each *number* to between -limit and limit. How many degrees lie
# between the gradient and the clipped gradient?


# %%
def degrees(grad, limit):
    raise NotImplementedError


check(
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
# def degrees(grad, limit):
#     cut = np.clip(grad, -limit, limit)
#     cosine = (grad @ cut) / (np.linalg.norm(grad) * np.linalg.norm(cut))
#     return np.degrees(np.arccos(min(cosine, 1.0)))
# ```
# </details>
#
# ## Summary
#
# - Going back k steps multiplies by k Jacobians $\text{diag}(1 - h_t^2)\,W_{hh}$. A product of many
#   factors shrinks or grows geometrically. It rarely keeps its size.
# - The gradient of one tanh unit vanished for small and for large w. With many units, one network
#   has growing and shrinking directions at the same time.
# - A gradient can vanish without saturation, and saturation does not prevent exploding. Eigenvalues
#   of $W_{hh}$ below 1 in absolute value promise nothing for the first steps. A largest singular
#   value below 1 does.
# - A vanishing gradient did not stop the learning. An exploding gradient did not always show NaN:
#   relu networks overflowed, tanh networks saturated.
# - Clipping by global norm keeps the direction and limits the step. It saved every run with gain
#   1.5, and did not save those with gain 3.
#
# **Where to read on.** S. Hochreiter, *Untersuchungen zu dynamischen neuronalen Netzen* (1991,
# diploma thesis, in German), found the problem. Y. Bengio, P. Simard, P. Frasconi, *Learning
# long-term dependencies with gradient descent is difficult* (1994), showed why it is hard. R.
# Pascanu, T. Mikolov, Y. Bengio, *On the difficulty of training recurrent neural networks* (2013),
# describe the cliff and the clipping. Next: [5. The LSTM, gate by
# gate](05-the-lstm-gate-by-gate.ipynb).
