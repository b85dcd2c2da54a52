"""Statistical disclosure control of screens outside the office: nothing that tells one enterprise.

A figure with fewer than `disclosure.min_n` enterprises behind it is not shown. Where the total is
shown too, a single hidden part would follow by subtraction: the next smallest is hidden with it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import TypeVar

from django.utils.translation import gettext

from tanma.domain.rating.attention import index_rule

T = TypeVar("T")


@dataclass(frozen=True)
class Part:
    """One part of a total: its name, a count of mg, and how many enterprises stand behind it."""

    label: str
    mg: int
    enterprises: int


def least() -> int:
    return index_rule().disclosure.min_n


def few(enterprises: int) -> bool:
    """Too few enterprises behind a figure to print it."""
    return enterprises < least()


def words() -> str:
    """What stands where a figure is not shown."""
    return gettext("不足%(n)s家，不公开") % {"n": least()}


def closed(
    parts: Sequence[T],
    enterprises: Callable[[T], int],
    amount: Callable[[T], int],
    *,
    overlapping: bool = False,
    already: Collection[T] = (),
) -> list[T]:
    """The parts to hide, smallest amount first: those with few enterprises, and as many more as
    it takes until they cannot be told apart by subtracting the others from the total.

    `overlapping`: an enterprise may stand behind several parts, so their numbers do not add up.
    `already`: parts that are hidden for another reason, such as the column that they stand in.
    """
    hidden = [p for p in parts if p in already or few(enterprises(p))]
    others = sorted((p for p in parts if p not in hidden), key=amount)
    join = max if overlapping else sum
    while hidden and others and (len(hidden) < 2 or few(join(map(enterprises, hidden)))):
        hidden.append(others.pop(0))
    return sorted(hidden, key=amount)
