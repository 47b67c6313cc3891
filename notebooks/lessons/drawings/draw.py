"""Make the lessons' drawings: `python notebooks/lessons/drawings/draw.py [--check]`.

Each function makes the SVG of its name, beside this file. `--check` writes nothing. It exits with 1
if an SVG is not what its function makes, and names it.

The drawings lie below the lessons, because JupyterLab shows no file above the folder that it was
started in, and `jupyter lab lessons/01-start-here.ipynb` starts it in `lessons`.
"""

import sys
from pathlib import Path

from networks import (
    cell_as_a_tree,
    encoder_decoder,
    lstm_cell,
    stack,
    two_ways,
    unrolled,
    vanilla_cell,
)
from pen import BLUE, EDGE, GREY, MONO, PAPER, RUST, SAND, TINT, Drawing

HERE = Path(__file__).parent


def streams() -> Drawing:
    """A text, cut into streams, which are read in windows; the state goes on, the gradient ends."""
    text, T = "To be, or not to be, that is the question:", 7
    d = Drawing(
        "A text becomes streams, and training reads them in windows",
        "One line of text is cut into three pieces of 14 letters, which become the rows of a table:"
        " streams 0, 1 and 2. The table is cut into window 0, the first seven columns, and window"
        " 1. In each row a solid arrow carries the state across the cut. Dashed arrows, the"
        " gradients, run back from the end of each window and stop where it begins.",
        532,
    )
    for row in range(3):
        middle, y = 138 + row * 222, 226 + row * 72
        d.box(middle, 92, 212, 34, fill=TINT, edge=TINT, radius=6)
        d.text(middle, 126, f"stream {row}", colour=GREY, size=14)
        d.text(104, y, f"stream {row}", anchor="end")
        for k, letter in enumerate(text[row * 2 * T : (row + 1) * 2 * T]):
            d.letter(middle + (k - 6.5) * 14.8, 92, letter)
            d.tile(138 + k * 34 + (k >= T) * 64, y, letter)
        for start in (121, 423):
            d.line((start + 237, y + 29), (start + 1, y + 29), colour=RUST, dashed=True)
        d.line((361, y), (421, y), colour=BLUE)
    for window in (0, 1):
        d.text(240 + window * 302, 184, f"window {window}")
    d.line((391, 174), (391, 406), colour=GREY, head=False)
    d.text(391, 422, "detach", font=MONO)
    d.key(466, "the values of the state, h and c, go on into the next window", colour=BLUE)
    d.key(498, "the gradients end where their window begins", back=True)
    return d


def protocols() -> Drawing:
    """The two ways to score a text: in one pass, or in windows from the zero state."""
    d = Drawing(
        "Two ways to score a text: carried and cold",
        "Above, carried: the whole text in one pass. How much has been read before a character"
        " grows along the whole text, to 1,024. Below, cold: the same text in four windows of 256"
        " characters. How much has been read falls back to zero where each window begins.",
        486,
    )
    left, right, top = 138, 688, 104
    for name, note, base, windows in (
        ("carried", "one pass: the state is carried to the end of the text", 206, 1),
        ("cold", "windows of 256 characters: each begins with the zero state", 344, 4),
    ):
        wide = (right + 8 - left) / windows
        d.text(32, base + 18, name, size=18, bold=True, anchor="start")
        for k in range(windows):
            start, end = left + k * wide, left + (k + 1) * wide - 8
            d.wedge(start, end, base, top / windows)
            d.text(end, base - top / windows - 14, f"{1024 // windows:,}", anchor="end", size=14)
            d.box((start + end) / 2, base + 18, end - start, 26, fill=TINT, edge=EDGE, radius=6)
            d.box(start + 13, base + 18, 26, 26, "0", radius=6, size=15)
        d.text(left, base + 52, note, anchor="start", colour=GREY)
    d.text(left, 94, "how many characters the model has read", anchor="start", colour=BLUE)
    d.box(45, 446, 26, 26, "0", radius=6, size=15)
    d.text(72, 446, "the zero state, as if nothing had been read", anchor="start",
           colour=GREY)  # fmt: skip
    return d


