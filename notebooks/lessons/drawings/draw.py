"""Make the lessons' drawings: `python notebooks/lessons/drawings/draw.py [--check]`.

Each function makes the SVG of its name, beside this file. `--check` writes nothing. It exits with 1
if an SVG is not what its function makes, and names it.

The drawings lie below the lessons, because JupyterLab shows no file above the folder that it was
started in, and `jupyter lab lessons/01-start-here.ipynb` starts it in `lessons`.
"""

import sys
from itertools import pairwise
from pathlib import Path

from networks import two_ways
from pen import BLUE, EDGE, GREY, MONO, PAPER, RUST, SAND, TINT, Drawing

HERE = Path(__file__).parent


def unrolled() -> Drawing:
    """Four time steps of one cell, the losses, and the gradients on their way back."""
    d = Drawing(
        "One cell, with the same weights, at every character",
        "Four copies of the same cell in a row read the letters t, h, e and a space. Solid arrows go"
        " up from each letter to its cell and on to a loss, and from cell to cell to the right: the"
        " states h. Dashed arrows go down from each loss and from cell to cell to the left: the"
        " gradients.",
        446,
    )
    cell, columns = 226, (150, 290, 430, 570)
    for t, (x, letter) in enumerate(zip(columns, "the ", strict=True), 1):
        d.tile(x, 326, letter)
        d.text(x + 26, 326, f"$x_{t}$", size=20, anchor="start")
        d.line((x, 308), (x, cell + 31))
        d.box(x, cell, 80, 58, "cell", fill=SAND)
        d.box(x, 106, 80, 42, f"$L_{t}$")
        d.line((x - 16, cell - 30), (x - 16, 129))
        d.line((x + 16, 128), (x + 16, cell - 31), colour=RUST, dashed=True)
        d.line((x - 99, cell - 14), (x - 42, cell - 14))
        d.line((x - 41, cell + 14), (x - 98, cell + 14), colour=RUST, dashed=True)
        d.text(x - 72, cell - 36, f"$h_{t - 1}$", size=20)
        d.text(x - 24, 160, f"$z_{t}$", size=20, anchor="end")
    d.line((611, cell - 14), (668, cell - 14))
    d.text(638, cell - 36, "$h_4$", size=20)
    _key(d, 380, "forward: from letters to states h, to logits z, to losses L")
    _key(d, 412, "back: the gradients of all losses, from each cell to the one before", back=True)
    return d


def vanilla_cell() -> Drawing:
    """The simple recurrent cell: two matrices, a sum, a tanh."""
    d = Drawing(
        "The vanilla cell rewrites its whole state at every step",
        "The old state h goes through the matrix W_hh, the input x through the matrix W_ih. Their"
        " sum goes through a tanh and is the new state h. A dashed arrow goes back from the new"
        " state to the old one: the gradient is multiplied by one minus h squared, then by W_hh"
        " transposed.",
        496,
    )
    y = 200
    d.box(360, 208, 440, 264, fill=TINT, edge=EDGE, radius=16)
    d.text(62, y, "$h_{t-1}$", size=22)
    d.line((96, y), (183, y))
    d.box(240, y, 112, 52, "$W_{hh}$, $b_{hh}$", fill=SAND)
    d.line((297, y), (343, y))
    d.operation(360, y, "+")
    d.line((376, y), (438, y))
    d.box(480, y, 80, 52, "tanh", size=17)
    d.line((521, y), (624, y))
    d.text(658, y, "$h_t$", size=22)
    d.box(360, 292, 112, 52, "$W_{ih}$, $b_{ih}$", fill=SAND)
    d.line((360, 265), (360, y + 17))
    d.line((360, 372), (360, 320))
    d.text(384, 366, "$x_t$", size=22)
    d.line((624, 132), (96, 132), colour=RUST, dashed=True)
    d.text(480, 108, r"$\times (1 - h_t^2)$", size=20, colour=RUST)
    d.text(240, 108, r"$\times W_{hh}^T$", size=20, colour=RUST)
    d.text(360, 418, "$h_t = tanh(W_{ih} x_t + b_{ih} + W_{hh} h_{t-1} + b_{hh})$", size=20)
    _key(d, 462, "the gradient on its way back, and what it is multiplied by", back=True)
    return d


