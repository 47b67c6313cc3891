"""Make submissions of ps1: `python tests/make_class.py COURSE FOLDER N`.

Each answer is a right or a wrong one of the gallery, or the empty one, drawn at random with seed 0;
all of the first student's are right. README.md of the problem sets times `grade` with them.
"""

import random
import sys
from pathlib import Path

import nbformat
from answers import CASES

from charlstm.collecting.repair import grade_id


def main(course, folder, count):
    answers = {}
    for case in CASES:
        source, name, kind, text = case.values
        if source.stem == "ps1":
            answers.setdefault(name, {}).setdefault(kind, []).append(text)
    rng = random.Random(0)
    folder.mkdir(parents=True, exist_ok=True)
    for student in range(count):
        notebook = nbformat.read(course / "release" / "ps1" / "ps1.ipynb", 4)
        for cell in notebook.cells:
            if (name := grade_id(cell)) in answers:
                kind = rng.choice(["right", "right", "wrong", "empty"]) if student else "right"
                if kind in answers[name]:
                    cell.source = rng.choice(answers[name][kind])
        nbformat.write(notebook, folder / f"s{student:03d}.ipynb")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
