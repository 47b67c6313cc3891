"""What all commands share: the command `charlstm`, help, start-up time, exit codes."""

import os
import re
import shutil
import subprocess
import sys

import pytest

import charlstm
from charlstm import (
    __main__,
    benchmark,
    compress,
    corpora,
    course,
    evaluate,
    lessons,
    page,
    plot,
    sample,
    search,
    train,
)

COMMANDS = {
    "train": train,
    "search": search,
    "evaluate": evaluate,
    "sample": sample,
    "compress": compress,
    "page": page,
    "plot": plot,
    "benchmark": benchmark,
    "corpora": corpora,
    "course": course,
    "lessons": lessons,
}


def run_code(code, *words, **options):
    return subprocess.run(
        [sys.executable, "-c", code, *words], capture_output=True, text=True, **options
    )


@pytest.mark.parametrize("name", COMMANDS)
def test_help_shows_examples_and_every_default(name, capsys):
    with pytest.raises(SystemExit) as end:
        COMMANDS[name].main(["--help"])
    assert end.value.code == 0
    told = capsys.readouterr().out
    assert f"python -m charlstm.{name}" in told
    assert "default" in told or name in ("course", "lessons")  # verbs have options; none


@pytest.mark.parametrize("name", COMMANDS)
def test_help_and_mistakes_never_wait_for_torch(name):
    probe = (
        f"import sys; from charlstm.{name} import main\n"
        "try: main(['--help'])\nexcept SystemExit: pass\n"
        "main(['--no-such-flag'])\n"
        "assert 'torch' not in sys.modules and 'numpy' not in sys.modules"
    )
    done = run_code(probe)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", sorted({*COMMANDS} - {"train", "page", "plot", "lessons"}))
def test_a_closed_standard_output_is_one_line(name, monkeypatch, capsys):
    monkeypatch.setattr(sys, "stdout", None)
    assert COMMANDS[name].main([]) == 2
    assert capsys.readouterr().err.startswith("error: standard output is closed; leave it open")


def test_a_closed_standard_input_is_one_line(model_file, monkeypatch, capsys):
    monkeypatch.setattr(sys, "stdin", None)
    assert train.main(["-"]) == 2
    assert sample.main([str(model_file), "--prime-file", "-"]) == 2
    assert capsys.readouterr().err.count("error: standard input is closed; name a file") == 2


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory"),
        RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB."),
        RuntimeError("MPS backend out of memory (MPS allocated: 1 GB)"),
        RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling cublasCreate(handle)"),
    ],
)
def test_too_little_memory_is_one_line(error, model_file, monkeypatch, capsys):
    def run_out(*_):
        raise error

    monkeypatch.setattr("charlstm.sampling.sampler.Sampler.read", run_out)
    assert sample.main([str(model_file)]) == 2
    assert capsys.readouterr().err.startswith("error: out of memory; give smaller sizes")


def test_a_bug_keeps_its_traceback(model_file, monkeypatch):
    def fail(*_):
        raise RuntimeError("shapes do not match")

    monkeypatch.setattr("charlstm.sampling.sampler.Sampler.read", fail)
    with pytest.raises(RuntimeError, match="shapes do not match"):
        sample.main([str(model_file)])


# run each line of words, and say how it ended
COMMAND_LINES = """
import sys
from charlstm.__main__ import main
for line in sys.argv[1].split("|"):
    try: code = main(line.split())
    except SystemExit as end: code = end.code
    print("ended with", code, flush=True)
"""


@pytest.mark.parametrize(
    "environment",
    [
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        {"PYTHONIOENCODING": "ascii"},
        {"PYTHONIOENCODING": "cp1252"},  # as on Windows, when a file or a pipe takes the output
    ],
    ids=str,
)
def test_a_locale_without_utf8_harms_nothing(environment, tmp_path, text):
    corpus = tmp_path / "größe.txt"
    corpus.write_text(text.replace("o", "ö€"), encoding="utf-8")
    run = tmp_path / "maß"
    lines = [
        f"train {corpus} --steps 2 --show 50 --hidden-size 8 --threads 1 --out {run}",
        f"sample {run} --prime ö€ --length 30 --stop €€",
        f"sample {run} --prime ß",
        f"evaluate {run}",
        f"corpora {corpus}",
        "corpora größen.txt",
        "sample --lenght 3",
        "course build",
        "train --help",
        "--help",
        "--completion zsh",
    ]
    done = subprocess.run(
        [sys.executable, "-c", COMMAND_LINES, "|".join(lines)],
        env=os.environ | environment,
        capture_output=True,
    )
    assert done.returncode == 0, done.stderr.decode()
    ends = [int(code) for code in re.findall(rb"ended with (\d)", done.stdout)]
    assert ends == [0, 0, 2, 0, 0, 2, 2, 2, 0, 0, 0], done.stderr.decode()
    assert "\nö€".encode() in done.stdout  # the sample is UTF-8 everywhere
    told = done.stderr.decode("utf-8", "replace").splitlines()
    errors = [line for line in told if line.startswith("error: ")]
    assert len(errors) == ends.count(2)
    assert "U+00DF" in errors[0]
    assert not any(re.search(r"---|─|\\u25", line) for line in errors)


