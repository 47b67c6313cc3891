"""The command `evaluate`: the table, the JSON object, and mistakes in one line."""

import json
import os

import numpy as np
import pytest

from charlstm import evaluate, train
from charlstm.model.checkpoint import Checkpoint

# arguments, and what the one line must say; conftest.py makes the files {x}
MISTAKES = [
    ("", "MODEL"),
    ("nosuch {text}", "nosuch: no such file or run folder, and no shipped model"),
    ("{model} {missing}", "nothing.txt: no such file or folder"),
    ("{model}", "does not name the text it was trained on; give it as CORPUS: python -m"),
    ("{model} {other}", "remove it, or pass --unknown skip"),
    ("{model} {other}", "other.txt, part all: character '€' (U+20AC) at position 4"),
    ("{model} {text} --part half", "--part"),
    ("{model} {text} --part test", "the part test has 0 characters; at least 2"),
    ("{model} {one}", "the part all has 1 character;"),
    ("{model} {other} --unknown skip --part train --split 0.1 0.1", "the part train has 0"),
    ("{model} {strange} --unknown skip", "the model knows 0; at least 2 are needed"),
    ("{text} {text}", "text.txt: not a whole safetensors file"),
    ("{pickle} {text}", "not a whole safetensors file"),
    ("{truncated} {text}", "not a whole safetensors file"),
    ("{altered} {text}", "damaged: its content does not match its digest"),
    ("{model} {text} --threads 0", "--threads is 0"),
    ("{model} {text} --dynamic", "the part all has none before it; name --part"),
    ("{model} {text} --streams 2", "--streams 2 without --dynamic does nothing; add --dynamic"),
    ("{model} {text} --streams 0 --dynamic", "--streams is 0"),
    ("{model} {text} --part validation --dynamic --streams 500", "500 streams: a text of"),
    ("{model} {text} --temp 0.5", "--temperature without --novelty"),
    ("{model} {text} --novelty --top-p 2", "--top-p is 2"),
]


def test_evaluate_prints_one_json_object(capsys, model_file, corpus, text):
    assert evaluate.main([str(model_file), corpus, "--json", "--threads", "1"]) == 0
    figures = json.loads(capsys.readouterr().out)
    for protocol in ("carried", "cold"):
        score = figures[protocol]
        assert score["characters"] == len(text) - 1
        assert score["bits_per_char"] == pytest.approx(score["nats"] / np.log(2))
    assert figures["part"] == "all"
    again = [
        evaluate.main([str(model_file), corpus, "--json", "--threads", "1"]),
        capsys.readouterr(),
    ]
    same = json.loads(again[1].out)
    assert same["carried"] == figures["carried"]
    assert same["cold"] == figures["cold"]


