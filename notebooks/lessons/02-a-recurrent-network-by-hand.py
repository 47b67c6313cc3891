# %% [markdown]
# # 2. A recurrent network by hand
#
# *What it shows: text to ids, streams, one step, the loss, back-propagation through time, each
# number compared with PyTorch; five starts.*
#
# Afterwards you can
#
# - cut a text into streams and windows;
# - write a recurrent network, its loss and its gradients in NumPy;
# - check a gradient.
#
# *Know before: matrix products and the chain rule; lesson 1. Takes 15 minutes to read, without
# solving the exercises, and 1 minute to run.*
#
# *The letters in formulas and code are those of [the table in lesson
# 1](01-start-here.ipynb#Symbols). Some code is folded: in JupyterLab, click its three dots to open
# it.*
#
# In lesson 1 a trained model wrote. Here you build the simplest recurrent network: from text to
# numbers, one step forward, the loss, and then every gradient by hand. You compare each gradient
# with PyTorch's, so you know that nothing is missing.
#
# **Before you run anything, guess:** a vanilla (plain) recurrent network with 8 units reads a text
# of 13 different characters. How many numbers must it learn: about 100, about 300, or some
# thousands?

# %%
# %matplotlib inline
import os

import numpy as np
import torch

from charlstm import Vocabulary, streams_for
from charlstm.notebook import plots

torch.set_num_threads(1)
UPDATES = 200 if os.environ.get("CHARLSTM_FAST") else 2_000  # fewer, for a quick test

# %% [markdown]
# ## Text to numbers
#
# A *vocabulary* gives every character a number, its id. The order of these numbers has no meaning
# for the network.

# %%
text = "the king said that he was the king\n"
vocabulary = Vocabulary.of(text)
ids = vocabulary.encode(text)
print(f"{len(text)} characters, {len(vocabulary)} different: {vocabulary.characters!r}")
print(f"{text[:8]!r} becomes {ids[:8]}")

# %% [markdown]
# ## Streams
#
# Training reads a long text at several places at once. We cut the text into B *streams* (the rows
# of a batch) and put them one below the other. Each step of training reads a *window* of T
# characters from each stream (T is often called the sequence length). The targets are the same
# text, one character later.
#
# ![A line of text is cut into three streams, which become the rows of a table. The table is cut
# into two windows of seven letters. Arrows carry the state from the first window into the second;
# dashed arrows, the gradients, run back and end where their window
# begins](drawings/streams-and-windows.svg)
#
# (Each letter stands for its id, and the sign of an open box for a space. The arrows are the
# subject of lesson 7.)
#
# **Guess:** in the alphabet below, with 3 streams and windows of 4, what stands in the first row of
# the *second* window?

# %%
alphabet = Vocabulary("abcdefghijklmnopqrstuvwxyz")
streams = streams_for(alphabet.encode("abcdefghijklmnopqrstuvwxyz"), 3, 4)
for window in range(streams.windows):
    inputs, targets = streams.read(window)
    print(f"window {window}")
    for row, target in zip(inputs, targets, strict=True):
        print(f"   {alphabet.decode(row)}  ->  {alphabet.decode(target)}")

# %% [markdown]
# Each row of a window continues where the same row of the window before ended. So we can carry the
# state (the network's memory) from window to window (lesson 7). Some tutorials shuffle the windows
# and still carry the state. Then the state belongs to another text.
#
# ## One step forward
#
# Elman (1990) described the vanilla network. It keeps a *state* $h$ of H numbers (the hidden
# state). At each character $x_t$ it computes
#
# $$a_t = W_{ih} x_t + W_{hh} h_{t-1} + b \qquad h_t = \tanh a_t \qquad
# z_t = W_{out} h_t + b_{out}$$
#
# Here $x_t$ is a *one-hot* vector: all zeros, and a one at the character's id. $a_t$ is the
# weighted sum inside the tanh. The numbers $z_t$ are the logits, and $W_{out}$ and $b_{out}$ are
# the *read-out* (the output layer). The indices are PyTorch's: "ih" goes from the input to the
# hidden state, "hh" from the hidden state to the next one.
#
# ![The vanilla cell: the old state goes through W_hh, the input through W_ih; their sum goes
# through a tanh and is the new state. A dashed arrow back: the gradient times one minus the square
# of h_t, then times W_hh transposed](drawings/vanilla-cell.svg)
#
# (The drawing shows PyTorch's two biases; our $b$ is their sum. The dashed arrow comes later in
# this lesson.)

# %%
V, H, T = len(vocabulary), 8, 12
shapes = {"W_ih": (H, V), "W_hh": (H, H), "b": (H,), "W_out": (V, H), "b_out": (V,)}


