"""The page in headless Chromium, opened as a file: it computes, writes, reads, and harms nobody.

`-m browser` runs these tests. They need the extra `browser` and the program chromium. Whatever a
test does, the page may ask nobody for anything and report no error.
"""

import dataclasses
import shutil
from contextlib import contextmanager
from functools import partial

import numpy as np
import pytest
from read_page import too_pale
from small import CELLS, TEXT, randomize
from test_browser import CHROMIUM, PATIENCE, until

from charlstm.insight.activations import record
from charlstm.model.cells import CELLS as RECURRENCES
from charlstm.model.checkpoint import Checkpoint, find_model
from charlstm.model.facts import Provenance
from charlstm.model.network import CharModel
from charlstm.options import DataOptions, ModelOptions
from charlstm.sampling.sampler import Sampler
from charlstm.text.vocabulary import Vocabulary
from charlstm.web.fill import page as page_of
from charlstm.web.telling import Telling

pytestmark = pytest.mark.browser

TELLING = [Telling("position in the line", 1, "c", 4, "r 0.95 (untrained 0.50)")]
EVIL = "</script><script>alert(1)</script><img src=x onerror=alert(2)><b>bold</b>"
# one more question that the worker answers: the logits after each character of a text
LOGITS = """
answer.logits = ({ ids }) => {
  const state = network.start();
  post("logits", { rows: ids.map((id) => Array.from(network.step(id, state))) });
};
"""
WITH_LOGITS = f"""
const Plain = Blob;
self.Blob = class extends Plain {{
  constructor(parts, options) {{ super([...parts, {LOGITS!r}], options); }}
}};
"""


@pytest.fixture(scope="module")
def chromium():
    from playwright.sync_api import sync_playwright  # of the extra `browser`

    program = shutil.which("chromium")
    if program is None:
        pytest.fail("chromium is not on the PATH; on Debian: apt-get install chromium")
    alone = "--host-resolver-rules=MAP * ~NOTFOUND"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=[*CHROMIUM, alone])
        yield browser
        browser.close()


@pytest.fixture
def opened(chromium, tmp_path):
    """Open the page of a model; afterwards look for requests and errors."""

    @contextmanager
    def opened(checkpoint, name="m", excerpt=TEXT * 3, script=None, **settings):
        path = tmp_path / "page.html"
        path.write_text(page_of(checkpoint, name, TELLING, excerpt), encoding="utf-8")
        page = chromium.new_page(**{"viewport": {"width": 1200, "height": 800}, **settings})
        wrong = []

        def requested(request):
            if not request.url.startswith(("blob:", "data:")) and request.url != path.as_uri():
                wrong.append(f"request to {request.url}")

        page.set_default_timeout(1000 * PATIENCE)
        page.on("request", requested)
        page.on("websocket", lambda channel: wrong.append(f"websocket to {channel.url}"))
        page.on("console", lambda message: wrong.append(f"console: {message.text}"))
        page.on("pageerror", lambda error: wrong.append(f"uncaught: {error}"))
        page.on("dialog", lambda dialog: wrong.append(f"dialog: {dialog.message}"))
        if script:
            page.add_init_script(script)
        page.goto(path.as_uri())
        page.locator("#start:enabled").wait_for()
        page.locator("#read-status", has_text="nats a letter").wait_for(state="attached")
        yield page
        page.close()
        assert not wrong, "\n".join(wrong)

    return opened


def random_model(options, size=0.3):
    vocabulary = Vocabulary.of(TEXT)
    model = randomize(CharModel(options, len(vocabulary)), size=size)
    rounded = {k: v.astype(np.float16).astype(np.float32) for k, v in model.to_arrays().items()}
    return Checkpoint(options, vocabulary, rounded)


def asked(page, kind, content, answer):
    """Ask the worker something, and return its answer."""
    return page.evaluate(
        """([kind, content, answer]) => new Promise((go) => {
          const before = hear[answer];
          hear[answer] = (message) => { hear[answer] = before; go(message); };
          ask(kind, content);
        })""",
        [kind, content, answer],
    )


# --- it computes what NumPy computes -------------------------------------------------------------

SHAPES = [
    *(ModelOptions(cell, 2, 13, 5, "sum") for cell in CELLS),
    ModelOptions("lstm", 3, 16, None, "last"),
    ModelOptions("gru", 1, 7, None, "sum"),
]


