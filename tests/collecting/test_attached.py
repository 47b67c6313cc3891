"""Files beside a notebook: which a set asks for, which are missing, which two students share."""

import nbformat

from charlstm.collecting.attached import asked_for, digest, put, remarks
from charlstm.collecting.downloads import File


def test_a_set_names_its_files_in_the_metadata_of_a_cell(tmp_path):
    path = tmp_path / "ps1.ipynb"
    cells = [nbformat.v4.new_code_cell("1"), nbformat.v4.new_markdown_cell("2")]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    assert asked_for(path) == []
    cells[0].metadata.files = ["text.txt", "../../elsewhere/model.safetensors"]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    assert asked_for(path) == ["text.txt", "model.safetensors"]  # never outside the folder
    cells[0].metadata.files = "text.txt"
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    assert asked_for(path) == ["text.txt"]


def test_a_file_is_written_or_the_reason_is_told(tmp_path):
    def too_large():
        raise ValueError("larger than 50 MB")

    assert put(File("a/text.txt", 0, lambda: b"abc"), tmp_path / "a" / "text.txt") == ""
    assert (tmp_path / "a" / "text.txt").read_bytes() == b"abc"
    assert put(File("text.txt", 0, too_large), tmp_path / "b.txt") == "larger than 50 MB"
    assert not (tmp_path / "b.txt").exists()


def test_a_file_that_cannot_be_read_does_not_leave_the_former_one_in_its_place(tmp_path):
    def too_large():
        raise ValueError("larger than 50 MB")

    target = tmp_path / "text.txt"
    put(File("text.txt", 0, lambda: b"abc"), target)
    assert put(File("text.txt", 1, too_large), target) == "larger than 50 MB"
    assert not target.exists()


def test_missing_files_and_shared_ones_are_remarked(tmp_path):
    notebooks = {name: tmp_path / name / "ps1.ipynb" for name in ("ada", "bob", "cy", "dan")}
    for name, texts in {"ada": "xm", "bob": "xn", "cy": "yn", "dan": ""}.items():
        (tmp_path / name).mkdir()
        for file, content in zip(("t", "m"), texts, strict=False):
            (tmp_path / name / file).write_text(content, encoding="utf-8")
    assert remarks(notebooks, ["t", "m"]) == {
        "ada": "same t as bob",
        "bob": "same t as ada; same m as cy",
        "cy": "same m as bob",
        "dan": "missing: t; missing: m",
    }
    assert remarks(notebooks, []) == dict.fromkeys(notebooks, "")


def test_a_digest_changes_with_any_of_the_files(tmp_path):
    paths = [tmp_path / name for name in "abc"]
    assert digest(*paths) == ""
    seen = set()
    for path in paths:
        path.write_text(path.name, encoding="utf-8")
        seen.add(digest(*paths))
    assert len(seen) == 3
    assert digest(paths[0]) not in seen - {digest(paths[0])}
