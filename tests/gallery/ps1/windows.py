# %% right: one window after the other, row by row
def windows(ids, B, T):
    L = (len(ids) - 1) // B
    found = []
    for start in range(0, L, T):
        stop = min(start + T, L)
        inputs = [[int(ids[i * L + t]) for t in range(start, stop)] for i in range(B)]
        targets = [[int(ids[i * L + t + 1]) for t in range(start, stop)] for i in range(B)]
        found.append((inputs, targets))
    return found


# %% right: places counted out, one fancy index
def windows(ids, B, T):
    L = (len(ids) - 1) // B
    places = np.arange(B)[:, None] * L + np.arange(L)
    return [(ids[places[:, s : s + T]], ids[places[:, s : s + T] + 1]) for s in range(0, L, T)]


# %% right: a generator of tensors, split by PyTorch
def windows(ids, B, T):
    ids = torch.from_numpy(ids.astype("int64"))
    L = (len(ids) - 1) // B
    if L:
        before = ids[: B * L].view(B, L)
        after = ids[1 : B * L + 1].view(B, L)
        yield from zip(before.split(T, dim=1), after.split(T, dim=1), strict=True)


# %% wrong: the package's streams, which leave the narrower window out
from charlstm import Streams


def windows(ids, B, T):
    streams = Streams(ids, B, T)
    return [streams.read(index) for index in range(streams.windows)]


# %% wrong: the rows of a window follow each other in the text, so no stream goes on
def windows(ids, B, T):
    L = (len(ids) - 1) // B
    found = []
    start = 0
    for s in range(0, L, T):
        wide = min(T, L - s)
        size = B * wide
        found.append(
            (
                ids[start : start + size].reshape(B, wide),
                ids[start + 1 : start + 1 + size].reshape(B, wide),
            )
        )
        start += size
    return found


# %% wrong: streams run down the columns of the text
def windows(ids, B, T):
    L = (len(ids) - 1) // B
    inputs, targets = (ids[k : k + B * L].reshape(L, B).T for k in (0, 1))
    return [(inputs[:, s : s + T], targets[:, s : s + T]) for s in range(0, L, T)]


# %% wrong: the targets are rolled within the stream, so its last one is its own first
def windows(ids, B, T):
    L = (len(ids) - 1) // B
    inputs = ids[: B * L].reshape(B, L)
    targets = np.roll(inputs, -1, axis=1)
    return [(inputs[:, s : s + T], targets[:, s : s + T]) for s in range(0, L, T)]


# %% wrong: each stream keeps its last id for a target only
def windows(ids, B, T):
    L = len(ids) // B
    rows = ids[: B * L].reshape(B, L)
    inputs = rows[:, :-1]
    targets = rows[:, 1:]
    return [(inputs[:, s : s + T], targets[:, s : s + T]) for s in range(0, L - 1, T)]


# %% wrong: windows overlap by one, as if each needed its own target
def windows(ids, B, T):
    L = (len(ids) - 1) // B
    rows = ids[: B * L].reshape(B, L)
    found = [rows[:, s : s + T + 1] for s in range(0, L - 1, T)]
    return [(window[:, :-1], window[:, 1:]) for window in found]


# %% wrong: no id is kept back for the last target
def windows(ids, B, T):
    L = len(ids) // B
    places = np.arange(B)[:, None] * L + np.arange(L)
    after = np.minimum(places + 1, len(ids) - 1)
    return [(ids[places[:, s : s + T]], ids[after[:, s : s + T]]) for s in range(0, L, T)]


# %% wrong: the inputs for targets
def windows(ids, B, T):
    L = (len(ids) - 1) // B
    rows = ids[: B * L].reshape(B, L)
    return [(rows[:, s : s + T], rows[:, s : s + T]) for s in range(0, L, T)]
