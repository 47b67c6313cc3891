# %% right: a one-hot product, einsum
def rnn_step(p, ids, h):
    x = np.eye(p["W_ih"].shape[1])[ids]
    a = np.einsum("bv,hv->bh", x, p["W_ih"]) + np.einsum("bj,ij->bi", h, p["W_hh"]) + p["b"]
    after = np.tanh(a)
    return after, np.einsum("bh,vh->bv", after, p["W_out"]) + p["b_out"]


# %% right: stream by stream, lists
def rnn_step(p, ids, h):
    states = []
    logits = []
    for x, state in zip(ids, h, strict=True):
        state = np.tanh(p["W_ih"][:, x] + p["W_hh"] @ state + p["b"])
        states.append(state)
        logits.append(p["W_out"] @ state + p["b_out"])
    return [states, logits]


# %% right: PyTorch, the two products in one
def rnn_step(p, ids, h):
    q = {name: torch.as_tensor(value) for name, value in p.items()}
    x = torch.cat([q["W_ih"].T[torch.as_tensor(ids).long()], torch.as_tensor(h)], 1)
    ones = torch.eye(len(q["b"]), dtype=q["b"].dtype)
    after = torch.tanh(x @ torch.cat([ones, q["W_hh"].T]) + q["b"])
    return after, after @ q["W_out"].T + q["b_out"]


# %% wrong: the recurrent matrix is not transposed
def rnn_step(p, ids, h):
    after = np.tanh(p["W_ih"].T[ids] + h @ p["W_hh"] + p["b"])
    return after, after @ p["W_out"].T + p["b_out"]


# %% wrong: no bias of the units
def rnn_step(p, ids, h):
    after = np.tanh(p["W_ih"].T[ids] + h @ p["W_hh"].T)
    return after, after @ p["W_out"].T + p["b_out"]


# %% wrong: no bias of the logits
def rnn_step(p, ids, h):
    after = np.tanh(p["W_ih"].T[ids] + h @ p["W_hh"].T + p["b"])
    return after, after @ p["W_out"].T


# %% wrong: the logits from the state before
def rnn_step(p, ids, h):
    after = np.tanh(p["W_ih"].T[ids] + h @ p["W_hh"].T + p["b"])
    return after, h @ p["W_out"].T + p["b_out"]


# %% wrong: the sigmoid
def rnn_step(p, ids, h):
    after = 1 / (1 + np.exp(-(p["W_ih"].T[ids] + h @ p["W_hh"].T + p["b"])))
    return after, after @ p["W_out"].T + p["b_out"]


# %% wrong: the logits go through the tanh, too
def rnn_step(p, ids, h):
    after = np.tanh(p["W_ih"].T[ids] + h @ p["W_hh"].T + p["b"])
    return after, np.tanh(after @ p["W_out"].T + p["b_out"])


# %% wrong: the state that was given is overwritten
def rnn_step(p, ids, h):
    h[...] = np.tanh(p["W_ih"].T[ids] + h @ p["W_hh"].T + p["b"])
    return h, h @ p["W_out"].T + p["b_out"]


# %% wrong: the state is left out
def rnn_step(p, ids, h):
    after = np.tanh(p["W_ih"].T[ids] + p["b"])
    return after, after @ p["W_out"].T + p["b_out"]


# %% wrong: the first stream's character for all
def rnn_step(p, ids, h):
    after = np.tanh(p["W_ih"].T[ids[0]] + h @ p["W_hh"].T + p["b"])
    return after, after @ p["W_out"].T + p["b_out"]


# %% wrong: the line of lesson 2, which is for one stream
def rnn_step(p, ids, h):
    h = np.tanh(p["W_ih"][:, ids] + p["W_hh"] @ h + p["b"])
    return h, p["W_out"] @ h + p["b_out"]
