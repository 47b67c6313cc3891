# %% [markdown]
# # 4. Clipping and the cliff
#
# *What it shows: a training whose gradient explodes, saturates the units, and then vanishes; what
# clipping saves, and what it does not; the cliff.*
#
# Afterwards you can
#
# - recognise a training that has exploded, with and without NaN;
# - clip a gradient, and say what clipping cannot do;
# - say why a gradient becomes large all of a sudden.
#
# *Know before: lessons 2 and 3. Takes 20 minutes to read, without solving the exercises, and 1
# minute to run.*
#
# *The letters in formulas and code are those of [the table in lesson
# 1](01-start-here.ipynb#Symbols). Some code is folded: in JupyterLab, click its three dots to open
# it.*
#
# In [lesson 3](03-why-gradients-vanish-and-explode.ipynb) you followed gradients through networks
# that nobody had trained. Now we train them, and some of them break. You see how they break, and
# you repair them with one line. At the end you look at the place where it happens: a cliff.
#
# **Before you run anything, guess:** the gradient of an untrained tanh network explodes. At a lag
# of 40 (40 letters back) it is three times as long as at lag 0. You train this network for 100
# steps, without any protection. How long is the gradient at lag 40 then: ten times as long as at
# lag 0? A million times? Or something else?

# %%
# %matplotlib inline
import os

import numpy as np
import torch
from torch.nn import functional as F

from charlstm import Vocabulary, read_corpus, streams_for
from charlstm.insight import gradients
from charlstm.notebook import plots

torch.set_num_threads(1)
FAST = bool(os.environ.get("CHARLSTM_FAST"))  # fewer steps and seeds, for a quick test
STEPS, DESCENT, SEEDS = (5, 20, range(1)) if FAST else (100, 150, range(5))

# %% [markdown]
# ## Explosion in training
#
# We train the network of lesson 2, with its five arrays of weights, by plain gradient descent. The
# learning rate is 1, so a step is as long as the gradient. The network reads windows of 100 characters of the tales.
# Each window starts from the zero state. The recurrent matrix starts as an orthogonal matrix times
# a number, the gain (lesson 3).

# %%
text = read_corpus(["tales"]).text
vocabulary = Vocabulary.of(text)
ids = vocabulary.encode(text)
streams, V, H = streams_for(ids, 16, 100), len(vocabulary), 64
print(f"{streams.batch_size} streams, windows of {streams.window}; {V} different characters")


# %% jupyter={"source_hidden": true}
# Folded: the weights at the start, and the loss of a window, as in lesson 2
def fresh(gain, seed):
    rng = torch.Generator().manual_seed(seed)
    orthogonal, _ = torch.linalg.qr(torch.randn(H, H, generator=rng))
    p = {"W_ih": 0.3 * torch.randn(H, V, generator=rng), "W_hh": gain * orthogonal}
    p |= {"b": torch.zeros(H), "W_out": torch.randn(V, H, generator=rng) / 8}
    p["b_out"] = torch.zeros(V)
    return {name: value.requires_grad_() for name, value in p.items()}


def window_loss(p, window, activation):
    inputs, targets = (torch.from_numpy(part).long() for part in streams.read(window))
    h, states = torch.zeros_like(p["b"]), []
    for u in F.embedding(inputs.T, p["W_ih"].T) + p["b"]:
        h = activation(u + h @ p["W_hh"].T)
        states.append(h)
    logits = torch.stack(states, 1) @ p["W_out"].T + p["b_out"]
    return F.cross_entropy(logits.flatten(0, 1), targets.flatten())


# %% [markdown]
# *Clipping* by global norm is one line. Take all arrays of the gradient together as one long
# vector. If it is longer than a limit, shorten it to the limit. Its direction stays the same. (We
# compute the norm in double precision, because the square of a large float32 overflows. An
# [appendix](#Appendix) compares this with PyTorch.)


# %%
def clip_scale(grads, limit):
    norm = torch.stack([grad.double().norm() for grad in grads]).norm().item()
    return norm, 1.0 if limit is None else limit / max(norm, limit)


def moved(p, grads, length):
    pairs = zip(p.items(), grads, strict=True)
    return {name: (w - length * grad).detach().requires_grad_() for (name, w), grad in pairs}


