"""The text that a file names: read again beside its run, within bounds, and not otherwise."""

import codecs
import dataclasses
import gzip
import hashlib
import os

import pytest

from charlstm.errors import UserError
from charlstm.model import own_text as module
from charlstm.model.array_file import write_arrays
from charlstm.model.facts import Provenance
from charlstm.model.own_text import find_text, in_its_run, own_text, same_text
from charlstm.options import DataOptions
from charlstm.text import archives, chunks
from charlstm.text.corpus import read_corpus


@pytest.fixture
def read(tmp_path):
    """Write files into a folder, read them as a training does, and read them again."""

    def read(files, sources, then=None, in_run=True, **options):
        for name, content in files.items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_bytes(content)
        named = [str(tmp_path / source) for source in sources]
        corpus = read_corpus(named, DataOptions(**options))
        for name, content in (then or {}).items():
            (tmp_path / name).write_bytes(content)
        return corpus, own_text(Provenance.of(corpus), "run", in_run)

    return read


EURO = "a€\U0001f600" * 20


@pytest.mark.parametrize(
    ("files", "sources", "options"),
    [
        ({"a": b"abc", "b": b"de"}, ["b", "a"], {}),
        ({"a": EURO.encode()}, ["a"], {}),
        ({"a": b"\xef\xbb\xbf" + EURO.encode()}, ["a"], {"encoding": "utf-8-sig"}),
        ({"a": EURO.encode("utf-16")}, ["a"], {"encoding": "utf-16"}),
        ({"a": EURO.encode("utf-32")}, ["a"], {"encoding": "utf-32"}),
        ({"a": ("\r\n\U0001f600" * 9).encode()}, ["a"], {"newlines": "lf"}),
        ({"a": bytes(range(256))}, ["a"], {"bytes": True}),
        ({"t/b": b"abc", "t/x/a": b"de", "t/.git/x": b"no", "t/c": b"a\0"}, ["t"], {}),
        ({"a": EURO.encode(), "b": b"abc"}, ["a", "b"], {"limit": 7}),
        ({"a": EURO.encode() * 99, "b": b"abc"}, ["a", "b"], {"limit": 31}),
        ({"a": EURO.encode("utf-16") + b"\0" * 998}, ["a"], {"limit": 5, "encoding": "utf-16"}),
        ({"a": b"\r\n" * 999}, ["a"], {"limit": 5, "newlines": "lf"}),
        ({"a": bytes(range(256))}, ["a"], {"bytes": True, "limit": 3}),
        ({"a": b"abc"}, ["a"], {"limit": 3}),
        ({"a": rb"\U0001f600" * 60}, ["a"], {"encoding": "unicode_escape"}),
        ({"a": ("a\u3042" * 200).encode("iso2022_jp")}, ["a"], {"encoding": "iso2022_jp"}),
    ],
)  # fmt: skip
def test_what_was_read_is_read_again(read, capsys, files, sources, options):
    first, again = read(files, sources, **options)
    assert again == first
    told = capsys.readouterr().err
    needed = first.sources[:1] if "limit" in options else first.sources
    assert all(f"reading {name}, which run names" in told for name in needed)


def test_a_limit_reads_no_more_than_it_needs(read, monkeypatch):
    monkeypatch.setattr(chunks, "CHUNK", 8192)
    sizes = []
    whole = archives.read_all

    def counted(stream):
        for chunk in whole(stream):
            sizes.append(len(chunk))
            yield chunk

    monkeypatch.setattr(archives, "read_all", counted)
    read({"a": b"x" * 1_000_000, "b": b"y" * 1000}, ["a", "b"], limit=100)
    assert sum(sizes) < 100_000


def test_a_text_that_has_grown_is_not_read_whole(read):
    with pytest.raises(UserError, match=r"a: not the text .* \(it had 3 characters; this"):
        read({"a": b"abc"}, ["a"], then={"a": b"x" * 999})


