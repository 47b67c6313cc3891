# %% right: one line of PyTorch
def tempered(logits, temperature):
    z = torch.as_tensor(logits)
    if temperature == 0:
        return F.one_hot(torch.from_numpy(np.asarray(logits.argmax(-1))), z.shape[-1]).numpy()
    return (z / temperature).softmax(-1).numpy()


# %% right: a loop over texts and characters
def tempered(logits, temperature):
    if logits.ndim == 2:
        return np.stack([tempered(row, temperature) for row in logits])
    z = [float(v) for v in logits]
    if temperature == 0:
        best = z.index(max(z))
        return np.array([1.0 if i == best else 0.0 for i in range(len(z))])
    import math

    top = max(z)
    shares = [math.exp((v - top) / temperature) for v in z]
    return np.array([s / sum(shares) for s in shares])


# %% right: with logarithms, warnings and all
def tempered(logits, temperature):
    z = np.array(logits, dtype=np.float64)
    largest = z.max(axis=-1, keepdims=True)
    first = (z == largest) & ((z == largest).cumsum(-1) == 1)
    scaled = (z - largest) / temperature
    log_p = scaled - np.log(np.exp(scaled).sum(-1, keepdims=True))
    return np.where(temperature == 0, first, np.exp(log_p))


# %% wrong: multiplied by the temperature
def tempered(logits, temperature):
    if temperature == 0:
        return np.eye(logits.shape[-1])[logits.argmax(-1)]
    z = logits * temperature
    shares = np.exp(z - z.max(-1, keepdims=True))
    return shares / shares.sum(-1, keepdims=True)


# %% wrong: the chances, not the logits, are divided by the temperature
def tempered(logits, temperature):
    if temperature == 0:
        return np.eye(logits.shape[-1])[logits.argmax(-1)]
    shares = np.exp(logits - logits.max(-1, keepdims=True))
    p = shares / shares.sum(-1, keepdims=True) / temperature
    return p / p.sum(-1, keepdims=True)


# %% wrong: softmax over the texts, not over the characters
def tempered(logits, temperature):
    if temperature == 0:
        return np.eye(logits.shape[-1])[logits.argmax(-1)]
    shares = np.exp((logits - logits.max(0)) / temperature)
    return shares / shares.sum(0)


# %% wrong: one sum over all texts
def tempered(logits, temperature):
    if temperature == 0:
        return np.eye(logits.shape[-1])[logits.argmax(-1)]
    shares = np.exp((logits - logits.max()) / temperature)
    return shares / shares.sum()


# %% wrong: large logits overflow
def tempered(logits, temperature):
    if temperature == 0:
        return np.eye(logits.shape[-1])[logits.argmax(-1)]
    shares = np.exp(logits / temperature)
    return shares / shares.sum(-1, keepdims=True)


# %% wrong: the largest of all logits is taken off, not that of each text, which may underflow
def tempered(logits, temperature):
    if temperature == 0:
        return np.eye(logits.shape[-1])[logits.argmax(-1)]
    shares = np.exp((logits - logits.max()) / temperature)
    return shares / shares.sum(-1, keepdims=True)


# %% wrong: temperature 0 divides by zero
def tempered(logits, temperature):
    shares = np.exp((logits - logits.max(-1, keepdims=True)) / temperature)
    return shares / shares.sum(-1, keepdims=True)


# %% wrong: temperature 0 is not handled but replaced by a small number, so that ties are shared
def tempered(logits, temperature):
    temperature = max(temperature, 1e-8)
    shares = np.exp((logits - logits.max(-1, keepdims=True)) / temperature)
    return shares / shares.sum(-1, keepdims=True)


# %% wrong: temperature 0 returns the index, not chances
def tempered(logits, temperature):
    if temperature == 0:
        return logits.argmax(-1)
    shares = np.exp((logits - logits.max(-1, keepdims=True)) / temperature)
    return shares / shares.sum(-1, keepdims=True)


# %% wrong: the logits are changed in place
def tempered(logits, temperature):
    if temperature == 0:
        return np.eye(logits.shape[-1])[logits.argmax(-1)]
    logits -= logits.max(-1, keepdims=True)
    shares = np.exp(logits / temperature)
    return shares / shares.sum(-1, keepdims=True)


# %% wrong: powers of the chances, in which small ones are lost before they are made larger
def tempered(logits, temperature):
    if temperature == 0:
        return np.eye(logits.shape[-1])[logits.argmax(-1)]
    shares = np.exp(logits - logits.max(-1, keepdims=True))
    p = shares ** (1 / temperature)
    return p / p.sum(-1, keepdims=True)


# %% wrong: not scaled to the sum 1
def tempered(logits, temperature):
    if temperature == 0:
        return np.eye(logits.shape[-1])[logits.argmax(-1)]
    return np.exp((logits - logits.max(-1, keepdims=True)) / temperature)
