# %% right: stream by stream, outer products
def rnn_backward(p, ids, states, dlogits):
    grads = {name: np.zeros(value.shape) for name, value in p.items()}
    starts = []
    for row in range(len(ids)):
        dh = np.zeros(len(p["b"]))
        for t in range(ids.shape[1] - 1, -1, -1):
            dh = dh + dlogits[row, t] @ p["W_out"]
            da = dh * (1 - states[row, t + 1] * states[row, t + 1])
            grads["W_ih"][:, ids[row, t]] += da
            grads["W_hh"] += np.outer(da, states[row, t])
            grads["b"] += da
            grads["W_out"] += np.outer(dlogits[row, t], states[row, t + 1])
            grads["b_out"] += dlogits[row, t]
            dh = da @ p["W_hh"]
        starts.append(dh)
    grads["h0"] = starts
    return grads


# %% right: the way back first, then each gradient as one einsum over streams and times
def rnn_backward(p, ids, states, dlogits):
    slope = 1 - states[:, 1:] ** 2
    da = np.einsum("btv,vh->bth", dlogits, p["W_out"]) * slope
    for t in range(ids.shape[1] - 2, -1, -1):
        da[:, t] += np.einsum("bi,ij->bj", da[:, t + 1], p["W_hh"]) * slope[:, t]
    one_hot = (ids[..., None] == np.arange(p["W_ih"].shape[1])).astype(float)
    return {
        "W_ih": np.einsum("btv,bth->hv", one_hot, da),
        "W_hh": np.einsum("btj,bti->ij", states[:, :-1], da),
        "b": np.einsum("bth->h", da),
        "W_out": np.einsum("bth,btv->vh", states[:, 1:], dlogits),
        "b_out": np.einsum("btv->v", dlogits),
        "h0": np.einsum("bi,ij->bj", da[:, 0], p["W_hh"]),
    }


# %% right: PyTorch without its autograd, index_add
def rnn_backward(p, ids, states, dlogits):
    q = {name: torch.tensor(value) for name, value in p.items()}
    ids, states, dlogits = torch.tensor(ids).long(), torch.tensor(states), torch.tensor(dlogits)
    found = {name: torch.zeros_like(value) for name, value in q.items()}
    dh = torch.zeros_like(states[:, 0])
    for t in range(ids.shape[1] - 1, -1, -1):
        dh = dh + dlogits[:, t] @ q["W_out"]
        da = dh - dh * states[:, t + 1] ** 2
        found["W_ih"].index_add_(1, ids[:, t], da.T)
        found["W_hh"].addmm_(da.T, states[:, t])
        found["b"] += da.sum(0)
        dh = da @ q["W_hh"]
    found["W_out"] = torch.tensordot(dlogits, states[:, 1:], dims=([0, 1], [0, 1]))
    found["b_out"] = dlogits.sum((0, 1))
    found["h0"] = dh
    return found


# %% wrong: a character that stands in two streams counts once
def rnn_backward(p, ids, states, dlogits):
    grads = {name: np.zeros_like(value) for name, value in p.items()}
    back = np.zeros_like(states[:, 0])
    for t in reversed(range(ids.shape[1])):
        before = states[:, t]
        after = states[:, t + 1]
        dz = dlogits[:, t]
        da = (dz @ p["W_out"] + back) * (1 - after**2)
        grads["W_ih"].T[ids[:, t]] += da
        grads["W_hh"] += da.T @ before
        grads["b"] += da.sum(0)
        grads["W_out"] += dz.T @ after
        grads["b_out"] += dz.sum(0)
        back = da @ p["W_hh"]
    return {**grads, "h0": back}


# %% wrong: nothing goes back from the next state
def rnn_backward(p, ids, states, dlogits):
    grads = {name: np.zeros_like(value) for name, value in p.items()}
    back = np.zeros_like(states[:, 0])
    for t in reversed(range(ids.shape[1])):
        before = states[:, t]
        after = states[:, t + 1]
        dz = dlogits[:, t]
        da = (dz @ p["W_out"]) * (1 - after**2)
        np.add.at(grads["W_ih"].T, ids[:, t], da)
        grads["W_hh"] += da.T @ before
        grads["b"] += da.sum(0)
        grads["W_out"] += dz.T @ after
        grads["b_out"] += dz.sum(0)
        back = da @ p["W_hh"]
    return {**grads, "h0": back}


# %% wrong: the recurrent matrix on the way back is not transposed
def rnn_backward(p, ids, states, dlogits):
    grads = {name: np.zeros_like(value) for name, value in p.items()}
    back = np.zeros_like(states[:, 0])
    for t in reversed(range(ids.shape[1])):
        before = states[:, t]
        after = states[:, t + 1]
        dz = dlogits[:, t]
        da = (dz @ p["W_out"] + back) * (1 - after**2)
        np.add.at(grads["W_ih"].T, ids[:, t], da)
        grads["W_hh"] += da.T @ before
        grads["b"] += da.sum(0)
        grads["W_out"] += dz.T @ after
        grads["b_out"] += dz.sum(0)
        back = da @ p["W_hh"].T
    return {**grads, "h0": back}


# %% wrong: the slope of the tanh at the state before
def rnn_backward(p, ids, states, dlogits):
    grads = {name: np.zeros_like(value) for name, value in p.items()}
    back = np.zeros_like(states[:, 0])
    for t in reversed(range(ids.shape[1])):
        before = states[:, t]
        after = states[:, t + 1]
        dz = dlogits[:, t]
        da = (dz @ p["W_out"] + back) * (1 - before**2)
        np.add.at(grads["W_ih"].T, ids[:, t], da)
        grads["W_hh"] += da.T @ before
        grads["b"] += da.sum(0)
        grads["W_out"] += dz.T @ after
        grads["b_out"] += dz.sum(0)
        back = da @ p["W_hh"]
    return {**grads, "h0": back}


