"""Which population an enterprise is compared with: the closest one that is large enough."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True)
class Aggregate:
    """One candidate population: its size and the exact sums of its members.

    sum_squares is Σ denominator², from which the effective number of members follows.
    """

    level: str
    key: str
    n: int
    sum_numerator: int
    sum_denominator: int
    sum_squares: int

    @property
    def usable(self) -> bool:
        """A ratio to this average has a meaning: both sums are above zero."""
        return self.sum_numerator > 0 and self.sum_denominator > 0

    @property
    def n_eff(self) -> Fraction:
        """1 ÷ Σ share² of the denominator: as many equal members would spread it as widely."""
        return Fraction(self.sum_denominator**2, self.sum_squares)

    def enough(self, min_n: int, min_neff: Fraction) -> bool:
        return self.usable and self.n >= min_n and self.n_eff >= min_neff


@dataclass(frozen=True)
class Choice:
    """The population used; `climbed`: wider than the group's own; `small`: below the minimum.

    `own` is the closest population that has an average, where a wider one is used.
    """

    aggregate: Aggregate
    climbed: bool
    small: bool
    own: Aggregate | None = None


def choose(candidates: Iterable[Aggregate | None], min_n: int, min_neff: Fraction) -> Choice | None:
    """The first candidate large enough; else the widest usable one, marked small; else None.

    A None among the candidates is a level without a single member.
    """
    widest = own = None
    for position, aggregate in enumerate(candidates):
        if aggregate is None or not aggregate.usable:
            continue
        if aggregate.enough(min_n, min_neff):
            return Choice(aggregate, climbed=position > 0, small=False, own=own)
        widest = Choice(aggregate, climbed=position > 0, small=True, own=own)
        own = own or aggregate
    return widest
