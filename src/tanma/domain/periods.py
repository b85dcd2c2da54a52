"""Periods as text with a calendar and an exclusive end.

`2026-09` a month, `2026Q3` a quarter, `2026H1` a half-year, `2026` a year, `2026Q3/r4` the four
quarters that end with it, `2026-01/2026-09` a span of months. Days are local to the site.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from tanma.domain.messages import Problem

_PATTERN = re.compile(
    r"(?P<year>\d{4})"
    r"(?:-(?P<month>0[1-9]|1[0-2])(?:/(?P<year2>\d{4})-(?P<month2>0[1-9]|1[0-2]))?"
    r"|Q(?P<quarter>[1-4])(?:/r(?P<rolling>[1-9]\d?))?"
    r"|H(?P<half>[12]))?"
)


FIRST_YEAR, LAST_YEAR = 1990, 2100
"""Years that a period may name: from the base year of inventories on. Our own bounds."""


@dataclass(frozen=True, order=True)
class Period:
    """A span of whole months: months counted from year 0, the last one exclusive."""

    first_month: int
    end_month: int
    text: str

    @property
    def start(self) -> date:
        return month_start(self.first_month)

    @property
    def end(self) -> date:
        """The first day that no longer belongs to the period."""
        return month_start(self.end_month)

    @property
    def months(self) -> list[date]:
        return [month_start(m) for m in range(self.first_month, self.end_month)]

    @property
    def kind(self) -> str:
        """month, quarter, half, year, rolling or span: what kind of run it is stored as."""
        match = _PATTERN.fullmatch(self.text)
        groups = match.groupdict() if match else {}
        for name, kind in (("rolling", "rolling"), ("quarter", "quarter"), ("half", "half")):
            if groups.get(name):
                return kind
        if groups.get("month2"):
            return "span"
        return "month" if groups.get("month") else "year"

    def shifted(self, months: int) -> Period:
        """The period of the same kind so many months later (negative: earlier)."""
        first, end = self.first_month + months, self.end_month + months
        return Period(first, end, _name(self.kind, first, end))

    def previous(self) -> Period:
        """The one before: a rolling period steps by a quarter, any other by its own length."""
        return self.shifted(-3 if self.kind == "rolling" else self.first_month - self.end_month)

    def year_before(self) -> Period:
        return self.shifted(-12)

    def __str__(self) -> str:
        return self.text


def month_number(day: date) -> int:
    return day.year * 12 + day.month - 1


def month_start(number: int) -> date:
    return date(number // 12, number % 12 + 1, 1)


def _month_text(number: int) -> str:
    return f"{number // 12:04d}-{number % 12 + 1:02d}"


def _name(kind: str, first: int, end: int) -> str:
    last = end - 1
    quarter = f"{last // 12:04d}Q{last % 12 // 3 + 1}"
    names = {
        "month": _month_text(first),
        "quarter": quarter,
        "half": f"{first // 12:04d}H{first % 12 // 6 + 1}",
        "year": f"{first // 12:04d}",
        "rolling": f"{quarter}/r{(end - first) // 3}",
        "span": f"{_month_text(first)}/{_month_text(last)}",
    }
    return names[kind]


def parse(text: str) -> Period:
    """The period that a text names; a Problem lists the forms when it names none."""
    match = _PATTERN.fullmatch(text.strip())
    if match is None:
        raise Problem("period_unknown", text=text)
    part = {k: int(v) for k, v in match.groupdict().items() if v is not None}
    january = part["year"] * 12
    if "month2" in part:
        first, end = january + part["month"] - 1, part["year2"] * 12 + part["month2"]
    elif "month" in part:
        first, end = january + part["month"] - 1, january + part["month"]
    elif "quarter" in part:
        end = january + part["quarter"] * 3
        first = end - 3 * part.get("rolling", 1)
    elif "half" in part:
        first, end = january + part["half"] * 6 - 6, january + part["half"] * 6
    else:
        first, end = january, january + 12
    if end <= first:
        raise Problem("period_unknown", text=text)
    if first < FIRST_YEAR * 12 or end > (LAST_YEAR + 1) * 12:
        raise Problem("period_out_of_bounds", text=text, first=FIRST_YEAR, last=LAST_YEAR)
    return Period(first, end, text.strip())


def month_of(day: date) -> Period:
    number = month_number(day)
    return Period(number, number + 1, _month_text(number))


def quarter_of(day: date) -> Period:
    return parse(f"{day.year:04d}Q{(day.month - 1) // 3 + 1}")
