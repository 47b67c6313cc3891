"""A training never learns what a training wrote, and what it reads stays its text."""

import pytest

from charlstm import evaluate, train

OPTIONS = ["--hidden-size", "8", "--threads", "1"]


@pytest.fixture
def texts(tmp_path, monkeypatch, text):
    (tmp_path / "a.txt").write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path.name


def test_a_folder_is_the_same_text_after_it_was_trained_in(texts, capsys):
    for _ in range(2):
        assert train.main([".", "--steps", "2", *OPTIONS]) == 0
    told = capsys.readouterr().err
    assert f"1 left out, a run of charlstm: runs/{texts}" in told.replace("\\", "/")
    for run in (f"runs/{texts}", f"runs/{texts}-2"):
        assert train.main(["--resume", run, "--more-steps", "1", "--threads", "1"]) == 0
        assert evaluate.main([run, "--no-baselines", "--threads", "1"]) == 0


def test_a_text_that_is_not_there_is_asked_for_with_the_command(texts, tmp_path, capsys):
    assert train.main(["a.txt", "--steps", "2", "--out", "run", *OPTIONS]) == 0
    (tmp_path / "a.txt").rename(tmp_path / "b.txt")
    for main, arguments, command in [
        (train.main, ["--resume", "run"], "python -m charlstm.train CORPUS --resume run"),
        (evaluate.main, ["run"], "python -m charlstm.evaluate run CORPUS"),
    ]:
        assert main(arguments) == 2
        told = capsys.readouterr().err.splitlines()[-1]
        assert told.startswith("error: a.txt: not there any more")
        assert told.endswith(f"give it as CORPUS: {command}")
    assert train.main(["b.txt", "--resume", "run", "--more-steps", "1", "--threads", "1"]) == 0


def test_a_run_in_its_text_s_own_folder_leaves_the_user_s_readme_a_text(texts, capsys, tmp_path):
    (tmp_path / "README.md").write_text("About these plays.\n" * 9, encoding="utf-8")
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "README.md").write_text("More of them.\n" * 9, encoding="utf-8")
    assert train.main([".", "--steps", "2", "--out", ".", *OPTIONS]) == 0
    assert "README.md: kept as it is" in capsys.readouterr().err
    assert train.main(["--resume", ".", "--more-steps", "1", "--threads", "1"]) == 0
    assert evaluate.main([".", "--no-baselines", "--threads", "1"]) == 0
    assert "3 files read" in capsys.readouterr().err


def test_a_card_is_no_text(texts, capsys, tmp_path):
    assert train.main([".", "--steps", "2", "--out", ".", *OPTIONS]) == 0
    assert "charlstm card" in (tmp_path / "README.md").read_text(encoding="utf-8")
    assert train.main(["--resume", ".", "--more-steps", "1", "--threads", "1"]) == 0
    assert evaluate.main([".", "--no-baselines", "--threads", "1"]) == 0
