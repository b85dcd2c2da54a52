"""The estimated account of a running month (监测估算账户): metered amounts, the accounts' factors.

It never enters a published result. Amounts are those of the kept days, so that a late reading
restates exactly its own days; a carrier without a meter is named and not guessed. What the region
shows of today and of this month is this account.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby

import duckdb
import pyarrow as pa

from tanma.apps.live import estimates, known
from tanma.apps.live.estimates import Valued, basis, valued
from tanma.apps.registry import door as registry
from tanma.domain.items import items
from tanma.domain.numbers import EMISSION_DECIMALS, ENERGY_DECIMALS
from tanma.engine.metering import bucket, months
from tanma.engine.valued import Basis
from tanma.lake.facts import FactsMirror


@dataclass(frozen=True)
class Line:
    """One item of the month so far; amounts in the item's unit, emissions in t, energy in tce."""

    item: str
    amount: float
    today: float
    covered: float | None
    """Share of the expected readings that came, whole days."""
    substituted: float
    enterprises: int
    co2_t: float | None
    coal_tce: float | None
    today_co2_t: float | None
    today_coal_tce: float | None
    factor: str
    counts: bool = True
    """Whether it is part of the emission total; an amount that only informs is not."""

    @property
    def direct(self) -> bool:
        return self.item.startswith(("fuel.", "process."))

    @property
    def unit(self) -> str:
        return items()[self.item].unit


@dataclass(frozen=True)
class Account:
    """A month as metered so far."""

    month: dt.date
    today: dt.date
    lines: tuple[Line, ...]
    days: tuple[Valued, ...]
    """Each day of each item, over its enterprises."""
    behind: dict[tuple[str, dt.date], int] = field(default_factory=dict)
    """(item, day) → enterprises with an amount on that day."""
    known_at: int = 0
    by: Basis | None = None
    """Factors and editions that it rests on."""

    def total(self, *, direct: bool | None = None) -> float | None:
        """Emission in t of what was metered and has a factor; direct or indirect part alone."""
        return _known(x.co2_t for x in self.lines if x.counts and direct in (None, x.direct))

    @property
    def coal_tce(self) -> float | None:
        return _known(x.coal_tce for x in self.lines if x.counts)

    @property
    def today_co2_t(self) -> float | None:
        return _known(x.today_co2_t for x in self.lines if x.counts)

    @property
    def today_coal_tce(self) -> float | None:
        return _known(x.today_coal_tce for x in self.lines if x.counts)

    @property
    def unvalued(self) -> list[Line]:
        """Metered and counted, without a factor here."""
        return [x for x in self.lines if x.counts and x.co2_t is None]


def _known(values: Iterator[float | None]) -> float | None:
    """The sum of what is known; None where nothing is."""
    told = [v for v in values if v is not None]
    return sum(told) if told else None


def account(subjects: Collection[int] | None, month: dt.date, today: dt.date) -> Account | None:
    """The month of some enterprises (None: all) up to today; None before facts are mirrored."""
    mirror = FactsMirror(known.lake()).pin()
    if not mirror.watermark:
        return None
    end = min(following(month), today + dt.timedelta(days=1))
    with known.engine() as con:
        mirror.relation(con, mirror.watermark, "facts_known")
        given(con, (month, end), subjects)
        return of_given(con, month, end, today, mirror.watermark)


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


def of_given(
    con: duckdb.DuckDBPyConnection, first: dt.date, end: dt.date, today: dt.date, known_at: int
) -> Account:
    """The days [first, end) of the table `given`."""
    con.execute(
        f"""CREATE OR REPLACE TEMP VIEW given_here AS FROM given
            WHERE milli IS NOT NULL AND day >= DATE '{first}' AND day < DATE '{end}'"""
    )
    by = basis(end - dt.timedelta(days=1))
    days = _days(con, by)
    behind = con.execute(
        "SELECT item, day, count(DISTINCT subject) FROM given_here GROUP BY item, day"
    ).fetchall()
    told = {(item, day): n for item, day, n in behind}
    return Account(first, today, tuple(_lines(con, days, today)), tuple(days), told, known_at, by)


def following(month: dt.date) -> dt.date:
    """First day of the month after."""
    return (month.replace(day=1) + dt.timedelta(days=32)).replace(day=1)


def _days(con: duckdb.DuckDBPyConnection, by: Basis) -> list[Valued]:
    """Each day of each item, valued."""
    rows = con.execute(
        """SELECT item, day, round(sum(milli::HUGEINT * num) / any_value(den))::BIGINT
           FROM given_here GROUP BY item, day ORDER BY item, day"""
    ).fetchall()
    return valued(con, [r for r in rows if r[0] in items()], by)


def _lines(
    con: duckdb.DuckDBPyConnection, days: Sequence[Valued], today: dt.date
) -> Iterator[Line]:  # fmt: skip
    rows = con.execute(
        """SELECT item, sum(least(n, expected)) FILTER (day < ? AND expected > 0),
                  sum(expected) FILTER (day < ? AND expected > 0),
                  coalesce(sum(substituted_milli::HUGEINT * num), 0)::DOUBLE / any_value(den),
                  count(DISTINCT subject)
           FROM given_here GROUP BY item""", [today] * 2,
    ).fetchall()  # fmt: skip
    about = {item: told for item, *told in rows}
    for item, group in groupby(days, key=lambda d: d.item):
        own, scale = list(group), 10 ** items()[item].scale
        came, expected, substituted, enterprises = about[item]
        now = [d for d in own if d.day == today]
        yield Line(
            item, sum(d.count for d in own) / scale, sum(d.count for d in now) / scale,
            came / expected if expected else None, substituted / scale, enterprises,
            _sum([d.mg for d in own], EMISSION_DECIMALS),
            _sum([d.gce for d in own], ENERGY_DECIMALS),
            _sum([d.mg for d in now], EMISSION_DECIMALS),
            _sum([d.gce for d in now], ENERGY_DECIMALS),
            estimates.factors(" ".join(d.factors for d in own)), own[0].counts,
        )  # fmt: skip


def _sum(values: Sequence[int | None], decimals: int) -> float | None:
    """The sum in the unit; missing with any part."""
    known = [v for v in values if v is not None]
    return sum(known) / 10**decimals if values and len(known) == len(values) else None