def lstm_cell() -> Drawing:
    """The LSTM: the sums, the gates f, i, g, o, and the path through c."""
    d = Drawing(
        "The LSTM carries c along: a step scales it and adds to it",
        "On a line from left to right, c is multiplied by the forget gate f, and then i times g is"
        " added. Below, four sums of x and the old h go through three sigmoids, f, i and o, and one"
        " tanh, g. The new c goes through a tanh, is multiplied by the output gate o, and is the new"
        " h. A dashed arrow goes back along c: the gradient is multiplied by f.",
        576,
    )
    c, h, gates = 158, 400, 324
    d.box(360, 262, 510, 380, fill=TINT, edge=EDGE, radius=16)
    d.band(84, 638, c)
    d.text(54, c, "$c_{t-1}$", size=22)
    d.text(668, c, "$c_t$", size=22)
    for start, end in ((84, 183), (216, 323), (356, 638)):
        d.line((start, c), (end, c), colour=BLUE)
    d.operation(200, c, "*")
    d.operation(340, c, "+")
    for x, squash in ((200, r"$\sigma$"), (290, r"$\sigma$"), (390, "tanh"), (490, r"$\sigma$")):
        d.line((x, h - 27), (x, gates + 21))
        d.box(x, gates, 58, 38, squash, size=15)
    d.line((200, gates - 20), (200, c + 17))
    d.line((290, gates - 20), (290, 232), (323, 232))
    d.line((390, gates - 20), (390, 232), (357, 232))
    d.operation(340, 232, "*")
    d.line((340, 216), (340, c + 17))
    d.dot(566, c, BLUE)
    d.line((566, c + 4), (566, 191))
    d.box(566, 211, 58, 38, "tanh", size=15)
    d.line((566, 231), (566, 253))
    d.operation(566, 270, "*")
    d.line((490, gates - 20), (490, 270), (549, 270))
    d.line((566, 286), (566, h), (636, h))
    d.text(668, h, "$h_t$", size=22)
    d.text(54, h, "$h_{t-1}$", size=22)
    d.line((84, h), (153, h))
    d.box(340, h, 370, 52, "$W_{ih} x_t + b_{ih} + W_{hh} h_{t-1} + b_{hh}$", fill=SAND)
    d.line((340, 480), (340, h + 28))
    d.text(364, 476, "$x_t$", size=22)
    for x, gate in ((186, "f"), (276, "i"), (376, "g"), (476, "o")):
        d.text(x, 282, f"${gate}_t$", size=22, anchor="end")
    d.line((636, 116), (84, 116), colour=RUST, dashed=True)
    d.text(200, 93, r"$\times f_t$", size=20, colour=RUST)
    d.text(490, 93, "the gradient along c", colour=RUST)
    d.text(212, 518, r"$c_t = f_t \cdot c_{t-1} + i_t \cdot g_t$", size=20)
    d.text(520, 518, r"$h_t = o_t \cdot tanh(c_t)$", size=20)
    d.text(360, 549, "f: forget gate,  i: input gate,  g: candidate,  o: output gate", colour=GREY)
    return d