# %%
def train(activation, gain, limit, seed, rate=1.0, steps=STEPS):
    weights, norms, losses = [fresh(gain, seed)], [], []
    while len(norms) < steps and np.isfinite(norms[-1:]).all():
        loss = window_loss(weights[-1], len(norms), activation)
        grads = torch.autograd.grad(loss, list(weights[-1].values()))
        norm, scale = clip_scale(grads, limit)
        weights.append(moved(weights[-1], grads, rate * scale))
        norms.append(norm)
        losses.append(loss.item())
    return weights, norms, losses


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
    for seed, (_, norms, losses) in zip(SEEDS, of, strict=True):
        line = f"  seed {seed}: {len(norms):3} steps, largest norm {max(norms[:-1]):7.1e}, loss"
        print(line, f"{np.mean(losses[-10:]):.3f}" if np.isfinite(losses[-1]) else "NaN")

# %% [markdown]
# We see two ways to fail. The **relu** network ends in NaN after a handful of steps, for each seed.
# The **tanh** network never shows NaN here, and that is worse: nothing stops it. Its losses stay
# finite, and they end above the loss of counting characters. No gradient of it was enormous.
# "An exploding gradient shows as NaN" is true for the relu network and false for the tanh network.
#
# With clipping, the same networks learn from the same weights, for each seed.
#
# ## First it explodes, then it vanishes
#
# What has happened to the tanh networks? We look back through them as in lesson 3, at three
# moments: before the first step, after the training without clipping, and after the training with
# it. **Guess** once more: which of the three lets the gradient through?


# %% jupyter={"source_hidden": true}
# Folded: go back through 60 letters with the equations of lesson 2, in double precision
rows = np.stack([ids[at : at + 61] for at in range(0, 8000, 1000)])  # 8 streams, 61 characters each


def look_back(p, slopes=True):
    """Return norms of dh by lag, and the share of units beyond 0.99 after the first 20 letters."""
    q = {name: value.detach().double() for name, value in p.items()}
    letters = torch.from_numpy(rows.T).long()
    h, states = torch.zeros(len(rows), H, dtype=torch.double), []
    for x in letters[:-1]:
        h = torch.tanh(q["W_ih"][:, x].T + q["b"] + h @ q["W_hh"].T)
        states.append(h)
    chances = (h @ q["W_out"].T + q["b_out"]).softmax(1)
    dh = (chances - F.one_hot(letters[-1], V)) @ q["W_out"]
    norms = [dh.norm(dim=1).mean()]
    for h in reversed(states):
        dh = (dh * (1 - h**2) if slopes else dh) @ q["W_hh"]
        norms.append(dh.norm(dim=1).mean())
    return np.array(norms), (torch.stack(states[20:]).abs() > 0.99).double().mean().item()


# %%
moments = {
    "before training": [weights[0] for weights, _, _ in runs["tanh"]],
    "after it, without clipping": [weights[-1] for weights, _, _ in runs["tanh"]],
    "after it, clipped": [weights[-1] for weights, _, _ in runs["tanh, clipped"]],
}
drawn = {name: look_back(by_seed[0])[0] for name, by_seed in moments.items()}
drawn = {name: np.where(norms > 1e-30, norms, np.nan) for name, norms in drawn.items()}
plots.norm_by_lag(drawn, "tanh, gain 1.5, one seed; drawn down to 1e-30")

# %%
for name, by_seed in moments.items():
    print(f"{name:29}", *(f" seed {seed}  " for seed in SEEDS))
    found, without = ([look_back(p, slopes=slopes) for p in by_seed] for slopes in (True, False))
    print("   units beyond 0.99        ", *(f"{share:9.0%}" for _, share in found))
    print("   left at lag 40           ", *(f"{norms[40] / norms[0]:9.0e}" for norms, _ in found))
    print("   the same without slopes  ", *(f"{norms[40] / norms[0]:9.0e}" for norms, _ in without))

# %% [markdown]
# Did you guess a number above 1? Before the training, the gradient grows on its way back. After the
# training without clipping, nothing is left of it at lag 40: 1e-8, or far less. And most units are
# above 0.99 or below -0.99, where the slope of the tanh is almost 0. Here is the same training step
# by step, for one seed:

# %%
weights, norms, _ = runs["tanh"][0]
print("after step   norm of the gradient   units beyond 0.99   left at lag 40")
for step in [step for step in (0, 1, 2, 3, 5, 10, 20, 50, 99) if step < len(norms)]:
    back, share = look_back(weights[step])
    print(f"{step:10} {norms[step]:22.2f} {share:19.0%} {back[40] / back[0]:16.0e}")

