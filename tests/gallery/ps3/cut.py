# %% right: PyTorch, sorted and scattered back
def cut(probabilities, top_k=None, top_p=None):
    p = torch.from_numpy(np.atleast_2d(probabilities).astype(np.float64))
    if top_k is not None:
        values, where = p.topk(min(top_k, p.shape[-1]), dim=-1)
        p = torch.zeros_like(p).scatter(-1, where, values)
        p = p / p.sum(-1, keepdim=True)
    if top_p is not None and top_p < 1:
        values, where = p.sort(dim=-1, descending=True)
        held = values.cumsum(-1)
        out = held - values >= top_p
        values = values.masked_fill(out, 0.0)
        p = torch.zeros_like(p).scatter(-1, where, values)
        p = p / p.sum(-1, keepdim=True)
    return p.numpy().reshape(probabilities.shape)


# %% right: a loop over rows, the most likely taken one by one
def cut(probabilities, top_k=None, top_p=None):
    if probabilities.ndim == 2:
        return np.array([cut(row, top_k, top_p) for row in probabilities])
    left = list(range(len(probabilities)))
    chosen = []
    while left and (top_k is None or len(chosen) < top_k):
        best = max(left, key=lambda i: probabilities[i])
        left.remove(best)
        chosen.append(best)
    whole = sum(float(probabilities[i]) for i in chosen)
    result = np.zeros(len(probabilities))
    total = 0.0
    for i in chosen:
        result[i] = probabilities[i]
        total += float(probabilities[i]) / whole
        if top_p is not None and top_p < 1 and total >= top_p:
            break
    return result / result.sum()


# %% right: ranks and a search in the sums, the least likely end first
def cut(probabilities, top_k=None, top_p=None):
    rows = np.array(probabilities, float, ndmin=2)
    for row in rows:
        ascending = row.argsort()
        if top_k is not None and top_k < len(row):
            row[ascending[: len(row) - top_k]] = 0
            row /= row.sum()
        if top_p is not None:
            sums = row[ascending[::-1]].cumsum()
            number = min(int(np.searchsorted(sums, top_p)) + 1, len(row))
            row[ascending[::-1][number:]] = 0
            row /= row.sum()
    return rows.reshape(probabilities.shape)


# %% wrong: top-p leaves out the one with which the sum reaches the share
def cut(probabilities, top_k=None, top_p=None):
    order = np.argsort(-probabilities, axis=-1, kind="stable")
    ranked = np.take_along_axis(probabilities, order, -1)
    if top_k is not None:
        ranked[..., top_k:] = 0
    ranked = ranked / ranked.sum(-1, keepdims=True)
    if top_p is not None:
        out = ranked.cumsum(-1) > top_p
        out[..., 0] = False
        ranked[out] = 0
    kept = np.empty_like(probabilities)
    np.put_along_axis(kept, order, ranked, -1)
    return kept / kept.sum(-1, keepdims=True)


# %% wrong: top-p leaves out even the most likely, if it alone exceeds the share
def cut(probabilities, top_k=None, top_p=None):
    order = np.argsort(-probabilities, axis=-1, kind="stable")
    ranked = np.take_along_axis(probabilities, order, -1)
    if top_k is not None:
        ranked[..., top_k:] = 0
    ranked = ranked / ranked.sum(-1, keepdims=True)
    if top_p is not None:
        ranked[ranked.cumsum(-1) > top_p] = 0
    kept = np.empty_like(probabilities)
    np.put_along_axis(kept, order, ranked, -1)
    return kept / kept.sum(-1, keepdims=True)


# %% wrong: top-p keeps one too many where the sum is exactly the share
def cut(probabilities, top_k=None, top_p=None):
    order = np.argsort(-probabilities, axis=-1, kind="stable")
    ranked = np.take_along_axis(probabilities, order, -1)
    if top_k is not None:
        ranked[..., top_k:] = 0
    ranked = ranked / ranked.sum(-1, keepdims=True)
    if top_p is not None:
        before = ranked.cumsum(-1) - ranked
        ranked[before > top_p] = 0
    kept = np.empty_like(probabilities)
    np.put_along_axis(kept, order, ranked, -1)
    return kept / kept.sum(-1, keepdims=True)


# %% wrong: top-p keeps one more than are needed
def cut(probabilities, top_k=None, top_p=None):
    order = np.argsort(-probabilities, axis=-1, kind="stable")
    ranked = np.take_along_axis(probabilities, order, -1)
    if top_k is not None:
        ranked[..., top_k:] = 0
    ranked = ranked / ranked.sum(-1, keepdims=True)
    if top_p is not None:
        number = (ranked.cumsum(-1) < top_p).sum(-1, keepdims=True) + 2
        ranked[np.arange(ranked.shape[-1]) >= number] = 0
    kept = np.empty_like(probabilities)
    np.put_along_axis(kept, order, ranked, -1)
    return kept / kept.sum(-1, keepdims=True)


