"""The region from its meters: today, this month against the same days before, completeness."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass

import duckdb

from tanma.apps.live import known
from tanma.apps.live.account import Account, given, of_given
from tanma.apps.live.closing import COAL, TOTAL, withheld
from tanma.domain.items import items
from tanma.engine.valued import Basis
from tanma.lake.derived import ActivityDays
from tanma.lake.facts import FactsMirror
from tanma.lake.status import DERIVED_UPTO


@dataclass(frozen=True)
class Line:
    """One item of the region, amounts in the item's unit; what is withheld is None."""

    item: str
    unit: str
    today: float | None
    month: float | None
    before: float | None
    """The same days of the month before."""
    replaced: float | None
    """How much of this month was put in place of what was measured, by a declared method."""
    month_t: float | None
    factor: str
    withheld: frozenset[str] = frozenset()
    """Columns that few enterprises stand behind, or that others would tell by subtraction."""

    @property
    def change(self) -> float | None:
        if self.month is None or not self.before:
            return None
        return self.month / self.before - 1

    @property
    def replaced_share(self) -> float | None:
        return None if self.replaced is None or not self.month else self.replaced / self.month


@dataclass(frozen=True)
class Sums:
    """Energy [tce] and carbon [t] over the items that have a factor; None: unknown or withheld."""

    today_tce: float | None = None
    today_t: float | None = None
    month_tce: float | None = None
    month_t: float | None = None
    withheld: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Region:
    lines: list[Line]
    sums: Sums
    completeness: dict[int, tuple[int, int]]
    """enterprise → readings that came and that were expected this month"""
    metered: dict[int, float]
    """enterprise → kWh metered in the month of the rate"""
    reported: dict[int, float]
    """enterprise → kWh of that month as the grid company reported it"""
    through: dt.date
    rate_month: dt.date
    """The newest whole month that the grid company has reported; last month where there is none"""
    known_at: int = 0
    """Up to when facts are known, µs since 1970 UTC; 0: nothing has been mirrored yet."""
    heard: frozenset[int] = frozenset()
    """Enterprises of which any reading of this month came, expected or not, today's too."""
    derived_at: int = 0
    """Up to when readings are in the days behind these sums, µs since 1970 UTC."""
    by: Basis | None = None
    """Factors and editions of this month."""


def look(subjects: Collection[int] | None, today: dt.date) -> Region:
    """What the kept days say of some enterprises (None: all), as far as facts are mirrored.

    Looking writes nothing: `tanma lake keep` brings the mirror up.
    """
    mirror = FactsMirror(known.lake()).pin()
    if not mirror.watermark:
        return Region([], Sums(), {}, {}, {}, today, month_before(today))
    first, before = today.replace(day=1), month_before(today)
    with known.engine() as con:
        mirror.relation(con, mirror.watermark, "facts_known")
        month = _reported_month(con, first) or before
        given(con, (min(month, before), today + dt.timedelta(days=1)), subjects)
        now = of_given(con, first, today + dt.timedelta(days=1), today, mirror.watermark)
        length = today + dt.timedelta(days=1) - first
        then = of_given(con, before, min(before + length, first), today, mirror.watermark)
        end = (month + dt.timedelta(days=32)).replace(day=1)
        return Region(
            _lines(now, then), _sums(now), _completeness(con, first, today),
            _metered(con, month, end), _reported(con, month), today, month, mirror.watermark,
            _heard(con, first), ActivityDays(known.lake()).mark(DERIVED_UPTO), now.by,
        )  # fmt: skip


def month_before(day: dt.date) -> dt.date:
    """First day of the month before."""
    return (day.replace(day=1) - dt.timedelta(days=1)).replace(day=1)


def _lines(now: Account, then: Account) -> list[Line]:
    """This month beside the same days before; each without what its account withholds."""
    shut, shut_before = withheld(now), withheld(then)
    before = {x.item: x.amount for x in then.lines}
    found = []
    for x in now.lines:
        hidden = {
            name for name, of in (("today", (shut, now.today)), ("month", (shut, None)),
                                  ("before", (shut_before, None)))
            if of[0].has(x.item, of[1])
        }  # fmt: skip
        told = {"today": x.today, "month": x.amount, "before": before.get(x.item)}
        open_ = {name: None if name in hidden else value for name, value in told.items()}
        kept = "month" not in hidden
        found.append(Line(
            x.item, x.unit, **open_, replaced=x.substituted if kept else None,
            month_t=x.co2_t if kept else None, factor=x.factor, withheld=frozenset(hidden),
        ))  # fmt: skip
    return found


def _sums(now: Account) -> Sums:
    shut = withheld(now)
    told = {
        "today_tce": (now.today_coal_tce, (COAL, now.today)),
        "today_t": (now.today_co2_t, (TOTAL, now.today)),
        "month_tce": (now.coal_tce, (COAL, None)),
        "month_t": (now.total(), (TOTAL, None)),
    }
    hidden = frozenset(name for name, (_, key) in told.items() if shut.has(*key))
    return Sums(**{n: None if n in hidden else v for n, (v, _) in told.items()}, withheld=hidden)


def _completeness(
    con: duckdb.DuckDBPyConnection, first: dt.date, today: dt.date
) -> dict[int, tuple[int, int]]:
    """Of whole days: today has only begun."""
    rows = con.execute(
        "SELECT subject, sum(least(n, expected)), sum(expected) FROM given"
        " WHERE expected > 0 AND day >= ? AND day < ? GROUP BY subject", [first, today],
    ).fetchall()  # fmt: skip
    return {subject: (int(came), int(wanted)) for subject, came, wanted in rows}


def _heard(con: duckdb.DuckDBPyConnection, first: dt.date) -> frozenset[int]:
    query = "SELECT DISTINCT subject FROM given WHERE n > 0 AND day >= ?"
    return frozenset(subject for (subject,) in con.execute(query, [first]).fetchall())


def _metered(con: duckdb.DuckDBPyConnection, low: dt.date, high: dt.date) -> dict[int, float]:
    scale = items()["electricity.purchased"].scale
    rows = con.execute(
        "SELECT subject, sum(milli::HUGEINT * num)::DOUBLE / any_value(den) FROM given"
        " WHERE item = 'electricity.purchased' AND day >= ? AND day < ? GROUP BY subject",
        [low, high],
    ).fetchall()
    return {subject: float(v) / 10**scale for subject, v in rows if v is not None}


GRID_MONTHS = """FROM facts_known WHERE item = 'electricity.purchased' AND source = 'grid'
AND kind = 'amount' AND value IS NOT NULL AND valid_to = valid_from + INTERVAL 1 MONTH"""
"""What the grid company reported of whole months."""


def _reported_month(con: duckdb.DuckDBPyConnection, first: dt.date) -> dt.date | None:
    """The newest month before `first` that the grid company has reported."""
    sql = f"SELECT max(valid_from) {GRID_MONTHS} AND valid_from < ?"
    ((month,),) = con.execute(sql, [first]).fetchall()
    return None if month is None else dt.date(month.year, month.month, 1)


def _reported(con: duckdb.DuckDBPyConnection, month: dt.date) -> dict[int, float]:
    scale = items()["electricity.purchased"].scale
    sql = f"SELECT subject, sum(value)::DOUBLE {GRID_MONTHS} AND valid_from = ? GROUP BY subject"
    return {subject: v / 10**scale for subject, v in con.execute(sql, [month]).fetchall()}