# %% wrong: the slope of the tanh for the logits' share only
def rnn_backward(p, ids, states, dlogits):
    grads = {name: np.zeros_like(value) for name, value in p.items()}
    back = np.zeros_like(states[:, 0])
    for t in reversed(range(ids.shape[1])):
        before = states[:, t]
        after = states[:, t + 1]
        dz = dlogits[:, t]
        da = dz @ p["W_out"] * (1 - after**2) + back
        np.add.at(grads["W_ih"].T, ids[:, t], da)
        grads["W_hh"] += da.T @ before
        grads["b"] += da.sum(0)
        grads["W_out"] += dz.T @ after
        grads["b_out"] += dz.sum(0)
        back = da @ p["W_hh"]
    return {**grads, "h0": back}


# %% wrong: the gradient of W_hh with the state after
def rnn_backward(p, ids, states, dlogits):
    grads = {name: np.zeros_like(value) for name, value in p.items()}
    back = np.zeros_like(states[:, 0])
    for t in reversed(range(ids.shape[1])):
        after = states[:, t + 1]
        dz = dlogits[:, t]
        da = (dz @ p["W_out"] + back) * (1 - after**2)
        np.add.at(grads["W_ih"].T, ids[:, t], da)
        grads["W_hh"] += da.T @ after
        grads["b"] += da.sum(0)
        grads["W_out"] += dz.T @ after
        grads["b_out"] += dz.sum(0)
        back = da @ p["W_hh"]
    return {**grads, "h0": back}


# %% wrong: the start's gradient one matrix too early
def rnn_backward(p, ids, states, dlogits):
    grads = {name: np.zeros_like(value) for name, value in p.items()}
    back = np.zeros_like(states[:, 0])
    for t in reversed(range(ids.shape[1])):
        before = states[:, t]
        after = states[:, t + 1]
        dz = dlogits[:, t]
        da = (dz @ p["W_out"] + back) * (1 - after**2)
        np.add.at(grads["W_ih"].T, ids[:, t], da)
        grads["W_hh"] += da.T @ before
        grads["b"] += da.sum(0)
        grads["W_out"] += dz.T @ after
        grads["b_out"] += dz.sum(0)
        back = da @ p["W_hh"]
    return {**grads, "h0": da}


# %% wrong: single precision
def rnn_backward(p, ids, states, dlogits):
    grads = {name: np.zeros(value.shape, np.float32) for name, value in p.items()}
    back = np.zeros_like(states[:, 0])
    for t in reversed(range(ids.shape[1])):
        before = states[:, t]
        after = states[:, t + 1]
        dz = dlogits[:, t]
        da = (dz @ p["W_out"] + back) * (1 - after**2)
        np.add.at(grads["W_ih"].T, ids[:, t], da)
        grads["W_hh"] += da.T @ before
        grads["b"] += da.sum(0)
        grads["W_out"] += dz.T @ after
        grads["b_out"] += dz.sum(0)
        back = da @ p["W_hh"]
    return {**grads, "h0": back}


# %% wrong: autograd does it
def rnn_backward(p, ids, states, dlogits):
    q = {name: torch.tensor(value, requires_grad=True) for name, value in p.items()}
    q["h0"] = h = torch.tensor(states[:, 0], requires_grad=True)
    total = 0.0
    for t in range(ids.shape[1]):
        h = torch.tanh(q["W_ih"].T[ids[:, t]] + h @ q["W_hh"].T + q["b"])
        total = total + ((h @ q["W_out"].T + q["b_out"]) * torch.tensor(dlogits[:, t])).sum()
    total.backward()
    return {name: value.grad for name, value in q.items()}


# %% wrong: slopes measured by moving each number a little
def rnn_backward(p, ids, states, dlogits):
    q = {**{name: value.copy() for name, value in p.items()}, "h0": states[:, 0].copy()}

    def loss():
        h = q["h0"]
        total = 0.0
        for t in range(ids.shape[1]):
            h = np.tanh(q["W_ih"].T[ids[:, t]] + h @ q["W_hh"].T + q["b"])
            total += ((h @ q["W_out"].T + q["b_out"]) * dlogits[:, t]).sum()
        return total

    grads = {name: np.zeros_like(value) for name, value in q.items()}
    for name, value in q.items():
        for place in np.ndindex(value.shape):
            kept = value[place]
            value[place] = kept + 1e-5
            above = loss()
            value[place] = kept - 1e-5
            grads[name][place] = (above - loss()) / 2e-5
            value[place] = kept
    return grads


# %% wrong: the loop of lesson 2, which is for one stream, over all of them
def rnn_backward(p, ids, states, dlogits):
    grads = {name: np.zeros_like(value) for name, value in p.items()}
    for inputs, of_stream, dz in zip(ids, states, dlogits, strict=True):
        da = np.zeros((len(inputs) + 1, len(p["b"])))
        for t in reversed(range(len(inputs))):
            dh = p["W_out"].T @ dz[t] + p["W_hh"].T @ da[t + 1]
            da[t] = dh * (1 - of_stream[t + 1] ** 2)
            grads["W_ih"][:, inputs[t]] += da[t]
            grads["W_hh"] += np.outer(da[t], of_stream[t])
            grads["b"] += da[t]
            grads["W_out"] += np.outer(dz[t], of_stream[t + 1])
            grads["b_out"] += dz[t]
    return {**grads, "h0": p["W_hh"].T @ da[0]}
