"""The command that draws trainings: `python -m charlstm.plot runs/my-text --out curves.png`."""

from __future__ import annotations

import base64
import functools
import html
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from charlstm.errors import UserError, command, counted, option, say
from charlstm.fields import OFF, to_json
from charlstm.flags import Positional, parse
from charlstm.machine.atomic_file import check_target, write_atomically
from charlstm.options import Sources

if TYPE_CHECKING:
    from charlstm.model.checkpoint import Checkpoint

ENDINGS = (".png", ".svg", ".pdf", ".html")
STYLE = (
    ":root{color-scheme:light dark}body{font:1rem/1.4 system-ui,sans-serif;margin:2rem auto;"
    "max-width:60rem;padding:0 1rem}img{width:100%;background:#fff}"
    "div{overflow-x:auto}table{border-collapse:collapse;font-size:.9rem}"
    "th,td{padding:.3rem .6rem;text-align:left;border-bottom:1px solid #8888;vertical-align:top}"
    "caption{text-align:left}:focus-visible{outline:3px solid}"
)


@dataclass(frozen=True)
class Plot:
    """Draw one or several trainings: losses, learning rate, gradient norm and clipping.

    python -m charlstm.plot runs/my-text --out my-text.png

    python -m charlstm.plot runs/first runs/second --over time --out both.svg

    python -m charlstm.plot runs/* --out trainings.html

    The ending of FILE says what is made: a picture (.png, .svg, .pdf), or one page (.html) with the
    picture and a table of the runs: the options in which they differ, and their figures. A training
    that is at work can be drawn, too. The picture needs the lessons extra.
    """

    runs: Annotated[Sources, Positional("RUN ...")] = Sources()
    """Folders of runs, which hold a log.jsonl."""
    out: str = "runs.png"
    """Where the picture or the page goes."""
    over: Literal["steps", "time", "characters"] = "steps"
    """What the x axis counts."""
    force: bool = False
    """Replace a file that is there already."""


@dataclass(frozen=True)
class Drawn:
    """A run, as it is drawn.

    Attributes:
        name: of its folder.
        lines: the numbers of each line of its log.
        checkpoint: its best model so far; None if there is none.
    """

    name: str
    lines: Sequence[Mapping[str, float]]
    checkpoint: Checkpoint | None

    @property
    def options(self) -> dict[str, Any]:
        """All options of the run by name."""
        if self.checkpoint is None:
            return {}
        values = to_json(self.checkpoint.options)
        if (trained_on := self.checkpoint.provenance) is not None:
            values |= {"corpus": " ".join(trained_on.sources)} | to_json(trained_on.options)
        if (training := self.checkpoint.training) is not None:
            values |= to_json(training.options)
        return {name: "off" if name in OFF and not each else each for name, each in values.items()}


