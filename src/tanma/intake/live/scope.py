"""What a token may write: some channels, and what they count."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from tanma.domain.readings import KINDS
from tanma.intake.live.signing import SigningKey

MAX_SCALE = 15
"""Decimals of a count; ten to this power is exact in binary64 and leaves room in 64 bits."""

_CLOSE = 8
"""Numbers of a scope that span at most so many times their own count are looked up in a table."""


class ScopedChannel(NamedTuple):
    """One channel that a token may write."""

    number: int
    point: str
    """The device's own name for it; empty: only the number names it."""
    kind: str
    unit: str
    scale: int
    """Decimals of one count: 12.34 at scale 2 is 1234."""
    interval_s: int | None = None
    """Seconds between readings that are expected; None: none are."""


@dataclass(frozen=True, eq=False)
class Scope:
    """Channels as arrays in ascending order of their numbers; `source` is the gateway's id."""

    source: str
    number: NDArray[np.int64]
    point: tuple[str, ...]
    kind: NDArray[np.int8]
    """Place in `tanma.domain.readings.KINDS`."""
    unit: tuple[str, ...]
    scale: NDArray[np.int64]
    interval_s: NDArray[np.int64]
    """0 where no interval is expected."""
    keys: tuple[SigningKey, ...] = ()
    """One of which must have signed each batch; empty: batches need no signature."""

    @classmethod
    def of(
        cls, source: str, channels: Iterable[ScopedChannel], keys: Iterable[SigningKey] = ()
    ) -> Scope:
        """A scope from its channels; numbers and point names stand once."""
        rows = sorted(channels)
        _refuse_twice("number", [r.number for r in rows])
        _refuse_twice("point", [r.point for r in rows if r.point])
        if not all(0 <= r.scale <= MAX_SCALE for r in rows):
            raise ValueError(f"a scale must lie between 0 and {MAX_SCALE}")
        if strange := {r.kind for r in rows} - set(KINDS):
            raise ValueError(f"no kind of channel: {', '.join(sorted(strange))}")
        return cls(
            source,
            np.array([r.number for r in rows], np.int64),
            tuple(r.point for r in rows),
            np.array([KINDS.index(r.kind) for r in rows], np.int8),
            tuple(r.unit for r in rows),
            np.array([r.scale for r in rows], np.int64),
            np.array([r.interval_s or 0 for r in rows], np.int64),
            tuple(keys),
        )

    def __len__(self) -> int:
        return len(self.number)

    @cached_property
    def places(self) -> dict[object, int]:
        """Number or point name → place in the arrays."""
        places: dict[object, int] = {int(n): place for place, n in enumerate(self.number)}
        return places | {p: place for place, p in enumerate(self.point) if p}

    def places_of_numbers(self, numbers: NDArray[np.int64]) -> NDArray[np.int64]:
        """Place of every number, −1 where the token may not write it."""
        if not len(self.number):
            return np.full(len(numbers), -1)
        if (table := self._by_number) is not None:
            return self._looked_up(numbers, table)
        place = np.searchsorted(self.number, numbers)
        place[place == len(self.number)] = 0
        place[self.number[place] != numbers] = -1
        return place

    @cached_property
    def _by_number(self) -> NDArray[np.int64] | None:
        """Place by number less the first, for numbers that lie close; None: they do not.

        The last one is nobody's. Looking up costs a tenth of a search.
        """
        first, last = int(self.number[0]), int(self.number[-1])
        if last - first >= _CLOSE * len(self.number):
            return None
        table = np.full(last - first + 2, -1)
        table[self.number - first] = np.arange(len(self.number))
        return table

    def _looked_up(
        self, numbers: NDArray[np.int64], table: NDArray[np.int64]
    ) -> NDArray[np.int64]:
        first, last = self.number[0], self.number[-1]
        inside = (numbers >= first) & (numbers <= last)
        return table[np.where(inside, numbers - first, -1)]

    def places_of(self, said: Iterable[object]) -> NDArray[np.int64]:
        """Place of every number or point name, −1 where the token may not write it."""
        places = self.places
        # By type: True equals 1 in Python, and a list cannot be looked up at all.
        found = [places.get(s, -1) if type(s) in (int, str) else -1 for s in said]
        return np.array(found, np.int64)


def _refuse_twice(what: str, values: list[int] | list[str]) -> None:
    if len(set(values)) < len(values):
        raise ValueError(f"a {what} stands twice in one scope")


class Scopes(Protocol):
    """Gives what every live token may write, as of now; asked again every few seconds."""

    def __call__(self) -> Mapping[str, Scope]: ...


def token_hash(token: str) -> str:
    """What is kept of a token: the SHA-256 of its text, hexadecimal."""
    return hashlib.sha256(token.encode()).hexdigest()
