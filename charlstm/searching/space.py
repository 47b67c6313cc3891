"""The options that are tried, and their values: all items together."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from charlstm.errors import UserError, option
from charlstm.searching.dimension import MOST_SETTINGS, Dimension, read_item, rounded

if TYPE_CHECKING:
    from optuna.trial import Trial


@dataclass(frozen=True)
class Space:
    """All options that are tried.

    Example:
        >>> space = Space.read(["hidden-size=64..256:log", "layers=1,2"])
        >>> print(space, len(list(Space.read(["layers=1..3", "cell=gru,lstm"]).grid())))
        hidden_size=64..256:log layers=1,2 6
    """

    dimensions: tuple[Dimension, ...]

    @classmethod
    def read(cls, items: Sequence[str]) -> Space:
        """Read a space, an item for each option.

        Raises:
            UserError: an item cannot be read; the message says which, and which part of it.
        """
        found: dict[str, Dimension] = {}
        for place, item in enumerate(items, 1):
            where = f"{option('space')}, item {place} ({item!r})"
            dimension = read_item(item, where)
            if dimension.name in found:
                raise UserError(f"{where}: {dimension.name} stands twice; write it once")
            found[dimension.name] = dimension
        if not found:
            raise UserError(
                f"{option('space')} is empty; give an item for each option to try, such as"
                " hidden_size=64..512:log layers=1,2"
            )
        return cls(tuple(found.values()))

    def check(self, make: Callable[[Mapping[str, Any]], object]) -> None:
        """Refuse values that their options would refuse, before any training starts.

        Args:
            make: makes the options of a setting; it raises what they refuse.

        Raises:
            UserError: a value is refused; the message says in which item.
        """
        first = {d.name: (d.values or (d.low,))[0] for d in self.dimensions}
        for place, dimension in enumerate(self.dimensions, 1):
            for value in dimension.values or (dimension.low, dimension.high):
                try:
                    make(first | {dimension.name: value})
                except UserError as error:
                    where = f"{option('space')}, item {place} ({str(dimension)!r})"
                    raise UserError(f"{where}: {error}") from None

    def grid(self) -> Iterator[dict[str, Any]]:
        """Yield each setting of a grid.

        Raises:
            UserError: a range has no end of values, or there are too many settings.
        """
        for place, dimension in enumerate(self.dimensions, 1):
            if not dimension.listed():
                where = f"{option('space')}, item {place} ({str(dimension)!r})"
                tried = ",".join(map(rounded, _spread(dimension)))
                raise UserError(
                    f"{where}: a grid needs values that can be counted; list them, such as"
                    f" {dimension.name}={tried}, or give {option('sampler', 'tpe')}"
                )
        number = math.prod(len(d.listed()) for d in self.dimensions)
        if number > MOST_SETTINGS:
            raise UserError(
                f"{option('space')}: a grid of {number:,} settings or more; {MOST_SETTINGS:,} are"
                f" allowed: give fewer values, or {option('sampler', 'random')}"
            )
        names = [d.name for d in self.dimensions]
        for values in itertools.product(*(d.listed() for d in self.dimensions)):
            yield dict(zip(names, values, strict=True))

    def suggest(self, trial: Trial) -> dict[str, Any]:
        """Let a sampler choose a setting."""
        return {d.name: d.suggest(trial) for d in self.dimensions}

    def __str__(self) -> str:
        return " ".join(map(str, self.dimensions))


def _spread(dimension: Dimension) -> list[float]:
    """Return four values that could stand for a range in a grid."""
    low, high = dimension.low, dimension.high
    shares = [k / 3 for k in range(4)]
    if dimension.log:
        found = [low * (high / low) ** share for share in shares]
    else:
        found = [low + (high - low) * share for share in shares]
    return [round(each) if isinstance(low, int) else each for each in found]
