# %% [markdown]
# # Problem set 3: a character model
#
# You write the functions that turn a recurrent network into a character model, one that you can
# train, sample from and compare: a step of truncated back-propagation through time, temperature and
# the two usual cuts, and bits per character in two protocols. Then you train a model on folk tales
# and measure what it gains from a carried state.
#
# **20 points:**
#
# | | function | points |
# | --- | --- | --- |
# | 1 | `tbptt_step`: a step of truncated back-propagation | 4 |
# | 2 | `tempered`: temperature | 3 |
# | 3 | `cut`: top-k and top-p | 3 |
# | 4 | `carried_bits`: bits per character, the state carried | 2 |
# | 5 | `cold_bits`: bits per character in windows | 2 |
# | 6 | `experiment`: what a carried state is worth | 3 |
# | 7 | in words | 3 |
#
# **How long it takes.** All cells of a solved copy run in some 15 seconds on one core (measured).
# We estimate two and a half to three and a half hours for the writing. Lessons 1, 2 and 7 cover the
# topics, with the same letters; lesson 1 has a table of them (*Symbols*). Lesson 7 shows
# what top-k and top-p do; part 3 says what they are.
#
# **How to work.** Write where it says `YOUR CODE HERE`, in place of the line that raises
# `NotImplementedError`. Keep the functions' names and arguments. You may add cells and helper
# functions anywhere. Grading restores the cells that you cannot edit. Each part is graded by
# itself: a wrong part costs nothing in other parts, unless you call it there. Results may be NumPy
# arrays, tensors, or lists of numbers. None of your cells should need more than 30 seconds.
#
# **How to check before you hand in.** Each part has two cells of tests below it. The first cell
# shows its tests. If your function passes, the cell shows no error. If not, it says what was
# expected and what came. The second cell is almost empty here. Grading runs more tests in it: other
# sizes, seeds and edge cases. Before you hand in, choose *Kernel > Restart Kernel and Run All
# Cells*. If you have nbgrader, you can also press *Validate*, or type
# `nbgrader validate ps3.ipynb`.

# %% nbgrader={"grade": false, "grade_id": "setup", "locked": true, "schema_version": 3, "solution": false, "task": false}
# %matplotlib inline
import numpy as np
import torch
from torch.nn import functional as F

import charlstm
from charlstm import CharModel, ModelOptions, Vocabulary, streams_for

torch.set_num_threads(1)

# %% [markdown]
# ## The model
#
# The model is the package's `CharModel`. You call it with ids and a state. It returns logits and
# the state after the last character:
#
#     logits, state = model(inputs, state)
#
# - `inputs`: a tensor of ids, (B, T): B rows of text of T characters each;
# - `state`: a list with a tuple of tensors for each layer, `(h, c)` for an LSTM, `(h,)` for a GRU
#   or a plain recurrent network. Each tensor is (B, H). `None` is the zero state;
# - `logits`: (B, T, V). `logits[0, t]` predicts the character that comes after `inputs[0, t]`, and
#   so on for the other rows.
#
# `streams_for` (lesson 2) cuts a text into B rows and reads them in windows of T characters. Each
# row of a window continues where the same row of the window before ended, so you can carry the
# state. Ids are NumPy arrays of int32.

# %%
vocabulary = Vocabulary.of("a tiny text")
streams = streams_for(vocabulary.encode("a tiny text"), batch_size=2, window=2)
inputs, targets = streams.read(0)
small = CharModel(ModelOptions(layers=2, hidden_size=5, embedding_size=3), len(vocabulary))
logits, state = small(torch.from_numpy(inputs))
print(f"inputs {inputs.tolist()}, targets {targets.tolist()}, both {inputs.dtype}")
print(f"logits {tuple(logits.shape)}, layers {len(state)}, h {tuple(state[0][0].shape)}")
print(f"h has a graph behind it: {state[0][0].grad_fn is not None}")

# %% [markdown]
# ## 1. A step of truncated back-propagation (4 points)
#
# Write `tbptt_step(model, optimizer, inputs, targets, state, clip)`, which trains on one window:
#
# 1. run the model on `inputs` from `state` (`None` in the first window of a text);
# 2. compute the loss: the mean of $-\ln P$ (the surprise) over the B · T characters in `targets`,
#    in nats (the cross-entropy);
# 3. compute the gradients of this window alone; nothing of an earlier step may be left in them;
# 4. clip them: if the norm of all gradients taken together exceeds `clip`, scale all of them so
#    that this norm is `clip`. If not, leave them as they are;
# 5. make one step of the optimizer.
#
# `inputs` and `targets` are NumPy arrays of int32, (B, T), as `streams.read` returns them.
# (PyTorch's loss functions need the targets as `.long()`.) `optimizer` is one of `torch.optim` and
# holds all parameters of the model. The cell need not be an LSTM: a GRU's layers have one tensor in
# their state. So `for h, c in state`, as in lesson 7, is not enough.
#
# Return a pair. The first is the loss before the update, as a number without a graph. The second is
# the state after the last character, as the model returned it in step 1, but *detached*: no tensor
# in it has a `grad_fn`. The caller gives this state to the next call and keeps the losses. No graph
# of an earlier window may stay in memory, however many windows there are.


