# %% [markdown]
# # 2. A recurrent network by hand
#
# In lesson 1 a trained model wrote. Here you build the smallest network that could have learnt to:
# from text to numbers, one step forward, the loss, and then every gradient by hand. At the end each
# number is held against PyTorch, so that you know that nothing is missing.
#
# **Before you run anything, guess:** a vanilla recurrent network with 8 units reads a text of 13
# different letters. How many numbers must it learn: about 100, about 300, or some thousands?

# %%
# %matplotlib inline
import os

import numpy as np
import torch

from charlstm import Vocabulary, fit_streams, plots

torch.set_num_threads(1)
UPDATES = 600 if os.environ.get("CHARLSTM_FAST") else 2_000
rng = np.random.default_rng(0)

# %% [markdown]
# ## Text to numbers
#
# A *vocabulary* gives every character a number, its id. There is nothing more to it: the order of
# the characters means nothing to the network.

# %%
text = "the king said that he was the king\n"
vocabulary = Vocabulary.of(text)
ids = vocabulary.encode(text)
print(f"{len(vocabulary)} characters: {vocabulary.characters!r}")
print(f"{text[:8]!r} becomes {ids[:8]}")

# %% [markdown]
# ## Streams
#
# A long text is read at several places at once: it is cut into B *streams*, one below the other,
# and each step of training reads a *window* of T characters of each. The targets are the same text,
# one character later.
#
# **Guess:** in the alphabet below, with 3 streams and windows of 4, what stands in the first row of
# the *second* window?

# %%
alphabet = Vocabulary("abcdefghijklmnopqrstuvwxyz")
streams = fit_streams(alphabet.encode("abcdefghijklmnopqrstuvwxyz"), 3, 4)
for window in range(streams.windows):
    inputs, targets = streams.read(window)
    print(f"window {window}")
    for row, after in zip(inputs, targets, strict=True):
        print(f"   {alphabet.decode(row)}  ->  {alphabet.decode(after)}")

# %% [markdown]
# Row i of a window goes on where row i of the window before ended. This is what allows the state to
# be carried from window to window (lesson 6). Many tutorials shuffle the windows and carry the state
# all the same; then it belongs to another text.
#
# ## One step forward
#
# The vanilla network of Elman (1990) keeps a state $h$ of H numbers. At each character x it computes
#
# $$h_t = \tanh(W_x x_t + W_h h_{t-1} + b) \qquad z_t = V h_t + d$$
#
# with x as a *one-hot* vector: all zeros, and a one at the character's id. The z are the logits.

# %%
V, H, T = len(vocabulary), 8, 12
p = {
    "W_x": rng.normal(0, 0.5, (H, V)),
    "W_h": rng.normal(0, 0.5, (H, H)),
    "b": rng.normal(0, 0.5, H),
    "V": rng.normal(0, 0.5, (V, H)),
    "d": rng.normal(0, 0.5, V),
}
print({name: value.shape for name, value in p.items()})
print(f"{sum(value.size for value in p.values())} numbers to learn")

# %% [markdown]
# Was that near your guess? Now the forward pass over T characters. We keep every state: the way back
# will need them.


# %%
def forward(p, inputs, h):
    states, logits = [h], []
    for i in inputs:
        x = np.eye(V)[i]
        h = np.tanh(p["W_x"] @ x + p["W_h"] @ h + p["b"])
        states.append(h)
        logits.append(p["V"] @ h + p["d"])
    return np.array(states), np.array(logits)


inputs, targets = ids[:T], ids[1 : T + 1]
h0 = rng.normal(0, 0.5, H)
states, logits = forward(p, inputs, h0)
print(f"states {states.shape}, logits {logits.shape}")

# %% [markdown]
# `W_x @ x` picks one column of `W_x`, so nobody multiplies it out: `p["W_x"][:, i]` is the same.
#
# ## The loss
#
# The surprise of lesson 1, averaged over the window: $L = \frac1T \sum_t -\ln p_t(x_{t+1})$, where
# $p_t$ is the softmax of $z_t$.


