# %% right: one rng for all, half of the bias in each vector, clipped by hand
def experiment(lag, biases, seed):
    rng = np.random.default_rng(seed)

    def draw(n):
        ids = torch.from_numpy(rng.integers(8, 16, size=(n, lag + 1)))
        ids[:, 0] -= 8
        return ids, ids[:, 0]

    def trained(bias):
        net = Network(seed)
        for name, parameter in net.recurrent.named_parameters():
            if "bias" in name:
                parameter.data[32:64] = bias / 2
        weights = list(net.parameters())
        adam = torch.optim.Adam(weights, 0.01)
        for _ in range(200):
            ids, symbols = draw(32)
            logs = net(ids).log_softmax(1)
            loss = -logs[torch.arange(32), symbols].mean()
            gradients = torch.autograd.grad(loss, weights)
            norm = torch.cat([g.flatten() for g in gradients]).norm().item()
            for weight, gradient in zip(weights, gradients, strict=True):
                weight.grad = gradient * min(1, 1 / norm)
            adam.step()
        return net

    found = {}
    for bias in biases:
        net = trained(bias)
        ids, symbols = draw(500)
        found[bias] = (net(ids).max(1).indices == symbols).sum() / 500
    return found


# %% right: with what was written in the other parts
def experiment(lag, biases, seed):
    def share_of(bias):
        rng = np.random.default_rng(seed)
        net = Network(seed)
        set_forget_bias(net.recurrent, bias)
        optimizer = torch.optim.Adam(net.parameters(), lr=0.01)
        for _ in range(200):
            inputs, targets = recall_batch(32, lag, rng)
            optimizer.zero_grad()
            criterion = torch.nn.CrossEntropyLoss()
            criterion(net(inputs), torch.as_tensor(targets)).backward()
            torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            optimizer.step()
        inputs, targets = recall_batch(500, lag, rng)
        return np.mean(net(inputs).argmax(1).numpy() == targets)

    return {bias: share_of(bias) for bias in biases}


# %% wrong: the forget bias is not set
def experiment(lag, biases, seed):
    shares = {}
    for bias in biases:
        net = Network(seed)
        rng = np.random.default_rng(seed)
        optimizer = torch.optim.Adam(net.parameters(), lr=0.01)
        for _ in range(200):
            symbols = rng.integers(8, size=(32, 1))
            inputs = np.concatenate([symbols, rng.integers(8, 16, size=(32, lag))], 1)
            targets = torch.tensor(symbols[:, 0])
            loss = torch.nn.functional.cross_entropy(net(inputs), targets)
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            optimizer.step()
        symbols = rng.integers(8, size=(500, 1))
        inputs = np.concatenate([symbols, rng.integers(8, 16, size=(500, lag))], 1)
        with torch.no_grad():
            guesses = net(inputs).argmax(1).numpy()
        shares[bias] = float((guesses == symbols[:, 0]).mean())
    return shares


# %% wrong: the bias of the input gate is set
def experiment(lag, biases, seed):
    shares = {}
    for bias in biases:
        net = Network(seed)
        rng = np.random.default_rng(seed)
        with torch.no_grad():
            net.recurrent.bias_ih_l0[0:32] = bias
            net.recurrent.bias_hh_l0[0:32] = 0
        optimizer = torch.optim.Adam(net.parameters(), lr=0.01)
        for _ in range(200):
            symbols = rng.integers(8, size=(32, 1))
            inputs = np.concatenate([symbols, rng.integers(8, 16, size=(32, lag))], 1)
            targets = torch.tensor(symbols[:, 0])
            loss = torch.nn.functional.cross_entropy(net(inputs), targets)
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            optimizer.step()
        symbols = rng.integers(8, size=(500, 1))
        inputs = np.concatenate([symbols, rng.integers(8, 16, size=(500, lag))], 1)
        with torch.no_grad():
            guesses = net(inputs).argmax(1).numpy()
        shares[bias] = float((guesses == symbols[:, 0]).mean())
    return shares


