"""Which enterprises the office should look at, and for which reason."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction

from tanma.domain.rating.scheme import Source, Words


@dataclass(frozen=True)
class GradeAtLeast:
    """This grade or a worse one."""

    zh: str
    en: str
    at_least: int


@dataclass(frozen=True)
class GradeDrop:
    """Worse by so many grades than a year before."""

    zh: str
    en: str
    steps: int


@dataclass(frozen=True)
class RatioRise:
    """K up by more than this share against the year before."""

    zh: str
    en: str
    rise: Fraction


@dataclass(frozen=True)
class EnterpriseRule:
    """One edition of the rule of the attention list."""

    id: str
    edition: str
    title: Words
    origin: str
    valid_from: date
    grade: GradeAtLeast
    drop: GradeDrop
    ratio: RatioRise
    sources: tuple[Source, ...]
    file: str = field(default="", compare=False)

    def conditions(self) -> dict[str, Words]:
        """Condition id → its text with the numbers put in."""
        percent = f"{float(self.ratio.rise * 100):g}"
        texts = {
            "grade": (self.grade.zh, self.grade.en),
            "drop": (self.drop.zh, self.drop.en),
            "ratio": (self.ratio.zh, self.ratio.en),
        }
        numbers = {
            "grade": {"at_least": str(self.grade.at_least)},
            "drop": {"steps": str(self.drop.steps)},
            "ratio": {"percent": percent},
        }
        return {
            key: Words(zh.format(**numbers[key]), en.format(**numbers[key]))
            for key, (zh, en) in texts.items()
        }


@dataclass(frozen=True)
class Standing:
    """Grade and the four integers of K = (net ÷ denominator) ÷ (Σ net ÷ Σ denominator)."""

    grade: int | None
    net_mg: int | None = None
    denominator: int | None = None
    sum_net_mg: int | None = None
    sum_denominator: int | None = None

    @property
    def ratio(self) -> Fraction | None:
        """K [1], exact; None where a part is missing or a divisor is not positive."""
        parts = (self.net_mg, self.denominator, self.sum_net_mg, self.sum_denominator)
        net, own, total, all_own = (p if p is not None else 0 for p in parts)
        if None in parts or own <= 0 or total <= 0 or all_own <= 0:
            return None
        return Fraction(net * all_own, own * total)


def reasons(rule: EnterpriseRule, now: Standing, before: Standing | None) -> tuple[str, ...]:
    """The conditions that hold; the two that compare need a graded year before."""
    found = []
    if now.grade is not None and now.grade >= rule.grade.at_least:
        found.append("grade")
    if before is None:
        return tuple(found)
    known = now.grade is not None and before.grade is not None
    if known and (now.grade or 0) - (before.grade or 0) >= rule.drop.steps:
        found.append("drop")
    ratio, past = now.ratio, before.ratio
    if known and ratio is not None and past is not None and ratio > (1 + rule.ratio.rise) * past:
        found.append("ratio")
    return tuple(found)