# %% nbgrader={"grade": false, "grade_id": "tbptt_step", "locked": false, "schema_version": 3, "solution": true, "task": false}
def tbptt_step(model, optimizer, inputs, targets, state, clip):
    """Train on one window.

    Args:
        model: a CharModel.
        optimizer: holds all parameters of the model.
        inputs: ids, int32, (B, T).
        targets: the ids one character later, int32, (B, T).
        state: the state that the last call returned, or None.
        clip: largest global norm of the gradient.

    Returns:
        the loss in nats per character, a float, and the state after the window, detached.
    """
    ### BEGIN SOLUTION
    logits, state = model(torch.from_numpy(inputs), state)
    loss = F.cross_entropy(logits.flatten(0, 1), torch.from_numpy(targets).long().flatten())
    optimizer.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), clip)
    optimizer.step()
    return loss.item(), [tuple(s.detach() for s in layer) for layer in state]
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "tbptt_step-visible", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
import copy
import warnings

from charlstm.notebook.exercises import expect

warnings.simplefilter("ignore")  # nbgrader's Validate treats a warning as a failure

# With all weights zero, each of 4 characters has the probability 1/4. Only the last bias learns:
# its gradient is the probability of each character minus its share among the targets.
model = CharModel(ModelOptions(hidden_size=3, embedding_size=2, dropout=0), vocabulary_size=4)
with torch.no_grad():
    for weight in model.parameters():
        weight.zero_()
sgd = torch.optim.SGD(model.parameters(), lr=0.5)
x, y = np.array([[0, 1], [2, 3]], np.int32), np.array([[1, 0], [1, 1]], np.int32)
loss, _ = tbptt_step(model, sgd, x, y, None, 100.0)
expect("the loss of a model that knows nothing about 4 characters", loss, float(np.log(4)), 1e-5)
assert not getattr(loss, "requires_grad", False), "the loss still has a graph behind it"
once = model.head.bias.detach().clone()
expect("the last bias after one step", once, [0, 0.25, -0.125, -0.125], 1e-5)
tbptt_step(model, sgd, x, y, None, 100.0)
twice = once - 0.5 * (once.softmax(0) - torch.tensor([0.25, 0.75, 0, 0]))
expect(
    "the last bias after a second step, by the second gradient alone", model.head.bias, twice, 1e-5
)
with torch.no_grad():
    model.head.bias.zero_()
tbptt_step(model, sgd, x, y, None, 0.1)  # the first gradient; now its norm of 0.612 is too large
clipped = once * 0.1 / 0.375**0.5
expect("the last bias after one step from 0, clipped at 0.1", model.head.bias, clipped, 1e-5)

# The returned state continues the state that is given, and has no graph behind it.
model = CharModel(ModelOptions(hidden_size=3, embedding_size=2, dropout=0), 4, seed=1)
sgd, start = torch.optim.SGD(model.parameters(), lr=0.5), None
for number in (1, 2):
    with torch.no_grad():
        _, after = copy.deepcopy(model)(torch.from_numpy(x), start)
    _, start = tbptt_step(model, sgd, x, y, start, 100.0)
    expect(f"h after window {number}", start[0][0], after[0][0], 1e-5)
    expect(f"c after window {number}", start[0][1], after[0][1], 1e-5)
    for name, tensor in zip("hc", start[0], strict=True):
        assert tensor.grad_fn is None, f"after window {number}, {name} still has a graph behind it"


