"""Ids become parallel streams, cut into windows: what truncated back-propagation reads.

The text is cut into `batch_size` pieces of equal length, and the pieces become the rows of a table.
The table is read from left to right, one window of columns at a time. Row i of a window goes on
where row i of the window before stopped. So the state at the end of one window is the state at the
start of the next:

    >>> import numpy as np
    >>> alphabet = np.arange(26, dtype=np.int32)
    >>> streams = Streams(alphabet, batch_size=3, window=4)
    >>> letters = lambda rows: ["".join(chr(97 + i) for i in row) for row in rows]
    >>> for index in range(streams.windows):
    ...     inputs, targets = streams.read(index, offset=1)
    ...     print(letters(inputs), letters(targets))
    ['bcde', 'jklm', 'rstu'] ['cdef', 'klmn', 'stuv']
    ['fghi', 'nopq', 'vwxy'] ['ghij', 'opqr', 'wxyz']
    >>> streams.dropped  # nobody reads 'a' with this offset; offset 0 leaves out the end instead
    1

The targets are the inputs one character later. Characters that do not fill a window are dropped.
Which ones depends on the offset; the trainer draws another offset for each epoch.
"""

from dataclasses import dataclass
from typing import Any

from charlstm.errors import UserError, counted

SHORTEST = 2  # characters: one to read, and one to predict from it


@dataclass(frozen=True)
class Streams:
    """A text as `batch_size` parallel streams in windows of `window` characters.

    Attributes:
        ids: the text, int32, shape (N,): an array, or a tensor on any device.
        batch_size: B, rows read side by side.
        window: T, characters that a row advances per window.
    """

    ids: Any
    batch_size: int
    window: int

    def __post_init__(self) -> None:
        if self.windows < 1:
            raise UserError(
                f"{len(self.ids)} characters do not fill one window of {self.window} in"
                f" {self.batch_size} streams; give at least {self.batch_size * self.window + 1}"
            )

    @property
    def windows(self) -> int:
        """The number of windows in an epoch, the same for every offset."""
        return (len(self.ids) - 1) // (self.batch_size * self.window)

    @property
    def dropped(self) -> int:
        """The number of characters that are no input, without the last, which is only a target."""
        return len(self.ids) - 1 - self.windows * self.batch_size * self.window

    def read(self, index: int, offset: int = 0) -> tuple[Any, Any]:
        """Return the inputs and the targets of a window, each (B, T), as what `ids` is.

        Args:
            index: the window within the epoch, 0 to `windows` - 1.
            offset: characters dropped at the start of the text, 0 to `dropped`.
        """
        length = self.windows * self.window
        rows = self.ids[offset : offset + self.batch_size * length].reshape(-1, length)
        targets = self.ids[offset + 1 : offset + 1 + self.batch_size * length].reshape(-1, length)
        columns = slice(index * self.window, (index + 1) * self.window)
        return rows[:, columns], targets[:, columns]


def streams_for(ids: Any, batch_size: int, window: int) -> Streams:
    """Lay out a text as streams, with a smaller window and fewer streams if it is short.

    Each stream should hold at least two windows, so that the training carries a state from one to
    the next. If the text is too short for that, the window shrinks until two of them fit into the
    text. Then the number of streams falls until each stream holds two windows.

    Args:
        ids: the text, int32, shape (N,): an array, or a tensor on any device.
        batch_size: B, the largest number of streams.
        window: T, the largest number of characters in a window.

    Example:
        >>> import numpy as np
        >>> streams = streams_for(np.zeros(41, np.int32), batch_size=16, window=64)
        >>> streams.batch_size, streams.window
        (1, 20)

    Raises:
        UserError: fewer than two characters.
    """
    if len(ids) < SHORTEST:
        raise UserError(
            f"{counted(len(ids), 'character')}; at least {SHORTEST} are needed to predict one"
        )
    window = max(1, min(window, (len(ids) - 1) // 2))
    batch_size = max(1, min(batch_size, (len(ids) - 1) // (2 * window)))
    return Streams(ids, batch_size, window)
