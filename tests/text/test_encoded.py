"""A text as ids is the same text: its length, its slices, its characters and their counts."""

import mmap
import os
import pickle
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from charlstm.errors import UserError
from charlstm.text import encoded
from charlstm.text.encoded import (
    EncodedText,
    OnDisk,
    code_points,
    occurring,
    release,
    stretches,
    to_text,
)
from charlstm.text.streams import streams_for
from charlstm.text.vocabulary import Vocabulary

texts = st.text(st.sampled_from("ab\n é€\U0001f600\ud800"), max_size=60)


def as_ids(text, more=""):
    alphabet = "".join(sorted(set(text + more)))
    return EncodedText(alphabet, np.array([alphabet.index(c) for c in text], np.uint8), text)


@given(texts, st.data())
def test_slices_of_a_text_are_slices_of_its_ids(text, data):
    whole = as_ids(text, "xyz")
    assert (len(whole), str(whole)) == (len(text), text)
    stretch = slice(*(data.draw(st.none() | st.integers(-70, 70)) for _ in range(2)))
    piece = whole[stretch]
    assert str(piece) == text[stretch]
    if len(piece):
        assert piece.first == range(len(text))[stretch][0]
    again = slice(*(data.draw(st.none() | st.integers(0, 70)) for _ in range(2)))
    assert str(piece[again]) == text[stretch][again]


@given(texts)
def test_what_occurs_is_the_same_for_both_kinds_of_text(text):
    points, counts = occurring(text)
    assert dict(zip(map(chr, points), counts, strict=True)) == {c: text.count(c) for c in text}
    assert points.tolist() == sorted(points.tolist())
    others = occurring(as_ids(text, "never"))
    assert (points.tolist(), counts.tolist()) == tuple(part.tolist() for part in others)


@given(texts)
def test_code_points_and_back(text):
    assert code_points(text).tolist() == list(map(ord, text))
    assert to_text(code_points(text)) == text


def test_counts_and_stretches_go_through_the_text_piece_by_piece(monkeypatch):
    monkeypatch.setattr(encoded, "AT_ONCE", 4)
    text = "abracadabra"
    assert as_ids(text).counts.tolist() == [5, 2, 1, 1, 2]
    for kind in (str, as_ids):
        pieces = [str(piece) for piece in stretches(kind(text))]
        assert pieces == ["abra", "cada", "bra"]


def test_what_a_long_text_cannot_do_is_refused():
    text = as_ids("abracadabra")
    assert "".join(text) == "abracadabra"
    for use in (
        lambda: text[::2],
        lambda: text[3],
        lambda: "cad" in text,
        lambda: Vocabulary("abcdr").encode(text),
    ):
        with pytest.raises(UserError, match=r"str\(text\)"):
            use()


def on_disk(path, ids, bound):
    ids.tofile(path)
    found = OnDisk(path, ids.dtype, "r")
    found.bound = bound
    return found


def test_only_what_lies_in_the_file_keeps_its_bound(tmp_path):
    ids = on_disk(tmp_path / "ids", np.arange(9, dtype=np.uint8), 9)
    assert (ids[2:].bound, ids[2:][1:3].bound) == (9, 9)
    for computed in (ids + 1, ids.astype(np.int32), ids[[2, 3]], pickle.loads(pickle.dumps(ids))):
        assert getattr(computed, "bound", None) is None


@pytest.mark.skipif(not hasattr(mmap, "MADV_DONTNEED"), reason="needs a system that can forget")
@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="needs Linux")
@pytest.mark.slow
def test_released_windows_take_no_memory(tmp_path):
    """As a training reads them. Without `release` the whole file of 200 MB would stay."""
    size = 200_000_000
    ids = on_disk(tmp_path / "ids", np.ones(size, np.uint8), 2)
    streams = streams_for(ids, 8, 1024)

    def of_files():
        status = Path("/proc/self/status").read_text(encoding="utf-8")
        return sum(int(kB) for kB in re.findall(r"Rss(?:File|Shmem):\s*(\d+)", status)) * 1024

    before = of_files()
    grown = []
    for step in range(streams.windows):
        np.stack(streams.read(step, 0))
        if step % 1000 == 999:
            grown.append(of_files() - before)
            release(ids)
    assert streams.windows > 20_000
    assert max(grown) < 60_000_000
