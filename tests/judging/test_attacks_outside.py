"""What an answer does to the rest of the machine, with and without a sandbox.

Each file of `gallery/attacks_outside` is an answer. Its first line says what it does, the next two
what comes of that: it holds; it is told, as the grader notices it; or it does not hold. The normal
run tries some that the date draws; `ATTACKS=all pytest -m slow` on this file tries all, and
`ATTACKS=disk` that one.
"""

import os
import random
import re
import socket
import time
from datetime import date
from pathlib import Path

import pytest
from toy import RIGHT, exported, handed_in_by, points

from charlstm import course
from charlstm.judging import sandbox

GALLERY = sorted((Path(__file__).parents[1] / "gallery" / "attacks_outside").glob("*.py"))
LARGE = {"memory", "disk"}  # a small machine must not run them by chance
LATE = 7  # seconds after which a process that was left behind has written


def drawn():
    if names := os.environ.get("ATTACKS"):
        return [attack for attack in GALLERY if names in ("all", attack.stem)]
    small = [attack for attack in GALLERY if attack.stem not in LARGE]
    return random.Random(date.today().toordinal()).sample(small, 3)


@pytest.mark.slow
@pytest.mark.parametrize("how", ["alone", "contained"])
def test_what_an_attack_reaches_is_what_its_file_says(
    how, toy_course, tmp_path, monkeypatch, capsys
):
    if how == "contained" and (why := sandbox.why_not()):
        pytest.skip(why)
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    release = toy_course / "release" / "ps1" / "ps1.ipynb"
    with socket.create_server(("127.0.0.1", 0)) as server:
        for attack in drawn():
            answer = attack.read_text(encoding="utf-8").replace("COURSE", str(toy_course))
            answer = answer.replace("PORT", str(server.getsockname()[1]))
            handed_in_by(tmp_path / "in", f"{attack.stem}.ipynb", release, double=answer)
        for honest in ("ada", "zoe"):  # the first has points to change, the last is still to come
            handed_in_by(tmp_path / "in", f"{honest}.ipynb", release, half=RIGHT["half"])
        contain = ["--contain" if how == "contained" else "--no-contain"]
        words = ["grade", str(toy_course), "ps1", str(tmp_path / "in"), "--jobs", "1", *contain]
        ended = course.main(words)
    told = capsys.readouterr().err
    time.sleep(LATE)
    assert not (toy_course / "late.txt").exists()
    assert not list(home.rglob("a.py"))
    names = {attack.stem for attack in drawn()}
    reached = points(toy_course)
    expected = {}
    for attack in drawn():
        head = attack.read_text(encoding="utf-8")
        expected[attack.stem], note = re.search(rf"# {how}: ([\w ]+), note: ?(.*)", head).groups()
        if ended == 0:
            found = exported(toy_course)[attack.stem]["ps1 note"]
            assert (note in found) if note else not found, (attack.stem, found)
        else:
            assert f"{attack.stem}: {note}" in told
        if expected[attack.stem] == "does not hold":
            assert reached[attack.stem] >= 3, attack.stem
        elif expected[attack.stem] == "holds":
            assert reached[attack.stem] % 26 == 0, attack.stem
    is_told = "told" in expected.values()
    assert ("changed by" in told) is is_told
    above = how == "alone" and "gradebook" in names
    assert ended == (2 if above else 0)
    if above:
        assert re.search(r"error: .*gradebook.db: .* of \d points for .*put them right", told)
    elif how == "alone" and "other_submission" in names:
        assert "the file was changed while others" in exported(toy_course)["zoe"]["ps1 note"]
    else:
        assert reached["zoe"] == 3