@pytest.mark.parametrize("options", SHAPES, ids=lambda o: f"{o.cell}-{o.layers}-{o.readout}")
def test_logits_surprise_and_units_are_those_of_numpy(options, opened):
    checkpoint = random_model(options)
    text = "\n" + (TEXT * 5)[:299]
    ids = checkpoint.vocabulary.encode(text)
    logits, _ = Sampler(checkpoint).read(ids)
    with opened(checkpoint, excerpt=text[1:], script=WITH_LOGITS) as page:
        rows = np.array(asked(page, "logits", {"ids": ids.tolist()}, "logits")["rows"])
        assert np.ptp(rows) > 1
        np.testing.assert_allclose(rows, logits, rtol=0, atol=1e-4)
        shares = np.log(np.exp(logits - logits.max(1, keepdims=True)).sum(1)) + logits.max(1)
        nats = shares[:-1] - logits[np.arange(299), ids[1:]]
        judged = page.evaluate("() => reader.judged")
        np.testing.assert_allclose([letter["nats"] for letter in judged], nats, atol=1e-4)
        for letter, row in zip(judged, logits, strict=False):
            assert letter["expected"][0][0] == row.argmax()
        held = record(checkpoint, text)
        for layer in range(options.layers):
            unit = 3 + layer
            found = asked(page, "unit", {"layer": layer, "unit": unit}, "unit")["values"]
            assert set(found) == set(RECURRENCES[options.cell].states) | set(CELLS[options.cell])
            for name, values in found.items():
                np.testing.assert_allclose(values, held[layer][name][1:, unit], atol=1e-4)


def test_the_shipped_models_logits_are_those_of_numpy(opened):
    checkpoint = Checkpoint.load(find_model(None))
    ids = checkpoint.vocabulary.encode(("ROMEO:\nBut soft! What light is this?\n\n" * 9)[:300])
    logits, _ = Sampler(checkpoint).read(ids)
    with opened(checkpoint, excerpt="What?", script=WITH_LOGITS) as page:
        rows = asked(page, "logits", {"ids": ids.tolist()}, "logits")["rows"]
        np.testing.assert_allclose(rows, logits, rtol=0, atol=1e-4)


def test_a_letter_is_chosen_as_choose_does(opened):
    """The shares on the bars are those that `choose` draws from."""
    checkpoint = random_model(ModelOptions("lstm", 2, 12, 5))
    with opened(checkpoint) as page:
        ids = checkpoint.vocabulary.encode("The ")
        logits = Sampler(checkpoint).read(ids)[0][-1].astype(float)
        order = np.argsort(-logits, kind="stable")
        page.fill("#prime", "The ")
        for temperature, top_k, top_p in (
            (0.8, "", 1),
            (1.5, "3", 1),
            (1, "", 0.5),
            (0.6, "4", 0.7),
        ):
            page.fill("#top-k", top_k)
            page.fill("#top-p", str(top_p))
            page.fill("#temperature", str(temperature))
            shares = np.exp((logits - logits.max()) / temperature)[order]
            shares[int(top_k or len(order)) :] = 0
            if top_p < 1:
                shares[shares.cumsum() - shares >= top_p * shares.sum()] = 0
            choice = {"temperature": temperature, "topK": int(top_k) if top_k else None}
            choice |= {"topP": top_p if top_p < 1 else None}
            told = asked(page, "choose", {"choice": choice, "pace": 0}, "wrote")["likely"]
            assert [place for place, _ in told] == order[:10].tolist()
            np.testing.assert_allclose(
                [share for _, share in told], (shares / shares.sum())[:10], atol=1e-5
            )
            assert page.evaluate("() => options()") == choice


def test_of_equally_likely_letters_the_first_ones_stay(opened):
    checkpoint = random_model(ModelOptions("lstm", 2, 12, 5))
    for name in ("head.weight", "head.bias"):
        checkpoint.weights[name] = np.zeros_like(checkpoint.weights[name])
    with opened(checkpoint) as page:
        choice = {"temperature": 1, "topK": 3, "topP": None}
        told = asked(page, "choose", {"choice": choice, "pace": 0}, "wrote")["likely"]
        shares = {place: share for place, share in told if share}
        assert shares == pytest.approx(dict.fromkeys(range(3), 1 / 3))


# --- it writes -----------------------------------------------------------------------------------


def write(page, **fields):
    """Fill in fields, press Write, wait for the end, and return the text."""
    for name, value in fields.items():
        page.fill(f"#{name.replace('_', '-')}", str(value))
    page.click("#start")
    page.locator("#start:enabled").wait_for()
    return page.text_content("#text")


