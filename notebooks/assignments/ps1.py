# %% [markdown]
# # Problem set 1: text and a vanilla RNN
#
# You write the parts of a recurrent network that reads characters. You compare its gradients with
# PyTorch's, to the last digits of double precision. Then you use the network to measure what a
# carried state is worth.
#
# | | function | points |
# | --- | --- | --- |
# | 1 | `encode`: characters to ids | 2 |
# | 2 | `windows`: a text as contiguous streams | 3 |
# | 3 | `rnn_step`: one step of the network | 2 |
# | 4 | `cross_entropy`: the loss and its gradient | 3 |
# | 5 | `rnn_backward`: back-propagation through time | 4 |
# | 6 | `experiment`: three ways to start a window | 3 |
# | 7 | in words | 3 |
#
# **20 points.** Lesson 2 (*A recurrent network by hand*) covers the same topics, with the same
# letters; lesson 1 has a table of them (*Symbols*). But lesson 2 has one stream, and its states are
# vectors. Here B streams run side by side, and a state is a row of an array (B, H). So its lines do
# not work here as they stand.
#
# **How long it takes.** All cells of a solved copy run in 5 to 10 seconds on one core (measured
# with two solutions). We estimate three to five hours for the writing, two thirds of it for parts 5
# to 7.
#
# **How to check before you hand in.** Each part has a cell of tests below it. If a test cell shows
# no error, it has passed. An error says what was expected and what came. Grading runs more tests,
# in the cells that are almost empty here: other sizes, other seeds, edge cases. Before you hand in,
# choose *Kernel > Restart Kernel and Run All Cells*. If you have nbgrader, you can also press
# *Validate*, or type `nbgrader validate ps1.ipynb`.
#
# **Rules.** Write where it says `YOUR CODE HERE`. Keep the functions' names and arguments. You may
# add cells anywhere. Grading restores the cells that you cannot edit. Each part is graded by
# itself: a wrong part costs nothing in other parts, unless you call it there. Results may be NumPy
# arrays, tensors, or lists of numbers. Compute in the precision of the arrays that a function gets:
# float64 stays float64. Do not change these arrays. Grading stops a cell that runs for too long;
# none of yours should need more than 30 seconds.

# %% nbgrader={"grade": false, "grade_id": "setup", "locked": true, "schema_version": 3, "solution": false, "task": false}
# %matplotlib inline
import numpy as np
import torch

from charlstm import read_corpus
from charlstm.notebook import plots

torch.set_num_threads(1)


def parameters(V, H, seed):
    """Return new weights for V characters and H units; the same seed gives the same weights."""
    rng = np.random.default_rng(seed)
    scale = 1 / np.sqrt(H)
    return {
        "W_ih": rng.normal(0, scale, (H, V)),  # from the character that is read
        "W_hh": rng.normal(0, 0.25 * scale, (H, H)),  # from the state before; small: no memory yet
        "b": np.zeros(H),
        "W_out": rng.normal(0, scale, (V, H)),  # to the logits
        "b_out": np.zeros(V),
    }


# %% [markdown]
# ## 1. Characters to ids (2 points)
#
# `encode(text, known)` returns the ids of the characters of `text`. The vocabulary comes from
# another text, `known`:
#
# - the different characters of `known` have the ids 1, 2, 3, ..., the most frequent first;
# - if two characters are equally frequent, the one with the smaller code point (`ord`) comes first;
# - id 0 stands for every character that does not occur in `known`.
#
# The result holds one integer for each character of `text`. Each of the two texts may be empty.
#
# Example: in `"banana"` there are three a, two n and one b, so a is 1, n is 2 and b is 3.
# `encode("a cabin", "banana")` is 1, 0, 0, 1, 3, 0, 2.


# %% nbgrader={"grade": false, "grade_id": "encode", "locked": false, "schema_version": 3, "solution": true, "task": false}
def encode(text, known):
    """Return the ids of the characters of `text`, as integers; `known` gives the vocabulary."""
    ### BEGIN SOLUTION
    ranked = sorted(set(known), key=lambda character: (-known.count(character), character))
    id_of = {character: rank for rank, character in enumerate(ranked, 1)}
    return np.array([id_of.get(character, 0) for character in text], dtype=int)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "encode-visible", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
from contextlib import redirect_stderr
from io import StringIO

import numpy as np

from charlstm.notebook.exercises import expect


def tests():
    expect('encode("a cabin", "banana")', encode("a cabin", "banana"), [1, 0, 0, 1, 3, 0, 2])
    expect('encode("xyz", "zyx"), all equally frequent', encode("xyz", "zyx"), [1, 2, 3])
    whole = np.asarray(encode("banana", "banana")).dtype.kind in "iu"
    assert whole, "the ids should be integers, because they are used as indices"


with redirect_stderr(StringIO()):  # nbgrader treats a warning as a failure; here it is not one
    tests()

# %% nbgrader={"grade": true, "grade_id": "encode-hidden", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
# Grading also tries other texts: empty ones, one character, upper case, other alphabets.
### BEGIN HIDDEN TESTS
from collections import Counter
from contextlib import redirect_stderr
from io import StringIO