# %% [markdown]
# It is one story in three acts:
#
# 1. **The gradient explodes.** It grows on its way back through time. So many steps are several
#    times as long as clipping allows, the first one among them.
# 2. **The units saturate.** Long steps make large weights, and large weights push the units to the
#    flat ends of the tanh.
# 3. **The gradient vanishes.** Every step back multiplies it by slopes near 0.
#
# Is it really the slopes, and not the matrix? The lines "without slopes" go back through the same
# networks, but multiply by $W_{hh}$ alone. Before training this gives $1.5^{40}$, about ten million.
# After the training without clipping it gives far more: the matrix has grown. So in these networks
# saturation is what makes the gradient vanish. The claim "gradients vanish because the
# activation saturates" was false for the untrained networks of lesson 3. It is true for networks
# that an exploded gradient has thrown to the flat ends.
#
# If you look only at the end, you see a vanishing gradient, and you do not guess that it has
# exploded before. The norm of the whole gradient does not tell you, either. In the second table it
# is about as large at the end as at the beginning, because at lag 0 nothing has vanished: the three
# lines of the figure begin close together. But what came 40 letters before has no part in it any
# more. None of the five networks finds its way back in these 100 steps.
#
# With clipping few units are saturated, and some thousandths of the gradient are left at lag 40.
#
# ## Where the NaN comes from
#
# The relu has no flat end above 0, so nothing stops its states. Look at the steps of one relu
# network without clipping:

# %%
weights, norms, losses = shown["relu"]
for step, (p, norm, loss) in enumerate(zip(weights[1:], norms, losses, strict=True), 1):
    largest = p["W_hh"].abs().max().item()
    lost = torch.cat([value.detach().flatten() for value in p.values()]).isnan().float().mean()
    print(f"step {step}: loss {loss:.3g}, norm {norm:.3g};", end="\n  ")
    print(f"after it the largest weight of W_hh is {largest:.3g}, {lost:.0%} of weights are NaN")

# %% [markdown]
# After the first step no weight is large, and yet the next loss is about a thousand times as large.
# The states do that: no flat end holds them, and now they grow from letter to letter, through all
# 100 letters of the window. The gradient that comes back through such a window is enormous. A step
# along it makes enormous weights, and then the states overflow. A weight that is NaN stays NaN,
# whatever we subtract from it.
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
#   steps. Only the gradient from the far past vanishes; at lag 0 all lines of lesson 3's figure
#   begin alike. So vanishing does not stop the learning. This loss does not show what vanishing
#   costs; lesson 6 has a task that does.
# - Small steps do not break the tanh network, but they are slower.
#
# Why does clipping not help at gain 3? A gradient makes a promise: a step of some length against it
# lowers the loss by length times norm. This holds for short enough steps. How short? We take one
# step of several lengths. We print how much the loss should fall, in nats, and how much it really
# falls, each from the smallest to the largest over the seeds.


# %% jupyter={"source_hidden": true}
# Folded: for each length of a step, how much the loss should fall, and how much it falls
def promises(gain, lengths, seed):
    p = {name: w.detach().double().requires_grad_() for name, w in fresh(gain, seed).items()}
    loss = window_loss(p, 0, torch.tanh)
    grads = torch.autograd.grad(loss, list(p.values()))
    norm, _ = clip_scale(grads, None)
    found = []
    for length in lengths:
        came = loss - window_loss(moved(p, grads, length / norm), 0, torch.tanh)
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
# the unit do there, and a little beside it? We use the package's `scalar_chain`, the
# `chain` of lesson 3:

# %%
for beside in (-0.01, 0.0, 0.01):
    states, by_lag = gradients.scalar_chain(1.4, np.full(50, b[place].item() + beside), h=0.5)
    growing = (1.4 * (1 - states[1:] ** 2) > 1).sum()
    print(f"b = {b[place] + beside:.3f}: h is 0.5 at first, {states[25]:6.3f} after", end=" ")
    print(f"25 steps, {states[50]:6.3f} after 50;", end="\n  ")
    print(f"{growing:2} of 50 factors above 1, product {by_lag[50]:.2g}")

# %% [markdown]
# Beside the wall the unit goes up or down, and the product is small. On the wall the unit stays for
# a long time at a point where it neither rises nor falls, like the unit of lesson 3 at $h = 0$.
# There the factors are above 1, and they multiply.
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

# %% tags=["cover"] alt="the loss of one unit from above: a cliff, and two descents that meet it"
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
    print(f"{name:16} diverged:", *(f"{share:4.0%}" for share in diverged))
    print(f"{'':16} loss below 0.01:", *(f"{share:4.0%}" for share in good))