# %% wrong: top-p before top-k
def cut(probabilities, top_k=None, top_p=None):
    order = np.argsort(-probabilities, axis=-1, kind="stable")
    ranked = np.take_along_axis(probabilities, order, -1)
    if top_p is not None and top_p < 1:
        ranked[ranked.cumsum(-1) - ranked >= top_p] = 0
    if top_k is not None:
        ranked[..., top_k:] = 0
    kept = np.empty_like(probabilities)
    np.put_along_axis(kept, order, ranked, -1)
    return kept / kept.sum(-1, keepdims=True)


# %% wrong: top-p takes its share of all, not of what top-k has left
def cut(probabilities, top_k=None, top_p=None):
    order = np.argsort(-probabilities, axis=-1, kind="stable")
    ranked = np.take_along_axis(probabilities, order, -1)
    if top_k is not None:
        ranked[..., top_k:] = 0
    if top_p is not None and top_p < 1:
        ranked[ranked.cumsum(-1) - ranked >= top_p] = 0
    kept = np.empty_like(probabilities)
    np.put_along_axis(kept, order, ranked, -1)
    return kept / kept.sum(-1, keepdims=True)


# %% wrong: not scaled to the sum 1 again
def cut(probabilities, top_k=None, top_p=None):
    order = np.argsort(-probabilities, axis=-1, kind="stable")
    ranked = np.take_along_axis(probabilities, order, -1)
    if top_k is not None:
        ranked[..., top_k:] = 0
    if top_p is not None and top_p < 1:
        ranked[ranked.cumsum(-1) - ranked >= top_p * ranked.sum(-1, keepdims=True)] = 0
    kept = np.empty_like(probabilities)
    np.put_along_axis(kept, order, ranked, -1)
    return kept


# %% wrong: the characters are left in the order of their chances
def cut(probabilities, top_k=None, top_p=None):
    ranked = -np.sort(-probabilities, axis=-1)
    if top_k is not None:
        ranked[..., top_k:] = 0
    if top_p is not None and top_p < 1:
        ranked[ranked.cumsum(-1) - ranked >= top_p * ranked.sum(-1, keepdims=True)] = 0
    return ranked / ranked.sum(-1, keepdims=True)


# %% wrong: the least likely are kept
def cut(probabilities, top_k=None, top_p=None):
    order = np.argsort(probabilities, axis=-1, kind="stable")
    ranked = np.take_along_axis(probabilities, order, -1)
    if top_k is not None:
        ranked[..., top_k:] = 0
    if top_p is not None and top_p < 1:
        ranked[ranked.cumsum(-1) - ranked >= top_p * ranked.sum(-1, keepdims=True)] = 0
    kept = np.empty_like(probabilities)
    np.put_along_axis(kept, order, ranked, -1)
    return kept / kept.sum(-1, keepdims=True)


# %% wrong: a threshold, so that ties keep more than k
def cut(probabilities, top_k=None, top_p=None):
    kept = probabilities.copy()
    if top_k is not None:
        k = min(top_k, kept.shape[-1])
        limit = np.sort(kept, -1)[..., -k][..., None]
        kept[kept < limit] = 0
    if top_p is not None and top_p < 1:
        order = np.argsort(-kept, axis=-1, kind="stable")
        ranked = np.take_along_axis(kept, order, -1)
        ranked[ranked.cumsum(-1) - ranked >= top_p * ranked.sum(-1, keepdims=True)] = 0
        np.put_along_axis(kept, order, ranked, -1)
    return kept / kept.sum(-1, keepdims=True)


# %% wrong: k of all rows together
def cut(probabilities, top_k=None, top_p=None):
    p = probabilities.flatten()
    order = np.argsort(-p, kind="stable")
    ranked = p[order]
    if top_k is not None:
        ranked[top_k * (probabilities.size // probabilities.shape[-1]) :] = 0
    if top_p is not None and top_p < 1:
        ranked[ranked.cumsum() - ranked >= top_p * ranked.sum()] = 0
    kept = np.zeros_like(p)
    kept[order] = ranked
    kept = kept.reshape(probabilities.shape)
    return kept / kept.sum(-1, keepdims=True)


# %% wrong: the argument is changed
def cut(probabilities, top_k=None, top_p=None):
    order = np.argsort(-probabilities, axis=-1, kind="stable")
    ranked = np.take_along_axis(probabilities, order, -1)
    if top_k is not None:
        ranked[..., top_k:] = 0
    if top_p is not None and top_p < 1:
        ranked[ranked.cumsum(-1) - ranked >= top_p * ranked.sum(-1, keepdims=True)] = 0
    np.put_along_axis(probabilities, order, ranked, -1)
    probabilities /= probabilities.sum(-1, keepdims=True)
    return probabilities


# %% wrong: a top_k above the size of the vocabulary is an error
def cut(probabilities, top_k=None, top_p=None):
    p = torch.from_numpy(probabilities)
    if top_k is not None:
        values, where = p.topk(top_k, dim=-1)
        p = torch.zeros_like(p).scatter(-1, where, values)
        p = p / p.sum(-1, keepdim=True)
    if top_p is not None and top_p < 1:
        values, where = p.sort(dim=-1, descending=True)
        values = values.masked_fill(values.cumsum(-1) - values >= top_p, 0.0)
        p = torch.zeros_like(p).scatter(-1, where, values)
    return (p / p.sum(-1, keepdim=True)).numpy()