import numpy as np

from charlstm.notebook.exercises import expect


def tests():
    expect('encode("", "banana")', encode("", "banana"), [])
    expect('encode("ab", "")', encode("ab", ""), [0, 0])
    expect('encode("a", "a")', encode("a", "a"), [1])
    expect('encode("bAaB", "abab A")', encode("bAaB", "abab A"), [2, 4, 1, 0])
    expect('encode("aAbB", "bBaA")', encode("aAbB", "bBaA"), [3, 1, 4, 2])
    expect('encode("b a", "a b a")', encode("b a", "a b a"), [3, 1, 2])
    expect('encode("é😀e\\n", "😀é😀\\n")', encode("é😀e\n", "😀é😀\n"), [3, 1, 0, 2])
    rng = np.random.default_rng(61)
    for N, letters in ((40, "zyxwv"), (300, "the quick brown fox\n"), (7, "ba")):
        known = "".join(rng.choice(list(letters), N))
        text = "".join(rng.choice(list("?" + letters), 50))
        counts = Counter(known)
        rank = [int(letter in counts) for letter in text]
        for place, letter in enumerate(text):
            if letter in counts:
                own = (-counts[letter], letter)
                rank[place] += sum((-n, other) < own for other, n in counts.items())
        expect(f"encode({text!r}, {known!r})", encode(text, known), rank)


with redirect_stderr(StringIO()):
    tests()
### END HIDDEN TESTS

# %% [markdown]
# ## 2. A text as contiguous streams (3 points)
#
# `windows(ids, B, T)` cuts N ids into B *streams* (the rows of a batch), and cuts the streams into
# *windows*. It returns a list of pairs `(inputs, targets)`: one pair for each window, in reading
# order.
#
# - Each stream holds (N - 1) // B ids. The first stream holds the first ids of the text, and each
#   other stream goes on where the stream above it ends. It gives one row of every window.
# - A window is T columns wide. If T does not divide the length of a stream, the last window is
#   narrower. Keep it.
# - The targets are the ids one position later *in the text*. They have the same shape as the
#   inputs. So the last target of a stream is the first input of the stream below it.
# - If the streams are empty, there are no windows: return an empty list.
#
# Each row of a window continues where the same row of the window before ended. As an example, take
# the first 24 letters of the alphabet as the text, B = 3 and T = 3. Then a stream has 7 letters,
# and there are three windows:
#
# ```text
# inputs    abc  def  g         targets   bcd  efg  h
#           hij  klm  n                   ijk  lmn  o
#           opq  rst  u                   pqr  stu  v
# ```
#
# No window contains `w` or `x` here.


# %% nbgrader={"grade": false, "grade_id": "windows", "locked": false, "schema_version": 3, "solution": true, "task": false}
def windows(ids, B, T):
    """Return the windows of a text.

    ids: (N,) array of integers. Returns a list of pairs (inputs, targets). Each array is (B, T);
    the last window may be narrower.
    """
    ### BEGIN SOLUTION
    length = (len(ids) - 1) // B
    inputs, targets = (ids[n : n + B * length].reshape(B, length) for n in (0, 1))
    return [(inputs[:, t : t + T], targets[:, t : t + T]) for t in range(0, length, T)]
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "windows-visible", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
from contextlib import redirect_stderr
from io import StringIO

import numpy as np

from charlstm.notebook.exercises import expect


def tests():
    got = windows(np.arange(24), 3, 3)
    assert got is not None, "windows should return a list of pairs, but returned nothing"
    got = list(got)
    expect("the number of windows of 24 letters, 3 streams, T 3", len(got), 3)
    starts = np.array([[0], [7], [14]])
    for index, (start, wide) in enumerate(((0, 3), (3, 3), (6, 1))):
        inputs, targets = got[index]
        expect(f"the inputs of window {index}", inputs, starts + start + np.arange(wide))
        expect(f"the targets of window {index}", targets, starts + start + 1 + np.arange(wide))


with redirect_stderr(StringIO()):
    tests()

# %% nbgrader={"grade": true, "grade_id": "windows-hidden", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
# Grading also tries other sizes: one stream, windows of one column, wide windows, short texts.
### BEGIN HIDDEN TESTS
from contextlib import redirect_stderr
from io import StringIO

import numpy as np

from charlstm.notebook.exercises import expect


