# %% right: pieces of 100, the state carried
def carried_bits(model, ids):
    total = 0.0
    state = None
    with torch.no_grad():
        for start in range(0, len(ids) - 1, 100):
            x = torch.tensor(ids[start : start + 100][: len(ids) - 1 - start])[None]
            y = torch.tensor(ids[start + 1 : start + 101]).long()
            logits, state = model(x, state)
            total += -logits[0].log_softmax(-1)[torch.arange(len(y)), y].sum().item()
    return total / (len(ids) - 1) / np.log(2)


# %% right: one character at a time, in NumPy, with a graph that nobody asked for
def carried_bits(model, ids):
    state = None
    surprises = []
    for n in range(1, len(ids)):
        logits, state = model(torch.tensor([[int(ids[n - 1])]]), state)
        z = logits[0, 0].detach().numpy().astype(np.float64)
        z = z - z.max()
        surprises.append(-np.log2(np.exp(z[ids[n]]) / np.exp(z).sum()))
    return np.mean(surprises)


# %% right: all of it read, the last prediction left out, a tensor returned
def carried_bits(model, ids):
    x = torch.from_numpy(ids).long().unsqueeze(0)
    logits, _ = model(x)
    p = torch.softmax(logits[:, :-1].double(), dim=2)
    return -p.gather(2, x[:, 1:, None]).log2().mean()


# %% wrong: nats, not bits
def carried_bits(model, ids):
    with torch.no_grad():
        logits, _ = model(torch.from_numpy(ids[None, :-1]))
        return F.cross_entropy(logits[0], torch.from_numpy(ids[1:]).long()).item()


# %% wrong: multiplied by ln 2
def carried_bits(model, ids):
    with torch.no_grad():
        logits, _ = model(torch.from_numpy(ids[None, :-1]))
        nats = F.cross_entropy(logits[0], torch.from_numpy(ids[1:]).long()).item()
    return nats * np.log(2)


# %% wrong: perplexity
def carried_bits(model, ids):
    with torch.no_grad():
        logits, _ = model(torch.from_numpy(ids[None, :-1]))
        return F.cross_entropy(logits[0], torch.from_numpy(ids[1:]).long()).exp().item()


# %% wrong: the state is not carried from piece to piece
def carried_bits(model, ids):
    nats = 0.0
    for start in range(0, len(ids) - 1, 100):
        piece = torch.from_numpy(ids[start : start + 101]).long()
        with torch.no_grad():
            logits, _ = model(piece[None, :-1])
        nats += F.cross_entropy(logits[0], piece[1:], reduction="sum").item()
    return nats / (len(ids) - 1) / np.log(2)


# %% wrong: the mean of the pieces' means, the last of which is shorter
def carried_bits(model, ids):
    means = []
    state = None
    for start in range(0, len(ids) - 1, 100):
        piece = torch.from_numpy(ids[start : start + 101]).long()
        with torch.no_grad():
            logits, state = model(piece[None, :-1], state)
        means.append(F.cross_entropy(logits[0], piece[1:]).item())
    return np.mean(means) / np.log(2)


# %% wrong: each piece's first character is not predicted
def carried_bits(model, ids):
    nats = 0.0
    state = None
    for start in range(0, len(ids), 100):
        piece = torch.from_numpy(ids[start : start + 100]).long()
        with torch.no_grad():
            logits, state = model(piece[None], state)
        nats += F.cross_entropy(logits[0, :-1], piece[1:], reduction="sum").item()
    return nats / (len(ids) - 1) / np.log(2)


# %% wrong: what does not fill a piece is left out
def carried_bits(model, ids):
    size = min(100, len(ids) - 1)
    nats = 0.0
    state = None
    number = (len(ids) - 1) // size
    for start in range(0, number * size, size):
        piece = torch.from_numpy(ids[start : start + size + 1]).long()
        with torch.no_grad():
            logits, state = model(piece[None, :-1], state)
        nats += F.cross_entropy(logits[0], piece[1:], reduction="sum").item()
    return nats / (number * size) / np.log(2)


# %% wrong: the model predicts what it has just read
def carried_bits(model, ids):
    with torch.no_grad():
        logits, _ = model(torch.from_numpy(ids[None]))
        nats = F.cross_entropy(logits[0], torch.from_numpy(ids).long()).item()
    return nats / np.log(2)


# %% wrong: divided by N, not by N - 1
def carried_bits(model, ids):
    with torch.no_grad():
        logits, _ = model(torch.from_numpy(ids[None, :-1]))
        labels = torch.from_numpy(ids[1:]).long()
        nats = F.cross_entropy(logits[0], labels, reduction="sum").item()
    return nats / len(ids) / np.log(2)


# %% wrong: softmax over the times
def carried_bits(model, ids):
    with torch.no_grad():
        logits, _ = model(torch.from_numpy(ids[None, :-1]))
        p = logits.softmax(1)[0]
        labels = torch.from_numpy(ids[1:]).long()
    return -p[torch.arange(len(labels)), labels].log2().mean().item()