def fresh(seed):
    rng = np.random.default_rng(seed)
    return {name: rng.normal(0, 0.5, shape) for name, shape in shapes.items()}


p = fresh(0)
print(shapes)
print(f"{sum(value.size for value in p.values())} numbers to learn")

# %% [markdown]
# Was that near your guess? Now we do the forward pass over T characters. We keep every state,
# because the backward pass needs them.


# %%
def forward(p, inputs, h):
    states, logits = [h], []
    for x in np.eye(V)[inputs]:
        a = p["W_ih"] @ x + p["W_hh"] @ h + p["b"]
        h = np.tanh(a)
        states.append(h)
        logits.append(p["W_out"] @ h + p["b_out"])
    return np.array(states), np.array(logits)


inputs, targets = ids[:T], ids[1 : T + 1]
h0 = np.random.default_rng(1).normal(0, 0.5, H)
states, logits = forward(p, inputs, h0)
print(f"states {states.shape}, logits {logits.shape}")

# %% [markdown]
# `W_ih @ x` picks one column of `W_ih`. So nobody computes the whole product: if `x` is the id,
# `p["W_ih"][:, x]` is the same.
#
# ## The loss
#
# The loss L is the surprise of lesson 1, averaged over the window (the cross-entropy):
# $L = \frac1T \sum_t -\ln P_t(x_{t+1})$, where the chances $P_t$ are the softmax of $z_t$.


# %%
def loss_of(logits, targets):
    shifted = logits - logits.max(1, keepdims=True)
    chances = np.exp(shifted) / np.exp(shifted).sum(1, keepdims=True)
    return -np.log(chances[np.arange(len(targets)), targets]).mean(), chances


loss, chances = loss_of(logits, targets)
print(f"{loss:.4f} nats; ln {V} = {np.log(V):.4f} is what knowing nothing costs")

# %% [markdown]
# (The network does worse than knowing nothing. It has learnt nothing either, but its random weights
# make it sure of some characters, and mostly of wrong ones.)
#
# ## Back through time
#
# ![Four copies of one cell in a row read four letters. Solid arrows: from letters to states, to
# logits, to losses. Dashed arrows go back: from each loss to its cell, and from each cell to the
# one before](drawings/unrolled.svg)
#
# The loss depends on $W_{hh}$ along many paths: $W_{hh}$ made $h_1$, then $h_1$ and $W_{hh}$ made
# $h_2$, and so on. The trick is to go backwards and keep two gradients for each unit. We write
# $dh_t$ for $dL/dh_t$, and likewise for other letters. The first, $dh_t$, is the gradient of the
# state: it sums up how all losses from time t on depend on $h_t$. The second, $da_t$, is the
# gradient of what stands inside the tanh. After the last step nothing follows, so $da_{T+1} = 0$.
# Three lines are enough:
#
# 1. through the softmax: $dz_t = (P_t - \text{onehot}(x_{t+1})) / T$;
# 2. into the state, from its own logits and from the next state:
#    $dh_t = W_{out}^\top dz_t + W_{hh}^\top da_{t+1}$;
# 3. through the tanh, which has the slope $1 - h_t^2$, number by number:
#    $da_t = dh_t \odot (1 - h_t^2)$.
#
# **Guess:** the gradient of $W_{hh}$ is a sum over t of products of two vectors. Which two vectors?


# %%
def backward(p, inputs, targets, states, chances):
    grads = {name: np.zeros_like(value) for name, value in p.items()}
    dz = (chances - np.eye(V)[targets]) / len(targets)
    da, dh = np.zeros((len(inputs) + 1, H)), np.zeros((len(inputs), H))
    for t in reversed(range(len(inputs))):  # states[t + 1] is the state after inputs[t]
        dh[t] = p["W_out"].T @ dz[t] + p["W_hh"].T @ da[t + 1]
        da[t] = dh[t] * (1 - states[t + 1] ** 2)
        grads["W_ih"][:, inputs[t]] += da[t]
        grads["W_hh"] += np.outer(da[t], states[t])
        grads["b"] += da[t]
        grads["W_out"] += np.outer(dz[t], states[t + 1])
        grads["b_out"] += dz[t]
    return grads, p["W_hh"].T @ da[0], {"a": da[:-1], "h": dh, "z": dz}


# %%
grads, dh0, between = backward(p, inputs, targets, states, chances)
print({name: f"{np.linalg.norm(value):.4f}" for name, value in grads.items()})

# %% [markdown]
# (The answer: the gradient that reached the unit, $da_t$, times the state that came into it,
# $h_{t-1}$.)
#
# ## Is it right?
#
# Never believe a gradient that nobody has compared. We compare ours with the definition alone: we
# change one number a little and look at the loss.

