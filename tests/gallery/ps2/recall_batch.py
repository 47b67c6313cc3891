# %% right: row by row, lists
def recall_batch(n, lag, rng):
    inputs = []
    targets = []
    for _ in range(n):
        symbol = int(rng.integers(0, 8))
        inputs.append([symbol] + [int(rng.integers(8, 16)) for _ in range(lag)])
        targets.append(symbol)
    return inputs, targets


# %% right: one draw, then moved up, as tensors
def recall_batch(n, lag, rng):
    inputs = torch.from_numpy(rng.integers(8, size=(n, lag + 1)))
    inputs[:, 1:] += 8
    return inputs, inputs[:, 0].clone()


# %% right: choice, distractors first, small integers
def recall_batch(n, lag, rng):
    inputs = np.empty((n, lag + 1), dtype=np.int32)
    inputs[:, 1:] = rng.choice(np.arange(8, 16), (n, lag))
    inputs[:, 0] = rng.choice(8, n)
    return inputs, inputs[:, 0]


# %% wrong: the last of the symbols and of the distractors never comes
def recall_batch(n, lag, rng):
    symbols = rng.integers(0, 7, size=n)
    return np.concatenate([symbols[:, None], rng.integers(8, 15, size=(n, lag))], 1), symbols


# %% wrong: one distractor too few
def recall_batch(n, lag, rng):
    symbols = rng.integers(8, size=n)
    return np.concatenate([symbols[:, None], rng.integers(8, 16, size=(n, lag - 1))], 1), symbols


# %% wrong: distractors from all sixteen
def recall_batch(n, lag, rng):
    symbols = rng.integers(8, size=n)
    return np.concatenate([symbols[:, None], rng.integers(16, size=(n, lag))], 1), symbols


# %% wrong: the same distractors in every row
def recall_batch(n, lag, rng):
    symbols = rng.integers(8, size=n)
    row = rng.integers(8, 16, size=lag)
    return np.concatenate([symbols[:, None], np.tile(row, (n, 1))], 1), symbols


# %% wrong: one distractor a row, again and again
def recall_batch(n, lag, rng):
    symbols = rng.integers(8, size=n)
    column = rng.integers(8, 16, size=(n, 1))
    return np.concatenate([symbols[:, None], np.repeat(column, lag, 1)], 1), symbols


# %% wrong: the distractors are the symbol, moved up
def recall_batch(n, lag, rng):
    symbols = rng.integers(8, size=n)
    return symbols[:, None] + 8 * (np.arange(lag + 1) > 0), symbols


# %% wrong: the symbol last
def recall_batch(n, lag, rng):
    symbols = rng.integers(8, size=n)
    return np.concatenate([rng.integers(8, 16, size=(n, lag)), symbols[:, None]], 1), symbols


# %% wrong: the target is the last character
def recall_batch(n, lag, rng):
    symbols = rng.integers(8, size=n)
    inputs = np.concatenate([symbols[:, None], rng.integers(8, 16, size=(n, lag))], 1)
    return inputs, inputs[:, -1]


# %% wrong: the rng is not used
def recall_batch(n, lag, rng):
    symbols = np.random.randint(8, size=n)
    return np.concatenate([symbols[:, None], np.random.randint(8, 16, size=(n, lag))], 1), symbols


# %% wrong: a new rng with the same seed at each call
def recall_batch(n, lag, rng):
    rng = np.random.default_rng(0)
    symbols = rng.integers(8, size=n)
    return np.concatenate([symbols[:, None], rng.integers(8, 16, size=(n, lag))], 1), symbols


# %% wrong: numbers that are not integers
def recall_batch(n, lag, rng):
    symbols = np.floor(rng.uniform(0, 8, n))
    distractors = np.floor(rng.uniform(8, 16, (n, lag)))
    return np.concatenate([symbols[:, None], distractors], 1), symbols


# %% wrong: time first
def recall_batch(n, lag, rng):
    symbols = rng.integers(8, size=n)
    return np.concatenate([symbols[None], rng.integers(8, 16, size=(lag, n))]), symbols


# %% wrong: symbols in turns, so that each comes equally often
def recall_batch(n, lag, rng):
    symbols = np.arange(n) % 8
    return np.concatenate([symbols[:, None], rng.integers(8, 16, size=(n, lag))], 1), symbols
