# %% right: by the parameters' names, all of it in the second vector
def set_forget_bias(lstm, value):
    H = lstm.hidden_size
    with torch.no_grad():
        for name, parameter in lstm.named_parameters():
            if name.startswith("bias_"):
                parameter[H : 2 * H].fill_(value if "hh" in name else 0.0)


# %% right: half in each, through .data
def set_forget_bias(lstm, value):
    for layer in lstm.all_weights:
        for bias in layer[2:]:
            quarter = len(bias) // 4
            bias.data[quarter : 2 * quarter] = value / 2
    return lstm


# %% right: the second vector makes up for the first
def set_forget_bias(lstm, value):
    with torch.no_grad():
        for layer in range(lstm.num_layers):
            first = getattr(lstm, f"bias_ih_l{layer}").chunk(4)[1]
            second = getattr(lstm, f"bias_hh_l{layer}").chunk(4)[1]
            second.copy_(value - first)


# %% right: by the state dictionary
def set_forget_bias(lstm, value):
    state = lstm.state_dict()
    H = lstm.hidden_size
    for name in state:
        if "bias" in name:
            state[name][H : 2 * H] = value if "ih" in name else 0
    lstm.load_state_dict(state)


# %% wrong: set in both, so that the sum is twice the value
def set_forget_bias(lstm, value):
    H = lstm.hidden_size
    with torch.no_grad():
        for name, parameter in lstm.named_parameters():
            if name.startswith("bias_"):
                parameter[H : 2 * H] = value


# %% wrong: the other vector left as it was
def set_forget_bias(lstm, value):
    H = lstm.hidden_size
    with torch.no_grad():
        for name, parameter in lstm.named_parameters():
            if name.startswith("bias_ih"):
                parameter[H : 2 * H] = value


# %% wrong: the first block, which is the input gate's
def set_forget_bias(lstm, value):
    H = lstm.hidden_size
    with torch.no_grad():
        for name, parameter in lstm.named_parameters():
            if name.startswith("bias_"):
                parameter[:H] = value if "ih" in name else 0


# %% wrong: the third block, as in the order i, g, f, o
def set_forget_bias(lstm, value):
    H = lstm.hidden_size
    with torch.no_grad():
        for name, parameter in lstm.named_parameters():
            if name.startswith("bias_"):
                parameter[2 * H : 3 * H] = value if "ih" in name else 0


# %% wrong: the first layer only
def set_forget_bias(lstm, value):
    H = lstm.hidden_size
    with torch.no_grad():
        lstm.bias_ih_l0[H : 2 * H] = value
        lstm.bias_hh_l0[H : 2 * H] = 0


# %% wrong: all of the second vector set to zero
def set_forget_bias(lstm, value):
    H = lstm.hidden_size
    with torch.no_grad():
        for name, parameter in lstm.named_parameters():
            if name.startswith("bias_ih"):
                parameter[H : 2 * H] = value
            elif name.startswith("bias_hh"):
                parameter.zero_()


# %% wrong: the value is added to what is there
def set_forget_bias(lstm, value):
    H = lstm.hidden_size
    with torch.no_grad():
        for name, parameter in lstm.named_parameters():
            if name.startswith("bias_ih"):
                parameter[H : 2 * H] += value


# %% wrong: all gates
def set_forget_bias(lstm, value):
    with torch.no_grad():
        for name, parameter in lstm.named_parameters():
            if name.startswith("bias_"):
                parameter.fill_(value if "ih" in name else 0)


# %% wrong: new parameters in the place of the old
def set_forget_bias(lstm, value):
    H = lstm.hidden_size
    for layer in range(lstm.num_layers):
        for kind, given in (("ih", value), ("hh", 0.0)):
            name = f"bias_{kind}_l{layer}"
            bias = getattr(lstm, name).detach().clone()
            bias[H : 2 * H] = given
            setattr(lstm, name, torch.nn.Parameter(bias))


# %% wrong: the biases learn no more
def set_forget_bias(lstm, value):
    H = lstm.hidden_size
    for name, parameter in lstm.named_parameters():
        if name.startswith("bias_"):
            parameter.requires_grad_(False)
            parameter[H : 2 * H] = value if "ih" in name else 0


# %% wrong: copies are changed
def set_forget_bias(lstm, value):
    H = lstm.hidden_size
    for name, parameter in lstm.named_parameters():
        if name.startswith("bias_"):
            bias = parameter.detach().clone()
            bias[H : 2 * H] = value if "ih" in name else 0


# %% wrong: assigned without no_grad
def set_forget_bias(lstm, value):
    H = lstm.hidden_size
    for name, parameter in lstm.named_parameters():
        if name.startswith("bias_"):
            parameter[H : 2 * H] = value if "ih" in name else 0


# %% wrong: the first unit of the block only
def set_forget_bias(lstm, value):
    H = lstm.hidden_size
    with torch.no_grad():
        for name, parameter in lstm.named_parameters():
            if name.startswith("bias_"):
                parameter[H] = value if "ih" in name else 0