# %%
def loss_of(logits, targets):
    shifted = logits - logits.max(1, keepdims=True)
    chances = np.exp(shifted) / np.exp(shifted).sum(1, keepdims=True)
    return -np.log(chances[np.arange(len(targets)), targets]).mean(), chances


loss, chances = loss_of(logits, targets)
print(f"{loss:.4f} nats; ln {V} = {np.log(V):.4f} is what knowing nothing costs")

# %% [markdown]
# ## Back through time
#
# The loss depends on $W_h$ along many ways: $W_h$ made $h_1$, which made $h_2$, and so on. The trick
# is to go backwards and keep one number for each unit, $g_t = dL/dh_t$: all that the loss after time t
# has to say about the state at t. Three lines do it:
#
# 1. from the softmax: $dL/dz_t = (p_t - \text{onehot}(x_{t+1})) / T$;
# 2. into the state, from its own logits and from the next state:
#    $g_t = V^\top dL/dz_t + W_h^\top a_{t+1}$;
# 3. through the tanh: $a_t = g_t \cdot (1 - h_t^2)$.
#
# **Guess:** the gradient of $W_h$ is a sum over t of products of two vectors. Of which two?


# %%
def backward(p, inputs, targets, states, chances):
    grads = {name: np.zeros_like(value) for name, value in p.items()}
    dz = (chances - np.eye(V)[targets]) / len(targets)
    a = np.zeros(H)
    for t in reversed(range(len(inputs))):
        g = p["V"].T @ dz[t] + p["W_h"].T @ a
        a = g * (1 - states[t + 1] ** 2)
        grads["W_x"][:, inputs[t]] += a
        grads["W_h"] += np.outer(a, states[t])
        grads["b"] += a
        grads["V"] += np.outer(dz[t], states[t + 1])
        grads["d"] += dz[t]
    return grads, p["W_h"].T @ a


# %%
grads, g0 = backward(p, inputs, targets, states, chances)
print({name: f"{np.linalg.norm(value):.4f}" for name, value in grads.items()})

# %% [markdown]
# (Your guess: what reached the unit, $a_t$, times what came into it, $h_{t-1}$.)
#
# ## Is it right?
#
# Nobody should believe a gradient that was not compared. First against PyTorch's autograd, each one,
# in double precision:

# %%
q = {name: torch.tensor(value, requires_grad=True) for name, value in p.items()}
start = torch.tensor(h0, requires_grad=True)
h, rows = start, []
for i in inputs:
    h = torch.tanh(q["W_x"][:, int(i)] + q["W_h"] @ h + q["b"])
    rows.append(q["V"] @ h + q["d"])
torch.nn.functional.cross_entropy(torch.stack(rows), torch.tensor(targets).long()).backward()
for name, value in [*q.items(), ("h0", start)]:
    ours = g0 if name == "h0" else grads[name]
    print(f"{name:4} largest difference {np.abs(value.grad.numpy() - ours).max():.1e}")

# %% [markdown]
# And against nothing but the definition: change one number a little, and look at the loss.

# %%
step = 1e-6
moved = {name: value.copy() for name, value in p.items()}
moved["W_h"][2, 5] += step
change = loss_of(forward(moved, inputs, h0)[1], targets)[0] - loss
print(f"slope {change / step:.7f}, gradient {grads['W_h'][2, 5]:.7f}")

# %% [markdown]
# ## The same network, in the package and in PyTorch
#
# `charlstm.cells.rnn` is this step with PyTorch's names (it has two biases where one would do; their
# sum counts). `torch.nn.RNN` is the same over a whole window. All three agree:

# %%
from types import SimpleNamespace

from charlstm import cells

named = SimpleNamespace(weight_ih=p["W_x"], weight_hh=p["W_h"], bias_ih=p["b"], bias_hh=0 * p["b"])
xs = cells.project(named, np.eye(V)[inputs])
by_package, _ = cells.unroll(cells.rnn, named, xs, (h0,))

torchs = torch.nn.RNN(V, H, batch_first=True).double()
with torch.no_grad():
    for name, value in vars(named).items():
        getattr(torchs, f"{name}_l0").copy_(torch.tensor(value))
    by_torch, _ = torchs(torch.tensor(np.eye(V)[inputs])[None], torch.tensor(h0)[None, None])

