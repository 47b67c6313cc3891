"""The pen of all drawings: few shapes, one line width, one set of colours, one way to write letters.

A drawing is SVG, WIDTH wide, on a white panel of its own, so that it looks the same on a dark page.
Nothing in it depends on the machine: numbers are rounded, and no font is measured. Colours that
mean different things also differ in lightness or in dash, for print without colour. All styles are
attributes, because some pages that show SVG remove style sheets.
"""

import re
from xml.etree import ElementTree

WIDTH = 720
LINE = 2  # the width of every line
SMALL = 13.5  # the smallest text: 13.1 px in a column of 700 px
INK, GREY, PAPER, EDGE = "#1b2530", "#55616d", "#ffffff", "#c3ccd5"
TINT = "#e8edf2"  # what holds other things, and letters of a text
SAND = "#f3c983"  # what has weights
BLUE, PALE = "#0a5fa3", "#bedaf1"  # the path that a drawing is about
RUST = "#b93a08"  # what goes back: always dashed
SANS = "system-ui, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, 'DejaVu Sans', sans-serif"
SERIF = "'STIX Two Text', 'Latin Modern Roman', Cambria, 'Times New Roman', 'DejaVu Serif', serif"
MONO = "ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace"
HEAD = 9  # the length of an arrow's head
BEND = 10  # the radius where a line turns
SIGNS = {"-": "\u2212", r"\times": "\u00d7", r"\cdot": "\u00b7", r"\sigma": "\u03c3"}
UPRIGHT = ("tanh", "T")  # in formulas; all other letters there are slanted
PIECE = re.compile(r"([_^])(?:\{([^}]*)\}|(.))|([^_^]+)")
LETTERS = re.compile(r"([A-Za-z\u03c3]+)|([^A-Za-z\u03c3]+)")

Point = tuple[float, float]


