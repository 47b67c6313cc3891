# %% right: stream by stream, outer products
def rnn_backward(p, ids, states, dlogits):
    grads = {name: np.zeros(value.shape) for name, value in p.items()}
    starts = []
    for i in range(len(ids)):
        g = np.zeros(len(p["b"]))
        for t in range(ids.shape[1] - 1, -1, -1):
            g = g + p["C"] @ dlogits[i, t]
            a = g * (1 - states[i, t + 1] * states[i, t + 1])
            grads["U"][ids[i, t]] += a
            grads["W"] += np.outer(states[i, t], a)
            grads["b"] += a
            grads["C"] += np.outer(states[i, t + 1], dlogits[i, t])
            grads["d"] += dlogits[i, t]
            g = p["W"] @ a
        starts.append(g)
    grads["h0"] = starts
    return grads


# %% right: the way back first, then each gradient as one einsum over streams and times
def rnn_backward(p, ids, states, dlogits):
    slope = 1 - states[:, 1:] ** 2
    a = np.einsum("btv,hv->bth", dlogits, p["C"]) * slope
    for t in range(ids.shape[1] - 2, -1, -1):
        a[:, t] += np.einsum("bj,ij->bi", a[:, t + 1], p["W"]) * slope[:, t]
    one_hot = (ids[..., None] == np.arange(len(p["U"]))).astype(float)
    return {
        "U": np.einsum("btv,bth->vh", one_hot, a),
        "W": np.einsum("bti,btj->ij", states[:, :-1], a),
        "b": np.einsum("bth->h", a),
        "C": np.einsum("bth,btv->hv", states[:, 1:], dlogits),
        "d": np.einsum("btv->v", dlogits),
        "h0": np.einsum("bj,ij->bi", a[:, 0], p["W"]),
    }


# %% right: PyTorch without its autograd, index_add
def rnn_backward(p, ids, states, dlogits):
    q = {name: torch.tensor(value) for name, value in p.items()}
    ids, states, dlogits = torch.tensor(ids).long(), torch.tensor(states), torch.tensor(dlogits)
    found = {name: torch.zeros_like(value) for name, value in q.items()}
    g = torch.zeros_like(states[:, 0])
    for t in range(ids.shape[1] - 1, -1, -1):
        g = g + dlogits[:, t] @ q["C"].T
        a = g - g * states[:, t + 1] ** 2
        found["U"].index_add_(0, ids[:, t], a)
        found["W"].addmm_(states[:, t].T, a)
        found["b"] += a.sum(0)
        g = a @ q["W"].T
    found["C"] = torch.tensordot(states[:, 1:], dlogits, dims=([0, 1], [0, 1]))
    found["d"] = dlogits.sum((0, 1))
    found["h0"] = g
    return found


# %% wrong: a character that stands in two streams counts once
def rnn_backward(p, ids, states, dlogits):
    grads = {name: np.zeros_like(value) for name, value in p.items()}
    back = np.zeros_like(states[:, 0])
    for t in reversed(range(ids.shape[1])):
        before = states[:, t]
        after = states[:, t + 1]
        dz = dlogits[:, t]
        a = (dz @ p["C"].T + back) * (1 - after**2)
        grads["U"][ids[:, t]] += a
        grads["W"] += before.T @ a
        grads["b"] += a.sum(0)
        grads["C"] += after.T @ dz
        grads["d"] += dz.sum(0)
        back = a @ p["W"].T
    return {**grads, "h0": back}


# %% wrong: nothing goes back from the next state
def rnn_backward(p, ids, states, dlogits):
    grads = {name: np.zeros_like(value) for name, value in p.items()}
    back = np.zeros_like(states[:, 0])
    for t in reversed(range(ids.shape[1])):
        before = states[:, t]
        after = states[:, t + 1]
        dz = dlogits[:, t]
        a = (dz @ p["C"].T) * (1 - after**2)
        np.add.at(grads["U"], ids[:, t], a)
        grads["W"] += before.T @ a
        grads["b"] += a.sum(0)
        grads["C"] += after.T @ dz
        grads["d"] += dz.sum(0)
        back = a @ p["W"].T
    return {**grads, "h0": back}


# %% wrong: the recurrent matrix on the way back is not transposed
def rnn_backward(p, ids, states, dlogits):
    grads = {name: np.zeros_like(value) for name, value in p.items()}
    back = np.zeros_like(states[:, 0])
    for t in reversed(range(ids.shape[1])):
        before = states[:, t]
        after = states[:, t + 1]
        dz = dlogits[:, t]
        a = (dz @ p["C"].T + back) * (1 - after**2)
        np.add.at(grads["U"], ids[:, t], a)
        grads["W"] += before.T @ a
        grads["b"] += a.sum(0)
        grads["C"] += after.T @ dz
        grads["d"] += dz.sum(0)
        back = a @ p["W"]
    return {**grads, "h0": back}


