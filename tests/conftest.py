"""Fixtures: a small text, a small model, and one thread, so that all machines agree."""

import errno

import numpy as np
import pytest
from small import TEXT, randomize

from charlstm.machine.cpus import prepare_cpu
from charlstm.model.checkpoint import Checkpoint
from charlstm.model.network import CharModel
from charlstm.options import ModelOptions
from charlstm.text.vocabulary import Vocabulary

collect_ignore = ["gallery"]  # answers of students, run by test_assignments.py


@pytest.fixture(scope="session", autouse=True)
def _one_thread():
    prepare_cpu(1)


@pytest.fixture
def text():
    return TEXT * 12


@pytest.fixture
def checkpoint(text):
    """A model of random weights, whose text is as random as its weights."""
    vocabulary = Vocabulary.of(text)
    options = ModelOptions(layers=2, hidden_size=12, embedding_size=5)
    model = randomize(CharModel(options, len(vocabulary)))
    return Checkpoint(options, vocabulary, model.to_arrays())


@pytest.fixture
def on_disk(tmp_path, monkeypatch):
    """Let texts of more than 100 bytes be prepared on disk, in a cache folder of the test's own."""
    monkeypatch.setattr("charlstm.text.corpus.IN_MEMORY", 100)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "charlstm" / "prepared"


@pytest.fixture
def model_file(checkpoint, tmp_path):
    path = tmp_path / "small" / "model.safetensors"
    checkpoint.save(path)
    return path


@pytest.fixture
def corpus(tmp_path, text):
    path = tmp_path / "text.txt"
    path.write_bytes(text.encode())
    return str(path)


@pytest.fixture
def files(tmp_path, corpus, model_file, text):
    made = {"text": corpus, "model": str(model_file), "file": corpus}

    def make(key, name, content):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(content)
        made[key] = str(tmp_path / name)

    model = model_file.read_bytes()
    make("empty", "empty.txt", b"")
    make("one", "one.txt", b"T")
    make("binary", "binary.bin", np.random.default_rng(0).bytes(500))
    make("latin", "latin.txt", "größe".encode("latin-1"))
    make("other", "other.txt", "fox €".encode())
    make("strange", "strange.txt", ("€" * 30).encode())
    make("pickle", "pickle.safetensors", b"\x80\x04\x95\x10\x00\x00\x00\x00\x00\x00\x00}")
    make("truncated", "truncated.safetensors", model[:-9])
    make("altered", "altered.safetensors", model[:-9] + b"?" + model[-8:])
    make("unreadable", "unreadable.txt", text.encode())
    make("brokenfile", "broken/resume.safetensors", model[: len(model) // 2])
    made["broken"] = str(tmp_path / "broken")
    made["missing"] = str(tmp_path / "nothing.txt")
    (tmp_path / "emptyfolder").mkdir()
    made["emptyfolder"] = str(tmp_path / "emptyfolder")
    made["run"] = str(tmp_path / "norun")
    return made


@pytest.fixture
def mistake(files, capsys, monkeypatch):
    """Run a command with arguments that are wrong; it must say so in one line and end with 2."""

    def check(main, arguments, message):
        if "{unreadable}" in arguments:  # root may read everything: let the system refuse instead
            monkeypatch.setattr("charlstm.text.archives.Path.open", refuse)
        before = model_bytes(files)
        assert main([a.format(**files) for a in arguments.split()]) == 2
        told = capsys.readouterr()
        assert told.out == ""
        lines = told.err.splitlines()
        assert len(lines) == 1, told.err
        assert lines[0].startswith("error: ")
        assert message in lines[0]
        assert model_bytes(files) == before

    return check


@pytest.fixture
def toy(tmp_path):
    """The source of a small problem set."""
    from toy import TOY  # here, as only tests of courses should wait for nbgrader

    source = tmp_path / "sources" / "ps1.py"
    source.parent.mkdir()
    source.write_text(TOY, encoding="utf-8")
    return source


@pytest.fixture
def toy_release(toy, tmp_path):
    """What nbgrader would make of the set, as far as the marks of the cells go."""
    from charlstm.grading.nbgrader import to_notebook

    path = tmp_path / "release.ipynb"
    path.write_text(to_notebook(toy), encoding="utf-8")
    return path


@pytest.fixture
def toy_course(toy, tmp_path, monkeypatch, capsys):
    """A course with that set."""
    from toy import ran

    from charlstm.grading import classroom

    monkeypatch.setattr(classroom, "assignments_folder", lambda: toy.parent)
    folder = tmp_path / "a course"
    assert ran(capsys, "build", folder).out == "ps1  made: ps1.zip\n"
    return folder


@pytest.fixture(scope="session")
def good_files(tmp_path_factory):
    """A folder with a text and a model that was trained on it, in some ten seconds."""
    import own_files

    folder = tmp_path_factory.mktemp("good")
    own_files.train(folder)
    return folder


def model_bytes(files):
    with open(files["model"], "rb") as file:
        return file.read()


def refuse(path, *_, **__):
    raise PermissionError(errno.EACCES, "Permission denied", str(path))