# %% nbgrader={"grade": true, "grade_id": "tbptt_step-hidden", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
# Grading also tries other cells, sizes, optimizers and limits, and 50 windows.
### BEGIN HIDDEN TESTS
def tests():
    import copy
    import gc
    import warnings
    import weakref

    from charlstm.notebook.exercises import expect

    warnings.simplefilter("ignore")

    SGD, ADAM = torch.optim.SGD, torch.optim.Adam
    CASES = [  # cell, layers, B, T, optimizer, rate, clip: limits far above and below the norm
        ("lstm", 2, 3, 5, SGD, 0.5, 1e6),  # vary
        ("lstm", 1, 4, 7, SGD, 20.0, 0.02),  # vary
        ("gru", 2, 2, 6, SGD, 0.5, 0.3),  # vary
        ("rnn", 1, 1, 1, SGD, 0.5, 1e6),  # vary
        ("lstm", 1, 5, 4, ADAM, 0.01, 1e6),  # vary
    ]

    def flat(model):
        """Return all weights in one vector."""
        return torch.cat([weight.detach().flatten() for weight in model.parameters()])

    for seed, (cell, layers, B, T, kind, rate, limit) in enumerate(CASES):
        options = ModelOptions(
            cell=cell,
            layers=layers,
            hidden_size=6,
            embedding_size=4 if seed % 2 else None,
            dropout=0,
        )
        model = CharModel(options, 9, seed=seed).double()
        true = copy.deepcopy(model)
        optimizer = kind(model.parameters(), lr=rate)
        true_optimizer = kind(true.parameters(), lr=rate)
        ids = np.random.default_rng(seed).integers(0, 9, B * T * 4 + 1).astype(np.int32)
        streams = streams_for(ids, B, T)
        state, true_state = None, None
        for window in range(4):
            x, y = streams.read(window)
            old, true_old = flat(model), flat(true)
            loss, state = tbptt_step(model, optimizer, x, y, state, limit)
            logits, true_state = true(torch.from_numpy(x), true_state)
            true_loss = -logits.log_softmax(-1).gather(-1, torch.tensor(y).long()[..., None]).mean()
            true_optimizer.zero_grad()
            true_loss.backward()
            torch.nn.utils.clip_grad_norm_(true.parameters(), limit)
            true_optimizer.step()
            true_state = [tuple(s.detach() for s in layer) for layer in true_state]
            where = (
                f"{cell}, {layers} layers, {B} x {T}, {kind.__name__}, clip {limit:g}, {window=}"
            )
            expect(f"loss ({where})", loss, true_loss, 1e-5)
            expect(f"layers in the state ({where})", len(state), layers)
            for got, wanted in zip(state, true_state, strict=True):
                expect(f"tensors in a layer's state ({where})", len(got), len(wanted))
                for tensor, other in zip(got, wanted, strict=True):
                    expect(f"state ({where})", tensor, other, 1e-5)
                    assert not tensor.requires_grad, f"the state is not detached ({where})"
            moved, true_moved = (flat(model) - old).norm(), (flat(true) - true_old).norm()
            expect(f"norm of the update / rate ({where})", moved / rate, true_moved / rate, 1e-5)
            for name, weight in model.named_parameters():
                expect(f"{name} ({where})", weight, true.get_parameter(name), 1e-5)

    class Mark:
        """Lives as long as the graph that holds it."""

    class Marked(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.mark = Mark()
            marks.append(weakref.ref(ctx.mark))
            return x.view_as(x)

        @staticmethod
        def backward(ctx, gradient):
            return gradient

    class MarkedModel(CharModel):
        def forward(self, inputs, state=None, rng=None):
            logits, state = super().forward(inputs, state, rng)
            return Marked.apply(logits), [tuple(Marked.apply(s) for s in layer) for layer in state]

    marks, losses, state = [], [], None
    model = MarkedModel(ModelOptions(layers=2, hidden_size=4, embedding_size=3, dropout=0), 5)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    ids = np.random.default_rng(0).integers(0, 5, 2 * 3 * 50 + 1).astype(np.int32)
    streams = streams_for(ids, 2, 3)
    for window in range(50):
        loss, state = tbptt_step(model, optimizer, *streams.read(window), state, 1.0)
        losses.append(loss)
    gc.collect()
    assert len(marks) >= 50, "the model was not run on every window"
    expect("parts of old graphs in memory after 50 windows", sum(m() is not None for m in marks), 0)


tests()
### END HIDDEN TESTS

# %% [markdown]
# ## 2. Temperature (3 points)
#
# Write `tempered(logits, temperature)`. It returns the probabilities of the next character at a
# temperature $\tau$ (in code `temperature`):
#
# $$P(x) = \frac{e^{z_x / \tau}}{\sum_{y} e^{z_y / \tau}}$$
#
# Here x and y stand for ids, and $z_x$ is the logit of the character x.
#
# - `logits`: a NumPy array, (V,) for one text or (N, V) for N texts, float32 or float64. Do not
#   change it;
# - `temperature`: 0 or more. At 0 the largest logit gets the probability 1 and all others get 0. If
#   several logits are largest, the one with the lowest index gets it.
#
# Return an array of the same shape. The probabilities of each text sum to 1. Logits of many
# thousands and temperatures of a thousandth must give numbers, not `nan`. For example, the logits
# (0, ln 3) give (1/4, 3/4) at temperature 1 and (1/10, 9/10) at 1/2.


# %% nbgrader={"grade": false, "grade_id": "tempered", "locked": false, "schema_version": 3, "solution": true, "task": false}
def tempered(logits, temperature):
    """Return softmax(logits / temperature).

    Args:
        logits: (V,) or (N, V).
        temperature: 0 or more; at 0 the largest logit gets all.

    Returns:
        probabilities in the same shape.
    """
    ### BEGIN SOLUTION
    if temperature == 0:
        return np.eye(logits.shape[-1])[logits.argmax(-1)]
    shares = np.exp((logits - logits.max(-1, keepdims=True)) / temperature)
    return shares / shares.sum(-1, keepdims=True)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "tempered-visible", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
import warnings

from charlstm.notebook.exercises import expect

warnings.simplefilter("ignore")  # nbgrader's Validate treats a warning as a failure
z = np.log(np.array([1.0, 3.0]))
expect("tempered((0, ln 3), 1)", tempered(z, 1.0), [1 / 4, 3 / 4])
expect("tempered((0, ln 3), 0.5)", tempered(z, 0.5), [1 / 10, 9 / 10])
expect("tempered((0, ln 3), 0)", tempered(z, 0), [0, 1])
both = np.array([z, -z, [0, 0]])
expect("tempered of three texts", tempered(both, 1.0), [[1 / 4, 3 / 4], [3 / 4, 1 / 4], [0.5, 0.5]])
expect("tempered of large logits", tempered(np.array([5000.0, 0.0]), 1.0), [1, 0])


# %% nbgrader={"grade": true, "grade_id": "tempered-hidden", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
# Grading also tries other sizes, number types, temperatures and ties.
### BEGIN HIDDEN TESTS
def tests():
    import warnings

    from charlstm.notebook.exercises import expect

    warnings.simplefilter("ignore")
    rng = np.random.default_rng(0)
    for shape in [(6,), (1, 6), (5, 3), (3, 5), (4, 4)]:
        for kind, tolerance in [(np.float32, 1e-5), (np.float64, 1e-8)]:
            z = rng.normal(0, 3, shape).astype(kind)
            kept = z.copy()
            for tau in (0.25, 0.8, 1.0, 2.5, 40.0):
                true = torch.softmax(torch.tensor(z).double() / tau, -1)
                got = tempered(z, tau)
                expect(f"tempered(logits of shape {shape}, {tau})", got, true, tolerance)
            best = np.eye(shape[-1])[z.argmax(-1)]
            expect(f"tempered(logits of shape {shape}, 0)", tempered(z, 0), best)
            expect(f"tempered(logits of shape {shape}, 0.0)", tempered(z, 0.0), best)
            expect("the argument logits after the call of tempered", z, kept)
    for kind in (np.float32, np.float64):
        far = np.array([-20_000, 1000, 0, 999], kind)
        sure = 1 / (1 + np.exp(-1))
        expect("tempered(large logits, 1)", tempered(far, 1.0), [0, sure, 0, 1 - sure], 1e-5)
        expect("tempered(large logits, 0.001)", tempered(far, 0.001), [0, 1, 0, 0], 1e-5)
        shares = np.exp([-21.0, 0, -1, -0.001])
        expect("tempered(large logits, 1000)", tempered(far, 1000.0), shares / shares.sum(), 1e-5)
    apart = np.array([[0, np.log(3)], [-5000, -5000]])
    expect("tempered(a text far below another)", tempered(apart, 1.0), [[0.25, 0.75], [0.5, 0.5]])
    tied = np.array([[1.0, 3, 3, 0], [2, 2, 2, 2], [-1, -5, -1, -2]])
    expect("tempered(ties, 0)", tempered(tied, 0), np.eye(4)[[1, 0, 0]])


tests()
### END HIDDEN TESTS

# %% [markdown]
# ## 3. Top-k and top-p (3 points)
#
# Write `cut(probabilities, top_k=None, top_p=None)`, which removes unlikely characters:
#
# - first `top_k`, if it is given: keep exactly the `top_k` most likely characters (all, if there
#   are fewer). If some are equally likely, it does not matter which of them you keep;
# - then `top_p` (nucleus sampling), if it is given, 0 < `top_p` ≤ 1: go through the kept characters
#   from the most likely down. Keep the *fewest* of them that together hold at least the share
#   `top_p` of what `top_k` has left. So you also keep the character with which the sum reaches
#   `top_p`, and you always keep at least one. If `top_p` is 1, all stay.
#
# `probabilities` is a NumPy array, (V,) or (N, V). Each row sums to 1. Cut each row by itself.
# Return an array of the same shape: 0 for each removed character, and the others scaled so that
# each row sums to 1 again. Do not change the argument.
#
# For example, (0.1, 0.4, 0.2, 0.3) becomes (0, 4/7, 0, 3/7) with `top_k=2`, or with `top_p=0.6`.
# With `top_k=2` and `top_p=0.5` it becomes (0, 1, 0, 0), because 4/7 of what was left is enough.


# %% nbgrader={"grade": false, "grade_id": "cut", "locked": false, "schema_version": 3, "solution": true, "task": false}
def cut(probabilities, top_k=None, top_p=None):
    """Keep the most likely characters.

    Args:
        probabilities: (V,) or (N, V).
        top_k: number of characters kept; None keeps all.
        top_p: then keeps the fewest that hold this share of what is left; None keeps all.

    Returns:
        probabilities in the same shape, 0 for removed characters; each row sums to 1.
    """
    ### BEGIN SOLUTION
    order = np.argsort(-probabilities, axis=-1, kind="stable")
    ranked = np.take_along_axis(probabilities, order, -1)
    if top_k is not None:
        ranked[..., top_k:] = 0
    if top_p is not None and top_p < 1:
        before = ranked.cumsum(-1) - ranked
        ranked[before >= top_p * ranked.sum(-1, keepdims=True)] = 0
    kept = np.empty_like(probabilities)
    np.put_along_axis(kept, order, ranked, -1)
    return kept / kept.sum(-1, keepdims=True)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "cut-visible", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
import warnings

from charlstm.notebook.exercises import expect

warnings.simplefilter("ignore")  # nbgrader's Validate treats a warning as a failure
p = np.array([0.1, 0.4, 0.2, 0.3])
expect("cut(p)", cut(p), p)
expect("cut(p, top_k=2)", cut(p, top_k=2), [0, 4 / 7, 0, 3 / 7])
expect("p after cut(p, top_k=2)", p, [0.1, 0.4, 0.2, 0.3])
expect("cut(p, top_p=0.6)", cut(p, top_p=0.6), [0, 4 / 7, 0, 3 / 7])
expect("cut(p, top_k=2, top_p=0.5)", cut(p, top_k=2, top_p=0.5), [0, 1, 0, 0])
rows = np.array([p, p[::-1]])
expect("cut(two rows, top_k=2)", cut(rows, top_k=2), [[0, 4 / 7, 0, 3 / 7], [3 / 7, 0, 4 / 7, 0]])


# %% nbgrader={"grade": true, "grade_id": "cut-hidden", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
# Grading also tries other sizes and number types, ties, exact sums, cuts that keep one or all.
### BEGIN HIDDEN TESTS
def tests():
    import warnings

    from charlstm.notebook.exercises import expect

    warnings.simplefilter("ignore")

    def kept_of(row, top_k, top_p):
        """Return the row after the cuts, one character after the other."""
        order = sorted(range(len(row)), key=lambda x: -row[x])[:top_k]
        whole, held, kept = sum(row[x] for x in order), 0.0, np.zeros(len(row))
        for x in order:
            if top_p is None or top_p == 1 or held < top_p * whole:
                kept[x], held = row[x], held + row[x]
        return kept / kept.sum()

    rng = np.random.default_rng(1)
    CUTS = [(None, None), (1, None), (3, None), (8, None), (50, None), (None, 0.01), (None, 0.55)]
    CUTS += [(None, 0.93), (None, 1.0), (4, 0.7), (2, 0.999), (6, 0.5), (3, 1.0), (50, 0.4)]
    for shape in [(6,), (1, 6), (5, 8), (3, 20), (30, 2)]:
        p = torch.softmax(torch.tensor(rng.normal(0, 1.5, shape)), -1).numpy()
        for top_k, top_p in CUTS:
            true = np.apply_along_axis(kept_of, -1, p, top_k, top_p)
            for kind, tolerance in [(np.float64, 1e-8), (np.float32, 1e-5)]:
                given = p.astype(kind)
                got = cut(given, top_k=top_k, top_p=top_p)
                expect(f"cut(shape {shape}, {top_k=}, {top_p=})", got, true, tolerance)
                expect("the argument probabilities after cut", given, p.astype(kind))

    exact = np.array([0.125, 0.5, 0.125, 0.25])  # sums of these are exact in floating point
    expect("cut((1/8, 1/2, 1/8, 1/4), top_p=0.75)", cut(exact, top_p=0.75), [0, 2 / 3, 0, 1 / 3])
    expect("cut((1/8, 1/2, 1/8, 1/4), top_p=0.5)", cut(exact, top_p=0.5), [0, 1, 0, 0])
    expect("cut((1/8, 1/2, 1/8, 1/4), top_p=1)", cut(exact, top_p=1), exact)
    tied = np.array([0.2, 0.4, 0.2, 0.2])
    for top_k, true in [(2, [0, 0, 1 / 3, 2 / 3]), (3, [0, 0.25, 0.25, 0.5])]:
        got = np.sort(np.asarray(cut(tied, top_k=top_k)))
        expect(f"cut((0.2, 0.4, 0.2, 0.2), {top_k=}), sorted", got, true)
    flat = np.full((2, 4), 0.25)
    got = np.sort(np.asarray(cut(flat, top_k=2)), -1)
    expect("cut(two rows of 1/4, top_k=2), sorted", got, [[0, 0, 0.5, 0.5]] * 2)
    got = np.sort(np.asarray(cut(flat, top_p=0.6)), -1)
    expect("cut(two rows of 1/4, top_p=0.6), sorted", got, [[0, 1 / 3, 1 / 3, 1 / 3]] * 2)
    expect("cut((0, 1, 0), top_k=2, top_p=0.9)", cut(np.array([0.0, 1, 0]), 2, 0.9), [0, 1, 0])


tests()
### END HIDDEN TESTS

# %% [markdown]
# ## 4. Bits per character, the state carried (2 points)
#
# Write `carried_bits(model, ids)`. The model reads the whole text once, from the zero state. It
# predicts each character except the first from all characters before it. The figure is
#
# $$-\frac{1}{N-1} \sum_{t=2}^{N} \log_2 P(x_t \mid x_1 \ldots x_{t-1})$$
#
# `ids` is a NumPy array of int32, (N,), N at least 2. You may call the model once. Or call it piece
# by piece, and carry the state from piece to piece: the figure must be the same. Return a number.
# Nothing is trained here, so `torch.no_grad()` saves time and memory.


# %% nbgrader={"grade": false, "grade_id": "carried_bits", "locked": false, "schema_version": 3, "solution": true, "task": false}
def carried_bits(model, ids):
    """Return bits per character in one pass, with the state carried.

    Args:
        model: a CharModel.
        ids: the text, int32, (N,).
    """
    ### BEGIN SOLUTION
    with torch.no_grad():
        logits, _ = model(torch.from_numpy(ids[None, :-1]))
        nats = F.cross_entropy(logits[0], torch.from_numpy(ids[1:]).long())
    return nats.item() / np.log(2)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "carried_bits-visible", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
import warnings

from charlstm.notebook.exercises import expect

warnings.simplefilter("ignore")  # nbgrader's Validate treats a warning as a failure
model = CharModel(ModelOptions(hidden_size=3, embedding_size=2, dropout=0), vocabulary_size=8)
with torch.no_grad():
    for weight in model.parameters():
        weight.zero_()
ids = np.array([0, 1, 2, 0, 1, 2, 2], np.int32)
expect("bits of a model that knows nothing about 8 characters", carried_bits(model, ids), 3.0, 1e-5)
with torch.no_grad():
    model.head.bias[:3] = torch.log(torch.tensor([10.0, 15.0, 20.0]))  # p: 1/5, 3/10, 2/5
true = -float(2 * np.log2(0.3) + 3 * np.log2(0.4) + np.log2(0.2)) / 6
expect("bits of a model that knows how frequent each is", carried_bits(model, ids), true, 1e-5)


# %% nbgrader={"grade": true, "grade_id": "carried_bits-hidden", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
# Grading also tries models that remember, and texts of other lengths.
### BEGIN HIDDEN TESTS
def tests():
    import warnings

    import charlstm
    from charlstm.notebook.exercises import expect

    warnings.simplefilter("ignore")
    for seed, (cell, layers, N) in enumerate(
        [("lstm", 1, 2), ("gru", 1, 3), ("lstm", 2, 150), ("rnn", 2, 257), ("lstm", 1, 1100)]
    ):
        options = ModelOptions(
            cell=cell, layers=layers, hidden_size=6, embedding_size=None, dropout=0
        )
        model = CharModel(options, 5, seed=seed)
        model = model.double() if seed % 2 else model
        with torch.no_grad():
            for weight in model.parameters():
                weight.mul_(3)  # far from equal probabilities, and a state that matters
        ids = np.random.default_rng(seed).integers(0, 5, N).astype(np.int32)
        true = charlstm.score_carried(model, ids).bits_per_char
        expect(
            f"bits of {N} characters, {cell}, {layers} layers", carried_bits(model, ids), true, 1e-4
        )


tests()
### END HIDDEN TESTS

# %% [markdown]
# ## 5. Bits per character, cold (2 points)
#
# Many papers score a text in windows. We call a score *cold* if the state is reset to zeros before
# each window. Write `cold_bits(model, ids, window=256)`. The model reads the text in windows of
# `window` characters, each from the *zero* state. Again it predicts each character except the
# first, exactly once. With windows of 3, it reads the text `abcdefgh` like this:
#
# | window | the model reads | and predicts |
# | --- | --- | --- |
# | 1 | `abc` | `bcd` |
# | 2 | `def` | `efg` |
# | 3 | `g` | `h` |
#
# The last window may be shorter, as here. Add the bits of all N - 1 predictions, and return the sum
# divided by N - 1. All predictions count alike, whether their window is short or long.


# %% nbgrader={"grade": false, "grade_id": "cold_bits", "locked": false, "schema_version": 3, "solution": true, "task": false}
def cold_bits(model, ids, window=256):
    """Return bits per character in windows that each start from the zero state.

    Args:
        model: a CharModel.
        ids: the text, int32, (N,).
        window: characters predicted from one zero state.
    """
    ### BEGIN SOLUTION
    nats = 0.0
    for start in range(0, len(ids) - 1, window):
        piece = torch.from_numpy(ids[start : start + window + 1]).long()
        with torch.no_grad():
            logits, _ = model(piece[None, :-1])
        nats += F.cross_entropy(logits[0], piece[1:], reduction="sum").item()
    return nats / (len(ids) - 1) / np.log(2)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "cold_bits-visible", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
import warnings

from charlstm.notebook.exercises import expect

warnings.simplefilter("ignore")  # nbgrader's Validate treats a warning as a failure
model = CharModel(ModelOptions(hidden_size=3, embedding_size=2, dropout=0), 8, seed=2)
ids = np.array([0, 1, 2, 3, 4, 5, 6, 7], np.int32)  # abcdefgh
nats = 0.0
for read, predicted in [([0, 1, 2], [1, 2, 3]), ([3, 4, 5], [4, 5, 6]), ([6], [7])]:
    logits, _ = model(torch.tensor([read]))
    nats += F.cross_entropy(logits[0], torch.tensor(predicted), reduction="sum").item()
true = float(nats / 7 / np.log(2))
expect("bits of abcdefgh in windows of 3", cold_bits(model, ids, 3), true, 1e-5)


# %% nbgrader={"grade": true, "grade_id": "cold_bits-hidden", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
# Grading also tries windows of 256, models that remember, and texts of other lengths.
### BEGIN HIDDEN TESTS
def tests():
    import warnings

    import charlstm
    from charlstm.notebook.exercises import expect

    warnings.simplefilter("ignore")
    CASES = [("lstm", 1, 700, 256), ("gru", 2, 41, 8), ("rnn", 1, 42, 8), ("lstm", 2, 40, 8)]
    CASES += [("lstm", 1, 2, 256), ("gru", 1, 257, 256), ("lstm", 1, 258, 256), ("lstm", 1, 9, 1)]
    for seed, (cell, layers, N, window) in enumerate(CASES):
        options = ModelOptions(
            cell=cell, layers=layers, hidden_size=6, embedding_size=None, dropout=0
        )
        model = CharModel(options, 5, seed=seed)
        model = model.double() if seed % 2 else model
        with torch.no_grad():
            for weight in model.parameters():
                weight.mul_(3)
        ids = np.random.default_rng(seed).integers(0, 5, N).astype(np.int32)
        true = charlstm.score_cold(model, ids, window=window).bits_per_char
        got = cold_bits(model, ids) if window == 256 else cold_bits(model, ids, window)
        expect(f"bits of {N} characters in windows of {window}, {cell}", got, true, 1e-4)


tests()
### END HIDDEN TESTS

# %% [markdown]
# ## 6. The experiment: what is a carried state worth? (3 points)
#
# Here gradients reach back two characters only. Is that enough to learn to use more than two?
# **Guess before you run it**, and write your guess down. You train two models on the same windows
# of T = 2 characters. For one model the state is carried from window to window (*stateful*). For
# the other model the state is zero at the start of each window. Then you score both on text that
# they have not read, with the state carried.
#
# Write `experiment(train_ids, held_out_ids, vocabulary_size, seed)`:
#
# - each of the two models starts as
#   `CharModel(ModelOptions(hidden_size=64, embedding_size=32, dropout=0), vocabulary_size, seed)`;
# - train each model for 400 steps with `torch.optim.Adam` at the learning rate 0.01 and clip 1.0,
#   on `streams_for(train_ids, batch_size=64, window=2)`. Take its windows in their order. After
#   `streams.windows` windows the text is used up. Then begin again, from the zero state or not, as
#   you like;
# - use your `tbptt_step` from part 1. (If it does not work, write the loop anew here: this part is
#   graded by itself.)
#
# Return a dict:
#
# - `"untrained"`: bits per character of `held_out_ids` by a model as it starts;
# - `"reset"`: the same, by the model whose state was zero at the start of each window;
# - `"carried"`: the same, by the model whose state was carried;
# - `"models"`: a dict of the two trained models, `"reset"` and `"carried"`.
#
# Score with the package's `charlstm.score_carried(model, ids).bits_per_char`. On `tales` the
# carried model must reach less than 3.0 bits, and must be better than the other model by more than
# 0.15. Our solution did so with a wide margin for every seed that we tried.


# %% nbgrader={"grade": false, "grade_id": "experiment", "locked": false, "schema_version": 3, "solution": true, "task": false}
def experiment(train_ids, held_out_ids, vocabulary_size, seed):
    """Train with the state carried and with the state reset, and score both.

    Args:
        train_ids: the text to learn, int32, (N,).
        held_out_ids: the text to score, int32, (M,).
        vocabulary_size: V.
        seed: for the initial weights.

    Returns:
        a dict: bits per character "untrained", "reset" and "carried", and a dict of both "models".
    """
    ### BEGIN SOLUTION
    options = ModelOptions(hidden_size=64, embedding_size=32, dropout=0)
    streams = streams_for(train_ids, batch_size=64, window=2)
    found = {"models": {}}
    for name in ("reset", "carried"):
        model, state = CharModel(options, vocabulary_size, seed), None
        found["untrained"] = charlstm.score_carried(model, held_out_ids).bits_per_char
        optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
        for step in range(400):
            window = step % streams.windows
            start = state if name == "carried" and window else None
            _, state = tbptt_step(model, optimizer, *streams.read(window), start, 1.0)
        found[name] = charlstm.score_carried(model, held_out_ids).bits_per_char
        found["models"][name] = model
    return found
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "experiment-visible", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
import contextlib
import io

import charlstm
from charlstm.notebook.exercises import expect

text = charlstm.read_corpus(["tales"]).text
known = charlstm.Vocabulary.of(text)
train_ids, held_out_ids = known.encode(text[:200_000]), known.encode(text[-5_000:])
with contextlib.redirect_stderr(io.StringIO()):  # Validate treats a progress bar as a failure
    found = experiment(train_ids, held_out_ids.copy(), len(known), seed=0)
print({name: round(float(bits), 3) for name, bits in found.items() if name != "models"})
expect("bits per character, untrained", found["untrained"], float(np.log2(len(known))), 0.7)
assert found["reset"] < 4, f"reset: {found['reset']:.3f} bits; it should be below 4"
assert found["carried"] < 3, f"carried: {found['carried']:.3f} bits; it should be below 3.0"
gain = found["reset"] - found["carried"]
assert gain > 0.15, f"the carried state gained {gain:.3f} bits; it should gain more than 0.15"
for name in ("reset", "carried"):
    score = charlstm.score_carried(found["models"][name], held_out_ids).bits_per_char
    expect(f"`{name}`, by the model of this name in `models`", found[name], score, 0.01)
expect("the number of models", len(found["models"]), 2)


# %% nbgrader={"grade": true, "grade_id": "experiment-hidden", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
# Grading also tries another text and another seed.
### BEGIN HIDDEN TESTS
def tests():
    import contextlib
    import io

    import charlstm
    from charlstm.notebook.exercises import expect

    text = charlstm.read_corpus(["verse"]).text
    known = charlstm.Vocabulary.of(text)
    train_ids, held_out_ids = known.encode(text[:50_000]), known.encode(text[52_000:58_000])
    with contextlib.redirect_stderr(io.StringIO()):
        found = experiment(train_ids, held_out_ids.copy(), len(known), seed=7)
    expect("bits per character, untrained", found["untrained"], float(np.log2(len(known))), 0.7)
    assert found["reset"] < 4.2, f"reset: {found['reset']:.3f} bits; it should be below 4.2"
    assert found["carried"] < 3, f"carried: {found['carried']:.3f} bits; it should be below 3.0"
    gain = found["reset"] - found["carried"]
    assert gain > 0.15, f"the carried state gained {gain:.3f} bits; it should gain more than 0.15"
    for name in ("reset", "carried"):
        score = charlstm.score_carried(found["models"][name], held_out_ids).bits_per_char
        expect(f"`{name}`, by the model of this name in `models`", found[name], score, 0.01)
    expect("the number of models", len(found["models"]), 2)


tests()
### END HIDDEN TESTS

# %% [markdown]
# ## 7. What did it learn, and what would you report? (3 points)
#
# The tests of part 6 leave the result of your experiment in `found`. In a cell of your own, score
# both of `found["models"]` once more, cold, in windows of 2, 4, 8, 32 and 256 characters:
# `charlstm.score_cold(model, held_out_ids, window=2).bits_per_char`, and so on. Then answer in at
# most 250 words (tables do not count), and quote the figures that you have measured:
#
# a. No gradient went back further than two characters. How can the carried state still be worth
# anything?
#
# b. In which windows is the carried model the worse of the two? Say why, although it is the better
# one in the experiment.
#
# c. You compare a model with a model in a paper that scores cold windows of 256. Which figure do
# you put beside the paper's figure, carried or cold? What would be wrong with the other?

# %% [markdown] nbgrader={"grade": true, "grade_id": "in-words", "locked": false, "points": 3, "schema_version": 3, "solution": true, "task": false}
# ### BEGIN SOLUTION
# One point for each part. The figures come from our solution on the tales with seed 0.
#
# a. The state is an input, too: truncation cuts the gradient, not the forward pass. The network can
# read what it wrote into its state earlier, and the gradient of each window teaches it to read what
# it finds there. It cannot learn to keep something for a use beyond the window. What stays longer
# stays by itself. (Give half a point for "the state holds earlier characters" without the
# difference between gradient and state.)
#
# b. In windows of 2 (3.64 bits against 3.22) and of 4 (3.27 against 3.16). From 8 on it is the
# better one (3.04 against 3.14). It has learnt to rely on a state that is filled. It met the zero
# state once, at the start of the text, so it was not trained for this situation. With shorter
# windows, it reads more of the characters just after the zero state. The reset model met that state
# in each window. (Give the point for the difference between training and test.)
#
# c. The cold figure in windows of 256: the protocol must be the same. The carried figure gives each
# character all the text before it. The paper's figure gives the first character of a window
# nothing. So the carried figure would be lower because of the protocol, and not because of the
# model. (Give half a point for the right choice without a reason.)
# ### END SOLUTION

# %% [markdown]
# ## For pleasure (no points)
#
# Try your two functions on the model that comes with the package. It has read Shakespeare for
# longer than two minutes. You see what the functions do to the probabilities of the next character,
# and what the model then writes. Change the numbers. The cells after this one are yours, and are
# not graded.

# %%
from charlstm import Checkpoint, Sampler, find_model
from charlstm.notebook import text_plots

sampler = Sampler(Checkpoint.load(find_model("tinyshakespeare")))
letters = sampler.vocabulary.characters
read, state = sampler.read(sampler.vocabulary.encode("ROMEO:\nO, she doth te"))
shown = {"as it is": tempered(read[-1], 1.0), "temperature 0.5": tempered(read[-1], 0.5)}
shown["temperature 1, top-p 0.8"] = cut(tempered(read[-1], 1.0), top_p=0.8)
text_plots.next_character(letters, shown, "after 'O, she doth te'")

# %%
rng, logits, written = np.random.default_rng(0), read[-1], "O, she doth te"
for _ in range(300):
    chances = np.asarray(cut(tempered(logits, 0.8), top_p=0.95), float)
    x = rng.choice(len(chances), p=chances / chances.sum())
    logits, state = sampler.step(x, state)
    written += letters[x]
print(written)
