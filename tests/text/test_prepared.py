"""A text on disk is the text itself; what is half written is never used."""

import gzip
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections import namedtuple
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from killed import killed_at_each_line, needs_fork
from large_text import write

from charlstm.errors import UserError
from charlstm.machine import atomic_file
from charlstm.machine.cache import writing_alone
from charlstm.options import DataOptions
from charlstm.text import prepared
from charlstm.text.corpus import join, read_corpus
from charlstm.text.encoded import AT_ONCE, EncodedText, stretches
from charlstm.text.pieces import file_pieces
from charlstm.text.prepared import encoded_with
from charlstm.text.vocabulary import Vocabulary

WORDS = "several scripts: größe, Ωμέγα, слово, 文字 \U0001f600\r\n" * 5


@pytest.fixture
def written(tmp_path, on_disk):
    path = tmp_path / "text.txt"
    path.write_bytes(WORDS.encode())
    return str(path)


def files(folder):
    """Return the endings of what is there, without the lock."""
    return sorted(path.suffix for path in folder.glob("*.*"))


@given(
    st.text(st.sampled_from("ab\r\né文\U0001f600"), min_size=101, max_size=150),
    st.sampled_from(["keep", "lf"]),
    st.none() | st.integers(101, 160),
)
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_text_on_disk_is_the_text_in_memory(tmp_path, on_disk, text, newlines, limit):
    (tmp_path / "x").write_bytes(text.encode())
    options = DataOptions(newlines=newlines, limit=limit)
    corpus = read_corpus(str(tmp_path / "x"), options)
    want = text.replace("\r\n", "\n").replace("\r", "\n") if newlines == "lf" else text
    digest = hashlib.sha256(text.encode())
    if limit is not None and len(want) > limit:
        want = want[:limit]
        digest = hashlib.sha256(want.encode())
    if len(want) > 100 or limit is None:
        assert isinstance(corpus.text, EncodedText)
    assert str(corpus.text) == want
    assert corpus.sha256 == digest.hexdigest()
    assert Vocabulary.of(corpus.text).characters == "".join(sorted(set(want)))


def test_ids_take_as_few_bytes_as_they_can(tmp_path, on_disk):
    for letters, size in ((256, 1), (257, 2), (65_536, 2), (65_537, 4)):
        points = [n for n in range(1, letters + 3_000) if not 0xD800 <= n < 0xE000][:letters]
        (tmp_path / "x").write_bytes("".join(map(chr, points)).encode())
        text = read_corpus(str(tmp_path / "x")).text
        assert text.ids.dtype.itemsize == size
        assert str(text) == "".join(map(chr, points))


def test_what_was_prepared_is_found_again(written, on_disk, capsys, monkeypatch):
    first = read_corpus(written)
    told = capsys.readouterr().err
    assert told.startswith(
        f"{written}: {len(WORDS)} characters, {len(set(WORDS))} different; a long text"
    )
    assert files(on_disk) == [".ids", ".json"]
    monkeypatch.setattr(prepared, "_prepared", None)
    again = read_corpus(written)
    assert (str(again.text), again.sha256) == (str(first.text), first.sha256)
    assert capsys.readouterr().err == ""


def test_another_way_to_read_it_is_another_text(written, on_disk):
    assert str(read_corpus(written).text) == WORDS
    assert str(read_corpus(written, DataOptions(newlines="lf")).text) == WORDS.replace("\r", "")
    as_bytes = read_corpus(written, DataOptions(bytes=True)).text
    assert str(as_bytes) == WORDS.encode().decode("latin-1")
    assert len(files(on_disk)) == 6


@pytest.mark.parametrize("damage", ["shorter", "gone", "header", "empty", "unknown id", "other id"])
def test_what_is_not_whole_is_made_anew(written, on_disk, damage):
    read_corpus(written)
    (ids,) = on_disk.glob("*.ids")
    header = ids.with_suffix(".json")
    if damage == "shorter":
        ids.write_bytes(ids.read_bytes()[:-1])
    elif damage == "gone":
        ids.unlink()
    elif damage.endswith("id"):
        content = bytearray(ids.read_bytes())
        content[3] = 255 if damage == "unknown id" else (content[3] + 1) % len(set(WORDS))
        ids.write_bytes(content)
    elif damage == "header":
        header.write_bytes(b'{"characters": "ab"}')
    else:
        header.write_bytes(b"")
    assert str(read_corpus(written).text) == WORDS


