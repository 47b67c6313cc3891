# %% [markdown]
# # 3. Why gradients vanish and explode
#
# *What it shows: products of numbers and of matrices, their spectrum, the norm of the gradient
# against lag for several starts; what eigenvalues and saturation have to do with it.*
#
# Afterwards you can
#
# - say when a gradient vanishes or explodes, and measure it;
# - read a figure of the gradient against the lag;
# - test popular claims about eigenvalues and saturation.
#
# *Know before: lesson 2; eigenvalues help. Takes 18 minutes to read, without solving the exercises,
# and 1 minute to run.*
#
# *The letters in formulas and code are those of [the table in lesson
# 1](01-start-here.ipynb#Symbols). Some code is folded: in JupyterLab, click its three dots to open
# it.*
#
# In lesson 2 a gradient went back through time, and every step back multiplied it by the same
# matrix and by a slope. Here you follow such products: first of numbers, then of matrices, then
# through a network that reads text. Nothing is trained in this lesson. In [lesson
# 4](04-clipping-and-the-cliff.ipynb) you make a training fail because of these products, and repair
# it. (An [appendix](#Appendix) compares our functions with those of the package.)
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

from charlstm import CharModel, ModelOptions, Vocabulary, initialize, read_corpus
from charlstm.insight import gradients
from charlstm.model import cells
from charlstm.notebook import plots

torch.set_num_threads(1)
SEEDS = range(1 if os.environ.get("CHARLSTM_FAST") else 5)  # fewer seeds, for a quick test

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
# gradient explodes as $w^k$. Remember this unit: in lesson 4 it explains a cliff.
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
# Both: in some directions it explodes, in most it vanishes.
#
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
print("start                     factor   horizon     left at lag 60")
for name, curve in by_start.items():
    reached = gradients.horizon(curve) or "beyond 60"
    print(f"{name:25} {gradients.factor(curve):.3f}    {reached!s:9} {curve[60] / curve[0]:9.2g}")

# %% [markdown]
# We trained nothing here. The start alone decides, and each start answers the question at the top
# differently. PyTorch's start is among those that vanish fast, although its largest singular value
# is above 1. Even the orthogonal matrix itself, gain 1, loses a little at each step, because the
# slopes of the tanh are below 1. Of these gains, 1.2 comes nearest to keeping the gradient.
#
# At the right end the lines of the large gains bend up. There the text begins: the state is still
# near 0, and the slope of the tanh is near 1. Here is the mean slope after some letters:

# %%
at = (0, 1, 2, 5, 10, 20, 59)
print("gain   letter", *(f"{t + 1:6}" for t in at))
for gain in (1.0, 1.5, 3.0):
    p = gradients.parameters_of(network(gain).layers[0])
    xs = cells.project(p, F.one_hot(torch.tensor(rows[0, :60]).long(), len(vocabulary)).float())
    with torch.no_grad():
        states, _ = cells.unroll(cells.rnn, p, xs, (torch.zeros(64),))
    slopes = (1 - states**2).mean(1)
    print(f"{gain:4}        ", *(f"{slopes[t]:6.2f}" for t in at))

# %% [markdown]
# In the panel below you can change the gain, the length and the activation. (The panel needs a
# running kernel. It reads random letters, so its numbers differ from the figure above.) It
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


# %% jupyter={"source_hidden": true}
# Folded: the mean slope of the activation over all letters
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
# And all of this is about the *start*. Training moves the weights, and the same networks can end
# far more saturated than any network here. Then the answer is another one: see [lesson
# 4](04-clipping-and-the-cliff.ipynb).
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
# **3.** The only certain rule: a tanh network with the recurrent matrix W stretches a gradient by
# at most $s^k$ over k steps, where s is the largest singular value of W. Return the first lag at
# which this rule promises less than a given share, or infinity if it promises nothing.


# %%
def promised_lag(W, share):
    raise NotImplementedError


check(
    promised_lag,
    [((0.5 * np.eye(3), 0.1), 4), ((skewed / 10, 0.01), 7), ((skewed, 0.01), np.inf)],
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
# def promised_lag(W, share):
#     s = np.linalg.norm(W, 2)
#     return horizon_of(s, share) if s < 1 else np.inf
# ```
# </details>
#
# ## Summary
#
# - Going back k steps multiplies by k Jacobians $\text{diag}(1 - h_t^2)\,W_{hh}$. A product of many
#   factors shrinks or grows geometrically. It rarely keeps its size.
# - The gradient of one tanh unit vanished for small and for large w. With many units, one network
#   has growing and shrinking directions at the same time.
# - The start alone decides whether the gradient of an untrained network vanishes or explodes.
#   PyTorch's default start vanishes fast.
# - Eigenvalues of $W_{hh}$ below 1 in absolute value promise nothing for the first steps. A largest
#   singular value below 1 does.
# - Before training a gradient can vanish without saturation, and saturation does not prevent
#   exploding.
#
# **Where to read on.** S. Hochreiter, *Untersuchungen zu dynamischen neuronalen Netzen* (1991,
# diploma thesis, in German), found the problem. Y. Bengio, P. Simard, P. Frasconi, *Learning
# long-term dependencies with gradient descent is difficult* (1994), showed why it is hard. Next:
# [4. Clipping and the cliff](04-clipping-and-the-cliff.ipynb).
#
# ## Appendix
#
# Is it right? The package has the same measurements. Its `gradients.scalar_chain` is our `chain`:

# %% jupyter={"source_hidden": true}
# Folded: compare chain with the package
ours, theirs = chain(0.9, inputs), gradients.scalar_chain(0.9, inputs)
print(f"largest difference {np.abs(np.subtract(ours, theirs)).max():.1e}")
assert np.allclose(ours, theirs)

# %% [markdown]
# The package computes the singular values with PyTorch's automatic Jacobians, and leaves out the
# same values. The remaining values agree; the smallest of them agree in fewer digits:

# %% jupyter={"source_hidden": true}
# Folded: compare the singular values of products with the package
p = gradients.parameters_of(network(1.5).layers[0])
xs = cells.project(p, F.one_hot(torch.tensor(rows[0, :60]).long(), len(vocabulary)).float())
theirs = gradients.jacobian_singular_values("rnn", p, xs, (torch.zeros(64),), [1, 10, 40])
for k, values in theirs.items():
    difference = np.nanmax(np.abs(values / spectra[k] - 1))
    print(f"{k:2} steps: {np.isfinite(values).sum()} values,", end=" ")
    print(f"largest relative difference {difference:.1e}")
    assert np.allclose(values[:10], spectra[k][:10], rtol=1e-4)

# %% [markdown]
# And `gradients.reach` measures the norms by lag, of any model:

# %% jupyter={"source_hidden": true}
# Folded: compare norms_by_lag with the package
mine, package = norms_by_lag(network(1.0), rows), gradients.reach(network(1.0), rows).curve()
print(f"largest relative difference {np.abs(mine / package - 1).max():.1e}")
assert np.allclose(mine, package, rtol=1e-4)