def test_a_bomb_is_not_unpacked(read, monkeypatch):
    monkeypatch.setattr(module, "BESIDE", 2_000)
    with pytest.raises(UserError, match=r"a: not the text .* \(it had 3 characters; this"):
        read({"a": b"abc"}, ["a"], then={"a": gzip.compress(b"x" * 1_000_000)})


def test_another_text_of_that_length_is_refused(read):
    with pytest.raises(UserError, match=r"\(another sha256\); give that text as CORPUS"):
        read({"a": b"abc"}, ["a"], then={"a": b"abd"})


def test_another_long_text_of_that_length_is_refused_before_it_is_prepared(read, on_disk):
    with pytest.raises(UserError, match="another sha256"):
        read({"a": b"abc" * 99}, ["a"], then={"a": b"abd" * 99})
    assert len(list(on_disk.glob("*.ids"))) == 1  # of the first


def told(*sources, characters=744):
    return Provenance(sources, "0af1", characters, DataOptions())


@pytest.fixture
def odd(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "zero").symlink_to("/dev/zero")
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "folder/pipe")
    return tmp_path


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has neither")
@pytest.mark.parametrize("name", ["pipe", "zero", "/dev/zero", "/dev/random"])
def test_devices_and_pipes_are_not_opened(odd, name):
    with pytest.raises(UserError, match="neither a file nor a folder, so it is not read because"):
        own_text(told(str(odd / name)), "run", in_run=True)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has neither")
def test_a_folder_of_pipes_has_no_text(odd):
    with pytest.raises(UserError, match="folder: no text file in this folder"):
        own_text(told(str(odd / "folder")), "run", in_run=True)


@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="needs Linux")
def test_files_of_the_kernel_are_empty():
    """Some of them wait for news when they are read; all say that they have no bytes."""
    with pytest.raises(UserError, match="/proc/self/status: empty"):
        own_text(told("/proc/self/status"), "run", in_run=True)


def test_a_folder_is_not_walked_for_ever(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "MOST_FILES", 20)
    for number in range(21):
        (tmp_path / f"folder{number}").mkdir()
    with pytest.raises(UserError, match="holds more than 20 files and folders; name the text"):
        own_text(told(str(tmp_path)), "run", in_run=True)


@pytest.mark.parametrize("sources", [(), ("-",), ("tales", "-")])
def test_a_text_without_a_name_is_asked_for(sources):
    with pytest.raises(
        UserError, match="has no name, for it came through a pipe; give it as CORPUS"
    ):
        own_text(told(*sources), "run", in_run=True)


@pytest.mark.parametrize("name", ["a\0b", "\ud800", "x" * 10_000, "", "../tales"])
def test_a_name_of_nothing_is_refused(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError):
        own_text(told(name), "run", in_run=True)


def test_a_model_from_elsewhere_names_no_paths(read):
    with pytest.raises(
        UserError, match=r"run: no run stands beside it .* not read \(.*a\); if that is"
    ):
        read({"a": b"abc"}, ["a"], in_run=False)


def test_a_model_from_elsewhere_may_name_a_corpus_and_means_no_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    corpus = read_corpus("tales")
    (tmp_path / "tales").write_text("another text", encoding="utf-8")
    assert own_text(Provenance.of(corpus), "model", in_run=False) == corpus


def test_a_corpus_a_thousand_times_over_is_not_read():
    with pytest.raises(UserError, match="it had 744 characters; this is longer"):
        own_text(told(*["tales"] * 1000), "model", in_run=False)


def test_a_run_is_known_by_what_it_says_of_its_text(tmp_path):
    path = tmp_path / "model.safetensors"
    mine = told("a.txt")
    assert not in_its_run(path, mine)
    for header, known in [
        ({"corpus": mine.to_json()}, True),
        ({"corpus": dataclasses.replace(mine, sha256="1").to_json()}, False),
        ({"corpus": dataclasses.replace(mine, sources=("/",)).to_json()}, False),
        ({"corpus": 7}, False),
        ({}, False),
    ]:
        write_arrays(tmp_path / "resume.safetensors", {}, {"kind": "resume", **header})
        assert in_its_run(path, mine) == known
    (tmp_path / "resume.safetensors").write_bytes(b"no file of arrays")
    assert not in_its_run(path, mine)


