"""Drawings of networks: cells, stacks, and how they are joined; `draw.py` makes their files."""

from itertools import pairwise

from pen import BLUE, EDGE, GREY, INK, MONO, PALE, PAPER, RUST, SAND, TINT, Drawing


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
    d.key(380, "forward: from letters to states h, to logits z, to losses L")
    d.key(412, "back: the gradients of all losses, from each cell to the one before", back=True)
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
    d.key(462, "the gradient on its way back, and what it is multiplied by", back=True)
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


def two_ways() -> Drawing:
    """Two stacks that read towards a blank, one from each end."""
    d = Drawing(
        "Two stacks read towards the blank, and meet above it",
        "A row of letters: old, a space, a blank, ing and a full stop. Above the four characters"
        " left of the blank stand cells with arrows to the right, from each to the next. Above the"
        " four right of it stand cells with arrows to the left, from the full stop to the i. The"
        " last cell of each side sends an arrow up into the head, above the blank. No arrow leaves"
        " the blank itself.",
        440,
    )
    head, cell, letters = 128, 228, 322
    columns = [80 + 70 * k for k in range(9)]
    blank = columns[4]
    for k, (x, letter) in enumerate(zip(columns, "old ?ing.", strict=True)):
        if x == blank:
            d.box(x, letters, 34, 34, radius=6)
            continue
        ahead = 1 if k < 4 else -1  # the way in which the text is read
        d.tile(x, letters, letter)
        d.line((x, letters - 18), (x, cell + 24))
        d.box(x, cell, 44, 46, "cell", fill=SAND, size=15)
        if abs(x - blank) > 70:
            d.line((x + 23 * ahead, cell), (x + 46 * ahead, cell), colour=BLUE)
        else:
            x += 23 * ahead
            d.line((x, cell), (x + 30 * ahead, cell), (x + 30 * ahead, head + 23), colour=BLUE)
    d.box(blank, head, 120, 44, "head", fill=SAND)
    d.line((blank, head - 23), (blank, head - 44))
    d.text(blank + 16, head - 40, "a chance for each character", anchor="start")
    d.text(282, 180, "$h_{t-1}$", size=20)
    d.text(440, 180, "$h_{t+1}$", size=20)
    d.text(170, 160, "one stack reads forwards", colour=GREY)
    d.text(560, 160, "the other reads backwards", colour=GREY)
    d.text(blank, 366, "the blank, at place t: neither stack has read it", colour=GREY)
    d.line((32, 406), (76, 406), colour=BLUE)
    d.text(90, 406, "the state, from each character to the next one that is read", anchor="start",
           colour=GREY)  # fmt: skip
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
    d.key(482, "the last state: without attention, all that the decoder knows", colour=BLUE)
    d.text(32, 514, "The weights are those of the second step. Each step has its own.",
           anchor="start", colour=GREY)  # fmt: skip
    return d


def cell_as_a_tree() -> Drawing:
    """The LSTM's new c as a tree, with the spot that a mutation changes."""
    d = Drawing(
        "The LSTM's new c is a tree, and a mutation changes a spot",
        "Four leaves on the left: f, c, i and g. A sigmoid stands behind f and behind i, a tanh"
        " behind g. One product takes the sigmoid of f and c, another the sigmoid of i and the"
        " tanh of g. A sum takes both, and gives the new c. The tanh has a blue edge: here the"
        " mutation strikes.",
        400,
    )
    product, total = 400, 520
    for y, leaf, operator in ((100, "f", r"\sigma"), (160, "c", ""), (220, "i", r"\sigma"),
                              (280, "g", "tanh")):  # fmt: skip
        d.box(100, y, 44, 36, fill=TINT, edge=EDGE)
        d.text(100, y, f"${leaf}$", size=20)
        start = 123
        if operator:
            d.line((start, y), (219, y))
            fill, edge = (PALE, BLUE) if leaf == "g" else (PAPER, INK)
            d.box(250, y, 60, 38, fill=fill, edge=edge)
            d.text(250, y, f"${operator}$", size=20)
            start = 281
        inwards = 15 if leaf in "fi" else -15
        middle = 130 if y < 200 else 250
        d.line((start, y), (product, y), (product, middle - inwards))
    for y, above in ((130, True), (250, False)):
        d.operation(product, y, "*")
        d.line((product + 16, y), (total, y), (total, 190 - (16 if above else -16)))
    d.operation(total, 190, "+")
    d.line((total + 16, 190), (610, 190))
    d.text(638, 190, "$c_t$", size=20)
    d.text(32, 336, "Leaves are the weighted sums i, f, g and o, and the old h and c.",
           anchor="start", colour=GREY)  # fmt: skip
    d.text(32, 364, "At the blue spot there could stand a sigmoid, a leaf, 1 - tanh, or tanh + h.",
           anchor="start", colour=GREY)  # fmt: skip
    return d