# %% [markdown]
# Without clipping some paths *diverge*: they leave the plane and do not come back. With a limit of
# 1 none does, and more paths reach a low loss. With a limit of 0.1 the steps are so short that
# fewer paths reach it in the same number of steps. So the limit is one more number to choose.
#
# ## Exercises
#
# **1.** Write clipping by global norm in NumPy: take a list of arrays and return a new list. Treat
# all arrays together as one vector. Do not change short vectors; zero stays zero.


# %%
from charlstm.notebook.exercises import check


def clip_all(arrays, limit):
    raise NotImplementedError


pair = [np.array([3.0, 0.0]), np.array([0.0, 4.0])]
zeros = [np.zeros(2), np.zeros(2)]
check(
    clip_all,
    [((pair, 1.0), [[0.6, 0.0], [0.0, 0.8]]), ((pair, 9.0), pair), ((zeros, 1.0), zeros)],
)

# %% [markdown]
# **2.** Another way to clip cuts each *number* to between -limit and limit. How many degrees lie
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
# **3.** Clipping came too late for a gradient with an infinite number in it. A careful training
# leaves out such a step. Return what to multiply the gradient by: 0 if its norm is infinite or NaN,
# else what clipping by global norm does. (One more thing is needed in a training. What is infinity
# times 0?)


# %%
def careful_scale(norm, limit):
    raise NotImplementedError


check(
    careful_scale,
    [((4.0, 1.0), 0.25), ((0.5, 1.0), 1.0), ((np.inf, 1.0), 0.0), ((np.nan, 1.0), 0.0)],
)

# %% [markdown]
# <details><summary>One way to write them</summary>
#
# ```python
# def clip_all(arrays, limit):
#     norm = np.sqrt(sum((array**2).sum() for array in arrays))
#     return [array * (limit / max(norm, limit)) for array in arrays]
#
# def degrees(grad, limit):
#     cut = np.clip(grad, -limit, limit)
#     cosine = (grad @ cut) / (np.linalg.norm(grad) * np.linalg.norm(cut))
#     return np.degrees(np.arccos(min(cosine, 1.0)))
#
# def careful_scale(norm, limit):  # infinity times 0 is NaN: make no step at all if this is 0
#     return limit / max(norm, limit) if np.isfinite(norm) else 0.0
# ```
# </details>
#
# ## Summary
#
# - An exploding gradient did not always show NaN: relu networks overflowed, tanh networks
#   saturated.
# - The tanh networks told one story: the gradient explodes, the units saturate, and then the
#   gradient vanishes. At the end only the saturation can be seen.
# - Clipping by global norm keeps the direction and limits the step. It saved every run with gain
#   1.5, and did not save those with gain 3.
# - A vanishing gradient did not stop the learning in these few steps.
# - A gradient is large on a cliff: a thin strip where the states wait at a point that they leave to
#   either side. One step from there goes far, and clipping makes it short.
#
# **Where to read on.** R. Pascanu, T. Mikolov, Y. Bengio, *On the difficulty of training recurrent
# neural networks* (2013), describe the cliff and the clipping. Next: [5. The LSTM, gate by
# gate](05-the-lstm-gate-by-gate.ipynb).
#
# ## Appendix
#
# Is it right? We compare our clipping with PyTorch's own, on gradients with a norm above and below
# the limit:

# %% jupyter={"source_hidden": true}
# Folded: compare clip_scale with clip_grad_norm_ of PyTorch
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
# And we compare `look_back` with autograd, in the trained network of one seed:

# %% jupyter={"source_hidden": true}
# Folded: compare look_back with autograd
p = {name: value.detach().double() for name, value in runs["tanh, clipped"][0][0][-1].items()}
letters = torch.from_numpy(rows.T).long()
h = torch.zeros(len(rows), H, dtype=torch.double, requires_grad=True)
states = [h]
for x in letters[:-1]:
    h = torch.tanh(p["W_ih"][:, x].T + p["b"] + h @ p["W_hh"].T)
    states.append(h)
loss = F.cross_entropy(h @ p["W_out"].T + p["b_out"], letters[-1], reduction="sum")
theirs = [dh.norm(dim=1).mean().item() for dh in torch.autograd.grad(loss, states[::-1])]
difference = np.abs(look_back(p)[0] / theirs - 1).max()
print(f"largest relative difference {difference:.1e}")
assert difference < 1e-9