def tests():
    rng = np.random.default_rng(62)
    cases = [  # N, B, T: T divides a stream or not, one more or one less, one stream, one column
        (26, 4, 2),
        (25, 4, 3),
        (24, 4, 3),
        (41, 5, 4),
        (40, 5, 4),
        (13, 1, 5),
        (14, 1, 1),
        (9, 8, 1),
        (9, 8, 3),
        (20, 3, 50),
        (2, 1, 4),
        (5, 6, 2),
        (1, 1, 1),
        (6, 6, 2),
    ]
    for number, (N, B, T) in enumerate(cases):
        ids = rng.permutation(1000)[:N].astype((np.int64, np.int32, np.uint16)[number % 3])
        kept = ids.copy()
        got = list(windows(ids, B, T))
        length = (N - 1) // B
        sizes = f"N {N}, {B} streams, T {T}"
        expect(f"the number of windows for {sizes}", len(got), -(-length // T))
        for index, (inputs, targets) in enumerate(got):
            columns = range(index * T, min(length, (index + 1) * T))
            wanted = [[kept[row * length + t] for t in columns] for row in range(B)]
            after = [[kept[row * length + t + 1] for t in columns] for row in range(B)]
            expect(f"the inputs of window {index} for {sizes}", inputs, np.array(wanted))
            expect(f"the targets of window {index} for {sizes}", targets, np.array(after))
        expect(f"the argument ids after the call ({sizes})", ids, kept)


with redirect_stderr(StringIO()):
    tests()
### END HIDDEN TESTS

# %% [markdown]
# ## 3. One step of the network (2 points)
#
# The weights are a dictionary `p`, as `parameters` above makes it: `"W_ih"` (H, V), `"W_hh"` (H,
# H), `"b"` (H,), `"W_out"` (V, H) and `"b_out"` (V,). In each of the B streams, the network reads
# the character $x_t$ (one-hot) in the state $h_{t-1}$. The new state and the logits are
#
# $$h_t = \tanh(W_{ih} x_t + W_{hh} h_{t-1} + b) \qquad z_t = W_{out} h_t + b_{out}$$
#
# This is the step of lesson 2. But there $h$ is one vector, and here the states of all streams are
# the rows of one array.
#
# `rnn_step(p, ids, h)` takes the B characters `ids` (B,) and the B states `h` (B, H) before them.
# It returns the pair (new states, logits), with the shapes (B, H) and (B, V).


# %% nbgrader={"grade": false, "grade_id": "rnn_step", "locked": false, "schema_version": 3, "solution": true, "task": false}
def rnn_step(p, ids, h):
    """Read `ids` (B,) in the states `h` (B, H); return the new states and the logits."""
    ### BEGIN SOLUTION
    after = np.tanh(p["W_ih"].T[ids] + h @ p["W_hh"].T + p["b"])
    return after, after @ p["W_out"].T + p["b_out"]
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "rnn_step-visible", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
from contextlib import redirect_stderr
from io import StringIO

import numpy as np

from charlstm.notebook.exercises import expect


def tests():
    p = {
        "W_ih": np.array([[0.3, 0.1, -0.5], [-0.2, 0.8, 0.4]]),
        "W_hh": np.array([[0.6, 0.9], [-0.4, 0.2]]),
        "b": np.array([0.1, -0.3]),
        "W_out": np.array([[1.0, 0.5], [0.0, 2.0], [-1.0, 0.0]]),
        "b_out": np.array([0.0, 0.2, -0.1]),
    }
    h = np.array([[0.5, -0.7], [0.0, 0.0], [-0.2, 0.4], [0.9, 0.1]])
    got = rnn_step(p, np.array([2, 0, 1, 2]), h)
    pair = isinstance(got, (tuple, list)) and len(got) == 2
    told = f"rnn_step should return a pair (states, logits), but returned {type(got).__name__}"
    assert pair, told
    after, logits = got
    wanted = [[-0.6231, -0.2355], [0.3799, -0.4621], [0.4136, 0.5784], [0.2260, -0.2355]]
    expect("the new states", after, np.array(wanted), 1e-4)
    wanted = [[-0.7408, -0.2710, 0.5231], [0.1489, -0.7242, -0.4799]]
    wanted += [[0.7028, 1.3567, -0.5136], [0.1083, -0.2710, -0.3260]]
    expect("the logits", logits, np.array(wanted), 1e-4)


with redirect_stderr(StringIO()):
    tests()

# %% nbgrader={"grade": true, "grade_id": "rnn_step-hidden", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
# Grading also tries other sizes, seeds and dtypes, and several steps in a row.
### BEGIN HIDDEN TESTS
from contextlib import redirect_stderr
from io import StringIO

import numpy as np
import torch

from charlstm.notebook.exercises import expect


def tests():
    # B, V, H
    cases = [(4, 7, 5), (1, 3, 2), (6, 1, 4), (3, 4, 1), (2, 2, 2), (5, 5, 5)]  # vary
    for number, (B, V, H) in enumerate(cases):
        for dtype, tolerance in ((np.float64, 1e-10), (np.float32, 1e-5)):
            rng = np.random.default_rng(630 + number)
            shapes = {"W_ih": (H, V), "W_hh": (H, H), "b": (H,)}
            shapes |= {"W_out": (V, H), "b_out": (V,)}
            p = {name: rng.normal(0, 1, shape).astype(dtype) for name, shape in shapes.items()}
            h = rng.normal(0, 0.7, (B, H)).astype(dtype)
            q = {name: torch.tensor(value) for name, value in p.items()}
            state, wanted = h, torch.tensor(h)
            for step in range(3):
                ids = rng.integers(V, size=B)
                before, weights = np.copy(state), {name: np.copy(p[name]) for name in p}
                after, logits = rnn_step(p, ids, state)
                after, logits = (np.asarray(value) for value in (after, logits))
                one_hot = torch.eye(V, dtype=wanted.dtype)[torch.tensor(ids)]
                wanted = torch.rnn_tanh_cell(
                    one_hot, wanted, q["W_ih"], q["W_hh"], q["b"], torch.zeros_like(q["b"])
                )
                z = torch.nn.functional.linear(wanted, q["W_out"], q["b_out"])
                where = f"after {step + 1} steps (B {B}, V {V}, H {H}, {np.dtype(dtype)})"
                expect(f"the states {where}", after, wanted, tolerance)
                expect(f"the logits {where}", logits, z, tolerance)
                expect(f"the argument h after the call, {where}", state, before, 0)
                for name in p:
                    expect(f"the weights {name} after the call", p[name], weights[name], 0)
                state = after


with redirect_stderr(StringIO()):
    tests()
### END HIDDEN TESTS

# %% [markdown]
# ## 4. The loss and its gradient (3 points)
#
# `cross_entropy(logits, targets)` takes logits z (B, T, V) and targets (B, T), integers from 0 to
# V - 1. It returns the pair `(loss, gradient)`:
#
# - the loss is one number: the mean of $-\ln P(\text{target})$ over all B T positions. Here $P$ is
#   the softmax of the V logits at that position. The unit is nats, because the logarithm is the
#   natural one;
# - the gradient, (B, T, V), is the gradient of the loss with respect to each logit.
#
# Both must be correct for logits of any size. They must also be correct for a target that the
# network considers impossible: with the logits 0 and 1000 and the target 0, the loss is 1000. (What
# is the logarithm of a quotient? And how can you take the logarithm of a sum of exponentials that
# are too large or too small for the machine's numbers?)


# %% nbgrader={"grade": false, "grade_id": "cross_entropy", "locked": false, "schema_version": 3, "solution": true, "task": false}
def cross_entropy(logits, targets):
    """Return the mean loss in nats, and its gradient with respect to the logits, (B, T, V).

    logits: (B, T, V). targets: (B, T), integers.
    """
    ### BEGIN SOLUTION
    B, T, _ = logits.shape
    place = (np.arange(B)[:, None], np.arange(T), targets)
    shifted = logits - logits.max(-1, keepdims=True)
    log_chances = shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))
    gradient = np.exp(log_chances)
    gradient[place] -= 1
    return -log_chances[place].mean(), gradient / (B * T)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "cross_entropy-visible", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