# %% wrong: the slope of the tanh at the state before
def rnn_backward(p, ids, states, dlogits):
    grads = {name: np.zeros_like(value) for name, value in p.items()}
    back = np.zeros_like(states[:, 0])
    for t in reversed(range(ids.shape[1])):
        before = states[:, t]
        after = states[:, t + 1]
        dz = dlogits[:, t]
        a = (dz @ p["C"].T + back) * (1 - before**2)
        np.add.at(grads["U"], ids[:, t], a)
        grads["W"] += before.T @ a
        grads["b"] += a.sum(0)
        grads["C"] += after.T @ dz
        grads["d"] += dz.sum(0)
        back = a @ p["W"].T
    return {**grads, "h0": back}


# %% wrong: the slope of the tanh for the logits' share only
def rnn_backward(p, ids, states, dlogits):
    grads = {name: np.zeros_like(value) for name, value in p.items()}
    back = np.zeros_like(states[:, 0])
    for t in reversed(range(ids.shape[1])):
        before = states[:, t]
        after = states[:, t + 1]
        dz = dlogits[:, t]
        a = dz @ p["C"].T * (1 - after**2) + back
        np.add.at(grads["U"], ids[:, t], a)
        grads["W"] += before.T @ a
        grads["b"] += a.sum(0)
        grads["C"] += after.T @ dz
        grads["d"] += dz.sum(0)
        back = a @ p["W"].T
    return {**grads, "h0": back}


# %% wrong: the gradient of W with the state after
def rnn_backward(p, ids, states, dlogits):
    grads = {name: np.zeros_like(value) for name, value in p.items()}
    back = np.zeros_like(states[:, 0])
    for t in reversed(range(ids.shape[1])):
        after = states[:, t + 1]
        dz = dlogits[:, t]
        a = (dz @ p["C"].T + back) * (1 - after**2)
        np.add.at(grads["U"], ids[:, t], a)
        grads["W"] += after.T @ a
        grads["b"] += a.sum(0)
        grads["C"] += after.T @ dz
        grads["d"] += dz.sum(0)
        back = a @ p["W"].T
    return {**grads, "h0": back}


# %% wrong: the start's gradient one matrix too early
def rnn_backward(p, ids, states, dlogits):
    grads = {name: np.zeros_like(value) for name, value in p.items()}
    back = np.zeros_like(states[:, 0])
    for t in reversed(range(ids.shape[1])):
        before = states[:, t]
        after = states[:, t + 1]
        dz = dlogits[:, t]
        a = (dz @ p["C"].T + back) * (1 - after**2)
        np.add.at(grads["U"], ids[:, t], a)
        grads["W"] += before.T @ a
        grads["b"] += a.sum(0)
        grads["C"] += after.T @ dz
        grads["d"] += dz.sum(0)
        back = a @ p["W"].T
    return {**grads, "h0": a}


# %% wrong: single precision
def rnn_backward(p, ids, states, dlogits):
    grads = {name: np.zeros(value.shape, np.float32) for name, value in p.items()}
    back = np.zeros_like(states[:, 0])
    for t in reversed(range(ids.shape[1])):
        before = states[:, t]
        after = states[:, t + 1]
        dz = dlogits[:, t]
        a = (dz @ p["C"].T + back) * (1 - after**2)
        np.add.at(grads["U"], ids[:, t], a)
        grads["W"] += before.T @ a
        grads["b"] += a.sum(0)
        grads["C"] += after.T @ dz
        grads["d"] += dz.sum(0)
        back = a @ p["W"].T
    return {**grads, "h0": back}


# %% wrong: autograd does it
def rnn_backward(p, ids, states, dlogits):
    q = {name: torch.tensor(value, requires_grad=True) for name, value in p.items()}
    q["h0"] = h = torch.tensor(states[:, 0], requires_grad=True)
    total = 0.0
    for t in range(ids.shape[1]):
        h = torch.tanh(q["U"][ids[:, t]] + h @ q["W"] + q["b"])
        total = total + ((h @ q["C"] + q["d"]) * torch.tensor(dlogits[:, t])).sum()
    total.backward()
    return {name: value.grad for name, value in q.items()}


# %% wrong: slopes measured by moving each number a little
def rnn_backward(p, ids, states, dlogits):
    q = {**{name: value.copy() for name, value in p.items()}, "h0": states[:, 0].copy()}

    def loss():
        h = q["h0"]
        total = 0.0
        for t in range(ids.shape[1]):
            h = np.tanh(q["U"][ids[:, t]] + h @ q["W"] + q["b"])
            total += ((h @ q["C"] + q["d"]) * dlogits[:, t]).sum()
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