# a user that the system does not know, as in a container that is started with a number for a user
HOMELESS = """
import pwd, sys
from charlstm.__main__ import main
def unknown(uid): raise KeyError(uid)
pwd.getpwuid = unknown
sys.exit(main(sys.argv[1:]))
"""
KNOWS_NO_FOLDER = "error: the folder for texts that have a name is not known, .* set CHARLSTM_DATA"


@pytest.mark.skipif(os.name == "nt", reason="Windows has no numbers for users")
@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        ("sample --length 5", 0, ""),
        ("train {corpus} --steps 2 --hidden-size 8 --threads 1 --out {tmp}/run", 0, "saved: "),
        ("evaluate {model} {corpus}", 0, ""),
        ("corpora verse", 0, ""),
        ("--completion bash", 0, ""),
        ("corpora", 2, KNOWS_NO_FOLDER),
        ("train anna", 2, KNOWS_NO_FOLDER),
        ("train nothing.txt", 2, KNOWS_NO_FOLDER + ".* or give the path of a text that exists"),
        ("course build {tmp}/course", 2, "error: this user has no home folder; set HOME to a "),
    ],
)
def test_a_user_without_a_home(words, code, told, corpus, model_file, tmp_path):
    names = {"HOME", "CHARLSTM_DATA", "XDG_CACHE_HOME"}
    words = words.format(corpus=corpus, model=model_file, tmp=tmp_path).split()
    environment = {k: v for k, v in os.environ.items() if k not in names}
    done = run_code(HOMELESS, *words, env=environment)
    assert done.returncode == code, done.stderr
    assert re.search(told, done.stderr), done.stderr
    assert code == 0 or len(done.stderr.splitlines()) == 1


# --- the one way in ------------------------------------------------------------------------------


@pytest.mark.parametrize("words", [[], ["--help"], ["-h"]])
def test_without_a_verb_the_verbs_are_listed(words, capsys):
    assert __main__.main(words) == 0
    told = capsys.readouterr().out
    for verb, module in COMMANDS.items():
        first = getattr(module, verb.capitalize()).__doc__.splitlines()[0]
        assert f"  {verb:12}{first}\n" in told
    assert sorted(COMMANDS) == sorted(__main__.VERBS)


def test_a_verb_is_the_same_as_its_module(capsys):
    assert __main__.main(["corpora", "tales"]) == 0
    told = capsys.readouterr()
    assert corpora.main(["tales"]) == 0
    assert capsys.readouterr() == told
    assert __main__.main(["sample", "--top-k", "0"]) == 2
    assert "error: --top-k is 0" in capsys.readouterr().err
    with pytest.raises(SystemExit) as end:
        __main__.main(["train", "--help"])
    assert end.value.code == 0


def test_version(capsys):
    assert __main__.main(["--version"]) == 0
    assert capsys.readouterr().out == f"charlstm {charlstm.__version__}\n"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ["trian", "x"],
            "trian: no such command; perhaps you meant train; there are train",
        ),
        (["xyz"], "xyz: no such command; there are train, search"),
        (["--completion"], "--completion without a shell; give one of bash, zsh"),
        (["--completion", "dos"], "--completion without a shell; give one of bash, zsh"),
    ],
)
def test_a_mistake_in_the_verb_is_one_line(words, message, capsys):
    assert __main__.main(words) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert len(told.err.splitlines()) == 1
    assert told.err.startswith(f"error: {message}")


def test_list_version_and_mistakes_import_neither_torch_nor_numpy():
    probe = (
        "import sys; from charlstm.__main__ import main\n"
        "main([]); main(['--version']); main(['trian']); main(['--completion', 'bash'])\n"
        "assert 'torch' not in sys.modules and 'numpy' not in sys.modules"
    )
    done = run_code(probe)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("shell", __main__.SHELLS)
def test_completion_knows_verbs_and_flags(shell, capsys):
    assert __main__.main(["--completion", shell]) == 0
    script = capsys.readouterr().out
    for word in ("charlstm", "evaluate", "feedback", "hidden-size", "top-p", "temp", "last"):
        assert word in script


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("charlstm tr", "train"),
        ("charlstm train --hid", "--hidden-size"),
        ("charlstm sample --te", "--temp --temperature --temp-in-words --temperature-in-words"),
        ("charlstm course gr", "grade"),
        ("charlstm course grade --re", "--regrade"),
    ],
)
def test_bash_completes(words, expected, tmp_path, capsys):
    assert __main__.main(["--completion", "bash"]) == 0
    script = tmp_path / "completion.bash"
    script.write_text(
        capsys.readouterr().out
        + f"\nCOMP_WORDS=({words}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))\n"
        '$(complete -p charlstm | grep -o "_[^ ]*") && echo "${COMPREPLY[@]}"\n',
        encoding="utf-8",
    )
    done = subprocess.run(["bash", str(script)], capture_output=True, text=True)
    assert done.stdout.strip() == expected, done.stderr