from contextlib import redirect_stderr
from io import StringIO

import numpy as np

from charlstm.notebook.exercises import expect


def tests():
    loss, gradient = cross_entropy(np.zeros((1, 2, 4)), np.array([[1, 3]]))
    expect("the loss of two positions with four equal logits", loss, float(np.log(4)))
    wanted = [[[0.125, -0.375, 0.125, 0.125], [0.125, 0.125, 0.125, -0.375]]]
    expect("its gradient", gradient, np.array(wanted))

    chances = np.array([[[0.5, 0.25, 0.25]], [[0.1, 0.2, 0.7]]])
    loss, _ = cross_entropy(np.log(chances), np.array([[0], [1]]))
    expect("the loss if the targets have probability 1/2 and 1/5", loss, float(np.log(10)) / 2)
    loss, _ = cross_entropy(np.array([[[0.0, 1000.0]]]), np.array([[0]]))
    expect("the loss for logits 0 and 1000 and target 0", loss, 1000.0)


with redirect_stderr(StringIO()):
    tests()

# %% nbgrader={"grade": true, "grade_id": "cross_entropy-hidden", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
# Grading also tries other sizes, seeds and dtypes, and very large logits.
### BEGIN HIDDEN TESTS
from contextlib import redirect_stderr
from io import StringIO

import numpy as np
import torch

from charlstm.notebook.exercises import expect


def tests():
    cases = [  # B, T, V, size of the logits, tolerance, dtype; V 1: a text with one character
        (2, 3, 5, 1, 1e-10, np.float64),  # vary
        (5, 2, 3, 4, 1e-10, np.float64),  # vary
        (3, 3, 3, 2, 1e-10, np.float64),  # vary
        (1, 1, 2, 1, 1e-10, np.float64),  # vary
        (4, 1, 6, 1, 1e-10, np.float64),  # vary
        (1, 7, 4, 1, 1e-10, np.float64),  # vary
        (2, 4, 1, 3, 1e-10, np.float64),  # vary
        (3, 4, 6, 1e4, 1e-6, np.float64),  # vary
        (3, 2, 7, 1, 1e-5, np.float32),  # vary
    ]
    for number, (B, T, V, size, tolerance, dtype) in enumerate(cases):
        rng = np.random.default_rng(640 + number)
        logits = rng.normal(0, size, (B, T, V)).astype(dtype)
        targets = rng.integers(V, size=(B, T))
        kept = logits.copy(), targets.copy()
        z = torch.tensor(logits, requires_grad=True)
        wanted = torch.nn.functional.cross_entropy(z.flatten(0, 1), torch.tensor(targets).flatten())
        wanted.backward()
        sizes = f"(B {B}, T {T}, V {V}, logits of size {size}, {np.dtype(dtype)})"
        loss, gradient = cross_entropy(logits, targets)
        expect(f"the loss {sizes}", loss, float(wanted.detach()), tolerance)
        expect(f"the gradient {sizes}", gradient, z.grad, tolerance)
        expect("the argument logits after the call", logits, kept[0], 0)
        expect("the argument targets after the call", targets, kept[1], 0)
    for high in (-1e4, 1e4):
        loss, gradient = cross_entropy(np.full((1, 1, 2), high), np.array([[1]]))
        expect(f"the loss of two logits of {high:g}", loss, float(np.log(2)))
        expect("its gradient", gradient, np.array([[[0.5, -0.5]]]))


