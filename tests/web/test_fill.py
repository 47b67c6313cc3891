import base64
import dataclasses
import json
import re
import zlib
from hashlib import sha256
from html.parser import HTMLParser
from importlib import resources

import numpy as np
import pytest
from contrast import contrast, luminance
from hypothesis import given, settings
from hypothesis import strategies as st
from small import CELLS as GATES
from small import TEXT, randomize

from charlstm.errors import UserError
from charlstm.model.cells import CELLS, Cell, rnn
from charlstm.model.checkpoint import Checkpoint, find_model
from charlstm.model.facts import Provenance
from charlstm.model.named_cells import register_cell
from charlstm.model.network import CharModel
from charlstm.options import DataOptions, ModelOptions
from charlstm.text.vocabulary import Vocabulary
from charlstm.web.fill import IN_THE_PAGE, IN_THE_WORKER, KINDS, page
from charlstm.web.telling import Telling

EVIL = "</script><script>alert(1)</script><!--<img src=x onerror=alert(2)>{{weights}}"


class Parts(HTMLParser):
    """The scripts and styles of a page by id or name, and all its tags."""

    def __init__(self, html):
        super().__init__()
        self.tags = []
        self.content = {}
        self.policy = None
        self._within = None
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.tags.append((tag, given))
        if tag in ("script", "style"):
            self._within = given.get("id", tag)
            assert self._within not in self.content
        if given.get("http-equiv") == "Content-Security-Policy":
            self.policy = given["content"]

    def handle_data(self, data):
        if self._within:
            self.content[self._within] = self.content.get(self._within, "") + data

    def handle_endtag(self, tag):
        self._within = None


def css():
    return resources.files("charlstm.web").joinpath("page.css").read_text(encoding="utf-8")


def unpacked(parts):
    """Return the weights that a page holds, by name, as its worker finds them."""
    model = json.loads(parts.content["model"])
    planes = np.frombuffer(zlib.decompress(base64.b64decode(parts.content["weights"])), np.uint8)
    numbers = planes.reshape(model["bytes"], -1).T.copy().view(f"<f{model['bytes']}")[:, 0]
    ends = np.cumsum([size for _, size in model["weights"]])
    names = [name for name, _ in model["weights"]]
    return dict(zip(names, np.split(numbers, ends[:-1]), strict=True))


@pytest.mark.parametrize("largest", [1.0, 1e6])
def test_the_weights_are_as_the_model_file_has_them(checkpoint, largest, tmp_path):
    checkpoint.weights["head.bias"][3] = largest  # 1e6 is too large for float16
    checkpoint.save(tmp_path / "model.safetensors")
    saved = Checkpoint.load(tmp_path / "model.safetensors").weights
    found = unpacked(Parts(page(checkpoint, "m")))
    assert found.keys() == saved.keys()
    for name, array in saved.items():
        np.testing.assert_array_equal(found[name].astype(np.float32), array.ravel())


@pytest.mark.parametrize("name", ["tinyshakespeare", "tales"])
def test_the_page_is_at_most_1_4_times_as_large_as_the_model(name):
    path = find_model(name)
    telling = [Telling("x" * 40, 0, "h", 0, "x" * 60)] * 9
    html = page(Checkpoint.load(path), name, telling, "x" * 1200)
    assert len(html.encode()) < 1.4 * path.stat().st_size


def test_what_is_not_the_model_is_small():
    """So that the page of a small model, too, is small: this much and 1.2 times the model."""
    files = ("page.html", "page.css", *IN_THE_PAGE, *IN_THE_WORKER)
    read = [resources.files("charlstm.web").joinpath(name).read_bytes() for name in files]
    assert sum(map(len, read)) < 70_000


def test_the_page_names_no_place_outside_itself(checkpoint):
    html = page(checkpoint, "m")
    assert "//" not in re.sub(r'(?<=id="weights">)[^<]*|//[ /].*', "", html)
    parts = Parts(html)
    for tag, attributes in parts.tags:
        assert not {"src", "srcset", "action", "style"} & set(attributes), tag
        assert attributes.get("href") in (None, "data:,"), tag
        assert not [name for name in attributes if name.startswith("on")], tag


def test_the_policy_allows_these_scripts_and_nothing_else(checkpoint):
    parts = Parts(page(checkpoint, EVIL))
    rules = dict(rule.split(" ", 1) for rule in parts.policy.split("; "))

    def digest(content):
        return f"'sha256-{base64.b64encode(sha256(content.encode()).digest()).decode()}'"

    assert rules == {
        "default-src": "'none'",
        "script-src": f"{digest(parts.content['script'])} 'wasm-unsafe-eval'",
        "style-src": digest(parts.content["style"]),
        "worker-src": "blob:",
        "img-src": "data:",
        "base-uri": "'none'",
        "form-action": "'none'",
    }


