"""The command `search`: mistakes in one line, a whole search, the same again, and another one."""

import json
import shlex
import subprocess
import sys

import numpy as np
import pytest
from safetensors.numpy import load_file

from charlstm import sample, search, train

SPACE = "--space layers=1,2 hidden_size=4,6"
SMALL = "--steps 30 --batch-size 4 --window 8 --embedding-size 4 --precision fp32 --threads 1"

MISTAKES = [
    ("", "no CORPUS; give a text to learn, before --space"),
    ("{text}", "--space is empty; give an item for each option to try"),
    (f"- {SPACE}", "CORPUS is -: a search reads its text again and again"),
    ("{text} --space layer=1,2", "no option 'layer'; perhaps you meant layers"),
    ("{text} --space layers=0,1", "item 1 ('layers=0,1'): --layers is 0; it must be from 1"),
    ("{text} --layers 2 --space layers=1,2", "an option is fixed or tried, not both"),
    ("{text} --space {text}", "no = in it; write OPTION=VALUES"),
    (f"{{text}} {SPACE} --sampler grid --trials 5", "--trials is 5, but the grid has 4 settings"),
    ("{text} --sampler grid --space dropout=0..1", "a grid needs values that can be counted"),
    (f"{{text}} {SPACE} --storage foo:bar --out {{run}}", "--storage foo:bar: "),
    (f"{{text}} {SPACE} --workers 0", "--workers is 0; it must be from 1 to 1024"),
    (f"{{text}} {SPACE} --seed {2**63 - 1} --repeat 2", "the first seed must be at most"),
    (f"{{text}} {SPACE} --hours 0", "--hours is 0.0; it must be above 0"),
    (f"{{text}} {SPACE} --out {{file}}", "a file; name a folder with --out"),
    (f"{{missing}} {SPACE}", "nothing.txt"),
]


@pytest.mark.parametrize(("arguments", "message"), MISTAKES)
def test_mistakes_are_one_line(arguments, message, mistake):
    mistake(search.main, arguments, message)


def test_without_optuna_the_extra_is_named(corpus):
    hidden = (
        "import sys; sys.modules['optuna'] = None\n"
        "from charlstm.search import main; sys.exit(main(sys.argv[1:]))"
    )
    words = [sys.executable, "-c", hidden, corpus, "--space", "layers=1,2"]
    done = subprocess.run(words, capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr.startswith("error: optuna is not installed; a search needs the search extra")
    assert "'.[search]'" in done.stderr


def test_a_search_in_which_all_diverge_says_so(corpus, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    words = f"{corpus} {SMALL} --clip none --sampler grid --space learning_rate=1e100,1e200".split()
    assert search.main(words) == 0
    assert (
        "no setting was trained to its end, so no model is kept; --json" in capsys.readouterr().err
    )
    assert search.main([*words, "--json"]) == 0
    told = capsys.readouterr()
    assert "this search is done\n" in told.err  # a grid takes no more --trials
    assert ["smaller --learning-rate" in s["error"] for s in json.loads(told.out)["settings"]] == [
        True
    ] * 2


def test_a_search_ends_with_a_model_and_its_command(corpus, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    words = f"{corpus} {SPACE} {SMALL} --sampler grid".split()
    assert search.main(words) == 0
    told = capsys.readouterr()
    assert told.err.startswith("search: layers=1,2 hidden_size=4,6; grid, 4 settings\ncost: 4 set")
    assert told.out.splitlines()[1].split()[0] == "1"
    folder = tmp_path / "runs" / "text-search"
    assert (folder / "search.png").read_bytes().startswith(b"\x89PNG")
    assert search.main([*words, "--json"]) == 0
    again = capsys.readouterr()
    assert "this search is done" in again.err
    found = json.loads(again.out)
    assert len(found["settings"]) == 4
    assert found["done"]
    command = shlex.split(found["command"])[3:]
    assert train.main([*command, "--out", "runs/best"]) == 0
    ours, again = (
        load_file(tmp_path / run / "model.safetensors") for run in (found["run"], "runs/best")
    )
    assert ours.keys() == again.keys()
    assert all(np.array_equal(ours[name], again[name]) for name in ours)
    assert sample.main([found["run"], "--length", "9"]) == 0
    capsys.readouterr()
    assert search.main([*words[:-4], "--sampler", "random", "--threads", "1"]) == 2
    assert "holds another search: sampler was grid, is random" in capsys.readouterr().err