def test_a_seed_gives_the_same_text_also_after_a_reload(opened, checkpoint):
    with opened(checkpoint) as page:
        first = write(page, prime="The quick", length=400, seed=5)
        assert len(first) == 400
        assert page.text_content("#begun") == "The quick"
        assert write(page, seed=5) == first
        assert write(page, seed=6) != first
        assert write(page, seed=5 + 2**40) != first
        page.reload()
        page.locator("#start:enabled").wait_for()
        assert write(page, prime="The quick", length=400, seed=5) == first
        likeliest = write(page, temperature=0, seed=1)
        assert write(page, seed=2) == likeliest
        assert write(page, temperature=0.8, top_k=1) == likeliest
        assert "Seed 2." in page.text_content("#written-status")
        page.click("#on")
        page.locator("#on:enabled").wait_for()
        assert len(page.text_content("#text")) == 800


@pytest.mark.parametrize("pace", ["0", "2"])
def test_stop_answers_at_once(pace, opened):
    """One of at most 25: on a machine that others use, too, most may wait for their turn."""
    checkpoint = Checkpoint.load(find_model("tales"))
    took = []
    with opened(checkpoint, excerpt="Once.") as page:
        page.fill("#length", "100000")
        page.select_option("#pace", pace)
        while not took or (min(took) >= 100 and len(took) < 25):
            page.click("#start")
            page.locator("#text", has_text="").wait_for(state="attached")
            page.wait_for_timeout(200)
            took.append(
                page.evaluate(
                    """() => new Promise((go) => {
                      const stop = document.getElementById("stop");
                      const look = new MutationObserver(() => {
                        if (stop.disabled) { look.disconnect(); go(performance.now() - since); }
                      });
                      look.observe(stop, { attributes: true });
                      const since = performance.now();
                      stop.click();
                    })"""
                )
            )
            text = page.text_content("#text")
            page.wait_for_timeout(600 if pace == "2" else 100)
            assert page.text_content("#text") == text  # nothing comes later
            assert "Stopped after" in page.text_content("#written-status")
    assert min(took) < 100, took


def test_a_click_takes_that_letter_also_while_it_writes(opened, checkpoint):
    with opened(checkpoint) as page:
        page.fill("#prime", "The ")
        bars = page.locator("#bars button")
        for place in (2, 0, 4):
            page.locator("#bars button:enabled").first.wait_for()
            letter, label, said = page.evaluate(
                """(place) => {
                  const [id] = written.likely[place];
                  const label = bars[place].button.getAttribute("aria-label");
                  return [letters[id], label, spoken(letters[id])];
                }""",
                place,
            )
            assert label.startswith(f"{said}, ")
            before = page.text_content("#text")
            bars.nth(place).click()
            until(page, "the text", partial(page.text_content, "#text"), (before + letter).__eq__)
        page.fill("#length", "6")
        page.select_option("#pace", "2")
        page.click("#start")
        page.locator("#bars button:enabled").first.wait_for()
        place, letter = page.evaluate(
            """() => {
              bars[3].button.click();
              return [written.ids.length, letters[written.likely[3][0]]];
            }"""
        )
        page.locator("#start:enabled").wait_for()
        assert page.text_content("#text")[place] == letter
        assert len(page.text_content("#text")) == 6  # the letter counts


def test_unknown_characters_are_told_and_left_out(opened, checkpoint):
    with opened(checkpoint) as page:
        page.fill("#prime", "it\u2019s €\u200b")
        assert page.text_content("#begun") == "it's "
        assert "It does not know €" in page.text_content("#written-status")


def test_a_model_of_bytes_writes_and_reads_characters(opened):
    vocabulary = Vocabulary.of("größe und maß\n".encode().decode("latin-1"), bytewise=True)
    options = ModelOptions("rnn", 1, 6, 4)
    model = CharModel(options, len(vocabulary))
    checkpoint = Checkpoint(options, vocabulary, model.to_arrays())
    with opened(checkpoint, excerpt="größe") as page:
        page.fill("#prime", "größe")
        assert page.text_content("#begun") == "größe"
        assert page.evaluate("() => reader.ids.length") == len("größe".encode())
        assert "C3" in page.text_content("#letters")


# --- it reads ------------------------------------------------------------------------------------