# %%
step = 1e-6
moved = {name: value.copy() for name, value in p.items()}
moved["W_hh"][2, 5] += step
change = loss_of(forward(moved, inputs, h0)[1], targets)[0] - loss
print(f"slope {change / step:.7f}, gradient {grads['W_hh'][2, 5]:.7f}")

# %% [markdown]
# This checks one number. Now we compare all of them with PyTorch's autograd, in double precision.
# The forward pass runs once more in PyTorch and keeps all values in between: at each time the value
# inside the tanh (a), the state (h) and the logits (z):

# %% jupyter={"source_hidden": true}
# Folded: compare with autograd
q = {name: torch.tensor(value, requires_grad=True) for name, value in p.items()}
start = torch.tensor(h0, requires_grad=True)
h, kept = start, {"a": [], "h": [], "z": []}
for x in inputs:
    a = q["W_ih"][:, int(x)] + q["W_hh"] @ h + q["b"]
    h = torch.tanh(a)
    for name, tensor in (("a", a), ("h", h), ("z", q["W_out"] @ h + q["b_out"])):
        kept[name].append(tensor)
total = torch.nn.functional.cross_entropy(torch.stack(kept["z"]), torch.tensor(targets).long())
for name, tensors in kept.items():
    theirs = torch.stack(torch.autograd.grad(total, tensors, retain_graph=True)).numpy()
    difference = np.abs(theirs - between[name]).max()
    print(f"dL/d{name} at all {T} times: largest difference {difference:.1e}")
total.backward()
for name, value in [*q.items(), ("h0", start)]:
    ours = dh0 if name == "h0" else grads[name]
    print(f"{name:5} largest difference {np.abs(value.grad.numpy() - ours).max():.1e}")

# %% [markdown]
# ## The same network, in the package and in PyTorch
#
# `charlstm.model.cells.rnn` is this step with PyTorch's names: `weight_ih` is $W_{ih}$, and so on.
# (It has two biases where one is enough; only their sum counts, our b.) `torch.nn.RNN` is the same
# over a whole window. All three agree:

# %% jupyter={"source_hidden": true}
# Folded: run the same weights in the package and in PyTorch
from types import SimpleNamespace

from charlstm.model import cells

named = SimpleNamespace(weight_ih=p["W_ih"], weight_hh=p["W_hh"], bias_ih=p["b"])
named.bias_hh = 0 * p["b"]
xs = cells.project(named, np.eye(V)[inputs])
by_package, _ = cells.unroll(cells.rnn, named, xs, (h0,))

torchs = torch.nn.RNN(V, H, batch_first=True).double()
with torch.no_grad():
    for name, value in vars(named).items():
        getattr(torchs, f"{name}_l0").copy_(torch.tensor(value))
    by_torch, _ = torchs(torch.tensor(np.eye(V)[inputs])[None], torch.tensor(h0)[None, None])
for name, theirs in (("charlstm.model.cells", by_package), ("torch.nn.RNN", by_torch[0].numpy())):
    difference = np.abs(theirs - states[1:]).max()
    print(f"{name:15} largest difference {difference:.1e}")
    assert difference < 1e-6

# %% [markdown]
# ## It learns
#
# With gradients, learning is one line: move every number a little against its gradient. How far is
# the *learning rate*, here 0.5. (This is gradient descent. One move is an *update*.) The network
# must learn one sentence by heart, from five random starts.


# %%
def train(seed, nudge=0.0):
    p, losses, norms = fresh(seed), [], []
    p["b"][0] += nudge
    for _ in range(UPDATES):
        states, logits = forward(p, ids[:-1], np.zeros(H))
        loss, chances = loss_of(logits, ids[1:])
        grads, *_ = backward(p, ids[:-1], ids[1:], states, chances)
        losses.append(loss)
        norms.append(np.sqrt(sum((grad**2).sum() for grad in grads.values())))
        for name, grad in grads.items():
            p[name] -= 0.5 * grad
    return p, np.array(losses), norms


# %% tags=["cover"] alt="the losses of two starts: one sentence is learnt, or lost again in jumps"
runs = {seed: train(seed) for seed in range(5)}
lines = {f"seed {seed}": dict(enumerate(runs[seed][1])) for seed in (1, 2)}
plots.training(lines, "one sentence, a vanilla network of 8 units, two starts")

# %% [markdown]
# The loss does not fall smoothly. For each start, look at the largest jump of the loss, and at the
# norm of the whole gradient just before it:

