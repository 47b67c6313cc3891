"""No attack of the gallery gets more than what it really answers is worth.

The normal run tries some that the date draws; `ATTACKS=all pytest -m slow` on this file tries all,
and `ATTACKS=names` that one.
"""

import os
import random
from datetime import date

import pytest
from attacked import ATTACKS, SET, declared, hand_in
from toy import RIGHT, exported, handed_in_by, ran, scores

from charlstm.grading import classroom
from charlstm.judging import sandbox

DRAWN = 3
SLOW = {"stop"}  # nothing ends it before 30 seconds have passed


def drawn():
    if names := os.environ.get("ATTACKS"):
        return [attack for attack in ATTACKS if names in ("all", attack.stem)]
    return random.Random(date.today().toordinal()).sample(
        [a for a in ATTACKS if a.stem not in SLOW], DRAWN
    )


@pytest.mark.slow
@pytest.mark.parametrize("how", ["--no-contain", "--contain"])
def test_an_attack_gets_what_its_answers_are_worth(how, tmp_path, monkeypatch, capsys):
    if how == "--contain" and (why := sandbox.why_not()):
        pytest.skip(why)
    source = tmp_path / "sources" / "ps1.py"
    source.parent.mkdir()
    source.write_text(SET, encoding="utf-8")
    monkeypatch.setattr(classroom, "assignments_folder", lambda: source.parent)
    folder = tmp_path / "course"
    ran(capsys, "build", folder)
    release = folder / "release" / "ps1" / "ps1.ipynb"
    honest = {"double": "def double(x):\n    return 2 * x", "half": RIGHT["half"]}
    handed_in_by(tmp_path / "in", "honest.ipynb", release, **honest)
    handed_in_by(tmp_path / "in", "empty.ipynb", release)
    for attack in drawn():
        hand_in(tmp_path / "in", attack, release)
    ran(capsys, "grade", folder, "ps1", tmp_path / "in", "--seconds", 12, how)
    found, notes = scores(folder), exported(folder)
    assert sum(found["honest"].values()) == 6
    assert sum(found["empty"].values()) == 0
    assert notes["honest"]["ps1 note"] == notes["empty"]["ps1 note"] == ""
    for attack in drawn():
        points, told = declared(attack)
        assert sum(found[attack.stem].values()) == (points or 0), attack.stem
        note = notes[attack.stem]["ps1 note"]
        assert (told in note) if told else not note, (attack.stem, note)