@needs_fork
def test_wherever_it_is_killed_nothing_half_is_used(written, on_disk, monkeypatch):
    monkeypatch.setattr(prepared, "LAST_POINT", 0x1FFFF)  # smaller tables, for speed
    monkeypatch.setattr(os, "fsync", lambda _: None)  # a process is killed, not the machine

    def start_anew():
        shutil.rmtree(on_disk, ignore_errors=True)

    work = lambda: read_corpus(written)  # noqa: E731
    for _ in killed_at_each_line(start_anew, work, prepared, atomic_file):
        assert str(read_corpus(written).text) == WORDS
        for path in on_disk.glob("*.ids"):
            assert path.stat().st_size == len(WORDS)


def test_a_disk_without_room_is_refused_before_anything_is_written(written, on_disk, monkeypatch):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(prepared.shutil, "disk_usage", lambda _: usage(10**9, 10**9, 100))
    with pytest.raises(UserError, match=r"is prepared in .*, which takes .* GB; .*XDG_CACHE_HOME"):
        read_corpus(written)
    assert files(on_disk) == []


CHANGES = {
    "shorter": lambda text: text[:150],
    "longer": lambda text: text + text,
    "the same length": lambda text: text.replace(b"scripts", b"stripcs"),
    "a new character": lambda text: text.replace(b"several", b"sevxral"),
}


@pytest.mark.parametrize("change", list(CHANGES))
@pytest.mark.parametrize("reading", [2, 3])
@pytest.mark.parametrize("limit", [None, 120])
def test_a_text_that_changes_meanwhile_is_told(
    written, on_disk, monkeypatch, change, reading, limit
):
    checks = iter(range(2, 9))
    changed = CHANGES[change](WORDS.encode())

    def then(*_):
        if next(checks) == reading:
            with open(written, "wb") as file:
                file.write(changed)

    monkeypatch.setattr(prepared, "_check_room", then)  # it is called before readings 2 and 3
    if limit and change == "longer":
        assert str(read_corpus(written, DataOptions(limit=limit)).text) == WORDS[:limit]
        return
    with pytest.raises(UserError, match="changed while it was read"):
        read_corpus(written, DataOptions(limit=limit))
    assert files(on_disk) == []


def test_a_text_that_the_limit_cuts_is_no_other_text_of_these_bytes(tmp_path, on_disk):
    """Both have the same digest: of the bytes of one, and of what is left of the other."""
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    options = DataOptions(encoding="utf-16-le", limit=200)
    whole.write_bytes(b"ab" * 100)
    cut.write_bytes(("ab" * 200).encode("utf-16-le"))
    first, second = (read_corpus(str(path), options) for path in (whole, cut))
    assert first.sha256 == second.sha256
    assert (str(first.text), str(second.text)) == ("\u6261" * 100, "ab" * 100)


def test_what_killed_preparations_have_left_is_removed(written, on_disk):
    on_disk.mkdir(parents=True)
    (on_disk / "another.ids.0123456789abcdef.tmp").write_bytes(b"half")
    read_corpus(written)
    assert files(on_disk) == [".ids", ".json"]


def test_two_preparations_wait_for_each_other(written, on_disk, monkeypatch):
    told = []
    monkeypatch.setattr("charlstm.machine.cache.say", told.append)
    found = []
    thread = threading.Thread(target=lambda: found.append(read_corpus(written)))
    with writing_alone(on_disk, ""):
        thread.start()
        while thread.is_alive() and not told:
            time.sleep(0.01)
        assert files(on_disk) == []
    thread.join()
    assert told == [f"{on_disk}: another process prepares a text there; waiting for it"]
    assert str(found[0].text) == WORDS