def test_evaluate_dynamic_and_novelty_stand_beside_the_static_figures(
    capsys, model_file, corpus, text
):
    asked = ["--part", "validation", "--dynamic", "--novelty", "--length", "300", "--temp", "0.5"]
    assert evaluate.main([str(model_file), corpus, *asked, "--json", "--threads", "1"]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert figures["dynamic"]["characters"] == figures["carried"]["characters"]
    assert figures["dynamic"]["nats"] != figures["carried"]["nats"]
    assert figures["mixture"]["characters"] == figures["carried"]["characters"]
    assert sum(figures["mixture"]["shares"].values()) == pytest.approx(1)
    written = figures["novelty"]
    assert (written["characters"], written["temperature"], written["seed"]) == (300, 0.5, 0)
    assert written["longest"] in text
    assert written["surprise_nats"] > 0
    assert evaluate.main([str(model_file), corpus, *asked, "--threads", "1"]) == 0
    shown = capsys.readouterr().out
    assert "a copy that learns from" in shown
    assert "dynamic (one pass)" in shown
    assert "mixed with n-grams" in shown
    assert f"longest, written: {len(written['longest'])} characters" in shown


def test_evaluate_reads_its_own_text_again_and_takes_the_validation_part(
    capsys, corpus, tmp_path, text
):
    out = str(tmp_path / "run")
    assert (
        train.main([corpus, "--steps", "5", "--hidden-size", "8", "--out", out, "--threads", "1"])
        == 0
    )
    measured = Checkpoint.load(tmp_path / "run/model.safetensors").measured
    capsys.readouterr()
    assert evaluate.main([out, "--json", "--threads", "1"]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert (figures["part"], figures["from"], figures["to"]) == ("validation", 669, len(text))
    assert figures["carried"]["nats"] == pytest.approx(measured.carried.nats, abs=1e-9)
    assert evaluate.main([out, "--threads", "1"]) == 0
    told = capsys.readouterr().out
    assert "validation, characters 669 to 744 of 744 (10.1%)" in told
    assert "5-gram" in told
    assert "having read the 669 characters before" in told
    for part, size in {"train": 669, "all": 744}.items():
        assert evaluate.main([out, "--part", part, "--json", "--threads", "1"]) == 0
        assert json.loads(capsys.readouterr().out)["cold"]["characters"] == size - 1


def test_a_model_from_elsewhere_does_not_choose_what_is_read(capsys, corpus, tmp_path):
    out = str(tmp_path / "run")
    few = ["--steps", "3", "--hidden-size", "8", "--out", out, "--threads", "1"]
    assert train.main([corpus, *few]) == 0
    alone = tmp_path / "model.safetensors"
    alone.write_bytes((tmp_path / "run/model.safetensors").read_bytes())
    capsys.readouterr()
    assert evaluate.main([out, "--json"]) == 0
    assert capsys.readouterr().err == f"reading {corpus}, which {out} names\n"
    assert evaluate.main([str(alone)]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "no run stands beside it (resume.safetensors), so it may be from elsewhere" in line
    assert evaluate.main([str(alone), corpus, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["part"] == "validation"


@pytest.mark.skipif(not os.path.exists("/dev/fd"), reason="needs /dev/fd")
def test_a_pipe_that_the_user_names_is_read(capsys, model_file, text):
    reading, writing = os.pipe()
    os.write(writing, text.encode())
    os.close(writing)
    assert evaluate.main([str(model_file), f"/dev/fd/{reading}", "--json", "--threads", "1"]) == 0
    os.close(reading)
    assert json.loads(capsys.readouterr().out)["of"] == len(text)


@pytest.mark.parametrize(("arguments", "message"), MISTAKES, ids=lambda x: str(x)[:50])
def test_a_mistake_gets_one_line_and_exit_code_2(mistake, arguments, message):
    mistake(evaluate.main, arguments, message)


def test_a_limit_of_the_model_is_not_that_of_another_text(capsys, corpus, tmp_path, text):
    out = str(tmp_path / "run")
    few = ["--steps", "3", "--hidden-size", "8", "--out", out, "--threads", "1", "--limit", "500"]
    assert train.main([corpus, *few]) == 0
    other = tmp_path / "other.txt"
    other.write_text(text[::-1], encoding="utf-8")
    capsys.readouterr()
    assert evaluate.main([out, str(other), "--json", "--threads", "1"]) == 0
    assert json.loads(capsys.readouterr().out)["of"] == len(text)


def test_a_cell_that_is_not_the_model_s_is_refused(capsys, model_file, corpus):
    assert evaluate.main([str(model_file), corpus, "--cell", "rnn"]) == 2
    assert "--cell is rnn, but" in capsys.readouterr().err


def test_a_long_part_is_measured_by_samples_unless_asked_for_whole(
    capsys, model_file, corpus, text, monkeypatch
):
    monkeypatch.setattr("charlstm.measuring.sampled.LONG", 500)
    monkeypatch.setattr("charlstm.measuring.sampled.STRETCHES", 2)
    monkeypatch.setattr("charlstm.measuring.sampled.LENGTH", 256)
    monkeypatch.setattr("charlstm.measuring.sampled.BEFORE", 16)
    asked = [str(model_file), corpus, "--no-baselines", "--threads", "1"]
    assert evaluate.main(asked) == 0
    told = capsys.readouterr().out
    assert "2 stretches of 256 characters were scored; --whole scores all of it." in told
    assert "xz" not in told
    assert evaluate.main([*asked, "--json"]) == 0
    some = json.loads(capsys.readouterr().out)
    assert some["carried"]["characters"] == some["cold"]["characters"] == 512
    assert some["carried"]["interval"] > 0
    assert "xz_bits_per_char" not in some
    assert evaluate.main([*asked, "--json", "--whole"]) == 0
    whole = json.loads(capsys.readouterr().out)
    assert whole["carried"]["characters"] == len(text) - 1
    assert "interval" not in whole["carried"]


def test_dynamic_reads_the_beginning_of_a_long_part(capsys, model_file, corpus, monkeypatch):
    monkeypatch.setattr(evaluate, "DYNAMIC", 50)
    monkeypatch.setattr("charlstm.measuring.sampled.LONG", 70)
    monkeypatch.setattr("charlstm.measuring.sampled.STRETCHES", 2)
    monkeypatch.setattr("charlstm.measuring.sampled.LENGTH", 16)
    monkeypatch.setattr("charlstm.measuring.sampled.COLD_WINDOW", 8)
    monkeypatch.setattr("charlstm.measuring.sampled.BEFORE", 8)
    asked = [str(model_file), corpus, "--part", "validation", "--dynamic", "--no-baselines"]
    assert evaluate.main([*asked, "--json", "--threads", "1"]) == 0
    assert json.loads(capsys.readouterr().out)["dynamic"]["characters"] == 49
    assert evaluate.main([*asked, "--json", "--threads", "1", "--whole"]) == 0
    assert json.loads(capsys.readouterr().out)["dynamic"]["characters"] == 74


def test_lines_that_were_drawn_are_drawn_again_by_all_who_read_the_text(
    tmp_path, capsys, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    names = "".join(f"{a}{b}n{c}\n" for a in "abcde" for b in "aeiou" for c in "aeiou")
    (tmp_path / "names.txt").write_text(names, encoding="utf-8")
    small = ["--hidden-size", "8", "--steps", "3", "--threads", "1", "--split-by", "line"]
    assert train.main(["names.txt", *small]) == 0
    assert "565 characters to train on, 60 for validation, drawn by line" in capsys.readouterr().err
    model = Checkpoint.load(tmp_path / "runs" / "names" / "model.safetensors")
    assert train.main(["--resume", "runs/names", "--more-steps", "2", "--threads", "1"]) == 0
    (tmp_path / "moved.txt").write_text(names, encoding="utf-8")
    (tmp_path / "other.txt").write_text(names[::-1], encoding="utf-8")
    figures = []
    for text in ([], ["moved.txt"], ["other.txt"]):
        capsys.readouterr()
        asked = ["runs/names", *text, "--json", "--threads", "1", "--no-baselines"]
        assert evaluate.main(asked) == 0
        figures.append(json.loads(capsys.readouterr().out))
    own, moved, other = figures
    assert (own["part"], own["from"], own["to"]) == ("validation", 565, 625)
    same = {"corpus": "", "chars_per_second": 0}
    assert moved | same == own | same
    assert (other["part"], other["from"], other["to"]) == ("all", 0, len(names))
    assert model.provenance.options.split_by == "line"
    assert evaluate.main(["runs/names", "--threads", "1"]) == 0
    assert "validation, 60 of 625 characters (9.6%), drawn by line" in capsys.readouterr().out