# %%
for seed, (_, losses, norms) in runs.items():
    worst = int(np.diff(losses).argmax())
    print(f"seed {seed}: largest jump {losses[worst]:.3f} -> {losses[worst + 1]:.3f} nats", end=" ")
    print(f"\n  at update {worst}, along a gradient of norm {norms[worst]:.2f},", end=" ")
    print(f"{norms[worst] / np.median(norms):.0f} times the median norm")

# %% [markdown]
# The step before the jump was long because the gradient was large. (The median is small, because
# most updates come late, when the gradients are small. A jump among the first updates needs no
# unusual gradient: there all of them are far above the median.) Why a gradient becomes so large is
# the subject of lesson 3, and what to do about it of lesson 4. First, what did the networks learn?


# %%
def write(p):
    h, x, written = np.zeros(H), ids[0], vocabulary.characters[ids[0]]
    for _ in range(len(text) - 1):
        states, logits = forward(p, [x], h)
        h, x = states[-1], int(logits[-1].argmax())
        written += vocabulary.characters[x]
    return written


for seed, (learnt, losses, _) in runs.items():
    print(f"seed {seed}: {losses[0]:.3f} -> {losses[-1]:.3f} nats, {write(learnt)!r}")

# %% [markdown]
# A *start* is a set of initial weights (an initialisation). Are some good, and others bad?
# **Guess:** what changes if we change one number of the first start in its fifteenth decimal place?

# %%
learnt, nudged, _ = train(0, nudge=1e-15)
apart = np.abs(nudged - runs[0][1])
print(f"seed 0, nudged: {nudged[0]:.3f} -> {nudged[-1]:.3f} nats, {write(learnt)!r}")
for size in (1e-9, 1e-6, 1e-3, 0.1):
    if apart.max() > size:
        print(f"the losses differ by more than {size:g} from update {np.argmax(apart > size)} on")

# %% [markdown]
# The jumps make even the smallest difference large. So the last digit of every sum decides where
# the jumps come and which starts learn the sentence. On another machine all of this may look
# different. One run of such a training proves nothing.
#
# And a network that knows one sentence by heart has not proved any skill: this network has more
# numbers to learn than the sentence has characters. But every part that you need is here.
#
# ## Exercises
#
# **1.** Write one step of the network. It gets an id x and a state. Look up the column of `W_ih`
# instead of multiplying by a one-hot vector.

# %%
from charlstm.notebook.exercises import check


def rnn_step(p, x, h):
    raise NotImplementedError


one = forward(p, [3], h0)[0][1]
check(rnn_step, [((p, 3, h0), one), ((p, 0, np.zeros(H)), forward(p, [0], np.zeros(H))[0][1])])

# %% [markdown]
# **2.** Write the gradient of the loss of one character with respect to its logits.


# %%
def softmax_gradient(logits, target):
    raise NotImplementedError


flat = np.zeros(4)
check(
    softmax_gradient,
    [((flat, 1), [0.25, -0.75, 0.25, 0.25]), ((np.array([1e3, 0.0]), 0), [0.0, 0.0])],
)

# %% [markdown]
# **3.** Cut a text of ids into B streams of equal length, as rows. Drop what is left over at the
# end.


# %%
def batchify(ids, B):
    raise NotImplementedError


check(
    batchify,
    [((np.arange(7), 2), [[0, 1, 2], [3, 4, 5]]), ((np.arange(6), 3), [[0, 1], [2, 3], [4, 5]])],
)

# %% [markdown]
# <details><summary>One way to write them</summary>
#
# ```python
# def rnn_step(p, x, h):
#     return np.tanh(p["W_ih"][:, x] + p["W_hh"] @ h + p["b"])
#
# def softmax_gradient(logits, target):
#     shares = np.exp(logits - logits.max())
#     shares = shares / shares.sum()
#     shares[target] -= 1
#     return shares
#
# def batchify(ids, B):
#     length = len(ids) // B
#     return ids[: B * length].reshape(B, length)
# ```
# </details>
#
# ## Summary
#
# - Text becomes ids. Ids become B streams of consecutive characters. Training reads them in windows
#   of T characters.
# - One step of the vanilla network is one line. Its backward step is short, too:
#   $dh_t = W_{out}^\top dz_t + W_{hh}^\top da_{t+1}$ and $da_t = dh_t \odot (1 - h_t^2)$.
# - Every step back multiplies by $W_{hh}^\top$ and by $1 - h_t^2$, which is at most 1. What this
#   does over many steps is the subject of lesson 3.
#
# **Where to read on.** J. Elman, *Finding structure in time* (1990). P. Werbos, *Backpropagation
# through time: what it does and how to do it* (1990).
# Next: [3. Why gradients vanish and explode](03-why-gradients-vanish-and-explode.ipynb).