with redirect_stderr(StringIO()):
    tests()
### END HIDDEN TESTS

# %% [markdown]
# ## 5. Back-propagation through time (4 points)
#
# B streams have read T characters each, `ids` (B, T). Their states are `states` (B, T + 1, H):
# `states[:, 0]` holds the states at the start, and `states[:, t + 1]` holds the states after
# reading `ids[:, t]`. Part 3 makes logits from `states[:, 1:]`, and some loss was computed from
# these logits. The gradient of that loss with respect to the logits is `dlogits`, of shape (B, T,
# V).
#
# `rnn_backward(p, ids, states, dlogits)` returns a dictionary with the gradients of that loss. It
# holds the gradient with respect to each weight, under the name and in the shape that the weight
# has in `p`. It also holds the gradient with respect to the states at the start, under the name
# `"h0"`, (B, H).
#
# - Derive it for B states in rows; lesson 2 shows it for one state.
# - A character may stand in several rows of a column. Each of them adds its share to the gradient
#   of $W_{ih}$.
# - Do not average: if the loss is an average, `dlogits` already contains the division.
#
# The tests compare your result with PyTorch's autograd in double precision, and allow a difference
# of 1e-12. (Slopes that you measure by moving a number a little are not so exact. The tests also
# switch autograd off while your function runs.)


# %% nbgrader={"grade": false, "grade_id": "rnn_backward", "locked": false, "schema_version": 3, "solution": true, "task": false}
def rnn_backward(p, ids, states, dlogits):
    """Return a dictionary of the gradients of a loss: the names in `p`, and "h0".

    ids: (B, T). states: (B, T + 1, H). dlogits: (B, T, V), the gradient of the loss
    with respect to the logits.
    """
    ### BEGIN SOLUTION
    grads = {name: np.zeros_like(value) for name, value in p.items()}
    dh = np.zeros_like(states[:, 0])  # from what comes later
    for t in reversed(range(ids.shape[1])):
        before, after, dz = states[:, t], states[:, t + 1], dlogits[:, t]
        da = (dz @ p["W_out"] + dh) * (1 - after**2)
        np.add.at(grads["W_ih"].T, ids[:, t], da)
        grads["W_hh"] += da.T @ before
        grads["b"] += da.sum(0)
        grads["W_out"] += dz.T @ after
        grads["b_out"] += dz.sum(0)
        dh = da @ p["W_hh"]
    return {**grads, "h0": dh}
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "rnn_backward-visible", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
from contextlib import redirect_stderr
from io import StringIO

import numpy as np
import torch

from charlstm.notebook.exercises import expect


def tests():
    B, T, V, H = 3, 4, 5, 2
    rng = np.random.default_rng(5)
    shapes = {"W_ih": (H, V), "W_hh": (H, H), "b": (H,), "W_out": (V, H), "b_out": (V,)}
    p = {name: rng.normal(0, 0.8, shape) for name, shape in shapes.items()}
    ids = np.array([[0, 2, 2, 1], [0, 3, 2, 4], [1, 3, 2, 0]])
    start, dlogits = rng.normal(0, 0.5, (B, H)), rng.normal(0, 1, (B, T, V))

    # the forward pass in PyTorch
    q = {name: torch.tensor(value, requires_grad=True) for name, value in p.items()}
    q["h0"] = torch.tensor(start, requires_grad=True)
    states = [q["h0"]]
    for t in range(T):
        x = torch.eye(V, dtype=torch.float64)[torch.tensor(ids[:, t])]
        none = torch.zeros_like(q["b"])  # PyTorch's cell has a second bias
        states.append(torch.rnn_tanh_cell(x, states[-1], q["W_ih"], q["W_hh"], q["b"], none))
    states = torch.stack(states, 1)
    logits = torch.nn.functional.linear(states[:, 1:], q["W_out"], q["b_out"])
    (logits * torch.tensor(dlogits)).sum().backward()

    with torch.no_grad():
        got = rnn_backward(p, ids, states.detach().numpy(), dlogits)
    assert isinstance(got, dict), f"rnn_backward should return a dict, not {type(got).__name__}"
    for name in ("b_out", "W_out", "b", "W_hh", "W_ih", "h0"):
        expect(f"the gradient of {name}", got.get(name), q[name].grad, 1e-4)
        off = float(np.abs(np.asarray(got[name]) - q[name].grad.numpy()).max())
        expect(f"the largest difference in the gradient of {name} (1e-12 allowed)", off, 0.0, 1e-12)


with redirect_stderr(StringIO()):
    tests()

