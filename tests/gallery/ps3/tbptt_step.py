# %% right: cross_entropy and clip_grad_norm_
def tbptt_step(model, optimizer, inputs, targets, state, clip):
    model.zero_grad()
    logits, after = model(torch.tensor(inputs), state)
    labels = torch.tensor(targets).long()
    loss = F.cross_entropy(logits.transpose(1, 2), labels)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), clip)
    optimizer.step()
    return float(loss), [[s.detach().clone() for s in layer] for layer in after]


# %% right: loops, clipping by hand, the gradients cleared at the end
def tbptt_step(model, optimizer, inputs, targets, state, clip):
    B, T = inputs.shape
    logits, new_state = model(torch.from_numpy(inputs).long(), state)
    logp = logits - torch.logsumexp(logits, -1, keepdim=True)
    total = 0
    for b in range(B):
        for t in range(T):
            total = total - logp[b, t, int(targets[b, t])]
    loss = total / (B * T)
    loss.backward()
    with torch.no_grad():
        grads = [p.grad for p in model.parameters() if p.grad is not None]
        norm = torch.sqrt(sum((g**2).sum() for g in grads))
        if norm > clip:
            for g in grads:
                g *= clip / norm
    optimizer.step()
    optimizer.zero_grad()
    return loss.detach().numpy(), tuple(tuple(s.data for s in layer) for layer in new_state)


# %% right: one character at a time, torch.autograd.grad, the state detached on the way in as well
def tbptt_step(model, optimizer, inputs, targets, state, clip):
    if state is not None:
        state = [tuple(s.detach() for s in layer) for layer in state]
    losses = []
    for t in range(inputs.shape[1]):
        logits, state = model(torch.from_numpy(inputs[:, t : t + 1].copy()), state)
        labels = torch.from_numpy(targets[:, t].copy()).long()
        losses.append(F.cross_entropy(logits[:, 0], labels))
    loss = torch.stack(losses).mean()
    weights = list(model.parameters())
    grads = torch.autograd.grad(loss, weights)
    norm = torch.linalg.vector_norm(torch.cat([g.flatten() for g in grads]))
    scale = min(1.0, clip / (norm.item() + 1e-6))
    for p, g in zip(weights, grads, strict=True):
        p.grad = g * scale
    optimizer.step()
    return loss.item(), [tuple(s.detach() for s in layer) for layer in state]


# %% wrong: the state is not detached
def tbptt_step(model, optimizer, inputs, targets, state, clip):
    optimizer.zero_grad()
    logits, state = model(torch.from_numpy(inputs), state)
    loss = F.cross_entropy(logits.flatten(0, 1), torch.from_numpy(targets).long().flatten())
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), clip)
    optimizer.step()
    return loss.item(), state


# %% wrong: the state is not detached, and the error that follows is silenced by retain_graph
def tbptt_step(model, optimizer, inputs, targets, state, clip):
    optimizer.zero_grad()
    logits, state = model(torch.from_numpy(inputs), state)
    loss = F.cross_entropy(logits.flatten(0, 1), torch.from_numpy(targets).long().flatten())
    loss.backward(retain_graph=True)
    torch.nn.utils.clip_grad_norm_(model.parameters(), clip)
    optimizer.step()
    return loss.item(), state


# %% wrong: h is detached, c is not
def tbptt_step(model, optimizer, inputs, targets, state, clip):
    optimizer.zero_grad()
    logits, state = model(torch.from_numpy(inputs), state)
    loss = F.cross_entropy(logits.flatten(0, 1), torch.from_numpy(targets).long().flatten())
    loss.backward(retain_graph=True)
    torch.nn.utils.clip_grad_norm_(model.parameters(), clip)
    optimizer.step()
    return loss.item(), [(layer[0].detach(), *layer[1:]) for layer in state]


# %% wrong: only the first layer's state is kept
def tbptt_step(model, optimizer, inputs, targets, state, clip):
    optimizer.zero_grad()
    if state is not None:
        zero = model.zero_state(len(inputs))
        state = [state[0], *zero[1:]]
    logits, state = model(torch.from_numpy(inputs), state)
    loss = F.cross_entropy(logits.flatten(0, 1), torch.from_numpy(targets).long().flatten())
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), clip)
    optimizer.step()
    return loss.item(), [tuple(s.detach() for s in layer) for layer in state]


# %% wrong: the state that comes in is not used
def tbptt_step(model, optimizer, inputs, targets, state, clip):
    optimizer.zero_grad()
    logits, state = model(torch.from_numpy(inputs))
    loss = F.cross_entropy(logits.flatten(0, 1), torch.from_numpy(targets).long().flatten())
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), clip)
    optimizer.step()
    return loss.item(), [tuple(s.detach() for s in layer) for layer in state]


# %% wrong: the state is that of a second pass, after the update
def tbptt_step(model, optimizer, inputs, targets, state, clip):
    optimizer.zero_grad()
    x = torch.from_numpy(inputs)
    logits, _ = model(x, state)
    loss = F.cross_entropy(logits.flatten(0, 1), torch.from_numpy(targets).long().flatten())
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), clip)
    optimizer.step()
    with torch.no_grad():
        _, state = model(x, state)
    return loss.item(), state


# %% wrong: the loss that is returned carries its graph, so that a list of losses keeps all graphs
def tbptt_step(model, optimizer, inputs, targets, state, clip):
    optimizer.zero_grad()
    logits, state = model(torch.from_numpy(inputs), state)
    loss = F.cross_entropy(logits.flatten(0, 1), torch.from_numpy(targets).long().flatten())
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), clip)
    optimizer.step()
    return loss, [tuple(s.detach() for s in layer) for layer in state]


# %% wrong: all graphs are kept in a list outside
past = []


