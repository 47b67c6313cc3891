"""The card of a model: YAML that sites read, and never over a person's work."""

import dataclasses
import os

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from charlstm import __version__
from charlstm.model.facts import Measured, Provenance, Score, Training
from charlstm.options import DataOptions, TrainOptions
from charlstm.training.card import card, marked, quoted, write_card

ODD = st.text(min_size=1) | st.text(
    "\"'\\\n\r\t:#-{}[]|>`<*_\u2028\ufeff\U0001f600é\x00", min_size=1
)


@pytest.fixture
def whole(checkpoint):
    return dataclasses.replace(
        checkpoint,
        provenance=Provenance(("/home/me/my text.txt",), "0af1", 744, DataOptions(split_by="line")),
        training=Training(TrainOptions(steps=9), 9, 1.5, 3.0, 1),
        measured=Measured(None, "validation", 670, 744, Score(1.5, 73), Score(1.6, 73)),
    )


@given(ODD)
def test_yaml_reads_any_name_back(text):
    assert yaml.safe_load(f"name: {quoted(text)}\n") == {"name": text}


@given(ODD)
def test_a_name_in_markdown_is_one_line_without_markup(text):
    shown = marked(text)
    assert len(shown.splitlines()) <= 1
    bare = shown.replace("\\\\", "")
    for place, character in enumerate(bare):
        assert character not in "<[`*_|#" or bare[place - 1] == "\\"


def test_the_head_is_what_sites_read(whole):
    name = 'x: "<b>"\n---\n'
    _, head, body = card(name, whole).split("---\n", 2)
    read = yaml.safe_load(head)
    assert read["library_name"] == "charlstm"
    assert "license" not in read
    (model,) = read["model-index"]
    assert model["name"] == name
    (result,) = model["results"]
    assert result["dataset"] == {"name": "my text.txt", "type": "text", "split": "validation"}
    assert [m["value"] for m in result["metrics"]] == [2.164, 2.3083]
    for told in (
        "by line",
        "`0af1`",
        "744 characters",
        __version__,
        '"split_by": "line"',
        "zero state | 1.6000",
        "along | 1.5000",
    ):
        assert told in body
    assert "/home/me" not in body


def test_the_python_of_a_card_runs(whole, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    whole.save(tmp_path / "model.safetensors")
    code = card("x", whole).split("```python\n")[1].split("```")[0]
    exec(code, {})
    assert len(capsys.readouterr().out) >= 200


def test_a_card_is_written_anew_unless_a_person_changed_it(whole, tmp_path):
    path = tmp_path / "README.md"
    assert write_card(tmp_path, whole)
    first = path.read_bytes()
    better = dataclasses.replace(whole, measured=None)
    assert write_card(tmp_path, better)
    assert b"has not been measured" in path.read_bytes()
    for mine in (first.replace(b"A character", b"My character"), first + b"mine\n", b"", b"mine"):
        path.write_bytes(mine)
        assert not write_card(tmp_path, better)
        assert path.read_bytes() == mine
    path.write_bytes(first.replace(b"\n", b"\r\n"))
    assert write_card(tmp_path, better)


@pytest.mark.skipif(os.name == "nt", reason="needs links")
def test_a_card_follows_no_link(whole, tmp_path):
    (tmp_path / "README.md").symlink_to(tmp_path / "elsewhere")
    assert not write_card(tmp_path, whole)
    assert not (tmp_path / "elsewhere").exists()


def test_a_model_that_says_nothing_has_a_card_too(checkpoint):
    told = card("x", checkpoint)
    assert told.count("The file does not say.") == 2
    assert "model-index" not in told
