"""Drawings of the networks of the later lessons; `draw.py` makes their files."""

from pen import BLUE, GREY, SAND, Drawing


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
