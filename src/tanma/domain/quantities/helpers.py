"""The helpers a formula may call; each has all four readings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from tanma.domain.quantities.reading import Reading


class Bounded(NamedTuple):
    """A posted line that may be missing, with the bounds it would lie between."""

    value: int | None
    low: int | None = None
    high: int | None = None


class Total(NamedTuple):
    """A sum of posted lines: complete value or None, what is known, how many lack, bounds.

    A bound is None when a missing line has no bound on that side.
    """

    value: int | None
    known: int
    missing: int
    low: int | None
    high: int | None


def smaller(left: Any, right: Any) -> Any:
    """The smaller of two values."""
    reading = _reading(left, right)
    if reading:
        return reading.smaller(left, right)
    return left if left <= right else right


def choose(condition: Any, chosen: Any, other: Any) -> Any:
    """`chosen` where the condition holds, else `other`; a missing value on either side is missing.

    Both branches are read: a reading must show and check the one that was not taken, too.
    """
    reading = _reading(condition, chosen, other)
    if reading:
        return reading.choose(condition, chosen, other)
    return chosen if condition else other


def total(lines: Any) -> Any:
    """The sum of posted integers over lines: a `Total` in numbers. No lines at all is missing."""
    reading = _reading(lines)
    return reading.total(lines) if reading else _total(lines)


def _reading(*values: Any) -> type[Reading] | None:
    return next((type(v) for v in values if isinstance(v, Reading)), None)


def _total(lines: Sequence[int | Bounded | None]) -> Total:
    bounded = [line if isinstance(line, Bounded) else Bounded(line) for line in lines]
    known = [line.value for line in bounded if line.value is not None]
    missing = len(bounded) - len(known)
    complete = sum(known) if known and not missing else None
    low = _sum([line.low if line.value is None else line.value for line in bounded])
    high = _sum([line.high if line.value is None else line.value for line in bounded])
    return Total(complete, sum(known), missing, low, high)


def _sum(values: Sequence[int | None]) -> int | None:
    known = [value for value in values if value is not None]
    return sum(known) if known and len(known) == len(values) else None
