"""The carbon consumption index of an area: normal or abnormal, and why. It has no grades."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from tanma.domain.rating.bands import within
from tanma.domain.rating.scheme import (
    Abnormal,
    Band,
    Comparison,
    Condition,
    Disclosure,
    Scheme,
    Words,
)


@dataclass(frozen=True)
class IndexRule:
    """A scheme whose outcome is a label: normal or abnormal."""

    scheme: Scheme
    abnormal: Abnormal

    @property
    def edition(self) -> str:
        return self.scheme.edition

    @property
    def title(self) -> Words:
        return self.scheme.title

    @property
    def direction(self) -> Words:
        return self.scheme.direction

    @property
    def comparison(self) -> Comparison:
        return self.abnormal.comparison

    @property
    def disclosure(self) -> Disclosure:
        return self.abnormal.disclosure

    @property
    def structure(self) -> Words:
        return self.abnormal.structure

    @property
    def structure_digits(self) -> int:
        return self.abnormal.structure_digits

    def conditions(self) -> dict[str, Words]:
        """Condition id → its text with the cut-offs put in."""
        return {c.id: self._told(c) for c in self.abnormal.conditions}

    def _told(self, condition: Condition) -> Words:
        ratio = _below(self.scheme.ratio.bands, condition.ratio_at_least)
        rise = _below(self.abnormal.change.bands, condition.change_at_least) - 1
        numbers = {"ratio": f"{float(ratio):g}", "percent": f"{float(rise * 100):g}"}
        return Words(condition.zh.format(**numbers), condition.en.format(**numbers))


def _below(bands: Sequence[Band], at: int) -> Fraction:
    """The cut-off below a band, counted from 1; 1 below the first, which has none."""
    upper = bands[at - 2].upper if at > 1 else None
    return Fraction(1) if upper is None else upper


@dataclass(frozen=True)
class Totals:
    """Numerator [mg CO2] and denominator [fen] of an index, as exact sums."""

    emission_mg: int
    output_fen: int

    @property
    def ratio(self) -> Fraction | None:
        """mg per fen; None without a positive output."""
        return Fraction(self.emission_mg, self.output_fen) if self.output_fen > 0 else None


NOTHING = Totals(0, 0)


@dataclass(frozen=True)
class Verdict:
    """Whether an index is abnormal, by which conditions; None where it cannot be told."""

    abnormal: bool | None
    causes: tuple[str, ...] = ()


def judge(
    rule: IndexRule, area: Totals, region: Totals, years: tuple[Totals, Totals] | None, *,
    whole: bool = False,
) -> Verdict:  # fmt: skip
    """Judge an area's index against the whole region's and its own of the year before.

    `years`: this period and the year before over the same enterprises. Both conditions look at
    them: without them, or without output, the verdict is unknown. `whole`: the area is the region
    itself, which is only compared with its own past.
    """
    same, past = years if years is not None else (area, NOTHING)
    if None in (area.ratio, same.ratio, past.ratio):
        return Verdict(None)
    compared = not whole and region.ratio is not None
    ratio_at = _position(area, region, rule.scheme.ratio.bands) if compared else 1
    change_at = _position(same, past, rule.abnormal.change.bands)
    causes = tuple(
        c.id for c in rule.abnormal.conditions
        if ratio_at >= c.ratio_at_least and change_at >= c.change_at_least
    )  # fmt: skip
    return Verdict(bool(causes), causes)


def _position(own: Totals, other: Totals, bands: Sequence[Band]) -> int:
    """The band, counted from 1, of the quotient of two indices, compared by integer products."""
    over, under = own.emission_mg * other.output_fen, own.output_fen * other.emission_mg
    return 1 + next(i for i, band in enumerate(bands) if within(over, under, band))


def adjusted(parts: Iterable[tuple[Totals, Totals]]) -> Fraction | None:
    """The structure-adjusted index [1]: Σ E ÷ Σ_j (output_j × region's E_j ÷ output_j).

    `parts`: per industry the area's totals and the whole region's. None where nothing is expected.
    """
    emission, expected = 0, Fraction(0)
    for own, region in parts:
        ratio = region.ratio
        if ratio is None:
            continue
        emission += own.emission_mg
        expected += own.output_fen * ratio
    return Fraction(emission) / expected if expected > 0 else None
