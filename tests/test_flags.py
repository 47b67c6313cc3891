"""Parsing a command line: the options, and the names of those that were given."""

import dataclasses
import io
import re
import sys
from pathlib import Path
from typing import Annotated

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_options import GROUPS, some_options

from charlstm.course import Course, Export, Grade
from charlstm.errors import UserError
from charlstm.evaluate import Evaluate
from charlstm.fields import OFF
from charlstm.flags import Only, Positional, lay_over, parse
from charlstm.options import DataOptions, ModelOptions, SampleOptions, Sources, TrainOptions
from charlstm.sample import Sample
from charlstm.train import Train


def words_of(options):
    """Write options as a command line would."""
    for name, value in options.items():
        flag = "--" + name.replace("_", "-")
        if isinstance(value, bool):
            yield flag if value else flag.replace("--", "--no-", 1)
        elif isinstance(value, tuple):
            yield from [flag, *map(str, value)]
        else:  # with "=", as a text may begin with a dash
            yield f"{flag}={'none' if value is None else value}"


@pytest.mark.parametrize("kind", GROUPS)
def test_any_options_come_back_from_their_flags_with_the_names_that_were_given(kind):
    command = {SampleOptions: Sample}.get(kind, Train)
    (group,) = (f.name for f in dataclasses.fields(command) if isinstance(f.default, kind))

    @settings(max_examples=25, deadline=None)
    @given(some_options(kind))
    def check(values):
        made, names = parse(command, list(words_of(values)))
        assert getattr(made, group) == kind(**values)
        assert names == set(values)

    check()


@settings(max_examples=25, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["out", "resume", "init_from"]),
        st.text("-=abtempsd ", min_size=1) | st.sampled_from(["--steps=3", "--seed", "none"]),
    )
)
def test_values_that_look_like_flags_are_not_taken_for_them(values):
    command, names = parse(Train, list(words_of(values)))
    assert names == set(values)
    assert {name: getattr(command, name) for name in values} == values


@pytest.mark.parametrize(
    ("words", "names"),
    [
        ("text", {"corpus"}),
        (
            "text --hidden-size 384",
            {"corpus", "hidden_size"},
        ),  # a default counts as given if somebody writes it
        ("text --hidden_size=384", {"corpus", "hidden_size"}),
        ("text --no-bytes", {"corpus", "bytes"}),
        ("text --clip none --ema None", {"corpus", "clip", "ema"}),
        ("--split 0.5 0.5 text", {"corpus", "split"}),
        ("text --weight-drop -0", {"corpus", "weight_drop"}),
        ("text --limit none", {"corpus", "limit"}),
    ],
)
def test_the_names_that_were_given(words, names):
    assert parse(Train, words.split())[1] == names


def test_temp_is_temperature():
    for words in (["--temp", "0.5"], ["--temperature=0.5"], ["--temp=0.5"]):
        command, names = parse(Sample, words)
        assert (command.sampling.temperature, names) == (0.5, {"temperature"})


def test_a_text_may_be_none():
    command, _ = parse(Sample, ["--stop", "none", "--prime", "none"])
    assert (command.sampling.stop, command.prime) == ("none", "none")


def test_verbs_are_told_apart():
    command, names = parse(Course, ["grade", "c", "ps1", "--seconds", "5"])
    assert command.verb == Grade("c", "ps1", seconds=5)
    assert names == {"folder", "assignment", "seconds"}
    assert parse(Course, ["export", "c"])[0].verb == Export("c")


def test_a_command_may_take_a_part_of_a_group():
    command, names = parse(Evaluate, ["m", "--limit", "5"])
    assert (command.data, names) == (DataOptions(limit=5), {"model", "limit"})
    for flag in ("--bytes", "--min-count=3"):
        with pytest.raises(UserError, match="Unrecognized options"):
            parse(Evaluate, ["m", flag])


def test_a_command_may_change_the_defaults_of_a_group():
    command, _ = parse(Evaluate, ["m", "--top-k", "3"])
    assert command.sampling == SampleOptions(length=20_000, seed=0, top_k=3)


def test_what_was_given_lies_over_a_preset():
    preset = TrainOptions(window=50, clip=None, seed=7)
    command, names = parse(Train, ["text", "--window", "32", "--ema", "none"])
    assert lay_over(preset, command.training, names) == TrainOptions(
        window=32, clip=None, seed=7, ema=None
    )


def test_a_new_option_needs_no_edit_of_flags():
    command, names = parse(Write, ["m", "--min-p", "0.1"])
    assert (command.sampling.min_p, names) == (0.1, {"model", "min_p"})


@dataclasses.dataclass(frozen=True)
class More:
    """More options."""

    min_p: float | None = None
    """A new one."""


