"""The estimated account of a running month (监测估算账户): metered amounts, the accounts' factors.

It never enters a published result. Amounts are those of the kept days, so that a late reading
restates exactly its own days; a carrier without a meter is named and not guessed.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

import duckdb
import pyarrow as pa

from tanma.apps.kit.door import clauses
from tanma.apps.live import door as live
from tanma.domain.items import items
from tanma.domain.numbers import EMISSION_DECIMALS, ENERGY_DECIMALS
from tanma.engine import valued as engine_valued
from tanma.lake.facts import FactsMirror

SIGNS = {
    "electricity.purchased": 1, "electricity.sold": -1, "heat.purchased": 1, "heat.sold": -1,
}  # fmt: skip
"""What counts besides fuels that are burnt; energy sold is deducted."""
SHOWN = ("electricity.pv.generated", "electricity.pv.exported", "water.total", "water.fresh")
"""Metered amounts that are shown and emit nothing."""


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
    coal_t: float | None
    factor: str

    @property
    def direct(self) -> bool:
        return self.item.startswith("fuel.")

    @property
    def counts(self) -> bool:
        """Whether it is part of the emission total; an amount that only informs is not."""
        return counts(self.item)

    @property
    def unit(self) -> str:
        return items()[self.item].unit


@dataclass(frozen=True)
class Account:
    """A month as metered so far."""

    month: dt.date
    lines: tuple[Line, ...]
    days: tuple[tuple[dt.date, dict[str, float]], ...]
    """Day → emission in t by item."""
    known_at: int

    def total(self, *, direct: bool | None = None) -> float | None:
        """Emission in t of what was metered and has a factor; direct or indirect part alone."""
        found = [x.co2_t for x in self.lines if x.counts and direct in (None, x.direct)]
        known = [v for v in found if v is not None]
        return sum(known) if known else None

    @property
    def coal_t(self) -> float | None:
        known = [x.coal_t for x in self.lines if x.counts and x.coal_t is not None]
        return sum(known) if known else None

    @property
    def unvalued(self) -> list[Line]:
        """Metered and counted, without a factor here."""
        return [x for x in self.lines if x.counts and x.co2_t is None]


def account(subjects: Collection[int] | None, month: dt.date, today: dt.date) -> Account | None:
    """The month of some enterprises (None: all) up to today; None before facts are mirrored."""
    mirror = FactsMirror(live.lake()).pin()
    if not mirror.watermark:
        return None
    end = min(following(month), today + dt.timedelta(days=1))
    with live.engine() as con:
        mirror.relation(con, mirror.watermark, "facts_known")
        live.given(con, (month, end), subjects)
        days = _days(con)
        lines = tuple(_lines(con, days, today))
        return Account(month, lines, tuple(_emissions(days)), mirror.watermark)


def following(month: dt.date) -> dt.date:
    """First day of the month after."""
    return (month.replace(day=1) + dt.timedelta(days=32)).replace(day=1)


def counts(item: str) -> bool:
    """Whether an item is part of an emission total."""
    return item in SIGNS or (item.startswith("fuel.") and item.endswith(".burnt"))


@dataclass(frozen=True)
class Valued:
    """An amount with its posted values by the factors of the accounts; energy sold is negative."""

    item: str
    day: dt.date
    count: int
    mg: int | None
    gce: int | None
    factors: str


def valued(
    con: duckdb.DuckDBPyConnection, lines: Sequence[tuple[str, dt.date, int]]
) -> list[Valued]:  # fmt: skip
    """Amounts (item, day, count at the item's scale) as results would value them today."""
    con.register("estimate_lines", pa.table({
        "subject": pa.array(range(len(lines)), pa.int64()),
        "item": pa.array([item for item, _, _ in lines], pa.string()),
        "month": pa.array([day.replace(day=1) for _, day, _ in lines], pa.date32()),
        "value": pa.array([count for _, _, count in lines], pa.int64()),
    }))  # fmt: skip
    engine_valued.build(con, "estimate_lines", live.basis(), into="estimated")
    rows = con.execute("SELECT subject, mg, gce, carbon_rows FROM estimated").fetchall()
    found = {n: told for n, *told in rows}
    return [_valued(line, *found.get(n, (None, None, ""))) for n, line in enumerate(lines)]


def _valued(
    line: tuple[str, dt.date, int], mg: int | None, gce: int | None, rows: str | None
) -> Valued:  # fmt: skip
    item, day, count = line
    if not counts(item):
        return Valued(item, day, count, None, None, "")
    sign = SIGNS.get(item, 1)
    signed_mg, signed_gce = (None if v is None else sign * v for v in (mg, gce))
    return Valued(item, day, count, signed_mg, signed_gce, rows or "")


def _days(con: duckdb.DuckDBPyConnection) -> list[Valued]:
    """Each day of each item that is shown, valued."""
    rows = con.execute(
        """SELECT item, day, round(sum(milli::HUGEINT * num) / any_value(den))::BIGINT FROM given
           WHERE milli IS NOT NULL GROUP BY item, day ORDER BY item, day"""
    ).fetchall()
    return valued(con, [r for r in rows if r[0] in items() and (counts(r[0]) or r[0] in SHOWN)])


def _lines(
    con: duckdb.DuckDBPyConnection, days: Sequence[Valued], today: dt.date
) -> Iterator[Line]:  # fmt: skip
    rows = con.execute(
        """SELECT item, sum(least(n, expected)) FILTER (day < ? AND expected > 0),
                  sum(expected) FILTER (day < ? AND expected > 0),
                  coalesce(sum(substituted_milli::HUGEINT * num), 0)::DOUBLE / any_value(den),
                  count(DISTINCT subject)
           FROM given WHERE milli IS NOT NULL GROUP BY item""", [today] * 2,
    ).fetchall()  # fmt: skip
    about = {item: told for item, *told in rows}
    for item, group in groupby(days, key=lambda d: d.item):
        own, scale = list(group), 10 ** items()[item].scale
        came, expected, substituted, enterprises = about[item]
        yield Line(
            item, sum(d.count for d in own) / scale,
            sum(d.count for d in own if d.day == today) / scale,
            came / expected if expected else None, substituted / scale, enterprises,
            _sum([d.mg for d in own], EMISSION_DECIMALS),
            _sum([d.gce for d in own], ENERGY_DECIMALS), factors(own),
        )  # fmt: skip


def factors(own: Iterable[Valued]) -> str:
    """The rows of the factor tables that amounts took, in words."""
    rows = dict.fromkeys(row for d in own for row in d.factors.split())
    return clauses(live.factor_text(row) for row in rows)


def _sum(values: Sequence[int | None], decimals: int) -> float | None:
    """The sum in the unit; missing with any part."""
    known = [v for v in values if v is not None]
    return sum(known) / 10**decimals if values and len(known) == len(values) else None


def _emissions(days: Sequence[Valued]) -> Iterator[tuple[dt.date, dict[str, float]]]:
    """Emission of each day by item."""
    ordered = sorted((d for d in days if d.mg is not None), key=lambda d: d.day)
    for day, group in groupby(ordered, key=lambda d: d.day):
        yield day, {d.item: (d.mg or 0) / 10**EMISSION_DECIMALS for d in group}