# %% nbgrader={"grade": true, "grade_id": "rnn_backward-hidden", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
# Grading also tries other sizes and seeds: long windows, windows of one column, one character.
### BEGIN HIDDEN TESTS
from contextlib import redirect_stderr
from io import StringIO

import numpy as np
import torch

from charlstm.notebook.exercises import expect


def tests():
    cases = [  # B, T, V, H, whether only the last character counts
        (3, 4, 5, 2, False),  # vary
        (2, 6, 3, 4, False),  # vary
        (4, 1, 6, 3, False),  # vary
        (1, 5, 4, 3, False),  # vary
        (5, 3, 1, 2, False),  # vary
        (2, 3, 4, 1, False),  # vary
        (3, 3, 3, 3, False),  # vary
        (2, 30, 3, 5, True),  # vary
        (6, 8, 2, 4, True),  # vary
    ]
    for number, (B, T, V, H, last) in enumerate(cases):
        rng = np.random.default_rng(650 + number)
        shapes = {"W_ih": (H, V), "W_hh": (H, H), "b": (H,), "W_out": (V, H), "b_out": (V,)}
        p = {name: rng.normal(0, 0.8, shape) for name, shape in shapes.items()}
        if last:  # so that the gradient is not too small far back
            p["W_hh"] = np.linalg.qr(rng.normal(0, 1, (H, H)))[0]
            p["W_ih"], p["b"] = 0.1 * p["W_ih"], 0.1 * p["b"]
        ids = rng.integers(V, size=(B, T)).astype((np.int64, np.int32)[number % 2])
        start, dlogits = rng.normal(0, 0.3, (B, H)), rng.normal(0, 1, (B, T, V))
        dlogits[:, : T - 1] *= not last

        q = {name: torch.tensor(value, requires_grad=True) for name, value in p.items()}
        q["h0"] = torch.tensor(start, requires_grad=True)
        states = [q["h0"]]
        for t in range(T):
            x = torch.eye(V, dtype=torch.float64)[torch.tensor(ids[:, t]).long()]
            none = torch.zeros_like(q["b"])
            states.append(torch.rnn_tanh_cell(x, states[-1], q["W_ih"], q["W_hh"], q["b"], none))
        states = torch.stack(states, 1)
        logits = torch.nn.functional.linear(states[:, 1:], q["W_out"], q["b_out"])
        (logits * torch.tensor(dlogits)).sum().backward()

        given = {**p, "states": states.detach().numpy(), "dlogits": dlogits}
        kept = {name: value.copy() for name, value in given.items()}
        with torch.no_grad():
            got = rnn_backward(p, ids, given["states"], dlogits)
        sizes = f"(B {B}, T {T}, V {V}, H {H})"
        for name in q:
            expect(f"the gradient of {name} {sizes}", got.get(name), q[name].grad, 1e-4)
            off = float(np.abs(np.asarray(got[name]) - q[name].grad.numpy()).max())
            expect(f"the largest difference in the gradient of {name} {sizes}", off, 0.0, 1e-12)
        for name, value in given.items():
            expect(f"the argument {name} after the call", value, kept[name], 0)


with redirect_stderr(StringIO()):
    tests()
### END HIDDEN TESTS

# %% [markdown]
# ## 6. Three ways to start a window (3 points)
#
# A network reads a text once, from beginning to end, in windows, and learns as it reads. In which
# state should it start a window?
#
# - `carried` (often called *stateful*): the windows come in order. Each window starts in the states
#   in which the window before ended (the first in zeros);
# - `zeroed`: the windows come in order, and each starts in zeros;
# - `shuffled`: the windows come in random order, each once. Each window still starts in the states
#   in which the window read just before ended (the first in zeros). A window keeps its B rows.
#   Shuffling is a habit from other kinds of data. Here the state then belongs to another place in
#   the text.
#
# The following text makes the answer easy to see. About nineteen of twenty letters repeat the
# letter `lag` places before. The others are random.


# %% nbgrader={"grade": false, "grade_id": "echo_text", "locked": true, "schema_version": 3, "solution": false, "task": false}
from charlstm.text.synthetic import echo

print(echo(60, lag=3, share=0.95, letters="abcd", seed=0).text)

# %% [markdown]
# **Guess** before you write. Take windows of 4 characters on an echo with lag 3. In which order
# will the three losses come out? Will two of them be close together?
#
# Write `experiment(text, seed)`. For each of the three ways:
#
# - start with new weights, `parameters(V, 32, seed)`. V is the number of different characters in
#   the text. It does not matter which character gets which id (`encode` counts from 1, but the
#   columns of $W_{ih}$ count from 0: subtract 1);
# - read the text in 16 streams and windows of 4 characters, as in part 2. You may read a narrower
#   window at the end, or leave it out;
# - for each window: run the network, compute the mean loss over its characters in nats, and compute
#   the gradients by back-propagation within the window (the states at its start are constants).
#   Then take one step of plain gradient descent: each weight minus 0.5 times its gradient. Take the
#   loss before the step. So it is always the loss on text that this network has not learnt from;
# - shuffle with `np.random.default_rng(seed)`.
#
# It returns `{"carried": ..., "zeroed": ..., "shuffled": ...}`. Each number is the mean loss over
# the last quarter of the windows that the network read. (If their number is not a multiple of four,
# round as you like.) The same text and seed must give the same numbers.
#
# You may use what you wrote above, or PyTorch with its autograd, or write everything anew. Grading
# looks only at the order and the rough size of the numbers. The longest text in the tests has
# 16,001 characters, and our solution needs about half a second for it. No test cell should take
# more than 30 seconds.


