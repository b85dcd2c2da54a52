"""Why an index changed: into structure, energy per output, emission per energy; nothing left over.

The index of an area is Σ_j s_j × e_j × f_j with, per industry j, its share s of output, its energy
per output e and its emission per energy f. The change between two years is shared among the three
by Shapley's rule: the mean, over every order in which they could have changed, of what each adds.
All of it is done in exact fractions, so the parts add up to the change to the last digit.
The emission itself is output × index, so it has the scale of activity as a fourth cause.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import reduce
from math import factorial
from operator import mul


@dataclass(frozen=True)
class Part:
    """Sums of one industry in one year: emission [mg CO2], energy [gce], output [fen]."""

    emission_mg: int
    energy_gce: int
    output_fen: int

    def __add__(self, other: Part) -> Part:
        return Part(
            self.emission_mg + other.emission_mg,
            self.energy_gce + other.energy_gce,
            self.output_fen + other.output_fen,
        )


NOTHING = Part(0, 0, 0)
CAUSES = ("activity", "structure", "energy", "carbon")
"""Scale of output, mix of industries, energy per output, emission per energy."""


def shapley(before: Sequence[Fraction], after: Sequence[Fraction]) -> list[Fraction]:
    """The change of a product, shared among its factors; the shares add up to it exactly."""
    shares = [Fraction(0)] * len(before)
    for order in itertools.permutations(range(len(before))):
        state = list(before)
        value = _product(state)
        for place in order:
            state[place] = after[place]
            moved = _product(state)
            shares[place] += moved - value
            value = moved
    return [share / factorial(len(before)) for share in shares]


def _product(factors: Sequence[Fraction]) -> Fraction:
    return reduce(mul, factors, Fraction(1))


@dataclass(frozen=True)
class Decomposed:
    """The change of the index [mg/fen] and of the emission [mg], cause by cause."""

    before: Part
    after: Part
    index: Mapping[str, Fraction]
    emission_mg: Mapping[str, Fraction]

    @property
    def index_change(self) -> Fraction:
        return Fraction(self.after.emission_mg, self.after.output_fen) - Fraction(
            self.before.emission_mg, self.before.output_fen
        )


def decompose(before: Mapping[str, Part], after: Mapping[str, Part]) -> Decomposed | None:
    """Causes between two years over the same enterprises; None where an index does not exist.

    Every part has output, or nothing at all: an industry that came or went changes the mix alone.
    """
    totals = [sum(year.values(), NOTHING) for year in (before, after)]
    if any(total.output_fen <= 0 for total in totals):
        return None
    index = dict.fromkeys(CAUSES, Fraction(0))
    emission = dict.fromkeys(CAUSES, Fraction(0))
    for name in sorted(before.keys() | after.keys()):
        parts = before.get(name, NOTHING), after.get(name, NOTHING)
        was, now = _factors(*parts, *(t.output_fen for t in totals))
        for cause, share in zip(CAUSES[1:], shapley(was[1:], now[1:]), strict=True):
            index[cause] += share
        for cause, share in zip(CAUSES, shapley(was, now), strict=True):
            emission[cause] += share
    return Decomposed(totals[0], totals[1], index, emission)


def _factors(
    before: Part, after: Part, output_before: int, output_after: int
) -> tuple[list[Fraction], list[Fraction]]:
    """Output of the area, share, energy per output, emission per energy in both years.

    Where one year has no quotient the other's stands in, so that it does not count as a change.
    """
    if any(p.emission_mg and p.energy_gce <= 0 for p in (before, after)):
        # emission without energy: told per output instead, as a change of emission per energy
        before = replace(before, energy_gce=before.output_fen)
        after = replace(after, energy_gce=after.output_fen)
    energy = _both(*((p.energy_gce, p.output_fen) for p in (before, after)))
    carbon = _both(*((p.emission_mg, p.energy_gce) for p in (before, after)))
    outputs = (output_before, output_after)
    was, now = (
        [Fraction(output), Fraction(part.output_fen, output), e, c]
        for output, part, e, c in zip(outputs, (before, after), energy, carbon, strict=True)
    )
    return was, now


def _both(was: tuple[int, int], now: tuple[int, int]) -> tuple[Fraction, Fraction]:
    """Two quotients; one without a denominator takes the other, both without are 0."""
    known = [Fraction(*q) for q in (was, now) if q[1] > 0]
    if len(known) < len((was, now)):
        only = known[0] if known else Fraction(0)
        return only, only
    return known[0], known[1]


def contribution(
    before: Part, after: Part, area_before: Part, area_after: Part
) -> Fraction:
    """What one enterprise adds to the change of an index [mg/fen]; all of them add up to it.

    Measured against the index of the year before: who emits more than that index would give for
    its output raises the index. (E1 − I0·O1) ÷ ΣO1 − (E0 − I0·O0) ÷ ΣO0.
    """
    index = Fraction(area_before.emission_mg, area_before.output_fen)
    now = (after.emission_mg - index * after.output_fen) / area_after.output_fen
    was = (before.emission_mg - index * before.output_fen) / area_before.output_fen
    return now - was
