"""How a stranger may change a model file or a resume file; `mutated.py` runs every command on them.

A JSON value is replaced by an odd one, a key dropped or added, an array reshaped, retyped, renamed,
dropped or filled, the file cut off, a bit flipped. Nearly always the digest is computed again, so
that the change gets past it.
"""

import contextlib
import copy
import json
import re

import numpy as np
import safetensors.numpy

from charlstm.model import array_file

HUGE = 10**400
ODD = [
    None, True, False, 0, -1, 1, 2, 3, 7, 64, 5000, 65536, 65537, 10**9, 2**31, 2**63 - 1, 2**63,
    10**30, -(10**30), HUGE, 0.0, -0.0, 0.5, 1.5, 1e-320, 1e30, 1e308, -1e308,
    float("nan"), float("inf"), -float("inf"),
    "", "a", "lstm", "gru", "cuda", "cpu", "meta", "sum", "last",
    "utf-8", "utf-16", "punycode", "zlib", "idna", "unicode_escape",
    "a\0b", "\x1b[2J\x1b]0;owned\x07", "\u202etxt.exe", "\x9b31m", "line\nerror: forged", "\ud800",
    "x" * 100_000, "aa", "ab\n", "".join(map(chr, range(0x4E00, 0x4E00 + 12_000))),
    "/", "/dev/zero", "/proc/kmsg", "fifo", "tales", "python", ".", "..", "-", "../" * 50 + "etc",
    [], [1], [[]] * 1000, [0.5, 0.5], [HUGE, 1], {}, {"a": 1}, {"": {}},
    ["-"], ["/dev/zero"], ["/dev/random"], ["fifo"], ["/"], ["."], ["/proc/kmsg"], ["tales"] * 1000,
]  # fmt: skip
FILLS = [np.nan, np.inf, -np.inf, 3e38, -3e38, 1e6, 1e7, 65504.0, 1e-40, 0.0, -1.0]
TYPES = ["f2", "f4", "f8", "i1", "i4", "i8", "u1", "u2", "?", "c8"]


def places(values, where=()):
    """Yield the keys that lead to each of the values inside."""
    yield where
    if isinstance(values, dict | list):
        for key in list(values) if isinstance(values, dict) else range(len(values)):
            yield from places(values[key], (*where, key))


def odd(rng):
    """Return a copy: a further change must not reach other files, nor put it into itself."""
    return copy.deepcopy(rng.choice(ODD))


def mutate_json(rng, header):
    *above, key = rng.choice([place for place in places(header) if place])
    inside = header
    for step in above:
        inside = inside[step]
    act = rng.random()
    if act < 0.15:
        del inside[key]
    elif act < 0.25 and isinstance(inside, dict):
        new = rng.choice(["", "zoneout", "\x1b[1m", "layers", "x" * 5000])
        inside[new] = odd(rng)
    elif act < 0.3:
        deep = rng.choice([5, 31, 990, 100_000])
        inside[key] = f"@deep{deep}@"
    elif act < 0.4 and isinstance(inside[key], int | float):
        inside[key] = inside[key] * rng.choice([-1, 2, 10, 1.5, 0.1]) + rng.choice([0, 1, -1])
    elif act < 0.5 and isinstance(inside[key], str) and inside[key]:
        text = list(inside[key])
        text[rng.randrange(len(text))] = rng.choice(["", "\0", "\x1b", "€", "a", "\U0010ffff"])
        inside[key] = "".join(text)
    else:
        inside[key] = odd(rng)


def mutate_arrays(rng, arrays):
    name = rng.choice(list(arrays))
    array = arrays[name]
    act = rng.randrange(8)
    if act == 0:
        del arrays[name]
    elif act == 1:
        new = rng.choice(
            [f"{name}x", "extra", "good." + name, "\x1b[2J", "optimizer.0.1.2", "hidden.7.7"]
        )
        arrays[new] = arrays.pop(name) if rng.random() < 0.5 else array
    elif act == 2:
        with np.errstate(all="ignore"):
            arrays[name] = array.astype(rng.choice(TYPES))
    elif act == 3:
        arrays[name] = array.ravel() if rng.random() < 0.5 else array.T.copy()
    elif act == 4:
        size = rng.choice([0, 1, 2, 100])
        arrays[name] = np.zeros((size,) * rng.randrange(4), array.dtype)
    elif act == 5:
        arrays[name] = np.resize(array, [max(1, n + rng.choice([-1, 0, 1])) for n in array.shape])
    else:
        filled = array.copy()
        with np.errstate(all="ignore"):
            fill = np.array(rng.choice(FILLS)).astype(array.dtype)
            if filled.ndim and rng.random() < 0.5:
                filled.flat[rng.randrange(max(1, filled.size)) : None : 7] = fill
            else:
                filled[...] = fill
        arrays[name] = filled


def saved(arrays, header, honest):
    """Return the bytes of a file with a digest that fits, unless it shall not."""
    header = {"version": array_file.VERSION, **header}
    with contextlib.suppress(TypeError, RecursionError, ValueError):
        header["sha256"] = array_file._digest(arrays, header) if honest else "0" * 64
    told = json.dumps(header)
    for deep in re.findall(r'"@deep(\d+)@"', told):
        told = told.replace(f'"@deep{deep}@"', "[" * int(deep) + "]" * int(deep))
    return safetensors.numpy.save(arrays, {"charlstm": told})


def mutated(rng, arrays, header, kind):
    """Return the bytes of a file that was changed in one to three places."""
    arrays = {k: v.copy() for k, v in arrays.items()}
    header = json.loads(json.dumps({"kind": kind, **header}))
    act = rng.random()
    if act < 0.86:
        for _ in range(rng.choice([1, 1, 2, 3])):
            if rng.random() < 0.7:
                mutate_json(rng, header)
            elif arrays:
                mutate_arrays(rng, arrays)
        return saved(arrays, header, honest=rng.random() < 0.98)
    content = bytearray(saved(arrays, header, honest=True))
    if act < 0.9:
        return bytes(content[: rng.randrange(len(content))])
    if act < 0.93:  # another length of the header
        content[: rng.randrange(1, 9)] = rng.randbytes(rng.randrange(1, 9))
        return bytes(content)
    length = 8 + int.from_bytes(content[:8], "little")
    for _ in range(rng.choice([1, 2, 5])):  # in the header, where it is read as text
        content[rng.randrange(length if rng.random() < 0.8 else len(content))] ^= (
            1 << rng.randrange(8)
        )
    return bytes(content)
