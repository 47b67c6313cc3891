"""Contrast by WCAG 2.2, and how far apart colours are for people who see fewer of them."""

import numpy as np
from matplotlib.colors import to_rgba

# Machado, Oliveira & Fernandes (2009), table 1, severity 1.0: what a person sees of linear RGB
SEEN = {
    "all": np.eye(3),
    "protanopia": np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
    "deuteranopia": np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    ),
    "tritanopia": np.array(
        [
            [1.255528, -0.076749, -0.178779],
            [-0.078411, 0.930809, 0.147602],
            [0.004733, 0.691367, 0.303900],
        ]
    ),
}
XYZ = np.array([[0.4124564, 0.3575761, 0.1804375],
                [0.2126729, 0.7151522, 0.0721750],
                [0.0193339, 0.1191920, 0.9503041]])  # fmt: skip


def linear(colour):
    parts = np.array(to_rgba(colour)[:3])
    return np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)


def luminance(colour):
    """The relative luminance of WCAG 2.2."""
    return float(linear(colour) @ [0.2126, 0.7152, 0.0722])


def contrast(one, other):
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def over(colour, ground="white"):
    """The colour that is seen where one that lets light through lies on another."""
    *parts, share = to_rgba(colour)
    return tuple(share * np.array(parts) + (1 - share) * np.array(to_rgba(ground)[:3]))


def lab(seen):
    """CIE L*a*b* of linear RGB."""
    of_white = (XYZ @ np.clip(seen, 0, 1)) / XYZ.sum(1)
    f = np.where(of_white > 216 / 24389, np.cbrt(of_white), (24389 / 27 * of_white + 16) / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def distance(one, other, seen_by):
    """The distance of two colours in CIE L*a*b* for a person; about 2.3 can just be seen."""
    of = SEEN[seen_by]
    return float(np.linalg.norm(lab(of @ linear(one)) - lab(of @ linear(other))))
