# %% right: a one-hot product, einsum
def rnn_step(p, ids, h):
    x = np.eye(len(p["U"]))[ids]
    a = np.einsum("bv,vh->bh", x, p["U"]) + np.einsum("bi,ij->bj", h, p["W"]) + p["b"]
    after = np.tanh(a)
    return after, np.einsum("bh,hv->bv", after, p["C"]) + p["d"]


# %% right: stream by stream, lists
def rnn_step(p, ids, h):
    states = []
    logits = []
    for i, state in zip(ids, h, strict=True):
        state = np.tanh(p["U"][i] + p["W"].T @ state + p["b"])
        states.append(state)
        logits.append(p["C"].T @ state + p["d"])
    return [states, logits]


# %% right: PyTorch, the two products in one
def rnn_step(p, ids, h):
    q = {name: torch.as_tensor(value) for name, value in p.items()}
    x = torch.cat([q["U"][torch.as_tensor(ids).long()], torch.as_tensor(h)], 1)
    ones = torch.eye(len(q["b"]), dtype=q["b"].dtype)
    after = torch.tanh(x @ torch.cat([ones, q["W"]]) + q["b"])
    return after, after @ q["C"] + q["d"]


# %% wrong: the matrix from the other side, as in lesson 2
def rnn_step(p, ids, h):
    after = np.tanh(p["U"][ids] + h @ p["W"].T + p["b"])
    return after, after @ p["C"] + p["d"]


# %% wrong: no bias of the units
def rnn_step(p, ids, h):
    after = np.tanh(p["U"][ids] + h @ p["W"])
    return after, after @ p["C"] + p["d"]


# %% wrong: no bias of the logits
def rnn_step(p, ids, h):
    after = np.tanh(p["U"][ids] + h @ p["W"] + p["b"])
    return after, after @ p["C"]


# %% wrong: the logits from the state before
def rnn_step(p, ids, h):
    after = np.tanh(p["U"][ids] + h @ p["W"] + p["b"])
    return after, h @ p["C"] + p["d"]


# %% wrong: the sigmoid
def rnn_step(p, ids, h):
    after = 1 / (1 + np.exp(-(p["U"][ids] + h @ p["W"] + p["b"])))
    return after, after @ p["C"] + p["d"]


# %% wrong: the logits go through the tanh, too
def rnn_step(p, ids, h):
    after = np.tanh(p["U"][ids] + h @ p["W"] + p["b"])
    return after, np.tanh(after @ p["C"] + p["d"])


# %% wrong: the state that was given is overwritten
def rnn_step(p, ids, h):
    h[...] = np.tanh(p["U"][ids] + h @ p["W"] + p["b"])
    return h, h @ p["C"] + p["d"]


# %% wrong: the state is left out
def rnn_step(p, ids, h):
    after = np.tanh(p["U"][ids] + p["b"])
    return after, after @ p["C"] + p["d"]


# %% wrong: the first stream's character for all
def rnn_step(p, ids, h):
    after = np.tanh(p["U"][ids[0]] + h @ p["W"] + p["b"])
    return after, after @ p["C"] + p["d"]
