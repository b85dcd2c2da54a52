"""Which days a page speaks of: a period of the calendar, or days from and to in the address."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from tanma.apps.kit.door import period_name
from tanma.domain import periods
from tanma.domain.messages import Problem

MOST_DAYS = 366 * 2


@dataclass(frozen=True)
class Span:
    """Local days [first, end)."""

    first: dt.date
    end: dt.date
    period: str = ""

    @property
    def whole(self) -> bool:
        """Whether it consists of whole months, of which declared amounts speak."""
        return self.first.day == 1 and self.end.day == 1

    @property
    def months(self) -> int:
        return (self.end.year - self.first.year) * 12 + self.end.month - self.first.month

    @property
    def last(self) -> dt.date:
        return self.end - dt.timedelta(days=1)

    def name(self, lang: str) -> str:
        if self.period:
            return period_name(self.period, lang)
        return f"{self.first}" if self.last == self.first else f"{self.first} – {self.last}"


def asked(query: Mapping[str, str], newest: dt.date) -> tuple[Span, str]:
    """The span that an address asks for, and what is wrong with it ("": nothing).

    Without one: the quarter of the newest month that is known.
    """
    usual = quarter_of(newest)
    try:
        if text := query.get("period", ""):
            period = periods.parse(text)
            return Span(period.start, period.end, period.text), ""
        if query.get("from", "") or query.get("to", ""):
            return _days(query)
    except (Problem, ValueError):
        return usual, "unreadable"
    return usual, ""


def _days(query: Mapping[str, str]) -> tuple[Span, str]:
    given = query.get("from") or query["to"]
    first = dt.date.fromisoformat(given)
    last = dt.date.fromisoformat(query.get("to") or given)
    if not 0 <= (last - first).days < MOST_DAYS:
        raise ValueError
    return Span(first, last + dt.timedelta(days=1)), ""


def quarter_of(day: dt.date) -> Span:
    text = f"{day.year}Q{(day.month + 2) // 3}"
    period = periods.parse(text)
    return Span(period.start, period.end, text)


def offered(newest: dt.date, today: dt.date) -> list[str]:
    """Periods and days that a page offers: the newest month, quarter, year; yesterday, a week."""
    yesterday, week = (today - dt.timedelta(days=n) for n in (1, 7))
    return [
        f"period={newest:%Y-%m}", f"period={quarter_of(newest).period}",
        f"period={newest.year}", f"from={yesterday}", f"from={week}&to={yesterday}",
    ]  # fmt: skip
