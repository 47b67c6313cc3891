"""Writes a text of any size, in several scripts: `python tests/large_text.py 5000 FILE`.

The size is in megabytes. The words of the text are made up of the letters of several alphabets, of
syllables and ideographs, 3,000 characters in all. Each paragraph keeps to one script, and likes
some of its words better than others, so that there is something to learn.
"""

import sys
from pathlib import Path

import numpy as np

SCRIPTS = {  # first code point, number of characters, share of the paragraphs
    "Latin": (0x61, 26, 0.45),
    "Cyrillic": (0x430, 32, 0.15),
    "Greek": (0x3B1, 24, 0.05),
    "Hebrew": (0x5D0, 27, 0.05),
    "Devanagari": (0x905, 53, 0.05),
    "Hangul": (0xAC00, 1_000, 0.1),
    "Han": (0x4E00, 1_816, 0.1),
    "Hiragana": (0x3042, 20, 0.05),
}
WORDS = 4_000  # in a script
PARAGRAPHS = 400  # made once; the text is drawn from them
LENGTH = 200  # words of a paragraph


def paragraphs(rng):
    """Return some paragraphs, each in one script, as bytes."""
    words = {}
    for name, (first, count, _) in SCRIPTS.items():
        longest = 3 if count > 500 else 9
        letters = [chr(first + n) for n in range(count)]
        words[name] = [
            "".join(rng.choice(letters, rng.integers(1, longest + 1))) for _ in range(WORDS)
        ]
        words[name][: (count + 4) // 5] = ["".join(letters[n : n + 5]) for n in range(0, count, 5)]
    often = 1 / np.arange(1, WORDS + 1)
    shares = [share for *_, share in SCRIPTS.values()]
    made = []
    for number in range(PARAGRAPHS):
        name = list(SCRIPTS)[number % len(SCRIPTS)]
        if number >= len(SCRIPTS):
            name = rng.choice(list(SCRIPTS), p=shares)
        chosen = rng.choice(words[name], LENGTH, p=often / often.sum())
        made.append((" ".join(chosen) + ".\n").encode())
    every = "".join(chr(first + n) for first, count, _ in SCRIPTS.values() for n in range(count))
    return [every.encode() + b"\n", *made]


def write(path, megabytes, seed=0):
    """Write a text of about so many megabytes."""
    rng = np.random.default_rng(seed)
    made = paragraphs(rng)
    left = megabytes * 10**6
    with Path(path).open("wb") as file:
        left -= file.write(made[0])
        while left > 0:
            block = b"".join(made[n] for n in rng.integers(1, len(made), 1_000))
            left -= file.write(block)


if __name__ == "__main__":
    write(sys.argv[2], int(sys.argv[1]))
