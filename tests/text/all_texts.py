"""All texts that a function can write, and what they say of its entropies."""

import math
from collections import defaultdict

import pytest

from charlstm.text.writer import Writer


class Script:
    """Draws what it says in a script, and notes how likely that was."""

    def __init__(self, path):
        self.path = list(path)
        self.taken = []
        self.counts = []
        self.chance = 1.0

    def draw(self, options):
        names = [name for name, chance in options.items() if chance > 0]
        index = self.path[len(self.taken)] if len(self.taken) < len(self.path) else 0
        self.taken.append(index)
        self.counts.append(len(names))
        self.chance *= options[names[index]] / sum(options.values())
        return names[index]


def everything(write, monkeypatch):
    """Return all texts that a function can write, with what it says of them and their chances."""
    found = []
    paths = [[]]
    while paths:
        script = Script(paths.pop())
        monkeypatch.setattr(Writer, "_draw", lambda self, options, s=script: s.draw(options))
        found.append((write(), script.chance))
        for place in range(len(script.path), len(script.taken)):
            for other in range(1, script.counts[place]):
                paths.append([*script.taken[:place], other])
    assert sum(chance for _, chance in found) == pytest.approx(1)
    return found


def entropies(chances):
    """Return, for each beginning of these texts, the entropy of the character that follows it."""
    begins = defaultdict(float)
    for text, chance in chances:
        for place in range(len(text) + 1):
            begins[text[:place]] += chance
    following = defaultdict(list)
    for prefix, chance in begins.items():
        if prefix:
            following[prefix[:-1]].append(chance / begins[prefix[:-1]])
    return {prefix: -sum(p * math.log(p) for p in each) for prefix, each in following.items()}


def check_by_brute_force(write, monkeypatch, compared=None):
    """Hold each entropy against the chances of all texts that begin alike."""
    found = everything(write, monkeypatch)
    expected = entropies([(known.text, chance) for known, chance in found])
    for known, _ in found:
        for place in range(compared or len(known.text)):
            nats = expected[known.text[:place]]
            assert known.entropy[place] == pytest.approx(nats, abs=1e-12), known.text
    return found
