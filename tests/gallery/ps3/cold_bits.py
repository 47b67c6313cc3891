# %% right: windows side by side, the rest by itself
def cold_bits(model, ids, window=256):
    inputs = torch.from_numpy(ids[:-1]).long()
    targets = torch.from_numpy(ids[1:]).long()
    number = len(inputs) // window
    whole = number * window
    parts = []
    with torch.no_grad():
        if number:
            logits, _ = model(inputs[:whole].reshape(number, window))
            parts.append(F.cross_entropy(logits.flatten(0, 1), targets[:whole], reduction="none"))
        if whole < len(inputs):
            logits, _ = model(inputs[whole:][None])
            parts.append(F.cross_entropy(logits[0], targets[whole:], reduction="none"))
    return torch.cat(parts).mean().item() / np.log(2)


# %% right: one character at a time, the state set to zero where a window begins
def cold_bits(model, ids, window=256):
    total = 0.0
    state = None
    with torch.no_grad():
        for n in range(len(ids) - 1):
            if n % window == 0:
                state = None
            logits, state = model(torch.tensor([[int(ids[n])]]), state)
            total -= logits[0, 0].double().log_softmax(-1)[int(ids[n + 1])].item()
    return total / np.log(2) / (len(ids) - 1)


# %% right: a padded last row, the padding not counted
def cold_bits(model, ids, window=256):
    N = len(ids) - 1
    rows = -(-N // window)
    x = np.zeros(rows * window, np.int64)
    y = np.full(rows * window, -100)
    x[:N] = ids[:-1]
    y[:N] = ids[1:]
    with torch.no_grad():
        logits, _ = model(torch.from_numpy(x.reshape(rows, window)))
        labels = torch.from_numpy(y.reshape(rows, window))
        return (F.cross_entropy(logits.transpose(1, 2), labels) / np.log(2)).item()


# %% wrong: the state is carried
def cold_bits(model, ids, window=256):
    nats = 0.0
    state = None
    for start in range(0, len(ids) - 1, window):
        piece = torch.from_numpy(ids[start : start + window + 1]).long()
        with torch.no_grad():
            logits, state = model(piece[None, :-1], state)
        nats += F.cross_entropy(logits[0], piece[1:], reduction="sum").item()
    return nats / (len(ids) - 1) / np.log(2)


# %% wrong: what does not fill a window is left out
def cold_bits(model, ids, window=256):
    window = min(window, len(ids) - 1)
    number = (len(ids) - 1) // window
    nats = 0.0
    for start in range(0, number * window, window):
        piece = torch.from_numpy(ids[start : start + window + 1]).long()
        with torch.no_grad():
            logits, _ = model(piece[None, :-1])
        nats += F.cross_entropy(logits[0], piece[1:], reduction="sum").item()
    return nats / (number * window) / np.log(2)


# %% wrong: the mean of the windows' means
def cold_bits(model, ids, window=256):
    means = []
    for start in range(0, len(ids) - 1, window):
        piece = torch.from_numpy(ids[start : start + window + 1]).long()
        with torch.no_grad():
            logits, _ = model(piece[None, :-1])
        means.append(F.cross_entropy(logits[0], piece[1:]).item())
    return np.mean(means) / np.log(2)


# %% wrong: windows of 256 characters of which 255 are predicted
def cold_bits(model, ids, window=256):
    nats = 0.0
    count = 0
    for start in range(0, len(ids), window):
        piece = torch.from_numpy(ids[start : start + window]).long()
        if len(piece) > 1:
            with torch.no_grad():
                logits, _ = model(piece[None, :-1])
            nats += F.cross_entropy(logits[0], piece[1:], reduction="sum").item()
            count += len(piece) - 1
    return nats / max(count, 1) / np.log(2)


# %% wrong: windows of one character less, so that all are predicted, but from other states
def cold_bits(model, ids, window=256):
    nats = 0.0
    for start in range(0, len(ids) - 1, max(window - 1, 1)):
        piece = torch.from_numpy(ids[start : start + max(window, 2)]).long()
        with torch.no_grad():
            logits, _ = model(piece[None, :-1])
        nats += F.cross_entropy(logits[0], piece[1:], reduction="sum").item()
    return nats / (len(ids) - 1) / np.log(2)


# %% wrong: a window for each character, so that many are predicted again and again
def cold_bits(model, ids, window=256):
    nats = 0.0
    count = 0
    for start in range(0, max(1, len(ids) - window)):
        piece = torch.from_numpy(ids[start : start + window + 1]).long()
        with torch.no_grad():
            logits, _ = model(piece[None, :-1])
        nats += F.cross_entropy(logits[0], piece[1:], reduction="sum").item()
        count += len(piece) - 1
    return nats / count / np.log(2)


# %% wrong: the padding of the last window is counted
def cold_bits(model, ids, window=256):
    N = len(ids) - 1
    rows = -(-N // window)
    x = np.zeros(rows * window, np.int64)
    y = np.zeros(rows * window, np.int64)
    x[:N] = ids[:-1]
    y[:N] = ids[1:]
    with torch.no_grad():
        logits, _ = model(torch.from_numpy(x.reshape(rows, window)))
        labels = torch.from_numpy(y.reshape(rows, window))
        return (F.cross_entropy(logits.transpose(1, 2), labels) / np.log(2)).item()


# %% wrong: the window is always 256
def cold_bits(model, ids, window=256):
    nats = 0.0
    for start in range(0, len(ids) - 1, 256):
        piece = torch.from_numpy(ids[start : start + 257]).long()
        with torch.no_grad():
            logits, _ = model(piece[None, :-1])
        nats += F.cross_entropy(logits[0], piece[1:], reduction="sum").item()
    return nats / (len(ids) - 1) / np.log(2)


# %% wrong: nats, not bits
def cold_bits(model, ids, window=256):
    nats = 0.0
    for start in range(0, len(ids) - 1, window):
        piece = torch.from_numpy(ids[start : start + window + 1]).long()
        with torch.no_grad():
            logits, _ = model(piece[None, :-1])
        nats += F.cross_entropy(logits[0], piece[1:], reduction="sum").item()
    return nats / (len(ids) - 1)


# %% wrong: divided by N, not by N - 1
def cold_bits(model, ids, window=256):
    nats = 0.0
    for start in range(0, len(ids) - 1, window):
        piece = torch.from_numpy(ids[start : start + window + 1]).long()
        with torch.no_grad():
            logits, _ = model(piece[None, :-1])
        nats += F.cross_entropy(logits[0], piece[1:], reduction="sum").item()
    return nats / len(ids) / np.log(2)
