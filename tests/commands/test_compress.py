"""The command `compress`: files and pipes, what it tells, and mistakes in one line."""

import dataclasses
import io
import os
import re
import subprocess
import sys

import pytest

from charlstm import compress

# arguments, and what the one line must say; conftest.py makes the files {x}
MISTAKES = [
    ("{missing}", "nothing.txt: no such file or directory"),
    ("{emptyfolder}", "emptyfolder: is a directory"),
    ("{text} --model nosuch", "nosuch: no such file or run folder"),
    ("{text} --model {pickle}", "not a whole safetensors file"),
    ("{text} --model {model} --out {one}", "one.txt: exists already; replace it with --force, or"),
    ("{text} --threads 0", "--threads is 0; it must be from 1 to"),
    ("{text} --decompress", "text.txt: its name does not end in .charlstm, so the result has no"),
    ("{text} --decompress --out {tmp}/x", "text.txt: not a file that charlstm compress wrote"),
    ("{packed} --decompress", "packed: exists already"),
    ("{packed} --decompress --out {tmp}/x", "packed.charlstm: another model compressed it"),
    ("{packed} --decompress --out {tmp}/x --model {other_model}", "with --model"),
    ("{cut} --decompress --out {tmp}/x --model {model}", "cut.charlstm: damaged, or not whole"),
    ("{text} --model {model} --out {text}/y/x", "text.txt takes no new file; name another file"),
    ("{text} --model {model} --out {emptyfolder} --force", "emptyfolder: this is a folder; name"),
]


@pytest.fixture
def run(capfdbinary, model_file):
    def run(*arguments):
        assert compress.main([*map(str, arguments), "--model", str(model_file)]) == 0
        return capfdbinary.readouterr()

    return run


def test_a_file_comes_back(run, corpus, text, tmp_path):
    told = run(corpus).out.decode()
    packed = tmp_path / "text.txt.charlstm"
    size = packed.stat().st_size
    assert size < len(text)
    names, sizes = zip(*(re.split(r" {2,}", line)[:2] for line in told.splitlines()), strict=True)
    assert names == (corpus, f"{corpus}.charlstm", "xz -9e")
    assert [int(s.split()[0].replace(",", "")) for s in sizes][:2] == [len(text), size]
    assert f"{8 * size / len(text):.4f} bits a character" in told
    assert (tmp_path / "text.txt").read_bytes() == text.encode()
    (tmp_path / "text.txt").unlink()
    assert run(packed, "--decompress").out == b""
    assert (tmp_path / "text.txt").read_bytes() == text.encode()


def test_another_name_and_force(run, corpus, text, tmp_path):
    small = tmp_path / "folder" / "small"
    run(corpus, "--out", small)
    back = tmp_path / "back"
    back.write_bytes(b"old")
    run(small, "--decompress", "--out", back, "--force")
    assert back.read_bytes() == text.encode()


def test_pipes(run, corpus, text, tmp_path, monkeypatch):
    def pipe(content):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content), encoding="utf-8"))

    pipe(text.encode())
    told = run("-")
    assert b"bits a character" in told.err
    run(corpus)
    assert told.out == (tmp_path / "text.txt.charlstm").read_bytes()
    pipe(told.out)
    assert run("-", "--decompress").out == text.encode()
    assert run(corpus, "--out", "-", "--force").out == told.out


def test_what_it_does_not_know_and_what_it_stores(run, tmp_path, text):
    strange = tmp_path / "strange"
    strange.write_bytes(b"\xef\xbb\xbf" + text.replace("dog", "dög\r").encode())
    assert f"does not know {3 + 3 * 12} bytes" in run(strange).out.decode()
    binary = tmp_path / "binary"
    binary.write_bytes(os.urandom(300))
    assert b"it is stored as it was" in run(binary).out
    empty = tmp_path / "empty"
    empty.write_bytes(b"")
    run(empty)
    for path in (strange, binary, empty):
        run(f"{path}.charlstm", "--decompress", "--out", tmp_path / "back", "--force")
        assert (tmp_path / "back").read_bytes() == path.read_bytes()


@pytest.fixture
def wrong(files, tmp_path, checkpoint, capsys):
    """Files and models that do not go together, by name."""
    packed = tmp_path / "packed.charlstm"
    assert compress.main([files["text"], "--model", files["model"], "--out", str(packed)]) == 0
    capsys.readouterr()
    (tmp_path / "packed").write_bytes(b"")
    (tmp_path / "cut.charlstm").write_bytes(packed.read_bytes()[:-5])
    weights = {name: -array for name, array in checkpoint.weights.items()}
    dataclasses.replace(checkpoint, weights=weights).save(tmp_path / "other.safetensors")
    files |= {"packed": str(packed), "cut": str(tmp_path / "cut.charlstm"), "tmp": str(tmp_path)}
    files["other_model"] = str(tmp_path / "other.safetensors")


@pytest.mark.usefixtures("wrong")
@pytest.mark.parametrize(("arguments", "message"), MISTAKES, ids=lambda x: str(x)[:50])
def test_a_mistake_gets_one_line_and_exit_code_2(mistake, arguments, message, tmp_path):
    mistake(compress.main, arguments, message)
    assert not (tmp_path / "x").exists()


def test_a_folder_that_must_not_be_written_is_told_at_once(corpus, monkeypatch, capsys):
    monkeypatch.setattr(os, "access", lambda *_: False)  # root may write everywhere
    assert compress.main([corpus]) == 2
    assert "takes no new file; name another file with --out" in capsys.readouterr().err


def test_without_the_extra_it_says_what_to_install(corpus, monkeypatch, capsys):
    for name in [n for n in sys.modules if n.startswith("charlstm.coding")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "constriction", None)
    assert compress.main([corpus]) == 2
    told = capsys.readouterr().err
    assert "is not installed; compression needs the compress extra: pip install" in told
    assert len(told.splitlines()) == 1


def test_compressing_never_imports_torch(corpus, model_file):
    probe = (
        "import sys; from charlstm.compress import main\n"
        "assert main([*sys.argv[1:], '--out', '-']) == 0\n"
        "assert 'torch' not in sys.modules"
    )
    done = subprocess.run(
        [sys.executable, "-c", probe, corpus, "--model", str(model_file)], capture_output=True
    )
    assert done.returncode == 0, done.stderr