def three_kings() -> Drawing:
    """A unit that remembers who "he" is: when its gates are open, what it holds, what it shows."""
    d = Drawing(
        "One unit remembers who is king",
        "A row of words: Vikram he built he died Jayant he died Rohin he paid. Under each word it is"
        " marked whether three gates are open. The input gate i is open at the three names only. The"
        " forget gate f is shut at the two words died only. The output gate o is open at each he"
        " only. Below, three bands show what c holds: each king from his name until the word died."
        " The last row shows what h tells: at each he the king of that time, and nothing elsewhere.",
        478,
    )
    words = ["Vikram", "he", "built", "he", "died", "Jayant", "he", "died", "Rohin", "he", "paid"]
    columns = [146 + 52 * k for k in range(len(words))]
    kings = [k for k, word in enumerate(words) if word[0].isupper()]
    d.box(406, 98, 572, 34, fill=TINT, edge=TINT, radius=6)
    for name, task, y in (("i", "write", 156), ("f", "keep", 206), ("o", "show", 256)):
        d.text(44, y, f"${name}$", size=20)
        d.text(62, y, task, anchor="start", colour=GREY, size=14)
        for k, x in enumerate(columns):
            opened = {"i": k in kings, "f": words[k] != "died", "o": words[k] == "he"}[name]
            d.box(x, y, 22, 22, fill=BLUE if opened else PAPER, edge=BLUE, radius=5)
    for name, task, y in (("c", "holds", 312), ("h", "tells", 366)):
        d.text(44, y, f"${name}$", size=20)
        d.text(62, y, task, anchor="start", colour=GREY, size=14)
    for k, end in zip(kings, (4, 7, 11), strict=True):
        d.band(columns[k] - 22, columns[0] + 52 * end - 28, 312)
        d.text((columns[k] + columns[end - 1]) / 2, 312, words[k])
    for k, (word, x) in enumerate(zip(words, columns, strict=True)):
        d.text(x, 98, word, size=14)
        if word == "he":
            d.text(x, 366, words[max(king for king in kings if king < k)], size=14)
    for y, fill, told in ((410, BLUE, "the gate is open"), (442, PAPER, "the gate is shut")):
        d.box(44, y, 22, 22, fill=fill, edge=BLUE, radius=5)
        d.text(72, y, told, anchor="start", colour=GREY)
    return d


def windows_of_numbers() -> Drawing:
    """Windows over a series, the number after each, and the cut that nothing fitted may cross."""
    d = Drawing(
        "Windows of a series, and the cut before the test",
        "Twelve numbers in a row: 112, 118, 132, 129, 121, 135, 148, 148, 136, 119, 104 and 118. A"
        " cut stands after the eighth: the numbers before it are for training, and weights and"
        " scale come from them; those after it are for the test. Below are three windows of three"
        " numbers, each with an arrow to the number after it. Two lie before the cut. The third"
        " ends at the cut, and its arrow leads across it, to the first number of the test.",
        440,
    )
    numbers = (112, 118, 132, 129, 121, 135, 148, 148, 136, 119, 104, 118)
    columns = [48 + 52 * k + (k > 7) * 50 for k in range(12)]
    for k, (x, number) in enumerate(zip(columns, numbers, strict=True)):
        d.box(x, 160, 40, 34, str(number), fill=TINT if k < 8 else PAPER, edge=EDGE, radius=6)
    d.text((columns[0] + columns[7]) / 2, 86, "for training: weights and scale come from here")
    d.text((columns[8] + columns[11]) / 2, 86, "for the test")
    d.line((columns[0] - 20, 112), (columns[7] + 20, 112), colour=BLUE, head=False)
    d.line((columns[8] - 20, 112), (columns[11] + 20, 112), colour=GREY, head=False)
    cut = (columns[7] + columns[8]) / 2
    d.line((cut, 74), (cut, 362), colour=GREY, head=False)
    for first, y in ((0, 222), (1, 274), (5, 326)):
        for k in range(first, first + 3):
            d.box(columns[k], y, 36, 34, str(numbers[k]), fill=SAND, edge=EDGE, radius=6)
        d.line((columns[first + 2] + 23, y), (columns[first + 3] - 19, y), colour=BLUE, over=True)
        d.box(columns[first + 3], y, 36, 34, str(numbers[first + 3]), edge=BLUE, radius=6)
    d.box(45, 404, 26, 26, fill=SAND, edge=EDGE, radius=6)
    d.text(72, 404, "what the network reads: a window, here T = 3", anchor="start", colour=GREY)
    d.box(465, 404, 26, 26, edge=BLUE, radius=6)
    d.text(492, 404, "what it should say", anchor="start", colour=GREY)
    return d


DRAWINGS = {
    "unrolled": unrolled,
    "vanilla-cell": vanilla_cell,
    "lstm-cell": lstm_cell,
    "stack": stack,
    "streams-and-windows": streams,
    "protocols": protocols,
    "three-kings": three_kings,
    "two-ways": two_ways,
    "windows-of-numbers": windows_of_numbers,
    "encoder-decoder": encoder_decoder,
    "cell-as-a-tree": cell_as_a_tree,
}


def main() -> int:
    """Write all drawings, or check them."""
    stale = []
    for name, make in DRAWINGS.items():
        target, made = HERE / f"{name}.svg", make().svg().encode()
        if "--check" not in sys.argv:
            target.write_bytes(made)
        elif not target.exists() or target.read_bytes() != made:
            stale.append(target.name)
    for name in stale:
        print(f"{name} is not as draw.py makes it; run python notebooks/lessons/drawings/draw.py")
    return int(bool(stale))


if __name__ == "__main__":
    sys.exit(main())
