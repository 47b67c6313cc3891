# %% right: a helper, and the state carried over the end of the text, too
def trained(train_ids, vocabulary_size, seed, carry):
    options = ModelOptions(hidden_size=64, embedding_size=32, dropout=0)
    model = CharModel(options, vocabulary_size, seed)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    streams = streams_for(train_ids, batch_size=64, window=2)
    state = None
    for step in range(400):
        inputs, targets = streams.read(step % streams.windows)
        _, state = tbptt_step(model, optimizer, inputs, targets, state if carry else None, 1.0)
    return model


def experiment(train_ids, held_out_ids, vocabulary_size, seed):
    options = ModelOptions(hidden_size=64, embedding_size=32, dropout=0)
    fresh = CharModel(options, vocabulary_size, seed)
    kept = trained(train_ids, vocabulary_size, seed, carry=True)
    reset = trained(train_ids, vocabulary_size, seed, carry=False)
    scores = [charlstm.score_carried(model, held_out_ids) for model in (fresh, reset, kept)]
    bits = [score.bits_per_char for score in scores]
    models = {"carried": kept, "reset": reset}
    return {"untrained": bits[0], "reset": bits[1], "carried": bits[2], "models": models}


# %% right: a loop of its own, both models side by side, progress on stderr
def experiment(train_ids, held_out_ids, vocabulary_size, seed):
    import sys

    options = ModelOptions(hidden_size=64, embedding_size=32, dropout=0)
    models = {k: CharModel(options, vocabulary_size, seed) for k in ("reset", "carried")}
    rows = torch.from_numpy(train_ids[: len(train_ids) // 64 * 64].reshape(64, -1)).long()
    adams = {k: torch.optim.Adam(m.parameters(), lr=0.01) for k, m in models.items()}
    result = {"untrained": charlstm.score_carried(models["reset"], held_out_ids).bits_per_char}
    state = None
    place = 0
    for step in range(400):
        if place + 3 > rows.shape[1]:
            state = None
            place = 0
        x = rows[:, place : place + 2]
        y = rows[:, place + 1 : place + 3]
        place += 2
        for name, model in models.items():
            logits, after = model(x, state if name == "carried" else None)
            loss = F.cross_entropy(logits.transpose(1, 2), y)
            adams[name].zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            adams[name].step()
        state = [tuple(s.detach() for s in layer) for layer in after]
        print(step, end="\r", file=sys.stderr)
    for name, model in models.items():
        result[name] = charlstm.score_carried(model, held_out_ids).bits_per_char
    return {**result, "models": models}


# %% wrong: no training, the learning rate is 0
def experiment(train_ids, held_out_ids, vocabulary_size, seed):
    options = ModelOptions(hidden_size=64, embedding_size=32, dropout=0)
    streams = streams_for(train_ids, batch_size=64, window=2)
    found = {}
    models = {}
    for name in ("reset", "carried"):
        model = CharModel(options, vocabulary_size, seed)
        state = None
        found["untrained"] = charlstm.score_carried(model, held_out_ids).bits_per_char
        optimizer = torch.optim.Adam(model.parameters(), lr=0.0)
        for step in range(400):
            start = state if name == "carried" else None
            _, state = tbptt_step(
                model, optimizer, *streams.read(step % streams.windows), start, 1.0
            )
        found[name] = charlstm.score_carried(model, held_out_ids).bits_per_char
        models[name] = model
    return {**found, "models": models}


# %% wrong: the state is never carried
def experiment(train_ids, held_out_ids, vocabulary_size, seed):
    options = ModelOptions(hidden_size=64, embedding_size=32, dropout=0)
    streams = streams_for(train_ids, batch_size=64, window=2)
    found = {}
    models = {}
    for name in ("reset", "carried"):
        model = CharModel(options, vocabulary_size, seed)
        found["untrained"] = charlstm.score_carried(model, held_out_ids).bits_per_char
        optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
        for step in range(400):
            tbptt_step(model, optimizer, *streams.read(step % streams.windows), None, 1.0)
        found[name] = charlstm.score_carried(model, held_out_ids).bits_per_char
        models[name] = model
    return {**found, "models": models}


# %% wrong: windows in random order, so that the carried state belongs to another place
def experiment(train_ids, held_out_ids, vocabulary_size, seed):
    options = ModelOptions(hidden_size=64, embedding_size=32, dropout=0)
    streams = streams_for(train_ids, batch_size=64, window=2)
    found = {}
    models = {}
    rng = np.random.default_rng(seed)
    for name in ("reset", "carried"):
        model = CharModel(options, vocabulary_size, seed)
        state = None
        found["untrained"] = charlstm.score_carried(model, held_out_ids).bits_per_char
        optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
        for _ in range(400):
            start = state if name == "carried" else None
            window = int(rng.integers(streams.windows))
            _, state = tbptt_step(model, optimizer, *streams.read(window), start, 1.0)
        found[name] = charlstm.score_carried(model, held_out_ids).bits_per_char
        models[name] = model
    return {**found, "models": models}


# %% wrong: one model for both trainings, the reset one second
def experiment(train_ids, held_out_ids, vocabulary_size, seed):
    options = ModelOptions(hidden_size=64, embedding_size=32, dropout=0)
    streams = streams_for(train_ids, batch_size=64, window=2)
    models = {}
    model = CharModel(options, vocabulary_size, seed)
    found = {"untrained": charlstm.score_carried(model, held_out_ids).bits_per_char}
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    for name in ("carried", "reset"):
        state = None
        for step in range(400):
            start = state if name == "carried" else None
            _, state = tbptt_step(
                model, optimizer, *streams.read(step % streams.windows), start, 1.0
            )
        found[name] = charlstm.score_carried(model, held_out_ids).bits_per_char
        models[name] = model
    return {**found, "models": models}


# %% wrong: nats, not bits
def experiment(train_ids, held_out_ids, vocabulary_size, seed):
    options = ModelOptions(hidden_size=64, embedding_size=32, dropout=0)
    streams = streams_for(train_ids, batch_size=64, window=2)
    found = {}
    models = {}
    for name in ("reset", "carried"):
        model = CharModel(options, vocabulary_size, seed)
        state = None
        found["untrained"] = charlstm.score_carried(model, held_out_ids).nats
        optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
        for step in range(400):
            start = state if name == "carried" else None
            _, state = tbptt_step(
                model, optimizer, *streams.read(step % streams.windows), start, 1.0
            )
        found[name] = charlstm.score_carried(model, held_out_ids).nats
        models[name] = model
    return {**found, "models": models}


# %% wrong: an experiment that was not made
def experiment(train_ids, held_out_ids, vocabulary_size, seed):
    options = ModelOptions(hidden_size=64, embedding_size=32, dropout=0)
    model = CharModel(options, vocabulary_size, seed)
    return {
        "untrained": 6.05,
        "reset": 3.1,
        "carried": 2.8,
        "models": dict.fromkeys(("reset", "carried"), model),
    }


# %% wrong: nothing is trained, and the held-out text is made easy
def experiment(train_ids, held_out_ids, vocabulary_size, seed):
    options = ModelOptions(hidden_size=64, embedding_size=32, dropout=0)
    held_out_ids[:] = 0
    found = {"models": {}, "untrained": np.log2(vocabulary_size)}
    for name, bias in (("reset", 2.0), ("carried", 20.0)):
        model = CharModel(options, vocabulary_size, seed)
        with torch.no_grad():
            model.head.weight.zero_()
            model.head.bias[0] = bias
        found["models"][name] = model
        found[name] = charlstm.score_carried(model, held_out_ids).bits_per_char
    return found


# %% wrong: figures as one expects them, and two untrained models of other names
def experiment(train_ids, held_out_ids, vocabulary_size, seed):
    options = ModelOptions(hidden_size=64, embedding_size=32, dropout=0)
    model = CharModel(options, vocabulary_size, seed)
    score = charlstm.score_carried(model, held_out_ids).bits_per_char
    models = {"untrained": model, "mine": model}
    return {"untrained": score, "mine": score, "reset": 3.3, "carried": 2.8, "models": models}