def test_no_script_makes_markup_or_code_of_data():
    makes = (
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|\bFunction\(|DOMParser"
    )
    for name in (*IN_THE_PAGE, *IN_THE_WORKER):
        source = resources.files("charlstm.web").joinpath(name).read_text(encoding="utf-8")
        assert not re.search(makes, source), name
        assert "</script" not in source, name
        assert "fetch(" not in source, name


def with_characters(checkpoint, characters):
    """The same model, but it knows other characters."""
    padded = characters + "".join(c for c in map(chr, range(0x3400, 0x4000)) if c not in characters)
    vocabulary = Vocabulary(padded[: len(checkpoint.vocabulary)])
    return dataclasses.replace(checkpoint, vocabulary=vocabulary)


def test_characters_and_names_are_data(checkpoint):
    source = Provenance((f"/home/{EVIL}/a", "b.txt"), "0" * 64, 9, DataOptions())
    characters = "".join(dict.fromkeys("<script>/&\u2028\x00\ud800\udc00"))
    evil = dataclasses.replace(with_characters(checkpoint, characters), provenance=source)
    telling = [Telling(EVIL, 0, "h", 3, EVIL)]
    harmless, parts = (
        Parts(page(model, name, units, excerpt))
        for model, name, units, excerpt in (
            (checkpoint, "m", (), ""),
            (evil, EVIL, telling, EVIL),
        )
    )
    assert parts.tags == harmless.tags or parts.policy == harmless.policy
    assert [tag for tag, _ in parts.tags] == [tag for tag, _ in harmless.tags]
    model = json.loads(parts.content["model"])
    assert model["name"] == model["excerpt"] == EVIL
    assert model["telling"] == [dataclasses.asdict(telling[0])]
    assert "".join(map(chr, model["characters"])) == evil.vocabulary.characters
    assert "<" not in parts.content["model"]
    assert parts.content["weights"] == harmless.content["weights"]


@settings(max_examples=30, deadline=None)
@given(st.text(min_size=1, max_size=9), st.text())
def test_any_characters_and_any_text_come_through(characters, excerpt):
    vocabulary = Vocabulary("".join(dict.fromkeys(characters)))
    model = CharModel(ModelOptions(layers=1, hidden_size=2), len(vocabulary), 0)
    checkpoint = Checkpoint(model.options, vocabulary, model.to_arrays())
    found = json.loads(Parts(page(checkpoint, excerpt, (), excerpt)).content["model"])
    assert found["name"] == found["excerpt"] == excerpt
    assert "".join(map(chr, found["characters"])) == vocabulary.characters


def test_the_path_of_a_text_stays_at_home(checkpoint):
    source = Provenance(("/home/me/secret/novel.txt", "tales"), "0" * 64, 9, DataOptions())
    html = page(dataclasses.replace(checkpoint, provenance=source), "m")
    assert json.loads(Parts(html).content["model"])["learned"] == "novel, tales"
    assert "secret" not in html


@pytest.mark.parametrize("cell", GATES)
def test_every_cell_and_its_values_are_known(cell):
    vocabulary = Vocabulary.of(TEXT)
    options = ModelOptions(cell=cell, layers=2, hidden_size=3, embedding_size=None)
    model = randomize(CharModel(options, len(vocabulary)))
    told = json.loads(
        Parts(page(Checkpoint(options, vocabulary, model.to_arrays()), "m")).content["model"]
    )
    assert told["kind"] == KINDS[cell]
    network = resources.files("charlstm.web").joinpath("network.js").read_text(encoding="utf-8")
    states, values = re.search(
        rf'  {cell}: {{\n    states: "(\w+)",\n    values: "(\w+)"', network
    ).groups()
    assert [*states] == [*CELLS[cell].states]
    assert [*values] == told["values"]
    assert set(values) == set(CELLS[cell].states) | set(GATES[cell])


def test_a_cell_of_the_readers_own_is_refused(checkpoint):
    register_cell("mine", Cell(rnn, gates=("h",), states=("h",)))
    options = dataclasses.replace(checkpoint.options, cell="mine")
    with pytest.raises(UserError, match=r"my-model is made of the cell mine, .*lstm, rnn, gru"):
        page(dataclasses.replace(checkpoint, options=options), "my-model")


# --- colours -------------------------------------------------------------------------------------


def colours():
    """Return the colours that the style names, for light and for dark."""
    light, dark = css().split("@media (prefers-color-scheme: dark)", 1)
    dark = dark.split("\n}\n", 1)[0]

    def named(part):
        return dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", part))

    assert named(light).keys() == named(dark).keys()
    return {"light": named(light), "dark": named(dark)}


TEXT_ON = [
    *((ink, ground) for ink in ("ink", "faint", "accent", "wrong") for ground in ("paper", "card")),
    ("on-accent", "accent"),
    *((f"{kind}{step}-ink", f"{kind}{step}") for kind in "sd" for step in range(9)),
]
SHAPES_ON = [(shape, ground) for shape in ("edge", "accent") for ground in ("paper", "card")]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_contrast_passes_wcag_aa(scheme):
    named = colours()[scheme]
    for pairs, least in ((TEXT_ON, 4.5), (SHAPES_ON, 3)):
        for one, other in pairs:
            assert contrast(named[one], named[other]) >= least, (one, other)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_scales_can_be_read_in_grey(scheme):
    """Each step of a scale is darker than the one before, in the dark lighter."""
    named = colours()[scheme]
    way = -1 if scheme == "light" else 1
    steps = [luminance(named[f"s{k}"]) for k in range(9)]
    assert (way * np.diff(steps) > 0).all()
    for half in (range(4, 9), range(4, -1, -1)):
        assert (way * np.diff([luminance(named[f"d{k}"]) for k in half]) > 0).all()
    assert ".d0, .d1, .d2 { text-decoration: underline dotted; }" in css()


def test_only_named_colours_are_used():
    rest = re.sub(r"--[\w-]+: #[0-9a-f]{6};", "", css())
    assert not re.search(r"#[0-9a-f]{3,8}\b(?![^{]*\{)|rgb|hsl", rest)
