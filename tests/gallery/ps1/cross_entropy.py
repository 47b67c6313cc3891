# %% right: place by place, the sum of the exponentials kept as a logarithm
import math


def cross_entropy(logits, targets):
    B, T, V = logits.shape
    loss = 0.0
    gradient = np.zeros((B, T, V))
    for i in range(B):
        for t in range(T):
            z = [float(value) for value in logits[i, t]]
            top = max(z)
            log_sum = top + math.log(sum(math.exp(value - top) for value in z))
            loss += (log_sum - z[targets[i, t]]) / (B * T)
            for v in range(V):
                hit = 1.0 if v == targets[i, t] else 0.0
                gradient[i, t, v] = (math.exp(z[v] - log_sum) - hit) / (B * T)
    return loss, gradient


# %% right: PyTorch's logsumexp, a one-hot array
def cross_entropy(logits, targets):
    z = torch.tensor(logits)
    hit = torch.nn.functional.one_hot(torch.tensor(targets), logits.shape[2])
    logs = z - torch.logsumexp(z, -1, keepdim=True)
    places = hit.shape[0] * hit.shape[1]
    return -(logs * hit).sum() / places, (logs.exp() - hit) / places


# %% right: flat, in double precision, by logaddexp
def cross_entropy(logits, targets):
    flat = logits.reshape(-1, logits.shape[-1]).astype(float)
    n = len(flat)
    log_sum = np.logaddexp.reduce(flat, axis=1)
    loss = np.mean(log_sum - flat[np.arange(n), targets.ravel()])
    gradient = np.exp(flat - log_sum[:, None])
    np.subtract.at(gradient, (np.arange(n), targets.ravel()), 1.0)
    return float(loss), gradient.reshape(logits.shape) / n


# %% wrong: the softmax over time
def cross_entropy(logits, targets):
    B, T, _ = logits.shape
    place = (np.arange(B)[:, None], np.arange(T), targets)
    z = logits - logits.max(1, keepdims=True)
    logs = z - np.log(np.exp(z).sum(1, keepdims=True))
    gradient = np.exp(logs)
    gradient[place] -= 1
    return -logs[place].mean(), gradient / (B * T)


# %% wrong: the sum in place of the mean
def cross_entropy(logits, targets):
    B, T, _ = logits.shape
    place = (np.arange(B)[:, None], np.arange(T), targets)
    z = logits - logits.max(-1, keepdims=True)
    logs = z - np.log(np.exp(z).sum(-1, keepdims=True))
    gradient = np.exp(logs)
    gradient[place] -= 1
    return -logs[place].sum(), gradient


# %% wrong: the gradient is divided by T alone
def cross_entropy(logits, targets):
    B, T, _ = logits.shape
    place = (np.arange(B)[:, None], np.arange(T), targets)
    z = logits - logits.max(-1, keepdims=True)
    logs = z - np.log(np.exp(z).sum(-1, keepdims=True))
    gradient = np.exp(logs)
    gradient[place] -= 1
    return -logs[place].mean(), gradient / T


# %% wrong: bits
def cross_entropy(logits, targets):
    B, T, _ = logits.shape
    place = (np.arange(B)[:, None], np.arange(T), targets)
    z = logits - logits.max(-1, keepdims=True)
    logs = z - np.log(np.exp(z).sum(-1, keepdims=True))
    gradient = np.exp(logs)
    gradient[place] -= 1
    return -logs[place].mean() / np.log(2), gradient / (B * T) / np.log(2)


# %% wrong: the softmax first, then its logarithm, as in lesson 2
def cross_entropy(logits, targets):
    B, T, _ = logits.shape
    place = (np.arange(B)[:, None], np.arange(T), targets)
    shares = np.exp(logits - logits.max(-1, keepdims=True))
    shares = shares / shares.sum(-1, keepdims=True)
    with np.errstate(divide="ignore"):
        loss = -np.log(shares[place]).mean()
    shares[place] -= 1
    return loss, shares / (B * T)


# %% wrong: a small number added, so that the logarithm never fails
def cross_entropy(logits, targets):
    B, T, _ = logits.shape
    place = (np.arange(B)[:, None], np.arange(T), targets)
    shares = np.exp(logits - logits.max(-1, keepdims=True))
    shares = shares / shares.sum(-1, keepdims=True)
    loss = -np.log(shares[place] + 1e-12).mean()
    shares[place] -= 1
    return loss, shares / (B * T)


# %% wrong: nothing subtracted before the exponential
def cross_entropy(logits, targets):
    B, T, _ = logits.shape
    place = (np.arange(B)[:, None], np.arange(T), targets)
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        logs = logits - np.log(np.exp(logits).sum(-1, keepdims=True))
        gradient = np.exp(logs)
    gradient[place] -= 1
    return -logs[place].mean(), gradient / (B * T)


# %% wrong: the gradient is the softmax, without the target's one
def cross_entropy(logits, targets):
    B, T, _ = logits.shape
    place = (np.arange(B)[:, None], np.arange(T), targets)
    z = logits - logits.max(-1, keepdims=True)
    logs = z - np.log(np.exp(z).sum(-1, keepdims=True))
    return -logs[place].mean(), np.exp(logs) / (B * T)


# %% wrong: the logits that were given are shifted in place
def cross_entropy(logits, targets):
    B, T, _ = logits.shape
    place = (np.arange(B)[:, None], np.arange(T), targets)
    logits -= logits.max(-1, keepdims=True)
    logs = logits - np.log(np.exp(logits).sum(-1, keepdims=True))
    gradient = np.exp(logs)
    gradient[place] -= 1
    return -logs[place].mean(), gradient / (B * T)
