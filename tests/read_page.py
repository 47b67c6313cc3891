"""What of a page in the browser is too pale to read, as WCAG 2.2 counts (1.4.3)."""

from contrast import contrast, over

# each text that is shown: the text, its colour, the colours behind it from the top, its size
PIECES = """() => {
  const pieces = [];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const element = walk.currentNode.parentElement;
    const text = walk.currentNode.textContent.trim();
    if (!text || !element.checkVisibility({ visibilityProperty: true })) continue;
    if (["SCRIPT", "STYLE", "NOSCRIPT"].includes(element.tagName)) continue;
    if (element.closest(":disabled")) continue; // WCAG asks nothing of what cannot be pressed
    const grounds = [];
    for (let at = element; at; at = at.parentElement)
      grounds.push(getComputedStyle(at).backgroundColor);
    const { color, fontSize, fontWeight } = getComputedStyle(element);
    pieces.push([text.slice(0, 60), color, grounds, parseFloat(fontSize), Number(fontWeight)]);
  }
  return pieces;
}"""


def rgba(colour):
    """The colour that a browser names, such as rgb(1, 2, 3)."""
    red, green, blue, *alpha = (float(n) for n in colour.partition("(")[2].strip(")").split(","))
    return red / 255, green / 255, blue / 255, *(alpha or [1.0])


def too_pale(page, canvas="white"):
    """Return the texts with too little contrast, and how much they have; the page has some text."""
    pale = {}
    pieces = page.evaluate(PIECES)
    assert pieces
    for text, colour, grounds, size, weight in pieces:
        ground = canvas
        for above in reversed(grounds):
            ground = over(rgba(above), ground)
        large = size >= 24 or (size >= 18.66 and weight >= 700)
        found = contrast(over(rgba(colour), ground), ground)
        if found < (3 if large else 4.5):
            pale[text] = round(found, 2)
    return pale
