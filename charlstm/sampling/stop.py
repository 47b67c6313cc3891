"""Where a sample ends: before a text that the reader names."""


class Stop:
    """Pass characters on until a text comes, holding back what may be its beginning.

    Args:
        text: where to stop; None passes everything on at once.

    Attributes:
        reached: whether the text has come.

    Example:
        >>> stop = Stop("aab")
        >>> [stop.take(character) for character in "caaacab"]
        ['c', '', '', 'a', 'aac', '', 'ab']
    """

    def __init__(self, text: str | None) -> None:
        self.text = text
        self.held = ""
        self.reached = False

    def take(self, character: str) -> str:
        """Return what can be passed on now that this character has come."""
        if self.text is None:
            return character
        if self.reached:
            return ""
        held = self.held + character
        if held == self.text:
            self.held, self.reached = "", True
            return ""
        start = next(k for k in range(len(held) + 1) if self.text.startswith(held[k:]))
        self.held = held[start:]
        return held[:start]

    def rest(self) -> str:
        """Return what is still held back when no more characters come."""
        held, self.held = self.held, ""
        return held