class Drawing:
    """An SVG that grows by calls; x and y of a shape are its centre.

    Args:
        title: what the drawing is called; also its heading.
        description: what can be seen, for those who cannot see it.
        height: height in pixels.
    """

    def __init__(self, title: str, description: str, height: int) -> None:
        self.root = ElementTree.Element(
            "svg",
            {
                "xmlns": "http://www.w3.org/2000/svg",
                "width": str(WIDTH),
                "height": str(height),
                "viewBox": f"0 0 {WIDTH} {height}",
                "role": "img",
            },
        )
        self._add("title").text = title
        self._add("desc").text = description
        self._add("rect", x=1, y=1, width=WIDTH - 2, height=height - 2, rx=12, fill=PAPER,
                  stroke=EDGE, stroke_width=LINE)  # fmt: skip
        self.text(32, 42, title, size=18, bold=True, anchor="start")

    def key(self, y: float, text: str, back: bool = False, **style: str) -> None:
        """Say at the foot of a drawing what a kind of arrow means."""
        ends = ((32, y), (76, y))
        if back:
            self.line(*reversed(ends), colour=RUST, dashed=True)
        else:
            self.line(*ends, **style)
        self.text(90, y, text, anchor="start", colour=GREY)

    def svg(self) -> str:
        """Return the file's text, an element a line."""
        self.root.text = "\n"
        for element in self.root:
            element.tail = "\n"
        return ElementTree.tostring(self.root, encoding="unicode") + "\n"

    def box(
        self, x: float, y: float, width: float, height: float, text: str = "", fill: str = PAPER,
        edge: str = INK, radius: float = 8, size: float = 16,
    ) -> None:  # fmt: skip
        """Draw a rounded box, with a text in its middle."""
        self._add("rect", x=x - width / 2, y=y - height / 2, width=width, height=height, rx=radius,
                  fill=fill, stroke=edge, stroke_width=LINE)  # fmt: skip
        if text:
            self.text(x, y, text, size=size)

    def band(self, left: float, right: float, y: float, height: float = 34) -> None:
        """Draw a pale band behind the path that a drawing is about."""
        self._add("rect", x=left, y=y - height / 2, width=right - left, height=height,
                  rx=height / 2, fill=PALE)  # fmt: skip

    def operation(self, x: float, y: float, sign: str) -> None:
        """Draw a circle that adds, "+", or multiplies, "*", number by number."""
        self._add("circle", cx=x, cy=y, r=15, fill=PAPER, stroke=INK, stroke_width=LINE)
        d = 7 if sign == "+" else 5
        cross = ((0, -d, 0, d), (-d, 0, d, 0)) if sign == "+" else ((-d, -d, d, d), (-d, d, d, -d))
        for x1, y1, x2, y2 in cross:
            self._path(f"M{_n(x + x1)} {_n(y + y1)}L{_n(x + x2)} {_n(y + y2)}", INK)

    def wedge(self, left: float, right: float, base: float, height: float) -> None:
        """Draw an amount that grows from nothing at the left to a height at the right."""
        self._add("path", d=f"M{_n(left)} {_n(base)}H{_n(right)}v{_n(-height)}Z", fill=PALE)
        self._path(f"M{_n(left)} {_n(base)}L{_n(right)} {_n(base - height)}", BLUE)

    def dot(self, x: float, y: float, colour: str = INK) -> None:
        """Draw the point where a line branches."""
        self._add("circle", cx=x, cy=y, r=4, fill=colour)

    def tile(self, x: float, y: float, letter: str) -> None:
        """Draw a letter of a text on a square of 34."""
        self._add("rect", x=x - 17, y=y - 17, width=34, height=34, rx=6,
                  fill=TINT, stroke=PAPER, stroke_width=LINE)  # fmt: skip
        self.letter(x, y, letter, 18)

    def letter(self, x: float, y: float, letter: str, size: float = 15) -> None:
        """Write a letter of a text; a space gets the sign of an open box."""
        if letter == " ":
            half = size / 4
            self._path(f"M{_n(x - half)} {_n(y + 3)}v4h{_n(2 * half)}v-4", GREY)
        else:
            self.text(x, y, letter, size, font=MONO)

    def line(
        self, *points: Point, colour: str = INK, dashed: bool = False, head: bool = True,
        over: bool = False,
    ) -> None:  # fmt: skip
        """Draw a line through points, rounded where it turns, with an arrow's head at its end.

        Args:
            points: each shares x or y with the one before.
            colour: its colour.
            dashed: whether it is dashed; what goes back is.
            head: whether it ends in a head.
            over: whether it passes over other lines, which it then interrupts.
        """
        (x0, y0), (x1, y1) = points[-2:]
        length = abs(x1 - x0) + abs(y1 - y0)
        dx, dy = (x1 - x0) / length, (y1 - y0) / length
        shaft = [*points[:-1], (x1 - dx * (HEAD - 1), y1 - dy * (HEAD - 1)) if head else (x1, y1)]
        path = f"M{_n(points[0][0])} {_n(points[0][1])}"
        for before, turn, after in zip(shaft, shaft[1:], shaft[2:], strict=False):
            come, go = (_towards(turn, end, BEND) for end in (before, after))
            path += f"L{come}Q{_n(turn[0])} {_n(turn[1])} {go}"
        path += f"L{_n(shaft[-1][0])} {_n(shaft[-1][1])}"
        if over:
            self._path(path, PAPER, stroke_width=4 * LINE)
        self._path(path, colour, **({"stroke_dasharray": "7 5"} if dashed else {}))
        if head:
            back, wing = (x1 - dx * HEAD, y1 - dy * HEAD), HEAD / 2
            corners = ((x1, y1), (back[0] - dy * wing, back[1] + dx * wing),
                       (back[0] + dy * wing, back[1] - dx * wing))  # fmt: skip
            self._add("path", d="M" + "L".join(f"{_n(x)} {_n(y)}" for x, y in corners) + "Z",
                      fill=colour)  # fmt: skip

    def text(
        self, x: float, y: float, markup: str, size: float = 15, anchor: str = "middle",
        colour: str = INK, bold: bool = False, font: str = SANS,
    ) -> None:  # fmt: skip
        """Write a line of text whose middle height is y; `$h_{t-1}$` in it is a formula.

        Args:
            x: where it starts, has its middle, or ends, as `anchor` says.
            y: the middle of a letter without ascender.
            markup: text, with formulas between dollars. They are larger than words beside them, so
                that their indices are not too small.
            size: height of its font; formulas are at least 20 high.
            anchor: "start", "middle" or "end".
            colour: its colour.
            bold: whether words are bold.
            font: of the words.
        """
        element = self._add("text", x=x, y=y + round(0.35 * size, 1), font_family=font,
                            font_size=size, text_anchor=anchor, fill=colour)  # fmt: skip
        if bold:
            element.set("font-weight", "bold")
        down = 0.0  # by how much the last piece stands below the line
        for place, part in enumerate(markup.split("$")):
            if place % 2 == 0:
                pieces = [("", part, {})] if part else []
            else:
                pieces = list(_formula(part, max(size, 20)))
            for move, words, style in pieces:
                wanted = {"_": 5.0, "^": -8.0}.get(move, 0.0)
                tspan = ElementTree.SubElement(element, "tspan", style)
                tspan.text = words
                if wanted != down:
                    tspan.set("dy", _n(wanted - down))
                    down = wanted

    def _path(self, d: str, colour: str, **more: object) -> None:
        style: dict[str, object] = {"fill": "none", "stroke": colour, "stroke_width": LINE}
        self._add("path", d=d, **(style | {"stroke_linecap": "round"} | more))

    def _add(self, tag: str, **attributes: object) -> ElementTree.Element:
        made = {
            name.replace("_", "-"): _n(value) if isinstance(value, (int, float)) else str(value)
            for name, value in attributes.items()
        }
        return ElementTree.SubElement(self.root, tag, made)


def _formula(formula: str, size: float) -> list[tuple[str, str, dict[str, str]]]:
    """Return the pieces of a formula: where each stands ("", "_", "^"), its text, its style."""
    for written, sign in SIGNS.items():
        formula = formula.replace(written, sign)
    pieces = []
    for move, group, single, plain in PIECE.findall(formula):
        for letters, others in LETTERS.findall(group or single or plain):
            style = {"font-family": SERIF, "font-size": _n(SMALL if move else size)}
            if letters and letters not in UPRIGHT:
                style["font-style"] = "italic"
            pieces.append((move, letters or others, style))
    return pieces


def _towards(start: Point, end: Point, most: float) -> str:
    """Return the point that lies up to `most` from a start, and half of the way to an end."""
    away = abs(end[0] - start[0]) + abs(end[1] - start[1])
    share = min(most, away / 2) / away
    return " ".join(_n(s + share * (e - s)) for s, e in zip(start, end, strict=True))


def _n(number: float) -> str:
    """Write a number in the same way on every machine."""
    return f"{round(number, 2):g}"
