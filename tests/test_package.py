"""The package as a whole: imports, public names, what is installed, what documents say."""

import ast
import dataclasses
import importlib
import os
import re
import shlex
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

import charlstm
from charlstm.model.checkpoint import Checkpoint, find_model
from charlstm.text.registry import SHIPPED

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "charlstm"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

# what every folder and every command may import
SHARED = ["quoting", "errors", "fields", "options", "usage", "flags"]
ROOMS = [
    "machine", "text", "model", "sampling", "measuring", "coding", "insight", "training",
    "searching", "variants", "speed", "web", "notebook", "collecting",
    "judging", "grading",
]  # fmt: skip
COMMANDS = ["train", "search", "evaluate", "sample", "compress", "plot", "page", "corpora",
            "benchmark", "course", "lessons", "__main__"]  # fmt: skip


def files_of(room):
    """Return the files of a folder in the order in which its docstring lists them."""
    tree = ast.parse((PACKAGE / room / "__init__.py").read_text(encoding="utf-8"))
    if room == "grading":  # the nbgrader_config.py of courses from before 0.2 imports from it
        assert [getattr(node, "name", None) for node in tree.body] == [None, None, "__getattr__"]
    else:
        assert len(tree.body) == 1, f"{room}/__init__.py holds a docstring and nothing else"
    return re.findall(r"^- `(\w+)`: ", ast.get_docstring(tree), re.M)


# Text goes down this list once and comes out as text: a file imports only from those above it.
ORDER = [*SHARED, *(f"{room}.{name}" for room in ROOMS for name in files_of(room)), *COMMANDS]
# folders that need an extra
NEEDS = {"notebook": "lessons", "coding": "compress", "searching": "search"}
NEEDS |= dict.fromkeys(("collecting", "judging", "grading"), "course")
# where the module has another name
MODULES = {"beautifulsoup4": "bs4", "ipython": "IPython", "pyyaml": "yaml", "pyzmq": "zmq"}


def path_of(name):
    return PACKAGE / f"{name.replace('.', '/')}.py"


def imported(name):
    """Yield the package's modules that a module imports, at its top or inside its functions."""
    for node in ast.walk(ast.parse(path_of(name).read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("charlstm"):
            inside = node.module.removeprefix("charlstm").lstrip(".")
            for alias in node.names:
                whole = f"{inside}.{alias.name}".lstrip(".")
                module = whole if path_of(whole).exists() else inside
                if module:  # else a name of the package itself
                    yield module
        elif isinstance(node, ast.Import):
            assert not any(alias.name.startswith("charlstm") for alias in node.names), name


def test_every_file_has_its_place_and_imports_only_from_above():
    files = [p.relative_to(PACKAGE).with_suffix("") for p in PACKAGE.rglob("*.py")]
    names = [".".join(p.parts) for p in files if p.name != "__init__"]
    assert sorted(ORDER) == sorted(names)
    for place, name in enumerate(ORDER):
        assert set(imported(name)) <= set(ORDER[:place]), name


def test_every_file_of_a_folder_has_its_tests():
    for name in ORDER:
        room, _, file = name.rpartition(".")
        if room:
            assert (ROOT / "tests" / room / f"test_{file}.py").exists(), name


def test_public_names_are_all_there_and_sorted():
    assert charlstm.__all__ == sorted(charlstm.__all__)
    for name in charlstm.__all__:
        assert getattr(charlstm, name).__module__.startswith("charlstm.")
        assert getattr(charlstm, name).__doc__
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        charlstm.nothing  # noqa: B018
    assert set(charlstm.__all__) <= set(dir(charlstm))


def test_type_checkers_see_the_same_names():
    """They read imports that never run; the package loads names by a map."""
    tree = ast.parse((PACKAGE / "__init__.py").read_text(encoding="utf-8"))
    (block,) = (node for node in tree.body if isinstance(node, ast.If))
    seen = {}
    for node in block.body:
        for alias in node.names:
            assert alias.asname == alias.name  # else it would not be public to them
            seen[alias.name] = node.module
    assert seen == {name: f"charlstm.{home}" for name, home in charlstm._HOME.items()}


def test_importing_the_package_brings_in_nothing():
    probe = "import sys, charlstm; assert not {'torch', 'numpy', 'tyro'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", probe], check=True)