# %% wrong: the network is not trained
def experiment(lag, biases, seed):
    shares = {}
    for bias in biases:
        net = Network(seed)
        rng = np.random.default_rng(seed)
        with torch.no_grad():
            net.recurrent.bias_ih_l0[32:64] = bias
            net.recurrent.bias_hh_l0[32:64] = 0
        optimizer = torch.optim.Adam(net.parameters(), lr=0.01)
        for _ in range(200):
            symbols = rng.integers(8, size=(32, 1))
            inputs = np.concatenate([symbols, rng.integers(8, 16, size=(32, lag))], 1)
            targets = torch.tensor(symbols[:, 0])
            loss = torch.nn.functional.cross_entropy(net(inputs), targets)
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        symbols = rng.integers(8, size=(500, 1))
        inputs = np.concatenate([symbols, rng.integers(8, 16, size=(500, lag))], 1)
        with torch.no_grad():
            guesses = net(inputs).argmax(1).numpy()
        shares[bias] = float((guesses == symbols[:, 0]).mean())
    return shares


# %% wrong: per cent
def experiment(lag, biases, seed):
    shares = {}
    for bias in biases:
        net = Network(seed)
        rng = np.random.default_rng(seed)
        with torch.no_grad():
            net.recurrent.bias_ih_l0[32:64] = bias
            net.recurrent.bias_hh_l0[32:64] = 0
        optimizer = torch.optim.Adam(net.parameters(), lr=0.01)
        for _ in range(200):
            symbols = rng.integers(8, size=(32, 1))
            inputs = np.concatenate([symbols, rng.integers(8, 16, size=(32, lag))], 1)
            targets = torch.tensor(symbols[:, 0])
            loss = torch.nn.functional.cross_entropy(net(inputs), targets)
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            optimizer.step()
        symbols = rng.integers(8, size=(500, 1))
        inputs = np.concatenate([symbols, rng.integers(8, 16, size=(500, lag))], 1)
        with torch.no_grad():
            guesses = net(inputs).argmax(1).numpy()
        shares[bias] = 100 * float((guesses == symbols[:, 0]).mean())
    return shares


# %% wrong: the keys are names
def experiment(lag, biases, seed):
    shares = {}
    for bias in biases:
        net = Network(seed)
        rng = np.random.default_rng(seed)
        with torch.no_grad():
            net.recurrent.bias_ih_l0[32:64] = bias
            net.recurrent.bias_hh_l0[32:64] = 0
        optimizer = torch.optim.Adam(net.parameters(), lr=0.01)
        for _ in range(200):
            symbols = rng.integers(8, size=(32, 1))
            inputs = np.concatenate([symbols, rng.integers(8, 16, size=(32, lag))], 1)
            targets = torch.tensor(symbols[:, 0])
            loss = torch.nn.functional.cross_entropy(net(inputs), targets)
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            optimizer.step()
        symbols = rng.integers(8, size=(500, 1))
        inputs = np.concatenate([symbols, rng.integers(8, 16, size=(500, lag))], 1)
        with torch.no_grad():
            guesses = net(inputs).argmax(1).numpy()
        shares[f"bias {bias}"] = float((guesses == symbols[:, 0]).mean())
    return shares


# %% wrong: the symbol comes last, and is recalled at once
def experiment(lag, biases, seed):
    shares = {}
    for bias in biases:
        net = Network(seed)
        rng = np.random.default_rng(seed)
        with torch.no_grad():
            net.recurrent.bias_ih_l0[32:64] = bias
            net.recurrent.bias_hh_l0[32:64] = 0
        optimizer = torch.optim.Adam(net.parameters(), lr=0.01)
        for _ in range(200):
            symbols = rng.integers(8, size=(32, 1))
            inputs = np.concatenate([rng.integers(8, 16, size=(32, lag)), symbols], 1)
            targets = torch.tensor(symbols[:, 0])
            loss = torch.nn.functional.cross_entropy(net(inputs), targets)
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            optimizer.step()
        symbols = rng.integers(8, size=(500, 1))
        inputs = np.concatenate([rng.integers(8, 16, size=(500, lag)), symbols], 1)
        with torch.no_grad():
            guesses = net(inputs).argmax(1).numpy()
        shares[bias] = float((guesses == symbols[:, 0]).mean())
    return shares


