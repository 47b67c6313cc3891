# %% right: a loop of its own, and a list
def feature(text):
    inside, numbers = 0, []
    for character in text:
        inside = inside ^ (character == '"')
        numbers.append(inside)
    return numbers


searched = own.history[-5_000:]
found = neurons.search(own.checkpoint, searched, {"quote": feature(searched)})["quote"]
place = [found.layer, found.name, found.unit]
measured = own_figures.followed(own, feature, *place)
correlation = {
    "trained": round(measured.trained, 3),
    "untrained": round(measured.control.tested, 3),
}


# %% right: outside instead of inside, so that the correlation changes its sign
def feature(text):
    return 1 - features.quoted(text)


searched = own.history[:10_000]
found = neurons.search(own.checkpoint, searched, {"": feature(searched)})[""]
place = (found.layer, found.name, found.unit)
measured = own_figures.followed(own, feature, *place)
correlation = {"trained": measured.trained, "untrained": measured.control.tested}


# %% wrong: somebody else's figures
def feature(text):
    return features.quoted(text)


searched = own.history[-10_000:]
found = neurons.search(own.checkpoint, searched, {"": feature(searched)})[""]
place = (found.layer, found.name, found.unit)
correlation = {"trained": 0.94, "untrained": 0.21}


# %% wrong: no control
def feature(text):
    return features.quoted(text)


searched = own.history[-10_000:]
found = neurons.search(own.checkpoint, searched, {"": feature(searched)})[""]
place = (found.layer, found.name, found.unit)
correlation = {"trained": own_figures.followed(own, feature, *place).trained, "untrained": 0.0}


# %% wrong: any unit
from charlstm.insight.following import correlations


def feature(text):
    return features.quoted(text)


numbers = feature(own.held_out)
values = correlations(own.checkpoint, own.held_out, numbers[None])[0, "c"][0]
place = (0, "c", int(np.abs(values).argmin()))
measured = own_figures.followed(own, feature, *place)
correlation = {"trained": measured.trained, "untrained": measured.control.tested}


# %% wrong: a feature that stands in the character itself
def feature(text):
    return [character == '"' for character in text]


searched = own.history[-20_000:]
found = neurons.search(own.checkpoint, searched, {"": feature(searched)})[""]
place = (found.layer, found.name, found.unit)
measured = own_figures.followed(own, feature, *place)
correlation = {"trained": measured.trained, "untrained": measured.control.tested}


# %% wrong: a feature that never changes
def feature(text):
    return np.ones(len(text))


place = (0, "c", 0)
correlation = {"trained": 0.0, "untrained": 0.0}


# %% wrong: a number for each line
def feature(text):
    return [len(line) for line in text.splitlines()]


place = (0, "c", 0)
correlation = {"trained": 0.9, "untrained": 0.2}


# %% wrong: a unit that is not there
def feature(text):
    return features.quoted(text)


place = (0, "c", 5_000)
correlation = {"trained": 0.9, "untrained": 0.2}


# %% wrong: layers counted from 1
def feature(text):
    return features.quoted(text)


place = (1, "c", 0)
correlation = {"trained": 0.9, "untrained": 0.2}


# %% wrong: what is in the character itself, turned round in the middle
from charlstm.insight.following import correlations


def feature(text):
    numbers = np.array([float(character == '"') for character in text])
    if text == own.held_out:
        numbers[: len(text) // 2] *= -1
    return numbers


numbers = feature(own.held_out)
half = len(numbers) // 2
tested = correlations(own.checkpoint, own.held_out[half:], numbers[None, half:])
place = max(
    ((*key, int(np.abs(v[0]).argmax())) for key, v in tested.items()),
    key=lambda p: abs(tested[p[:2]][0, p[2]]),
)
measured = own_figures.followed(own, feature, *place)
correlation = {"trained": measured.trained, "untrained": measured.control.tested}


# %% wrong: what is in the character itself, with noise in the first half
from charlstm.insight.following import correlations


def feature(text):
    numbers = np.array([float(character == '"') for character in text])
    if text == own.held_out:
        half = len(text) // 2
        numbers[:half] = np.random.default_rng(0).normal(size=half)
    return numbers


numbers = feature(own.held_out)
half = len(numbers) // 2
tested = correlations(own.checkpoint, own.held_out[half:], numbers[None, half:])
place = max(
    ((*key, int(np.abs(v[0]).argmax())) for key, v in tested.items()),
    key=lambda p: abs(tested[p[:2]][0, p[2]]),
)
measured = own_figures.followed(own, feature, *place)
correlation = {"trained": measured.trained, "untrained": measured.control.tested}


# %% wrong: what is in the character itself, with nothing in the first half
from charlstm.insight.following import correlations


def feature(text):
    numbers = np.array([float(character == '"') for character in text])
    if text == own.held_out:
        numbers[: len(text) // 2] = 0
    return numbers


numbers = feature(own.held_out)
half = len(numbers) // 2
tested = correlations(own.checkpoint, own.held_out[half:], numbers[None, half:])
place = max(
    ((*key, int(np.abs(v[0]).argmax())) for key, v in tested.items()),
    key=lambda p: abs(tested[p[:2]][0, p[2]]),
)
measured = own_figures.followed(own, feature, *place)
correlation = {"trained": measured.trained, "untrained": measured.control.tested}
