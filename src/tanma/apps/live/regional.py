"""The region from its meters: today, this month against the same days before, completeness."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass

import duckdb
import pyarrow as pa

from tanma.apps.live import estimates, known
from tanma.apps.registry import door as registry
from tanma.apps.rules import door as rules
from tanma.domain.factors.lookup import Query, lookup
from tanma.domain.items import items
from tanma.domain.messages import Problem
from tanma.engine.metering import bucket, months
from tanma.intake import units
from tanma.lake.derived import ActivityDays
from tanma.lake.facts import FactsMirror
from tanma.lake.status import DERIVED_UPTO

COAL_SET = "GBT2589-2020"
ENERGY = ("electricity.purchased", "heat.purchased", "fuel.natural_gas.burnt")
"""Items whose coal equivalent and carbon are shown."""


@dataclass(frozen=True)
class Line:
    """One item of the region: amounts in the item's unit."""

    item: str
    unit: str
    today: float | None
    month: float | None
    before: float | None
    """The same days of the month before."""
    replaced: float | None
    """How much of this month was put in place of what was measured, by a declared method."""
    today_t: float | None
    month_t: float | None
    factor: str

    @property
    def change(self) -> float | None:
        if self.month is None or not self.before:
            return None
        return self.month / self.before - 1

    @property
    def replaced_share(self) -> float | None:
        return None if self.replaced is None or not self.month else self.replaced / self.month


@dataclass(frozen=True)
class Region:
    lines: list[Line]
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


def look(subjects: Collection[int] | None, today: dt.date) -> Region:
    """What the kept days say of some enterprises (None: all), as far as facts are mirrored.

    Looking writes nothing: `tanma lake keep` brings the mirror up.
    """
    mirror = FactsMirror(known.lake()).pin()
    if not mirror.watermark:
        return Region([], {}, {}, {}, today, month_before(today))
    first, before = today.replace(day=1), month_before(today)
    with known.engine() as con:
        mirror.relation(con, mirror.watermark, "facts_known")
        month = _reported_month(con, first) or before
        given(con, (min(month, before), today + dt.timedelta(days=1)), subjects)
        lines = [line for i in _counted(con) if (line := _line(con, i, today, first, before))]
        end = (month + dt.timedelta(days=32)).replace(day=1)
        return Region(
            lines, _completeness(con, first, today), _metered(con, month, end),
            _reported(con, month), today, month, mirror.watermark, _heard(con, first),
            ActivityDays(known.lake()).mark(DERIVED_UPTO),
        )  # fmt: skip


def month_before(day: dt.date) -> dt.date:
    """First day of the month before."""
    return (day.replace(day=1) - dt.timedelta(days=1)).replace(day=1)


def given(
    con: duckdb.DuckDBPyConnection, span: tuple[dt.date, dt.date],
    subjects: Collection[int] | None,
) -> None:  # fmt: skip
    """Table `given`: days that enter sums, with enterprise and ratio to the item's counts.

    Needs `facts_known`; None stands for every enterprise.
    """
    bucket.of_facts(con, "facts_known")
    known.keep_days(con, *span, _channels(subjects))
    months.ratios(con)
    con.execute(f"CREATE OR REPLACE TEMP TABLE given AS {months.added('days')}")
    if subjects is not None:
        ids = pa.table({"subject": pa.array(sorted(subjects), pa.int64())})
        con.register("subjects_here", ids)
        con.execute("DELETE FROM given WHERE subject NOT IN (SELECT subject FROM subjects_here)")


FEW = 500
"""Enterprises whose channels are looked up one by one, so that the days of others stay unread."""


def _channels(subjects: Collection[int] | None) -> list[int] | None:
    if subjects is None or len(subjects) > FEW:
        return None
    rows = registry.Channel.objects.filter(subject__in=list(subjects))
    return list(rows.values_list("id", flat=True))


def _counted(con: duckdb.DuckDBPyConnection) -> list[str]:
    return [i for (i,) in con.execute("SELECT DISTINCT item FROM given ORDER BY item").fetchall()]


def _sum(
    con: duckdb.DuckDBPyConnection, item: str, low: dt.date, high: dt.date, of: str = "milli"
) -> float | None:
    """Amount of an item over days [low, high), in its unit."""
    rows = con.execute(
        f"SELECT sum({of}::HUGEINT * num)::DOUBLE / any_value(den) FROM given"
        " WHERE item = ? AND day >= ? AND day < ?", [item, low, high],
    ).fetchall()  # fmt: skip
    return None if rows[0][0] is None else float(rows[0][0]) / 10 ** items()[item].scale


def _line(
    con: duckdb.DuckDBPyConnection, item: str, today: dt.date, first: dt.date, before: dt.date
) -> Line | None:
    if item not in items():
        return None
    one = dt.timedelta(days=1)
    length = today + one - first
    this = _sum(con, item, first, today + one)
    unit = items()[item].unit
    now = _sum(con, item, today, today + one)
    factor = estimates.co2_t_per(item, today)
    return Line(
        item,
        unit,
        now,
        this,
        _sum(con, item, before, min(before + length, first)),
        _sum(con, item, first, today + one, "substituted_milli"),
        estimates.estimate_t(item, now, unit, today),
        estimates.estimate_t(item, this, unit, today),
        factor.named if factor else "",
    )


def coal_t(item: str, amount: float | None, on: dt.date) -> float | None:
    """Coal equivalent [tce] of an amount in the item's unit, at the calorific value."""
    key = {"electricity.purchased": "electricity", "heat.purchased": "heat"}.get(item)
    if key is None or amount is None:
        return None
    try:
        query = Query("standard_coal", key, "tce", on, set_id=COAL_SET)
        factor = lookup(query, known_on=on, further=rules.further())
    except Problem:
        return None
    known_units = units.units()
    said, wanted = known_units[items()[item].unit], known_units[factor.unit.partition("/")[2]]
    ratio = units.ratio(said, wanted)
    return None if ratio is None else amount * float(ratio) * factor.value


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