# %%
for name, theirs in (("charlstm.cells", by_package), ("torch.nn.RNN", by_torch[0].numpy())):
    difference = np.abs(theirs - states[1:]).max()
    print(f"{name:15} largest difference {difference:.1e}")
    assert difference < 1e-6

# %% [markdown]
# ## It learns
#
# With gradients, learning is one line: move every number a little against its gradient. Here the
# network learns one sentence by heart.

# %% tags=["cover"]
learnt, losses, norms = {name: value.copy() for name, value in p.items()}, {}, []
for update in range(UPDATES):
    states, logits = forward(learnt, ids[:-1], np.zeros(H))
    losses[update], chances = loss_of(logits, ids[1:])
    grads, _ = backward(learnt, ids[:-1], ids[1:], states, chances)
    norms.append(np.sqrt(sum((grad**2).sum() for grad in grads.values())))
    for name, grad in grads.items():
        learnt[name] -= 0.5 * grad
plots.training({"one sentence": losses}, "a vanilla network of 8 units")

# %% [markdown]
# Where the loss leaps up, look at the size of the gradient, all numbers of it taken together:

# %%
worst = int(np.argmax(norms))
print(
    f"largest norm {norms[worst]:.2f} at update {worst}, where the loss was {losses[worst]:.3f} nats"
)
print(f"the median over all updates is {np.median(norms):.4f}")

# %% [markdown]
# One step along such a gradient goes much too far. How a gradient comes to be so large, and what to
# do about it, is the subject of lesson 3. First, what was learnt:

# %%
h, i, written = np.zeros(H), ids[0], vocabulary.characters[ids[0]]
for _ in range(len(text) - 1):
    states, logits = forward(learnt, [i], h)
    h, i = states[-1], int(logits[-1].argmax())
    written += vocabulary.characters[i]
print(f"loss {losses[0]:.3f} -> {losses[UPDATES - 1]:.3f} nats\n{written}")

# %% [markdown]
# A sentence learnt by heart is no proof of skill; on a text of its own the shipped `tales` would
# give the same network a much harder time. But everything that is needed is here.
#
# ## Exercises
#
# **1.** One step of the network, from an id and a state, with the look-up in place of the one-hot
# product.

# %%
from charlstm.exercises import check


def rnn_step(p, i, h):
    raise NotImplementedError


one = forward(p, [3], h0)[0][1]
_ = check(rnn_step, [((p, 3, h0), one), ((p, 0, np.zeros(H)), forward(p, [0], np.zeros(H))[0][1])])

# %% [markdown]
# **2.** The gradient of the loss of one character with respect to its logits.


# %%
def softmax_gradient(logits, target):
    raise NotImplementedError


flat = np.zeros(4)
_ = check(
    softmax_gradient,
    [((flat, 1), [0.25, -0.75, 0.25, 0.25]), ((np.array([1e3, 0.0]), 0), [0.0, 0.0])],
)

# %% [markdown]
# **3.** Cut a text of ids into B streams of equal length, as rows, dropping what is left over at the
# end.


# %%
def batchify(ids, B):
    raise NotImplementedError


_ = check(
    batchify,
    [((np.arange(7), 2), [[0, 1, 2], [3, 4, 5]]), ((np.arange(6), 3), [[0, 1], [2, 3], [4, 5]])],
)

# %% [markdown]
# <details><summary>One way to write them</summary>
#
# ```python
# def rnn_step(p, i, h):
#     return np.tanh(p["W_x"][:, i] + p["W_h"] @ h + p["b"])
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
# - Text becomes ids; ids become B contiguous streams, read in windows of T characters.
# - One step of the vanilla network is one line, and so is its way back: $g_t = V^\top dL/dz_t +
#   W_h^\top a_{t+1}$ and $a_t = g_t (1 - h_t^2)$.
# - Every step back multiplies by $W_h^\top$ and by $1 - h_t^2$, which is at most 1. What that does
#   over many steps is the subject of lesson 3.
#
# **Where to read on.** J. Elman, *Finding structure in time* (1990). P. Werbos, *Backpropagation
# through time: what it does and how to do it* (1990).