@functools.partial(command, prints=False)
def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code."""
    given, _ = parse(Plot, argv)
    if not given.runs:
        raise UserError("no RUN; give one or more folders of runs, such as runs/my-text")
    out = Path(given.out)
    if out.suffix.lower() not in ENDINGS:
        raise UserError(
            f"{option('out', given.out)}: its ending must be one of {', '.join(ENDINGS)}"
        )
    check_target(out, given.force)
    try:
        from charlstm.notebook.describe import describe
        from charlstm.notebook.run_plots import FIELD, Curve, picture, trainings
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        raise UserError(
            f"{missing} is not installed; pictures need the lessons extra:"
            " pip install -c constraints.txt -e '.[lessons]'"
        ) from None
    import math

    runs = [_read(Path(run)) for run in given.runs]
    for run in runs:
        if not any(FIELD[given.over] in line for line in run.lines):
            raise UserError(
                f"{run.name}: its log is from before version 0.2 and does not tell"
                f" {option('over', given.over)}; draw it over steps"
            )
    differing = _differing(runs)
    curves = []
    for run, options in zip(runs, differing, strict=True):
        told = ", ".join(f"{name} {value}" for name, value in options.items())
        model = run.checkpoint
        curves.append(
            Curve(
                run.name,
                run.lines,
                None if model is None else math.log(len(model.vocabulary)),
                None if model is None or model.training is None else model.training.options.clip,
                told,
            )
        )
    figure = trainings(curves, given.over)
    if out.suffix.lower() == ".html":
        content = _page(runs, differing, picture(figure, "svg"), describe(figure))
    else:
        content = picture(figure, out.suffix.lower().removeprefix("."))
    write_atomically(out, content, f"name another place with {option('out')}")
    say(f"{out}: {counted(len(runs), 'run')}, {len(content):,} bytes")
    return 0


def _read(folder: Path) -> Drawn:
    from charlstm.model.checkpoint import Checkpoint
    from charlstm.training import log

    if folder.name in ("log.jsonl", "model.safetensors"):  # a file in the folder was named
        folder = folder.parent
    lines = log.read(folder / "log.jsonl")
    model = folder / "model.safetensors"
    checkpoint = Checkpoint.load(model) if model.exists() else None
    return Drawn(folder.resolve().name, lines, checkpoint)


def _differing(runs: Sequence[Drawn]) -> list[dict[str, Any]]:
    """Return for each run the options in which not all runs are alike."""
    names = dict.fromkeys(name for run in runs for name in run.options)
    values = {name: [str(run.options.get(name, "-")) for run in runs] for name in names}
    return [
        {name: each[index] for name, each in values.items() if len({*each}) > 1}
        for index in range(len(runs))
    ]


def _page(
    runs: Sequence[Drawn], differing: Sequence[dict[str, Any]], drawn: bytes, words: str
) -> bytes:
    """Return the picture, in words too, and a table of the runs: a page that needs nothing else."""
    rows = [_figures(run, options) for run, options in zip(runs, differing, strict=True)]
    heads = "".join(f'<th scope="col">{html.escape(name)}</th>' for name in rows[0])
    cells = ""
    for row in rows:
        name, *others = map(html.escape, row.values())
        cells += f'<tr><th scope="row" dir="auto">{name}</th>'
        cells += "".join(f'<td dir="auto">{cell}</td>' for cell in others) + "</tr>"
    source = base64.b64encode(drawn).decode()
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>Trainings</title>'
        '<meta name="viewport" content="width=device-width"><meta http-equiv='
        '"Content-Security-Policy" content="default-src \'none\'; img-src data:; style-src '
        f"'unsafe-inline'\"><style>{STYLE}</style><h1>Trainings</h1>"
        f'<main><img alt="{html.escape(words)}" src="data:image/svg+xml;base64,{source}">'
        '<div tabindex="0" role="region" aria-label="The runs">'
        "<table><caption>The runs: options in which they differ, and figures</caption>"
        f"<thead><tr>{heads}</tr></thead><tbody>{cells}</tbody></table></div></main></html>\n"
    ).encode("utf-8", "replace")


def _figures(run: Drawn, options: Mapping[str, Any]) -> dict[str, str]:
    """Return a row of the table: the options that differ, and how good the run became."""
    last = run.lines[-1]
    best = min((line["validation"] for line in run.lines if "validation" in line), default=None)
    measured = run.checkpoint and run.checkpoint.measured
    carried, cold = (measured.carried, measured.cold) if measured else (None, None)
    return {
        "run": run.name,
        **{name: str(value) for name, value in options.items()},
        "steps": f"{last['step']:,.0f}",
        "epochs": f"{last['epoch']:.2f}" if "epoch" in last else "-",
        "seconds": f"{last['seconds']:,.0f}" if "seconds" in last else "-",
        "best while training, nats": "-" if best is None else f"{best:.4f}",
        "carried, nats": f"{carried.nats:.4f}" if carried else "-",
        "carried, bits": f"{carried.bits_per_char:.4f}" if carried else "-",
        "cold, nats": f"{cold.nats:.4f}" if cold else "-",
    }


if __name__ == "__main__":
    sys.exit(main())