def test_a_limit_asks_for_no_more_room_than_it_needs(written, on_disk, monkeypatch):
    asked = []
    monkeypatch.setattr(prepared, "_check_room", lambda path, needed, *_: asked.append(needed))
    read_corpus(written)
    read_corpus(written, DataOptions(limit=101))
    read_corpus(written, DataOptions(limit=102, encoding="latin-1"))
    size = len(WORDS.encode())
    assert asked == [size // 4, len(WORDS), size // 4, 101, size // 12, 102]


def test_progress_of_a_packed_text_has_no_percentage(tmp_path, on_disk, monkeypatch):
    totals = []
    whole = prepared.Waiting
    monkeypatch.setattr(
        prepared, "Waiting", lambda *given: totals.append(given[1]) or whole(*given)
    )
    (tmp_path / "x").write_bytes(gzip.compress(WORDS.encode()))
    assert str(read_corpus(str(tmp_path / "x")).text) == WORDS
    assert totals == [None] * 3


def test_a_digest_that_is_not_wanted_is_refused_before_anything_is_written(written, on_disk):
    def refuse(sha256):
        assert sha256 == hashlib.sha256(WORDS.encode()).hexdigest()
        raise UserError("another text")

    with pytest.raises(UserError, match="another text"):
        join([written], file_pieces(Path(written), DataOptions()), DataOptions(), refuse)
    assert not on_disk.exists()


def test_ids_in_another_vocabulary_lack_what_it_lacks(written, on_disk):
    text = read_corpus(written).text
    own = Vocabulary.of(text)
    assert encoded_with(own, text, "x") is text.ids
    for stretch in (text, text[13:77]):
        for vocabulary in (Vocabulary(own.characters[::-1]), Vocabulary("eλ文s"), Vocabulary("~")):
            ids = encoded_with(vocabulary, stretch, "x")
            want = vocabulary.encode(str(stretch), unknown="skip")
            assert np.array_equal(ids, want)
            assert np.array_equal(encoded_with(vocabulary, stretch, "x"), want)


def test_without_a_home_there_is_advice(written, monkeypatch):
    for name in ("XDG_CACHE_HOME", "HOME"):
        monkeypatch.delenv(name)
    monkeypatch.setattr(os.path, "expanduser", lambda path: path)
    with pytest.raises(UserError, match=r"for long texts is not known, .*; set HOME, .*XDG_CACHE"):
        read_corpus(written)


@pytest.mark.slow
def test_killed_ten_times_at_random_it_is_prepared_at_last(tmp_path, monkeypatch):
    """As a user would: kill -9, and the same command again. `MEGABYTES=300` is the long form."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    path = tmp_path / "large.txt"
    write(path, int(os.environ.get("MEGABYTES", "40")))
    work = "import sys; from charlstm.text.corpus import read_corpus; read_corpus(sys.argv[1])"
    command = [sys.executable, "-c", work, str(path)]

    folder = tmp_path / "cache/charlstm/prepared"
    half = 0
    rng = np.random.default_rng(0)
    for _ in range(10):
        before = set(folder.glob("*.tmp"))
        process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        while process.poll() is None and set(folder.glob("*.tmp")) <= before:
            time.sleep(0.001)
        time.sleep(rng.uniform(0, 0.9) * path.stat().st_size / 200e6)  # it reads about 100 MB/s
        process.kill()
        half += process.wait() == -signal.SIGKILL
        for ids in folder.glob("*.ids"):  # it has this name only when it is whole
            assert ids.stat().st_size == 2 * len(path.read_bytes().decode())
    assert half
    subprocess.run(command, check=True, capture_output=True)
    text = read_corpus(str(path)).text
    assert isinstance(text, EncodedText)
    for stretch, start in zip(stretches(text), range(0, len(text), AT_ONCE), strict=True):
        assert str(stretch) == path.read_bytes().decode()[start : start + AT_ONCE]


@pytest.mark.parametrize("cut", [1, 60])
def test_ids_for_another_vocabulary_that_are_not_whole_are_made_anew(written, on_disk, cut):
    text = read_corpus(written).text
    vocabulary = Vocabulary("".join(sorted(set(WORDS)))[3:])
    want = vocabulary.encode(WORDS, unknown="skip")
    before = set(on_disk.glob("*.ids"))
    assert np.array_equal(encoded_with(vocabulary, text, "x"), want)
    (made,) = set(on_disk.glob("*.ids")) - before
    whole = made.read_bytes()
    for damaged in (whole[:-cut], whole[:cut] + b"\xff" + whole[cut + 1 :]):
        made.write_bytes(damaged)
        assert np.array_equal(encoded_with(vocabulary, text, "x"), want)
        assert made.read_bytes() == whole