@pytest.mark.parametrize("source", ["-", "/dev/stdin", "/dev/fd/63", "/proc/self/fd/11"])
def test_what_came_through_a_pipe_is_asked_for_with_the_command(source):
    command = r"give it as CORPUS: python -m charlstm\.evaluate run CORPUS"
    again = "python -m charlstm.evaluate run CORPUS"
    with pytest.raises(UserError, match=command):
        own_text(told(source), "run", in_run=True, again=again)


def test_all_texts_that_have_moved_are_told(tmp_path):
    (tmp_path / "b").write_text("abc", encoding="utf-8")
    names = [str(tmp_path / name) for name in "abc"]
    with pytest.raises(UserError, match=r"a, \S+c: not there any more, .* give it as CORPUS"):
        own_text(told(*names), "run", in_run=True)


ENCODINGS = ["utf-8", "utf-8-sig", "latin-1", "utf-16", "utf-16-be"]


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("more", ["b", "b" * 9999])
def test_a_text_that_has_grown_is_told_and_names_init_from(read, tmp_path, encoding, more):
    old = ("größe\n" * 9).encode(encoding)
    new = ("größe\n" * 9 + more).encode(encoding)
    message = r"a: has grown since run .* first 54 characters; python -m .*init_from='run'"
    with pytest.raises(UserError, match=message):
        read({"a": old}, ["a"], then={"a": new}, encoding=encoding)
    corpus = read_corpus(str(tmp_path / "a"), DataOptions(limit=54, encoding=encoding))
    (tmp_path / "b").write_bytes(old)
    first = Provenance.of(read_corpus(str(tmp_path / "b"), DataOptions(encoding=encoding)))
    assert corpus.text == "größe\n" * 9
    with pytest.raises(UserError, match=message):  # the same for one that the user names
        same_text([str(tmp_path / "a")], first, "run")


def test_a_folder_that_has_grown_is_told(read):
    with pytest.raises(UserError, match="t: has grown since run was trained on it"):
        read({"t/a": b"abc"}, ["t"], then={"t/b": b"de"})


def test_a_text_that_an_earlier_version_read_with_its_marks_is_told(tmp_path):
    content = codecs.BOM_UTF8 + b"abc\n" * 9
    (tmp_path / "a").write_bytes(content)
    before = dataclasses.replace(
        told(str(tmp_path / "a"), characters=37), sha256=hashlib.sha256(content).hexdigest()
    )
    with pytest.raises(UserError, match=r"as an earlier charlstm read it, .*init_from='run'"):
        own_text(before, "run", in_run=True)
    (tmp_path / "a").write_bytes(content + b"\n")
    with pytest.raises(UserError, match="not the text that run was trained on"):
        own_text(before, "run", in_run=True)


def test_a_text_is_the_same_with_a_mark_and_without(read, tmp_path):
    first, again = read({"a": b"abc"}, ["a"], then={"a": codecs.BOM_UTF8 + b"abc"})
    assert again == first


def test_a_text_that_a_user_named_is_read_whole_and_as_the_training_read_its_own(
    checkpoint, tmp_path
):
    (tmp_path / "own").write_bytes("größe\n".encode("latin-1") * 5)
    (tmp_path / "other").write_bytes("fähre\n".encode("latin-1") * 5)
    options = DataOptions(encoding="latin-1", limit=9)
    trained_on = Provenance.of(read_corpus(str(tmp_path / "own"), options))
    checkpoint = dataclasses.replace(checkpoint, provenance=trained_on)
    checkpoint.save(tmp_path / "model.safetensors")
    model = str(tmp_path / "model.safetensors")
    assert find_text(model, checkpoint, [str(tmp_path / "other")]).text == "fähre\n" * 5
    with pytest.raises(UserError, match="no run stands beside it"):
        find_text(model, checkpoint)
    checkpoint = dataclasses.replace(checkpoint, provenance=None)
    with pytest.raises(UserError, match=r"does not name the text .*; give it as CORPUS"):
        find_text(model, checkpoint)
