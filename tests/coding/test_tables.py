"""The tables are exp and tanh, and hold the same whole numbers on every machine."""

import hashlib

import numpy as np
import pytest

from charlstm.coding import tables
from charlstm.coding.tables import EXP_END, EXP_FRACTION, FRACTION, TANH_END

ONE = 1 << FRACTION


@pytest.mark.parametrize(
    ("table", "exact", "one", "tolerance"),
    [
        (tables.exp_of_minus, lambda x: np.exp(-x), 1 << EXP_FRACTION, 5e-7),
        (tables.tanh, np.tanh, ONE, 1.5 / ONE),
    ],
    ids=["exp", "tanh"],
)
def test_between_the_entries_they_are_close(table, exact, one, tolerance):
    x = np.random.default_rng(0).integers(0, 30 * ONE, 100_000)
    np.testing.assert_allclose(table(x) / one, exact(x / ONE), rtol=0, atol=tolerance)


def test_small_chances_keep_their_digits():
    x = np.random.default_rng(0).integers(0, 12 * ONE, 10_000)
    np.testing.assert_allclose(
        tables.exp_of_minus(x) / 2**EXP_FRACTION, np.exp(-x / ONE), rtol=1e-4
    )


@pytest.mark.parametrize("end", [0, 1, ONE - 1, TANH_END * ONE, EXP_END * ONE, 2**52])
def test_the_ends_are_safe(end):
    x = np.array([end])
    assert 0 <= tables.tanh(x)[0] <= ONE
    assert 1 <= tables.exp_of_minus(x)[0] <= 1 << EXP_FRACTION
    assert tables.tanh(np.array([0, TANH_END * ONE, 2**52])).tolist() == [0, ONE, ONE]
    assert tables.exp_of_minus(np.array([0]))[0] == 1 << EXP_FRACTION


def test_they_never_turn_back():
    x = np.arange(0, 3 * ONE, 7)
    assert (np.diff(tables.tanh(x)) >= 0).all()
    assert (np.diff(tables.exp_of_minus(x)) <= 0).all()


def test_the_entries_are_those_of_version_1():
    """Other entries would be another version of the file format: see packed.py."""
    entries = [hashlib.sha256(t.astype("<i8").tobytes()).hexdigest() for t in tables._tables()]
    assert entries == [
        "8576945dc4d5ce7b5ff80f37b46e01edd53551ed3094d40f4b3f7162fbaf1993",
        "7e716fab09d72783f4f2a95bc239997996307a3a5ca160cdda5782c21e485b17",
    ]