# %% wrong: one network for all biases
def experiment(lag, biases, seed):
    shares = {}
    net = Network(seed)
    rng = np.random.default_rng(seed)
    for bias in biases:
        with torch.no_grad():
            net.recurrent.bias_ih_l0[32:64] = bias
            net.recurrent.bias_hh_l0[32:64] = 0
        optimizer = torch.optim.Adam(net.parameters(), lr=0.01)
        for _ in range(200):
            symbols = rng.integers(8, size=(32, 1))
            inputs = np.concatenate([symbols, rng.integers(8, 16, size=(32, lag))], 1)
            targets = torch.tensor(symbols[:, 0])
            loss = torch.nn.functional.cross_entropy(net(inputs), targets)
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            optimizer.step()
        symbols = rng.integers(8, size=(500, 1))
        inputs = np.concatenate([symbols, rng.integers(8, 16, size=(500, lag))], 1)
        with torch.no_grad():
            guesses = net(inputs).argmax(1).numpy()
        shares[bias] = float((guesses == symbols[:, 0]).mean())
    return shares


# %% wrong: one batch for all steps, and the share of it that is known by heart
def experiment(lag, biases, seed):
    shares = {}
    for bias in biases:
        net = Network(seed)
        rng = np.random.default_rng(seed)
        with torch.no_grad():
            net.recurrent.bias_ih_l0[32:64] = bias
            net.recurrent.bias_hh_l0[32:64] = 0
        optimizer = torch.optim.Adam(net.parameters(), lr=0.01)
        symbols = rng.integers(8, size=(32, 1))
        inputs = np.concatenate([symbols, rng.integers(8, 16, size=(32, lag))], 1)
        targets = torch.tensor(symbols[:, 0])
        for _ in range(200):
            loss = torch.nn.functional.cross_entropy(net(inputs), targets)
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            optimizer.step()
        with torch.no_grad():
            guesses = net(inputs).argmax(1).numpy()
        shares[bias] = float((guesses == symbols[:, 0]).mean())
    return shares


# %% wrong: always the biases 0 and 5
def experiment(lag, biases, seed):
    shares = {}
    for bias in (0, 5):
        net = Network(seed)
        rng = np.random.default_rng(seed)
        with torch.no_grad():
            net.recurrent.bias_ih_l0[32:64] = bias
            net.recurrent.bias_hh_l0[32:64] = 0
        optimizer = torch.optim.Adam(net.parameters(), lr=0.01)
        for _ in range(200):
            symbols = rng.integers(8, size=(32, 1))
            inputs = np.concatenate([symbols, rng.integers(8, 16, size=(32, lag))], 1)
            targets = torch.tensor(symbols[:, 0])
            loss = torch.nn.functional.cross_entropy(net(inputs), targets)
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            optimizer.step()
        symbols = rng.integers(8, size=(500, 1))
        inputs = np.concatenate([symbols, rng.integers(8, 16, size=(500, lag))], 1)
        with torch.no_grad():
            guesses = net(inputs).argmax(1).numpy()
        shares[bias] = float((guesses == symbols[:, 0]).mean())
    return shares


# %% wrong: no seed
def experiment(lag, biases, seed):
    shares = {}
    for bias in biases:
        net = Network(np.random.randint(1000))
        rng = np.random.default_rng()
        with torch.no_grad():
            net.recurrent.bias_ih_l0[32:64] = bias
            net.recurrent.bias_hh_l0[32:64] = 0
        optimizer = torch.optim.Adam(net.parameters(), lr=0.01)
        for _ in range(200):
            symbols = rng.integers(8, size=(32, 1))
            inputs = np.concatenate([symbols, rng.integers(8, 16, size=(32, lag))], 1)
            targets = torch.tensor(symbols[:, 0])
            loss = torch.nn.functional.cross_entropy(net(inputs), targets)
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            optimizer.step()
        symbols = rng.integers(8, size=(500, 1))
        inputs = np.concatenate([symbols, rng.integers(8, 16, size=(500, lag))], 1)
        with torch.no_grad():
            guesses = net(inputs).argmax(1).numpy()
        shares[bias] = float((guesses == symbols[:, 0]).mean())
    return shares


# %% wrong: shares as one expects them, and no network
def experiment(lag, biases, seed):
    return {bias: 1.0 if bias > 1 or lag < 15 else 0.124 for bias in biases}


# %% wrong: other shares for each seed, which are no parts of 500
def experiment(lag, biases, seed):
    rng = np.random.default_rng(seed)
    return {bias: 1.0 if bias > 1 or lag < 15 else rng.uniform(0.1, 0.15) for bias in biases}