def tbptt_step(model, optimizer, inputs, targets, state, clip):
    optimizer.zero_grad()
    logits, state = model(torch.from_numpy(inputs), state)
    loss = F.cross_entropy(logits.flatten(0, 1), torch.from_numpy(targets).long().flatten())
    past.append(loss)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), clip)
    optimizer.step()
    return loss.item(), [tuple(s.detach() for s in layer) for layer in state]


# %% wrong: clipping by value
def tbptt_step(model, optimizer, inputs, targets, state, clip):
    optimizer.zero_grad()
    logits, state = model(torch.from_numpy(inputs), state)
    loss = F.cross_entropy(logits.flatten(0, 1), torch.from_numpy(targets).long().flatten())
    loss.backward()
    torch.nn.utils.clip_grad_value_(model.parameters(), clip)
    optimizer.step()
    return loss.item(), [tuple(s.detach() for s in layer) for layer in state]


# %% wrong: each parameter is clipped by itself
def tbptt_step(model, optimizer, inputs, targets, state, clip):
    optimizer.zero_grad()
    logits, state = model(torch.from_numpy(inputs), state)
    loss = F.cross_entropy(logits.flatten(0, 1), torch.from_numpy(targets).long().flatten())
    loss.backward()
    for weight in model.parameters():
        torch.nn.utils.clip_grad_norm_(weight, clip)
    optimizer.step()
    return loss.item(), [tuple(s.detach() for s in layer) for layer in state]


# %% wrong: clipping before there are gradients
def tbptt_step(model, optimizer, inputs, targets, state, clip):
    optimizer.zero_grad()
    logits, state = model(torch.from_numpy(inputs), state)
    loss = F.cross_entropy(logits.flatten(0, 1), torch.from_numpy(targets).long().flatten())
    torch.nn.utils.clip_grad_norm_(model.parameters(), clip)
    loss.backward()
    optimizer.step()
    return loss.item(), [tuple(s.detach() for s in layer) for layer in state]


# %% wrong: every gradient is scaled to the limit, small ones, too
def tbptt_step(model, optimizer, inputs, targets, state, clip):
    optimizer.zero_grad()
    logits, state = model(torch.from_numpy(inputs), state)
    loss = F.cross_entropy(logits.flatten(0, 1), torch.from_numpy(targets).long().flatten())
    loss.backward()
    norm = torch.sqrt(sum((p.grad**2).sum() for p in model.parameters()))
    for p in model.parameters():
        p.grad *= clip / norm
    optimizer.step()
    return loss.item(), [tuple(s.detach() for s in layer) for layer in state]


# %% wrong: gradients of earlier windows are not cleared
def tbptt_step(model, optimizer, inputs, targets, state, clip):
    logits, state = model(torch.from_numpy(inputs), state)
    loss = F.cross_entropy(logits.flatten(0, 1), torch.from_numpy(targets).long().flatten())
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), clip)
    optimizer.step()
    return loss.item(), [tuple(s.detach() for s in layer) for layer in state]


# %% wrong: no step of the optimizer
def tbptt_step(model, optimizer, inputs, targets, state, clip):
    optimizer.zero_grad()
    logits, state = model(torch.from_numpy(inputs), state)
    loss = F.cross_entropy(logits.flatten(0, 1), torch.from_numpy(targets).long().flatten())
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), clip)
    return loss.item(), [tuple(s.detach() for s in layer) for layer in state]


# %% wrong: a softmax before cross_entropy, which has its own
def tbptt_step(model, optimizer, inputs, targets, state, clip):
    optimizer.zero_grad()
    logits, state = model(torch.from_numpy(inputs), state)
    chances = logits.softmax(-1)
    loss = F.cross_entropy(chances.flatten(0, 1), torch.from_numpy(targets).long().flatten())
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), clip)
    optimizer.step()
    return loss.item(), [tuple(s.detach() for s in layer) for layer in state]


# %% wrong: the sum of the losses, not their mean
def tbptt_step(model, optimizer, inputs, targets, state, clip):
    optimizer.zero_grad()
    logits, state = model(torch.from_numpy(inputs), state)
    labels = torch.from_numpy(targets).long().flatten()
    loss = F.cross_entropy(logits.flatten(0, 1), labels, reduction="sum")
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), clip)
    optimizer.step()
    return loss.item(), [tuple(s.detach() for s in layer) for layer in state]


# %% wrong: rows and times mixed up, a view of (B, V, T) in place of a transposition
def tbptt_step(model, optimizer, inputs, targets, state, clip):
    optimizer.zero_grad()
    logits, state = model(torch.from_numpy(inputs), state)
    B, T, V = logits.shape
    loss = F.cross_entropy(logits.reshape(B, V, T), torch.from_numpy(targets).long())
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), clip)
    optimizer.step()
    return loss.item(), [tuple(s.detach() for s in layer) for layer in state]


# %% wrong: the targets shifted once more
def tbptt_step(model, optimizer, inputs, targets, state, clip):
    optimizer.zero_grad()
    logits, state = model(torch.from_numpy(inputs), state)
    labels = torch.from_numpy(targets).long()
    loss = F.cross_entropy(logits[:, :-1].flatten(0, 1), labels[:, 1:].flatten())
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), clip)
    optimizer.step()
    return loss.item(), [tuple(s.detach() for s in layer) for layer in state]


# %% wrong: only the last character of the window counts
def tbptt_step(model, optimizer, inputs, targets, state, clip):
    optimizer.zero_grad()
    logits, state = model(torch.from_numpy(inputs), state)
    loss = F.cross_entropy(logits[:, -1], torch.from_numpy(targets[:, -1].copy()).long())
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), clip)
    optimizer.step()
    return loss.item(), [tuple(s.detach() for s in layer) for layer in state]
