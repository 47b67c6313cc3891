# %% right: PyTorch's linear, unflattened
def lstm_step(p, x, h, c):
    sums = torch.nn.functional.linear(x, p["weight_ih"], p["bias_ih"])
    sums = sums + torch.nn.functional.linear(h, p["weight_hh"], p["bias_hh"])
    i, f, g, o = sums.unflatten(1, (4, -1)).unbind(1)
    c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
    return torch.sigmoid(o) * torch.tanh(c), c


# %% right: einsum over gates, in NumPy and double precision
def lstm_step(p, x, h, c):
    W, V, b, d = (np.asarray(p[k], float) for k in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"))
    x, h, c = (np.asarray(part, float) for part in (x, h, c))
    H = h.shape[1]
    a = np.einsum("khd,nd->knh", W.reshape(4, H, -1), x)
    a = a + np.einsum("khj,nj->knh", V.reshape(4, H, H), h) + (b + d).reshape(4, 1, H)
    i, f, o = (1 / (1 + np.exp(-a[gate])) for gate in (0, 1, 3))
    after = f * c + i * np.tanh(a[2])
    return o * np.tanh(after), after


# %% right: stream by stream and unit by unit
def lstm_step(p, x, h, c):
    B, H = h.shape
    after_h = torch.zeros_like(h)
    after_c = torch.zeros_like(c)
    for n in range(B):
        for j in range(H):
            sums = []
            for row in (j, H + j, 2 * H + j, 3 * H + j):
                total = p["bias_ih"][row] + p["bias_hh"][row]
                total = total + (p["weight_ih"][row] * x[n]).sum()
                sums.append(total + (p["weight_hh"][row] * h[n]).sum())
            i, f, g, o = sums
            value = torch.sigmoid(f) * c[n, j] + torch.sigmoid(i) * torch.tanh(g)
            after_c[n, j] = value
            after_h[n, j] = torch.sigmoid(o) * torch.tanh(value)
    return after_h, after_c


# %% right: the package's step
def lstm_step(p, x, h, c):
    from types import SimpleNamespace

    from charlstm.model import cells

    q = SimpleNamespace(**p)
    return cells.lstm(q, cells.project(q, x), (h, c))


# %% wrong: input and forget gate swapped
def lstm_step(p, x, h, c):
    sums = x @ p["weight_ih"].T + p["bias_ih"] + h @ p["weight_hh"].T + p["bias_hh"]
    f, i, g, o = sums.chunk(4, dim=1)
    after = f.sigmoid() * c + i.sigmoid() * g.tanh()
    return o.sigmoid() * after.tanh(), after


# %% wrong: the order i, f, o, g
def lstm_step(p, x, h, c):
    sums = x @ p["weight_ih"].T + p["bias_ih"] + h @ p["weight_hh"].T + p["bias_hh"]
    i, f, o, g = sums.chunk(4, dim=1)
    after = f.sigmoid() * c + i.sigmoid() * g.tanh()
    return o.sigmoid() * after.tanh(), after


# %% wrong: the order i, g, f, o
def lstm_step(p, x, h, c):
    sums = x @ p["weight_ih"].T + p["bias_ih"] + h @ p["weight_hh"].T + p["bias_hh"]
    i, g, f, o = sums.chunk(4, dim=1)
    after = f.sigmoid() * c + i.sigmoid() * g.tanh()
    return o.sigmoid() * after.tanh(), after


# %% wrong: the gates' rows taken in turns, not as blocks
def lstm_step(p, x, h, c):
    sums = x @ p["weight_ih"].T + p["bias_ih"] + h @ p["weight_hh"].T + p["bias_hh"]
    i, f, g, o = (sums[:, k::4] for k in range(4))
    after = f.sigmoid() * c + i.sigmoid() * g.tanh()
    return o.sigmoid() * after.tanh(), after


# %% wrong: the second bias missing
def lstm_step(p, x, h, c):
    sums = x @ p["weight_ih"].T + p["bias_ih"] + h @ p["weight_hh"].T
    i, f, g, o = sums.chunk(4, dim=1)
    after = f.sigmoid() * c + i.sigmoid() * g.tanh()
    return o.sigmoid() * after.tanh(), after


# %% wrong: h' without the tanh of c'
def lstm_step(p, x, h, c):
    sums = x @ p["weight_ih"].T + p["bias_ih"] + h @ p["weight_hh"].T + p["bias_hh"]
    i, f, g, o = sums.chunk(4, dim=1)
    after = f.sigmoid() * c + i.sigmoid() * g.tanh()
    return o.sigmoid() * after, after


# %% wrong: g without its tanh
def lstm_step(p, x, h, c):
    sums = x @ p["weight_ih"].T + p["bias_ih"] + h @ p["weight_hh"].T + p["bias_hh"]
    i, f, g, o = sums.chunk(4, dim=1)
    after = f.sigmoid() * c + i.sigmoid() * g
    return o.sigmoid() * after.tanh(), after


# %% wrong: a sigmoid for g, too
def lstm_step(p, x, h, c):
    sums = x @ p["weight_ih"].T + p["bias_ih"] + h @ p["weight_hh"].T + p["bias_hh"]
    i, f, g, o = sums.sigmoid().chunk(4, dim=1)
    after = f * c + i * g
    return o * after.tanh(), after


# %% wrong: h' from the old c
def lstm_step(p, x, h, c):
    sums = x @ p["weight_ih"].T + p["bias_ih"] + h @ p["weight_hh"].T + p["bias_hh"]
    i, f, g, o = sums.chunk(4, dim=1)
    after = f.sigmoid() * c + i.sigmoid() * g.tanh()
    return o.sigmoid() * c.tanh(), after


# %% wrong: c' and h' returned in the other order
def lstm_step(p, x, h, c):
    sums = x @ p["weight_ih"].T + p["bias_ih"] + h @ p["weight_hh"].T + p["bias_hh"]
    i, f, g, o = sums.chunk(4, dim=1)
    after = f.sigmoid() * c + i.sigmoid() * g.tanh()
    return after, o.sigmoid() * after.tanh()


# %% wrong: 1 - f for the input gate
def lstm_step(p, x, h, c):
    sums = x @ p["weight_ih"].T + p["bias_ih"] + h @ p["weight_hh"].T + p["bias_hh"]
    _, f, g, o = sums.chunk(4, dim=1)
    after = f.sigmoid() * c + (1 - f.sigmoid()) * g.tanh()
    return o.sigmoid() * after.tanh(), after


# %% wrong: the state is given no weight
def lstm_step(p, x, h, c):
    sums = x @ p["weight_ih"].T + p["bias_ih"] + p["bias_hh"]
    i, f, g, o = sums.chunk(4, dim=1)
    after = f.sigmoid() * c + i.sigmoid() * g.tanh()
    return o.sigmoid() * after.tanh(), after


# %% wrong: each block of weight_hh on the wrong side
def lstm_step(p, x, h, c):
    H = h.shape[1]
    recurrent = torch.cat([h @ block for block in p["weight_hh"].split(H)], dim=1)
    sums = x @ p["weight_ih"].T + p["bias_ih"] + recurrent + p["bias_hh"]
    i, f, g, o = sums.chunk(4, dim=1)
    after = f.sigmoid() * c + i.sigmoid() * g.tanh()
    return o.sigmoid() * after.tanh(), after


# %% wrong: a sigmoid that overflows
def lstm_step(p, x, h, c):
    sums = x @ p["weight_ih"].T + p["bias_ih"] + h @ p["weight_hh"].T + p["bias_hh"]
    i, f, g, o = sums.chunk(4, dim=1)
    i, f, o = (gate.exp() / (1 + gate.exp()) for gate in (i, f, o))
    after = f * c + i * g.tanh()
    return o * after.tanh(), after


# %% wrong: the c that was given is changed in place
def lstm_step(p, x, h, c):
    sums = x @ p["weight_ih"].T + p["bias_ih"] + h @ p["weight_hh"].T + p["bias_hh"]
    i, f, g, o = sums.chunk(4, dim=1)
    c *= f.sigmoid()
    c += i.sigmoid() * g.tanh()
    return o.sigmoid() * c.tanh(), c