@dataclasses.dataclass(frozen=True)
class Write:
    """Write with more options.

    python -m charlstm.write
    """

    model: Annotated[str, Positional("MODEL")]
    """A model."""
    sampling: More = More()
    corpus: Annotated[Sources, Positional("[CORPUS ...]")] = Sources()
    """A text."""
    data: Annotated[DataOptions, Only(("limit",), default="the model's")] = DataOptions()


# --- help and mistakes ---------------------------------------------------------------------------


def help_of(kind, capsys, monkeypatch, *words):
    """Return the help without its boxes and line ends."""
    monkeypatch.setenv("COLUMNS", "100")
    with pytest.raises(SystemExit) as end:
        parse(kind, [*words, "--help"])
    assert end.value.code == 0
    return " ".join(line.strip("│ ") for line in capsys.readouterr().out.splitlines())


def test_help_tells_each_option_once_with_its_default(capsys, monkeypatch):
    told = help_of(Train, capsys, monkeypatch)
    for kind in (DataOptions, ModelOptions, TrainOptions):
        for field in dataclasses.fields(kind):
            flag = "--" + field.name.replace("_", "-")
            assert len(re.findall(rf" {flag}(, --no| [A-Z{{])", told)) == 1, flag
    assert "(default: 384)" in told
    assert "(default: 0.9 0.1)" in told


def test_help_tells_how_to_turn_each_option_off(capsys, monkeypatch):
    told = help_of(Train, capsys, monkeypatch)
    for name in OFF:
        flag = "--" + name.replace("_", "-")
        assert re.search(rf" {flag} (INT|FLOAT)\|none +[^-]*; none ", told), flag


def test_help_of_a_part_tells_whose_defaults_it_has(capsys, monkeypatch):
    told = help_of(Write, capsys, monkeypatch)
    assert "Keep no more than this many characters, from the start. (default: the model's)" in told
    assert "--temp FLOAT, --temperature FLOAT" in help_of(Sample, capsys, monkeypatch)


def test_help_names_the_five_cells(capsys, monkeypatch):
    from charlstm.model.cells import CELLS

    told = help_of(Train, capsys, monkeypatch)
    assert f"The recurrence: {', '.join(CELLS)}, or your own as MODULE:NAME." in told


@pytest.mark.parametrize("encoding", ["utf-8", "ascii", "cp1252"])
def test_a_mistake_is_told_the_same_whatever_standard_output_can_show(encoding, monkeypatch):
    """tyro draws another box where standard output cannot take the corners of the usual one."""
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    monkeypatch.setattr(sys, "stdout", stream)
    with pytest.raises(UserError) as told:
        parse(Sample, ["--lenght", "3"])
    assert str(told.value) == (
        "Unrecognized options: --lenght, 3; Perhaps you meant: --length INT"
        " Characters to make, the prime not counted. (default: 500); python -m charlstm.sample"
        " --help lists all options"
    )


@pytest.mark.parametrize(
    ("kind", "words", "message"),
    [
        (Train, "x --hiden-size 5", "Perhaps you meant: --hidden-size INT"),
        (
            Train,
            "x --preset huge",
            "one of ('auto', 'small', 'medium', 'large', 'xlarge')",
        ),
        (Train, "x --clip much", "Error parsing --clip: could not convert string to float: 'much'"),
        (Train, "x --split 0.9", "Missing value for argument '--split'. Expected 2 values"),
        (Evaluate, "", "MODEL"),
        (Course, "", "Expected one of {build, vary, grade, export, feedback}"),
        (Course, "grad", "Available subcommands: build, vary, grade, export, feedback"),
    ],
)
def test_a_mistake_is_one_line_that_names_the_help(kind, words, message):
    with pytest.raises(UserError) as refused:
        parse(kind, words.split())
    told = str(refused.value)
    assert message in told
    assert "\n" not in told
    assert not set("│╭─") & set(told)
    assert told.endswith(f"; python -m charlstm.{kind.__name__.lower()} --help lists all options")


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["--prime", "-the"], "if -the is meant as its value, write --prime=-the;"),
        (["m", "--stop", "-a b"], "if -a b is meant as its value, write --stop='-a b';"),
    ],
)
def test_a_value_that_begins_with_a_dash_gets_a_hint_that_works(words, hint):
    with pytest.raises(UserError) as refused:
        parse(Sample, words)
    assert hint in str(refused.value)
    flag, value = words[-2:]
    assert parse(Sample, [f"{flag}={value}"])[1] == {flag[2:]}
    with pytest.raises(UserError) as refused:
        parse(Sample, ["--prime"])
    assert "meant" not in str(refused.value)


def test_a_file_that_begins_with_a_dash_gets_a_hint_that_works(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("-my text.txt").write_text("a", encoding="utf-8")
    with pytest.raises(UserError) as refused:
        parse(Train, ["-my text.txt", "--steps", "3"])
    assert "; the file of this name is './-my text.txt'; python" in str(refused.value)
    assert parse(Train, ["./-my text.txt"])[0].corpus == ("./-my text.txt",)