def stack() -> Drawing:
    """Two layers over three time steps, and the sum that the head reads."""
    d = Drawing(
        "Stacked layers: the head reads the sum of their outputs",
        "Three columns, one for each character. From below: the character, its embedding, a cell of"
        " layer 1, a cell of layer 2, a plus, the head, the logits. In each column the output of"
        " layer 1 goes up to layer 2 and, on a blue line past it, to the plus as well. Arrows to"
        " the right carry the state of each layer to the next character.",
        600,
    )
    z, head, plus, above, below, embedding, letters = 92, 148, 222, 308, 412, 496, 552
    for t, (x, letter) in enumerate(zip((128, 262, 396), "the", strict=True), 1):
        d.tile(x, letters, letter)
        d.line((x, letters - 18), (x, embedding + 19))
        d.box(x, embedding, 84, 34, fill=SAND)
        d.line((x, embedding - 18), (x, below + 25))
        for y in (above, below):
            d.box(x, y, 84, 46, "cell", fill=SAND)
            d.line((x + 43, y), (x + 90, y))
        branch = (above + below) / 2
        d.line((x, branch), (x + 58, branch), (x + 58, plus), (x + 17, plus), colour=BLUE,
               over=True)  # fmt: skip
        d.line((x, below - 24), (x, above + 25))
        d.dot(x, branch, BLUE)
        d.line((x, above - 24), (x, plus + 17), colour=BLUE)
        d.operation(x, plus, "+")
        d.line((x, plus - 16), (x, head + 19), colour=BLUE)
        d.box(x, head, 84, 34, fill=SAND)
        d.line((x, head - 18), (x, z + 14))
        d.text(x, z, f"$z_{t}$", size=20)
    for y in (above, below):
        d.line((37, y), (84, y))
        d.text(60, y - 18, "state", size=14, colour=GREY)
    for y, name, shape in (
        (z, "logits", "(B, T, V)"), (head, "head", ""), (plus, "sum", "(B, T, H)"),
        (above, "layer 2", "(B, T, H)"), (below, "layer 1", "(B, T, H)"),
        (embedding, "embedding", "(B, T, E)"), (letters, "characters", "(B, T)"),
    ):  # fmt: skip
        d.text(512, y, name, anchor="start")
        d.text(688, y, shape, anchor="end", colour=GREY, size=14, font=MONO)
    return d


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
    _key(d, 466, "the values of the state, h and c, go on into the next window", colour=BLUE)
    _key(d, 498, "the gradients end where their window begins", back=True)
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


def encoder_decoder() -> Drawing:
    """A stack reads a source both ways, a decoder writes the target, and attention looks back."""
    d = Drawing(
        "The encoder reads a text, and the decoder writes another",
        "On the left three cells read the letters t, i and p, from left to right and from right to"
        " left. Above each stands its annotation, m 1 to m 3. A blue arrow carries the state after"
        " the last letter to three decoder cells on the right. They read the end sign, p and i, and"
        " write p, i and t. Lines lead from all annotations, with the weights 0.1, 0.8 and 0.1,"
        " into a box between the decoder cells and what they write.",
        548,
    )
    encoder, decoder = (80, 186, 292), (452, 552, 652)
    cell, note, mix = 336, 246, 156
    d.box(552, mix, 290, 44, "mix with the annotations")
    for s, (x, letter, weight) in enumerate(zip(encoder, "tip", (0.1, 0.8, 0.1), strict=True), 1):
        d.tile(x, 430, letter)
        d.line((x, 412), (x, cell + 30))
        d.box(x, cell, 70, 58, "cell", fill=SAND)
        d.line((x, cell - 30), (x, note + 21))
        d.box(x, note, 54, 40, f"$m_{s}$")
        d.line((x, note - 21), (x, mix), (406, mix))
        d.text(x + 12, 200, f"{weight}", anchor="start", size=14)
    for before, after in pairwise(encoder):
        d.line((before + 36, cell - 14), (after - 36, cell - 14))
        d.line((after - 36, cell + 14), (before + 36, cell + 14))
    for x, read, written in zip(decoder, ("end", "p", "i"), "pit", strict=True):
        d.tile(x, 84, written)
        d.line((x, mix - 23), (x, 102))
        d.line((x, cell - 30), (x, mix + 23))
        d.box(x, cell, 70, 58, "cell", fill=SAND)
        d.line((x, 412), (x, cell + 30))
        if read == "end":
            d.box(x, 430, 42, 34, read, fill=TINT, edge=PAPER, radius=6, size=14)
        else:
            d.tile(x, 430, read)
    d.line((encoder[-1] + 36, cell), (decoder[0] - 36, cell), colour=BLUE)
    for before, after in pairwise(decoder):
        d.line((before + 36, cell), (after - 36, cell))
    _key(d, 482, "the last state: without attention, all that the decoder knows", colour=BLUE)
    d.text(32, 514, "The weights are those of the second step. Each step has its own.",
           anchor="start", colour=GREY)  # fmt: skip
    return d


def _key(d: Drawing, y: float, text: str, back: bool = False, **style: str) -> None:
    """Say at the foot of a drawing what a kind of arrow means."""
    ends = ((32, y), (76, y))
    if back:
        d.line(*reversed(ends), colour=RUST, dashed=True)
    else:
        d.line(*ends, **style)
    d.text(90, y, text, anchor="start", colour=GREY)


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