def test_version_is_stated_once_in_each_place():
    assert charlstm.__version__ == PROJECT["version"]
    assert f"## {PROJECT['version']}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_the_citation_names_this_version_and_who_holds_the_rights():
    """Its form was checked with cffconvert; it changes only with the version."""
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["version"] == PROJECT["version"]
    assert citation["license"] == PROJECT["license"]
    assert citation["keywords"] == PROJECT["keywords"]
    (author,) = citation["authors"]
    licence = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert f"Copyright (c) 2026 {author['name']}\n" in licence


def test_the_classifiers_exist_and_claim_no_python_that_is_not_tested():
    from trove_classifiers import classifiers

    assert set(PROJECT["classifiers"]) <= classifiers
    pythons = [c for c in PROJECT["classifiers"] if c.startswith("Programming Language")]
    oldest = PROJECT["requires-python"].removeprefix(">=")
    assert pythons == [f"Programming Language :: Python :: {oldest}"]


def test_the_workflow_runs_what_is_documented_and_is_marked_as_not_yet_run():
    text = (ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")
    (job,) = yaml.safe_load(text)["jobs"].values()
    matrix = job["strategy"]["matrix"]
    assert f">={matrix['python'][0]}" == PROJECT["requires-python"]
    assert {system.split("-")[0] for system in matrix["os"]} == {"ubuntu", "windows", "macos"}
    steps = [step["run"] for step in job["steps"] if "run" in step]
    assert steps == [
        'python -m pip install -c constraints.txt -e ".[test]"',
        "python -m charlstm.sample --temp 0.8 --length 200",
        "python -m pytest",
    ]
    classifiers = [c for c in PROJECT["classifiers"] if c.startswith("Operating System")]
    told = [
        text,
        *((ROOT / n).read_text(encoding="utf-8") for n in ("README.md", "CONTRIBUTING.md")),
    ]
    if classifiers == ["Operating System :: POSIX :: Linux"]:
        assert all("not yet run" in document.lower() for document in told)


def opened_without_encoding(source):
    """Yield the lines that read or write text in the encoding of whoever runs them."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        method = isinstance(node.func, ast.Attribute)
        name = node.func.attr if method else getattr(node.func, "id", "")
        mode = (node.args[:1] if method else node.args[1:2]) or [ast.Constant("r")]
        text = re.fullmatch("[rwax]?[t+]*", str(getattr(mode[0], "value", "b")))
        opens = name in ("read_text", "write_text", "TextIOWrapper") or (name == "open" and text)
        if opens and "encoding" not in {keyword.arg for keyword in node.keywords}:
            yield node.lineno


def test_text_is_utf8_also_on_a_system_that_prefers_something_else():
    example = "open('a'); open('a', 'rb'); p.open('a', encoding=x); p.read_text(); p.open()"
    assert [*opened_without_encoding(example.replace("; ", "\n"))] == [1, 4, 5]
    folders = (PACKAGE, ROOT / "tests", ROOT / "notebooks")
    sources = {p: p.read_text(encoding="utf-8") for f in folders for p in f.rglob("*.py")}
    for path in DOCUMENTS:
        blocks = re.findall("```python\n(.*?)```", path.read_text(encoding="utf-8"), re.S)
        sources[path] = "\n".join(blocks)
    assert {path: [*opened_without_encoding(source)] for path, source in sources.items()} == {
        path: [] for path in sources
    }


# --- dependencies --------------------------------------------------------------------------------


def pinned():
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    return dict(line.lower().split("==") for line in lines if line and not line.startswith("#"))


def requirements():
    groups = {"": PROJECT["dependencies"], **PROJECT["optional-dependencies"]}
    return {
        g: [Requirement(r) for r in rs if not r.startswith("charlstm")] for g, rs in groups.items()
    }


def canonical(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def test_constraints_pin_every_requirement_within_its_range():
    versions = {canonical(k): v for k, v in pinned().items()}
    for group in requirements().values():
        for requirement in group:
            assert requirement.specifier.contains(versions[canonical(requirement.name)]), (
                requirement
            )
    assert versions["torch"] == "2.13.0"


def test_what_the_requirements_bring_along_is_pinned_too():
    from importlib.metadata import PackageNotFoundError, distribution

    versions = {canonical(k) for k in pinned()}
    seen = set()
    waiting = [r for group in requirements().values() for r in group]
    while waiting:
        requirement = waiting.pop()
        if requirement.marker and not requirement.marker.evaluate({"extra": ""}):
            continue
        name = canonical(requirement.name)
        if name in seen:
            continue
        seen.add(name)
        assert name in versions, f"{name} is not in constraints.txt"
        try:
            waiting += map(Requirement, distribution(name).requires or ())
        except PackageNotFoundError:
            assert name not in {canonical(r.name) for r in requirements()[""]}
    assert len(seen) > 20


def test_the_oldest_python_that_is_allowed_can_install_the_pins():
    """Debian 12 has 3.11.2, where a pin that asks for 3.11.5 keeps pip searching for ever."""
    from importlib.metadata import distributions

    oldest = PROJECT["requires-python"].removeprefix(">=") + ".0"
    seen = 0
    versions = {canonical(k): v for k, v in pinned().items()}
    for found in distributions():
        if versions.get(canonical(found.name)) == found.version:
            seen += 1
            assert SpecifierSet(found.metadata["Requires-Python"] or "").contains(oldest), (
                found.name
            )
    assert seen > 20


def test_environment_yml_agrees_with_pyproject():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    assert environment["name"] == "charlstm"
    listed = [d for d in environment["dependencies"] if isinstance(d, str)]
    listed += [d for d in environment["dependencies"][-1]["pip"] if not d.startswith("-e")]
    conda = {"pytorch-cpu": "torch", "matplotlib-base": "matplotlib"}
    got = {}
    for entry in listed:
        name, specifier = re.fullmatch(r"([\w-]+)(.*)", entry).groups()
        got[conda.get(name, name)] = specifier
    assert got.pop("python").removeprefix("=") == PROJECT["requires-python"].removeprefix(">=")
    assert got.pop("pip") == ""
    wanted = [*requirements()[""], *requirements()["lessons"]]
    assert {name: Requirement(name + s).specifier for name, s in got.items()} == {
        r.name: r.specifier for r in wanted
    }


def test_every_import_is_a_stated_dependency():
    standard = sys.stdlib_module_names
    names = {r.name.replace("-", "_") for r in requirements()[""]} | {"charlstm"}
    extras = {
        name: {MODULES.get(r.name, r.name.replace("-", "_")) for r in requirements()[name]}
        for name in NEEDS.values()
    }
    for name in ORDER:
        for node in ast.walk(ast.parse(path_of(name).read_text(encoding="utf-8"))):
            modules = []
            if isinstance(node, ast.Import):
                modules = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                modules = [node.module]
            for module in modules:
                allowed = standard | names
                allowed |= extras.get(NEEDS.get(name.split(".")[0]), set())
                assert module.split(".")[0] in allowed, (name, module)


# --- the wheel -----------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_wheel_works_without_the_repository(tmp_path):
    """Build, install in a fresh environment, and sample; torch is not needed for that."""
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", tmp_path, ROOT]
    subprocess.run([*map(str, build)], check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert "charlstm/pretrained/tinyshakespeare.safetensors" in names
    assert "charlstm/pretrained/tales.safetensors" in names
    assert "charlstm/py.typed" in names
    web = [*(PACKAGE / "web").glob("page.*"), *(PACKAGE / "web").glob("*.js")]
    assert {f"charlstm/web/{path.name}" for path in web} <= set(names)
    assert any(name.endswith("lab/settings/overrides.d/charlstm.json") for name in names)
    assert {f"charlstm/texts/{name}.txt" for name in SHIPPED} <= set(names)
    with zipfile.ZipFile(wheel) as archive:  # no solution and no hidden test of a problem set
        told = [n for n in names if re.search(rb"# (BEGIN|END) (SOLUTION|HIDDEN)", archive.read(n))]
    assert told == []
    assert not [name for name in names if "assignments" in name]
    lessons = ROOT / "notebooks" / "lessons"
    shown = [*lessons.glob("*.ipynb"), *lessons.glob("data/*.csv")]
    shown = {path.relative_to(lessons).as_posix() for path in shown}
    assert {f"charlstm/lesson_files/{name}" for name in shown} <= set(names)
    assert not [n for n in names if n.startswith(("tests/", "corpora/"))]
    environment = tmp_path / "environment"
    subprocess.run([sys.executable, "-m", "venv", str(environment)], check=True)
    python = environment / "bin" / "python"
    needed = [r.name for r in requirements()[""] if r.name != "torch"]
    pip = [python, "-m", "pip", "install", "-q", "-c", ROOT / "constraints.txt"]
    subprocess.run([*map(str, pip), *needed], check=True, cwd=tmp_path)
    subprocess.run([*map(str, pip), "--no-deps", str(wheel)], check=True, cwd=tmp_path)
    clean = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    listed = subprocess.run(
        [str(python), "-m", "charlstm.corpora"], check=True, capture_output=True, cwd=tmp_path,
        env=clean, text=True,
    ).stdout  # fmt: skip
    assert [line.split()[0] for line in listed.splitlines()[1:4]] == list(SHIPPED)
    assert "tinyshakespeare" in listed
    subprocess.run(
        [str(python), "-m", "charlstm.lessons", "mine"], check=True, cwd=tmp_path, env=clean
    )
    copied, ours = ({p.name for p in f.glob("*.ipynb")} for f in (tmp_path / "mine", lessons))
    assert copied == ours
    done = subprocess.run(
        [str(python), "-m", "charlstm.sample", "--temp", "0.8", "--length", "40"],
        check=True,
        capture_output=True,
        cwd=tmp_path,
        env=clean,
    )
    assert len(done.stdout) == 40


# --- documents -----------------------------------------------------------------------------------

DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", PACKAGE / "pretrained" / "README.md"]
LECTURERS = ROOT / "notebooks" / "README.md"


def commands(text):
    """Yield the arguments of every `python -m charlstm.X ...` in a document, torchrun's, too."""
    for line in text.replace("\\\n", " ").splitlines():
        for match in re.finditer(r"(?:python|torchrun .*) -m charlstm\.(\w+)([^`|>&#]*)", line):
            yield match[1], shlex.split(match[2])


@pytest.mark.parametrize(
    "document", [*DOCUMENTS, LECTURERS], ids=lambda p: p.parent.name + "/" + p.name
)
def test_every_command_in_the_documents_parses(document):
    from charlstm.flags import parse

    for name, arguments in commands(document.read_text(encoding="utf-8")):
        module = importlib.import_module(f"charlstm.{name}")
        kind = getattr(module, name.capitalize())
        if "--help" not in arguments:
            parse(kind, arguments)


@pytest.mark.parametrize("page", [LECTURERS, LECTURERS.parent / "assignments" / "README.md"])
def test_commands_for_lecturers_can_be_pasted_into_zsh(page):
    """The shell of a Mac takes a comment after a command for more arguments."""
    text = page.read_text(encoding="utf-8")
    blocks = re.findall(r"^ *```sh\n(.*?)```", text, re.DOTALL | re.MULTILINE)
    assert len(blocks) >= 2
    assert not [block for block in blocks if re.search(r"(^|\s)#", block)]


def example(part):
    """Return the example in Python in the README that has a part."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (code,) = (x for x in re.findall(r"```python\n(.*?)```", readme, re.DOTALL) if part in x)
    return code


def test_the_example_in_python_runs(tmp_path, monkeypatch, text, capsys):
    code = example("TrainOptions(minutes=1)")
    (tmp_path / "my-text.txt").write_text(text + "Once upon a time", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    exec(code.replace("minutes=1", "steps=3"), {})
    assert len(capsys.readouterr().out) > 500


def test_the_example_of_blanks_in_the_readme_runs(capsys):
    exec(example("FitOptions(minutes=1)").replace("minutes=1", "steps=2"), {})
    assert re.fullmatch(r"The .ing and the q.een w.re old\.\n", capsys.readouterr().out)


def test_the_survey_in_the_readme_runs(capsys):
    code = example("survey")
    for long, short in (('"tinyshakespeare"', '"tales"'), ("[:30_000]", "[:2_600]")):
        assert long in code
        code = code.replace(long, short)
    exec(code, {})
    head, *rows = capsys.readouterr().out.splitlines()
    assert head in (ROOT / "README.md").read_text(encoding="utf-8")
    assert len(rows) >= 5


def test_every_flag_named_in_the_readme_exists():
    from charlstm.benchmark import Benchmark
    from charlstm.compress import Compress
    from charlstm.course import Grade
    from charlstm.evaluate import Evaluate
    from charlstm.page import Page
    from charlstm.plot import Plot
    from charlstm.sample import Sample
    from charlstm.search import Search
    from charlstm.train import Train

    known = {"--help", "--temp", "--temp-in-words", "--no-echo", "--version", "--completion"}
    known |= {"--time"}  # of notebooks/build.py
    known |= {"--seeds", "--others"}  # of tests/sampling_methods.py
    known |= {"--no-baselines"}  # what is on is turned off so
    known |= {"--nproc-per-node", "--nnodes", "--node-rank", "--master-addr", "--master-port"}
    for kind in (Benchmark, Compress, Evaluate, Grade, Page, Plot, Sample, Search, Train):
        known |= {"--" + n.replace("_", "-") for n in fields(kind)}
    for document in DOCUMENTS:
        for flag in re.findall(
            r"(?<![\w-])--[a-z][a-z0-9-]+", document.read_text(encoding="utf-8")
        ):
            assert flag in known, (document.name, flag)


def fields(kind):
    for field in dataclasses.fields(kind):
        value = field.default
        if dataclasses.is_dataclass(value):
            yield from fields(type(value))
        else:
            yield field.name


def test_the_readme_lists_every_file():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for name in ORDER:
        room, _, file = name.rpartition(".")
        assert re.search(rf"^  {room}/.*?^    {file}.py " if room else rf"^  {file}.py ", readme,
                         re.M | re.S), name  # fmt: skip


@pytest.mark.parametrize(("name", "cold"), [("tinyshakespeare", 1.34), ("tales", 1.30)])
def test_the_card_states_what_a_shipped_model_says_of_itself(name, cold):
    path = find_model(name)
    card = (PACKAGE / "pretrained" / "README.md").read_text(encoding="utf-8")
    first, second = card.split("\n# The second model")
    part = first if name == "tinyshakespeare" else second
    checkpoint = Checkpoint.load(path)
    measured = checkpoint.measured
    assert path.stat().st_size < 8_000_000
    assert f"{path.stat().st_size:,} bytes" in part
    assert checkpoint.provenance.sha256 in part
    for score in (measured.carried, measured.cold):
        assert f"{score.nats:.4f}" in part
    assert measured.cold.nats <= cold
    assert f"divided by {measured.calibration.temperature:.4f}" in part
    assert f"{checkpoint.training.steps:,} steps" in part
    (command,) = [a for n, a in commands(part) if n == "train"]
    from charlstm.flags import lay_over, parse
    from charlstm.train import Train
    from charlstm.training.presets import preset

    given, names = parse(Train, command)
    chosen = preset(given.preset)
    training = lay_over(chosen.training, given.training, names)
    assert training == checkpoint.training.options
    assert lay_over(chosen.model, given.model, names) == checkpoint.options


def test_every_shipped_model_has_a_card():
    card = (PACKAGE / "pretrained" / "README.md").read_text(encoding="utf-8")
    titles = re.findall(r"^# The .*model: (\w+)$", card, re.M)
    assert titles == ["tinyshakespeare", "tales"]
    assert sorted(titles) == sorted(p.stem for p in (PACKAGE / "pretrained").glob("*.safetensors"))


def test_the_second_model_scores_what_its_file_says(capsys):
    import json

    from charlstm.evaluate import main

    assert main(["tales", "--json", "--threads", "1"]) == 0
    figures = json.loads(capsys.readouterr().out)
    measured = Checkpoint.load(find_model("tales")).measured
    for protocol, score in {"carried": measured.carried, "cold": measured.cold}.items():
        assert figures[protocol]["characters"] == score.characters == 22_298
        assert figures[protocol]["nats"] == pytest.approx(score.nats, abs=1e-5)


@pytest.mark.skipif("CHARLSTM_DATA" not in os.environ, reason="CHARLSTM_DATA names no corpora")
@pytest.mark.slow
def test_the_shipped_model_scores_what_its_file_says(capsys):
    import json

    from charlstm.evaluate import main

    assert main(["tinyshakespeare", "--json", "--threads", "2"]) == 0
    figures = json.loads(capsys.readouterr().out)
    measured = Checkpoint.load(find_model(None)).measured
    for protocol, score in {"carried": measured.carried, "cold": measured.cold}.items():
        assert figures[protocol]["characters"] == score.characters == 111_539
        assert figures[protocol]["nats"] == pytest.approx(score.nats, abs=1e-5)