def test_a_text_is_coloured_and_walked_with_keys(opened, checkpoint):
    with opened(checkpoint) as page:
        page.click("#tab-read")
        spans = page.locator("#letters span")
        assert spans.count() == 3 * len(TEXT)
        page.fill("#given", TEXT + "the ox\n")
        page.click("#start-reading")
        page.locator("#read-status", has_text=f"{len(TEXT) + 7} letters").wait_for()
        colours = page.evaluate("() => reader.spans.map((span) => span.className)")
        nats = page.evaluate("() => reader.judged.map(({ nats }) => nats)")
        for colour, surprise in zip(colours[1:], nats[1:], strict=True):
            assert colour == f"s{min(8, round(surprise / 6 * 8))}"
        slider = page.locator("#letters")
        slider.focus()
        places = []
        for key in (
            "ArrowRight ArrowRight ArrowLeft End ArrowLeft ArrowUp ArrowDown Home ArrowLeft".split()
        ):
            slider.press(key)
            places.append(int(slider.get_attribute("aria-valuenow")))
        last = len(TEXT) + 7
        assert places == [2, 3, 2, last, last - 1, 6, last - 1, 1, 1]
        assert "nats" in slider.get_attribute("aria-valuetext")
        assert page.locator("#letters .here").count() == 1
        spans.nth(4).hover()
        assert slider.get_attribute("aria-valuenow") == "5"
        assert "q" in page.text_content("#numbers")
        choices = page.locator("#colours input[type=radio]")
        assert choices.count() == 3  # surprise, the telling unit, any
        choices.nth(1).check()
        page.locator("#letters span.d8, #letters span.d0").first.wait_for()
        assert "cell c of unit 4, layer 2" in page.text_content("#numbers")
        page.select_option("#value", "f")
        page.fill("#unit", "11")
        page.locator("#numbers", has_text="forget gate f of unit 11, layer 1").wait_for()
        assert choices.nth(2).is_checked()
        assert page.locator("#letters span[class^=d]").count() == 0  # a gate has no sign


def test_the_keyboard_reaches_everything(opened, checkpoint):
    with opened(checkpoint) as page:
        page.locator("#tab-write").focus()
        page.keyboard.press("ArrowRight")
        assert page.locator("#tab-read").get_attribute("aria-selected") == "true"
        assert page.locator("#read").is_visible()
        assert page.locator("#write").is_hidden()
        page.keyboard.press("ArrowRight")
        reached = []
        for _ in range(24):
            page.keyboard.press("Tab")
            reached.append(page.evaluate("() => document.activeElement.id || 'bar'"))
            width = page.evaluate("() => getComputedStyle(document.activeElement).outlineWidth")
            assert width == "3px" or reached[-1] == "bar", reached  # "bar": or the page itself
        wanted = ["prime", "start", "written", *["bar"] * 10, "temperature", "top-p", "top-k"]
        wanted += ["length", "seed", "pace"]
        assert [name for name in reached if name in wanted][: len(wanted)] == wanted
        page.fill("#length", "30")
        page.locator("#start").focus()
        page.keyboard.press("Enter")
        page.locator("#start:enabled").wait_for()
        assert page.evaluate("() => document.activeElement.id") in ("on", "start")
        page.locator("#bars button").first.focus()
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Enter")
        page.evaluate("() => 0")
        assert page.evaluate("() => document.activeElement === bars[1].button")


# --- it harms nobody, and fits everywhere --------------------------------------------------------


def test_what_a_model_says_is_never_markup(opened, checkpoint):
    letters = "".join(dict.fromkeys("\n<script>/&\"'\u2028\x00=" + TEXT))
    vocabulary = Vocabulary(letters[: len(checkpoint.vocabulary)])
    evil = dataclasses.replace(
        checkpoint,
        vocabulary=vocabulary,
        provenance=Provenance((EVIL.replace("/", "|"),), "0" * 64, 9, DataOptions()),
    )
    with opened(evil, EVIL, "<script>s</script><") as page:
        assert page.text_content("#name") == page.title() == EVIL
        assert EVIL.split("/")[0][:1] in page.text_content("#facts")
        written = write(page, prime="<script>", length=300, temperature=2)
        assert set(written) <= set(vocabulary.characters)
        page.click("#hand")
        page.locator("#read-status", has_text="308 letters").wait_for()
        for tag, number in {"script": 3, "img": 0, "b": 1, "iframe": 0}.items():
            assert page.locator(tag).count() == number, tag


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_from_360_to_1600_pixels(scheme, opened, checkpoint):
    telling = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
    with opened(checkpoint, name="a-name-that-is-long-" * 4, color_scheme=scheme) as page:
        background = page.evaluate("() => getComputedStyle(document.body).backgroundColor")
        assert background == {"light": "rgb(247, 244, 238)", "dark": "rgb(23, 21, 19)"}[scheme]
        write(page, prime="The", length=500, temperature=2)
        for tab in ("write", "read"):
            page.click(f"#tab-{tab}")
            page.mouse.move(0, 0)
            assert too_pale(page) == {}, tab
            for width in (360, 800, 1300, 1600):
                page.set_viewport_size({"width": width, "height": 740})
                assert page.evaluate(telling) == 0, (tab, width)
