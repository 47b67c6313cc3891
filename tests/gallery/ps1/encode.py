# %% right: sorted by count and character, a dictionary
def encode(text, known):
    counts = {}
    for character in known:
        counts[character] = counts.get(character, 0) + 1
    ranked = sorted(counts, key=lambda c: (-counts[c], ord(c)))
    return [ranked.index(c) + 1 if c in counts else 0 for c in text]


# %% right: two stable sorts, a tensor of ids
from collections import Counter


def encode(text, known):
    counts = Counter(sorted(known))  # most_common keeps the order of equals
    place = {c: i + 1 for i, (c, _) in enumerate(counts.most_common())}
    return torch.tensor([place.get(c, 0) for c in text], dtype=torch.long)


# %% right: NumPy's unique and lexsort, a table by code point
def encode(text, known):
    points = np.array([ord(c) for c in known], dtype=int)
    letters, counts = np.unique(points, return_counts=True)
    table = np.zeros(0x110000, dtype=np.int32)
    table[letters[np.lexsort((letters, -counts))]] = np.arange(1, len(letters) + 1)
    return table[[ord(c) for c in text]] if text else np.zeros(0, dtype=np.int32)


# %% wrong: equals in the order in which they are first seen
from collections import Counter


def encode(text, known):
    place = {c: i + 1 for i, (c, _) in enumerate(Counter(known).most_common())}
    return np.array([place.get(c, 0) for c in text], dtype=int)


# %% wrong: sorted by character alone, as the package's vocabulary is
from charlstm import Vocabulary


def encode(text, known):
    if not known:
        return np.zeros(len(text), dtype=int)
    place = {c: i + 1 for i, c in enumerate(Vocabulary.of(known).characters)}
    return np.array([place.get(c, 0) for c in text], dtype=int)


# %% wrong: ids from 0
def encode(text, known):
    ranked = sorted(set(known), key=lambda c: (-known.count(c), c))
    return np.array([ranked.index(c) if c in ranked else len(ranked) for c in text], dtype=int)


# %% wrong: unknown characters are left out
def encode(text, known):
    ranked = sorted(set(known), key=lambda c: (-known.count(c), c))
    return np.array([ranked.index(c) + 1 for c in text if c in ranked], dtype=int)


# %% wrong: the vocabulary of the text that is encoded
def encode(text, known):
    ranked = sorted(set(text), key=lambda c: (-text.count(c), c))
    return np.array([ranked.index(c) + 1 if c in known else 0 for c in text], dtype=int)


# %% wrong: both reversed, so that of equals the larger code point comes first
def encode(text, known):
    ranked = sorted(set(known), key=lambda c: (known.count(c), c), reverse=True)
    return np.array([ranked.index(c) + 1 if c in ranked else 0 for c in text], dtype=int)


# %% wrong: lower case and upper case taken together
def encode(text, known):
    text = text.lower()
    known = known.lower()
    ranked = sorted(set(known), key=lambda c: (-known.count(c), c))
    return np.array([ranked.index(c) + 1 if c in ranked else 0 for c in text], dtype=int)


# %% wrong: ids that are no integers
def encode(text, known):
    ranked = sorted(set(known), key=lambda c: (-known.count(c), c))
    ids = np.zeros(len(text))
    for t, c in enumerate(text):
        ids[t] = ranked.index(c) + 1 if c in ranked else 0
    return ids
