# %% right: retain_grad on every state
def gradient_by_lag(step, xs, start, loss):
    h = start.clone().detach().requires_grad_(True)
    states = [h]
    for t in range(len(xs)):
        h = step(xs[t], h)
        h.retain_grad()
        states.append(h)
    loss(h).backward()
    T = len(xs)
    norms = np.zeros(T + 1)
    for k in range(T + 1):
        norms[k] = np.mean([np.linalg.norm(row) for row in states[T - k].grad.numpy()])
    return norms


# %% right: back step by step, a product of a row and a Jacobian each time
def gradient_by_lag(step, xs, start, loss):
    with torch.no_grad():
        states = [start.detach()]
        for x in xs:
            states.append(step(x, states[-1]))
    last = states[-1].clone().requires_grad_()
    (row,) = torch.autograd.grad(loss(last), last)
    norms = [torch.linalg.vector_norm(row, dim=-1).mean()]
    for t in reversed(range(len(xs))):
        before = states[t].clone().requires_grad_()
        (row,) = torch.autograd.grad(step(xs[t], before), before, row)
        norms.append(torch.linalg.vector_norm(row, dim=-1).mean())
    return torch.stack(norms)


# %% right: zeros added to each state, whose gradients are the states'
def gradient_by_lag(step, xs, start, loss):
    nudges = [torch.zeros_like(start, requires_grad=True) for _ in range(len(xs) + 1)]
    h = start.detach() + nudges[0]
    for x, nudge in zip(xs, nudges[1:], strict=True):
        h = step(x, h) + nudge
    loss(h).backward()
    return [(n.grad**2).sum(1).sqrt().mean() for n in nudges[::-1]]


# %% wrong: by time, the start first
def gradient_by_lag(step, xs, start, loss):
    states = [start.detach().requires_grad_()]
    for x in xs:
        states.append(step(x, states[-1]))
    gradients = torch.autograd.grad(loss(states[-1]), states)
    return [g.norm(dim=1).mean().item() for g in gradients]


# %% wrong: squared norms
def gradient_by_lag(step, xs, start, loss):
    states = [start.detach().requires_grad_()]
    for x in xs:
        states.append(step(x, states[-1]))
    gradients = torch.autograd.grad(loss(states[-1]), states)
    return [(g**2).sum(1).mean().item() for g in reversed(gradients)]


# %% wrong: one norm over all streams
def gradient_by_lag(step, xs, start, loss):
    states = [start.detach().requires_grad_()]
    for x in xs:
        states.append(step(x, states[-1]))
    gradients = torch.autograd.grad(loss(states[-1]), states)
    return [g.norm().item() for g in reversed(gradients)]


# %% wrong: the norm of the streams' mean
def gradient_by_lag(step, xs, start, loss):
    states = [start.detach().requires_grad_()]
    for x in xs:
        states.append(step(x, states[-1]))
    gradients = torch.autograd.grad(loss(states[-1]), states)
    return [g.mean(0).norm().item() for g in reversed(gradients)]


# %% wrong: the norm over streams, the mean over units
def gradient_by_lag(step, xs, start, loss):
    states = [start.detach().requires_grad_()]
    for x in xs:
        states.append(step(x, states[-1]))
    gradients = torch.autograd.grad(loss(states[-1]), states)
    return [g.norm(dim=0).mean().item() for g in reversed(gradients)]


# %% wrong: sums of absolute values
def gradient_by_lag(step, xs, start, loss):
    states = [start.detach().requires_grad_()]
    for x in xs:
        states.append(step(x, states[-1]))
    gradients = torch.autograd.grad(loss(states[-1]), states)
    return [g.abs().sum(1).mean().item() for g in reversed(gradients)]


# %% wrong: the start left out
def gradient_by_lag(step, xs, start, loss):
    states = [start.detach().requires_grad_()]
    for x in xs:
        states.append(step(x, states[-1]))
    gradients = torch.autograd.grad(loss(states[-1]), states[1:])
    return [g.norm(dim=1).mean().item() for g in reversed(gradients)]


# %% wrong: one number, the mean over lags
def gradient_by_lag(step, xs, start, loss):
    states = [start.detach().requires_grad_()]
    for x in xs:
        states.append(step(x, states[-1]))
    gradients = torch.autograd.grad(loss(states[-1]), states)
    return torch.stack([g.norm(dim=1).mean() for g in gradients]).mean()


# %% wrong: cut off between the steps
def gradient_by_lag(step, xs, start, loss):
    states = [start.detach().requires_grad_()]
    for x in xs:
        states.append(step(x, states[-1].detach()))
    gradients = torch.autograd.grad(loss(states[-1]), states, allow_unused=True)
    found = [
        torch.zeros_like(s) if g is None else g for s, g in zip(states, gradients, strict=True)
    ]
    return [g.norm(dim=1).mean().item() for g in reversed(found)]


# %% wrong: a loss for every state, not for the last
def gradient_by_lag(step, xs, start, loss):
    states = [start.detach().requires_grad_()]
    for x in xs:
        states.append(step(x, states[-1]))
    gradients = torch.autograd.grad(sum(loss(h) for h in states), states)
    return [g.norm(dim=1).mean().item() for g in reversed(gradients)]


# %% wrong: the norms of the steps' gradients multiplied
def gradient_by_lag(step, xs, start, loss):
    states = [start.detach()]
    for x in xs:
        states.append(step(x, states[-1]).detach())
    last = states[-1].clone().requires_grad_()
    (row,) = torch.autograd.grad(loss(last), last)
    norms = [row.norm(dim=1)]
    for t in reversed(range(len(xs))):
        before = states[t].clone().requires_grad_()
        unit = row / row.norm(dim=1, keepdim=True)
        (back,) = torch.autograd.grad(step(xs[t], before), before, unit)
        norms.append(norms[-1] * back.norm(dim=1))
    return [norm.mean().item() for norm in norms]


# %% wrong: the last lag is missing, as T and not T + 1 steps are kept
def gradient_by_lag(step, xs, start, loss):
    h = start.detach().requires_grad_()
    states = []
    for x in xs:
        states.append(h)
        h = step(x, h)
    gradients = torch.autograd.grad(loss(h), states)
    return [g.norm(dim=1).mean().item() for g in reversed(gradients)]


# %% wrong: the norm in single precision of squares that are rounded to nothing
def gradient_by_lag(step, xs, start, loss):
    states = [start.detach().requires_grad_()]
    for x in xs:
        states.append(step(x, states[-1]))
    gradients = torch.autograd.grad(loss(states[-1]), states)
    return [(g.float() ** 2).sum(1).sqrt().mean().item() for g in reversed(gradients)]


# %% wrong: the tensor that was given is changed, as states are updated in place
def gradient_by_lag(step, xs, start, loss):
    states = []
    h = start.detach()
    for x in xs:
        states.append(h.clone())
        h.copy_(step(x, h).detach())
    row = h.clone().requires_grad_()
    (row,) = torch.autograd.grad(loss(row), row)
    norms = [row.norm(dim=1).mean().item()]
    for x, before in zip(reversed(list(xs)), reversed(states), strict=True):
        before.requires_grad_()
        (row,) = torch.autograd.grad(step(x, before), before, row)
        norms.append(row.norm(dim=1).mean().item())
    return norms