# %% nbgrader={"grade": false, "grade_id": "experiment", "locked": false, "schema_version": 3, "solution": true, "task": false}
def experiment(text, seed):
    """Return the mean loss of the last quarter of the windows, for each way to start a window."""
    ### BEGIN SOLUTION
    # written anew, so that a mistake in another part costs nothing here
    B, T, H, rate = 16, 4, 32, 0.5
    characters = sorted(set(text))
    V, id_of = len(characters), {character: x for x, character in enumerate(characters)}
    ids = np.array([id_of[character] for character in text])
    length = (len(ids) - 1) // B
    rows, columns = np.arange(B)[:, None], np.arange(T)
    found = {}
    for how in ("carried", "zeroed", "shuffled"):
        p, losses, h = parameters(V, H, seed), [], np.zeros((B, H))
        starts = np.arange(0, length - T + 1, T)
        if how == "shuffled":
            starts = np.random.default_rng(seed).permutation(starts)
        for start in starts:
            inputs, targets = (ids[rows * length + start + n + columns] for n in (0, 1))
            h = np.zeros((B, H)) if how == "zeroed" else h
            states = [h]
            for t in range(T):
                a = p["W_ih"].T[inputs[:, t]] + states[-1] @ p["W_hh"].T + p["b"]
                states.append(np.tanh(a))
            states = np.stack(states, 1)
            z = states[:, 1:] @ p["W_out"].T + p["b_out"]
            z -= z.max(-1, keepdims=True)
            z -= np.log(np.exp(z).sum(-1, keepdims=True))
            losses.append(-z[rows, columns, targets].mean())
            dz = np.exp(z)
            dz[rows, columns, targets] -= 1
            dz /= B * T
            grads = {name: np.zeros_like(value) for name, value in p.items()}
            dh = np.zeros((B, H))
            for t in reversed(range(T)):
                da = (dz[:, t] @ p["W_out"] + dh) * (1 - states[:, t + 1] ** 2)
                np.add.at(grads["W_ih"].T, inputs[:, t], da)
                grads["W_hh"] += da.T @ states[:, t]
                grads["b"] += da.sum(0)
                grads["W_out"] += dz[:, t].T @ states[:, t + 1]
                grads["b_out"] += dz[:, t].sum(0)
                dh = da @ p["W_hh"]
            for name in p:
                p[name] -= rate * grads[name]
            h = states[:, -1]
        found[how] = float(np.mean(losses[-(len(losses) // 4) :]))
    return found
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "experiment-visible", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
from contextlib import redirect_stderr
from io import StringIO

from charlstm.text.synthetic import echo


def tests():
    found = experiment(echo(16_001, lag=3).text, 0)
    print("found:", {how: f"{float(nats):.3f}" for how, nats in found.items()})
    names = "the experiment should return the keys carried, zeroed and shuffled"
    assert set(found) == {"carried", "zeroed", "shuffled"}, names
    carried, zeroed, shuffled = (float(found[how]) for how in ("carried", "zeroed", "shuffled"))
    told = f"(carried {carried:.3f}, zeroed {zeroed:.3f}, shuffled {shuffled:.3f})"
    assert 0.1 < carried < 0.28, f"carried should be between 0.1 and 0.28 nats {told}"
    assert 0.3 < zeroed - carried < 0.8, f"zeroed should be 0.3 to 0.8 above carried {told}"
    assert 0.15 < shuffled - zeroed < 0.45, f"shuffled should be 0.15 to 0.45 above zeroed {told}"


with redirect_stderr(StringIO()):
    tests()

# %% nbgrader={"grade": true, "grade_id": "experiment-hidden", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
# Grading also tries other texts and seeds; in some texts there is nothing to carry.
### BEGIN HIDDEN TESTS
from contextlib import redirect_stderr
from io import StringIO

import numpy as np

from charlstm import read_corpus
from charlstm.text.synthetic import echo


def tests():
    def letters(N, lag, seed, share):
        return echo(N, lag, share, "wxyz", seed).text

    def between(what, low, value, high):
        told = f"{what} should be between {low:.2f} and {high:.2f}, but is {value:.3f}"
        assert low < value < high, told

    def run(text, seed):
        found = experiment(text, seed)
        return [float(found[how]) for how in ("carried", "zeroed", "shuffled")]

    names = ("carried", "zeroed", "shuffled")
    for what, nats in zip(names, run("a" * 641, 3), strict=True):
        between(f"a text of one character, {what}", -1e-6, nats, 0.5)

    text = letters(1_601, 2, 73, 0.9)
    first, again, other = run(text, 1), run(text, 1), run(text, 2)
    told = f"the same text and seed should give the same numbers, but gave {first} and {again}"
    assert np.allclose(first, again, rtol=0, atol=1e-6), told
    told = f"another seed should give other weights, but both gave {first}"
    assert not np.allclose(first, other, rtol=0, atol=1e-6), told

    for what, nats in zip(names, run(letters(8_001, 1, 72, 0), 8), strict=True):
        between(f"letters that do not depend on each other, {what}", 1.34, nats, 1.45)

    # without back-propagation, carried is 1.1
    carried, zeroed, shuffled = run(letters(16_001, 4, 71, 0.95), 7)
    between("echo of lag 4, carried", 0.15, carried, 0.6)
    between("echo of lag 4, zeroed", 0.85, zeroed, 1.2)
    between("echo of lag 4, shuffled minus zeroed", 0.1, shuffled - zeroed, 0.45)

    carried, zeroed, shuffled = run(read_corpus(["tales"]).text[:16_001], 9)
    between("tales, carried", 2.3, carried, 2.58)
    between("tales, zeroed minus carried", 0.01, zeroed - carried, 0.2)
    between("tales, shuffled minus zeroed", 0.01, shuffled - zeroed, 0.3)


with redirect_stderr(StringIO()):
    tests()
### END HIDDEN TESTS

# %% [markdown]
# The next cell is yours (not graded). This code draws three seeds on a real text:
#
# ```python
# text = read_corpus(["tales"]).text[:32_001]
# found = [experiment(text, seed) for seed in range(3)]
# lines = {how: (range(3), [losses[how] for losses in found]) for how in found[0]}
# plots.curves(lines, "seed", "nats per character", "tales")
# ```

# %%

# %% [markdown]
# ## 7. In words (3 points)
#
# Answer in at most 300 words (tables do not count), and quote figures that you have measured.
#
# a. `shuffled` differs from `zeroed` in two things: the order of the windows, and the state in
# which they start. Which of the two costs more? Run the case that is missing to find out: random
# order, and zeros. And why does the network not simply learn to give the foreign state no weight?
# (It helps to look at the mean loss at each of the four positions of a window. Change a copy of
# your function, and keep the graded one as it is.)
#
# b. In `carried`, the state passes from one window to the next, but no gradient passes back.
# Predict: up to which lag does `carried` learn an echo well with windows of 4? (A model that knows
# all that can be known pays 0.20 nats. A model that guesses pays ln 4 = 1.39.) Then run it on
# 32,001 letters with seed 0 for the lags 3, 4, 5 and 10. Run lag 4 once more, and cut the gradient
# between the characters of a window as well: each character's loss reaches only its own step. Say
# what you predicted, what came out, and why.
#
# c. A colleague finds that carrying the state makes no difference: on his text of four different
# letters both ways give 1.39 nats. Give two different explanations. For each, give a run that would
# show whether it is the right one.

# %% [markdown] nbgrader={"grade": true, "grade_id": "in-words", "locked": false, "points": 3, "schema_version": 3, "solution": true, "task": false}
# ### BEGIN SOLUTION
# One point for each part. The figures come from our solution, for the text and the weights with
# seeds 0 to 4, on 32,001 letters.
#
# a. Lag 3: `zeroed` 0.77 to 0.80, random order with zeros 0.79 to 0.81, `shuffled` 1.09 to 1.13. So
# the state costs more. With seed 0 the four positions of a window cost: `zeroed` 1.34, 1.34, 0.21,
# 0.24; random order with zeros 1.39, 1.42, 0.18, 0.19; `shuffled` 1.68, 1.67, 0.58, 0.51. At the
# first two positions the network read the wanted letter before the window. So it can know nothing,
# which costs ln 4 = 1.39. `shuffled` pays more: it takes the foreign state for a memory, and it is
# sure of something wrong. The same weights serve at every position, and the last two positions need
# the state. A network that gives the state no weight also throws away what it read in this window.
# The result is a compromise, and it is worse at all four positions. (Give the point for the missing
# run and one of these two reasons.)
#
# b. Lag 3: 0.20 to 0.23; lag 4: 0.24 to 0.28; lag 5: 0.94 to 1.10; lag 10: 1.27 to 1.33; lag 4 with
# the gradient cut everywhere: 0.87 to 1.05. At the last position of a window, the letter four
# places before the predicted one is still in the window. So the gradient can reach it, and the
# weights learn to keep it. Then they keep it in all windows, also across their edges. Nothing
# teaches them to keep a letter for longer. Lag 5 is not at 1.39, because a network that learnt to
# keep a letter for four steps does not lose all of it at the fifth. (Give the point for the edge
# between 4 and 5 and where the gradient ends, or for a wrong prediction with the figures and that
# reason.)
#
# c. 1.39 is ln 4, the cost of guessing among four letters. One explanation: this text holds nothing
# to learn, as with letters drawn at random. Then the same program on an echo with lag 3 gives 0.2
# carried and 0.8 zeroed. Another: the program does not learn (a wrong gradient, a step of 0). Then
# the echo also costs 1.39 in both ways. A third: what matters lies farther back than the network
# has learnt to keep. Then a run with wider windows shows it. (A program that loses the state in
# both ways does not explain 1.39, unless what matters lies before the window. Give the point for
# two different explanations, each with a run that decides.)
# ### END SOLUTION
