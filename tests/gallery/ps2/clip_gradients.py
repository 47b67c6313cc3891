# %% right: as PyTorch does it, a small number added to the norm
def clip_gradients(gradients, limit):
    norm = torch.stack([g.norm() for g in gradients]).norm()
    factor = torch.clamp(limit / (norm + 1e-6), max=1.0)
    return [g * factor for g in gradients], norm


# %% right: PyTorch's own function on copies
def clip_gradients(gradients, limit):
    holders = [torch.nn.Parameter(torch.zeros_like(g)) for g in gradients]
    for holder, gradient in zip(holders, gradients, strict=True):
        holder.grad = gradient.clone()
    norm = torch.nn.utils.clip_grad_norm_(holders, limit)
    return [holder.grad for holder in holders], float(norm)


# %% right: one long vector in NumPy, cut up again
def clip_gradients(gradients, limit):
    flat = np.concatenate([np.asarray(g, float).ravel() for g in gradients])
    norm = np.sqrt(flat @ flat)
    if norm > limit:
        flat *= limit / norm
    ends = np.cumsum([g.numel() for g in gradients])[:-1]
    parts = np.split(flat, ends)
    return tuple(part.reshape(g.shape) for part, g in zip(parts, gradients, strict=True)), norm


# %% right: the gradients themselves where nothing is to be done, loops
def clip_gradients(gradients, limit):
    total = 0.0
    for gradient in gradients:
        for number in gradient.flatten().tolist():
            total += number * number
    norm = total**0.5
    if norm <= limit:
        return list(gradients), norm
    return [limit * gradient / norm for gradient in gradients], norm


# %% wrong: clipped by value
def clip_gradients(gradients, limit):
    norm = torch.cat([g.flatten() for g in gradients]).norm()
    return [g.clamp(-limit, limit) for g in gradients], norm


# %% wrong: each tensor by its own norm
def clip_gradients(gradients, limit):
    norm = torch.cat([g.flatten() for g in gradients]).norm()
    return [g * min(1.0, limit / max(float(g.norm()), limit)) for g in gradients], norm


# %% wrong: small gradients scaled up
def clip_gradients(gradients, limit):
    norm = torch.cat([g.flatten() for g in gradients]).norm()
    return [g * limit / (norm + 1e-9) for g in gradients], norm


# %% wrong: a division by zero, then the smaller of NaN and 1
def clip_gradients(gradients, limit):
    norm = torch.cat([g.flatten() for g in gradients]).norm()
    return [g.clone() if norm < limit and norm > 0 else g / norm * limit for g in gradients], norm


# %% wrong: a division by a Python zero
def clip_gradients(gradients, limit):
    norm = sum(float((g.double() ** 2).sum()) for g in gradients) ** 0.5
    factor = min(1.0, limit / norm)
    return [g * factor for g in gradients], norm


# %% wrong: the square of the norm, as the root is forgotten
def clip_gradients(gradients, limit):
    norm = sum(float((g.double() ** 2).sum()) for g in gradients)
    factor = limit / norm if norm > limit else 1.0
    return [g * factor for g in gradients], norm


# %% wrong: the root in the norm that is returned, but not in the factor
def clip_gradients(gradients, limit):
    squares = sum(float((g.double() ** 2).sum()) for g in gradients)
    factor = limit / squares if squares > limit**2 else 1.0
    return [g * factor for g in gradients], squares**0.5


# %% wrong: the sum of the tensors' norms
def clip_gradients(gradients, limit):
    norm = sum(float(g.norm()) for g in gradients)
    factor = limit / norm if norm > limit else 1.0
    return [g * factor for g in gradients], norm


# %% wrong: the largest number for a norm
def clip_gradients(gradients, limit):
    norm = max(float(g.abs().max()) for g in gradients)
    factor = limit / norm if norm > limit else 1.0
    return [g * factor for g in gradients], norm


# %% wrong: the norm after clipping is returned
def clip_gradients(gradients, limit):
    norm = sum(float((g.double() ** 2).sum()) for g in gradients) ** 0.5
    factor = limit / norm if norm > limit else 1.0
    return [g * factor for g in gradients], min(norm, limit)


# %% wrong: the tensors that were given are scaled in place
def clip_gradients(gradients, limit):
    norm = sum(float((g.double() ** 2).sum()) for g in gradients) ** 0.5
    if norm > limit:
        for g in gradients:
            g.mul_(limit / norm)
    return gradients, norm


# %% wrong: the factor turned over
def clip_gradients(gradients, limit):
    norm = sum(float((g.double() ** 2).sum()) for g in gradients) ** 0.5
    factor = norm / limit if norm > limit else 1.0
    return [g * factor for g in gradients], norm


# %% wrong: a gradient that is too large is dropped
def clip_gradients(gradients, limit):
    norm = sum(float((g.double() ** 2).sum()) for g in gradients) ** 0.5
    return [g if norm <= limit else torch.zeros_like(g) for g in gradients], norm


# %% wrong: biases and other vectors left out of the norm
def clip_gradients(gradients, limit):
    norm = sum(float((g.double() ** 2).sum()) for g in gradients if g.dim() > 1) ** 0.5
    factor = limit / norm if norm > limit else 1.0
    return [g * factor for g in gradients], norm


# %% wrong: the limit is divided among the tensors
def clip_gradients(gradients, limit):
    norm = sum(float((g.double() ** 2).sum()) for g in gradients) ** 0.5
    share = limit / len(gradients) ** 0.5
    return [g * min(1.0, share / max(float(g.norm()), share)) for g in gradients], norm
