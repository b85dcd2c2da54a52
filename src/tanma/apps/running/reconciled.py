"""The estimated account of a past month beside what was declared for it, carrier by carrier.

Declared is what counts without the meters' own facts: the source the accounts would choose, month
by month. Only enterprises that have both enter, so that the difference is no missing reporter.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import duckdb
import pyarrow as pa

from tanma.apps.live import door as live
from tanma.apps.live.door import Valued, basis, following, valued
from tanma.apps.running.asked import SHOWN
from tanma.domain.items import items
from tanma.engine import activity
from tanma.engine.metering import months
from tanma.engine.valued import Basis
from tanma.lake.facts import FactsMirror


@dataclass(frozen=True)
class Row:
    """One item over the enterprises with both sides; amounts in the item's unit."""

    item: str
    metered: float
    declared: float
    enterprises: int
    whole: int
    """How many of them the meters know for the whole month."""
    sources: tuple[str, ...]
    metered_t: float | None
    declared_t: float | None
    """Both by the same factors, so that only the amounts differ."""

    @property
    def gap(self) -> float:
        return self.metered - self.declared

    @property
    def share(self) -> float | None:
        return self.gap / self.declared if self.declared else None


@dataclass(frozen=True)
class Reconciled:
    """`undeclared` and `unmetered`: items that only one side knows, with their enterprises."""

    month: dt.date
    rows: tuple[Row, ...]
    undeclared: dict[str, int]
    unmetered: dict[str, int]


def reconciled(subjects: Collection[int] | None, month: dt.date) -> Reconciled:
    """Of some enterprises; None: all that have meters."""
    mirror = FactsMirror(live.lake()).pin()
    if not mirror.watermark:
        return Reconciled(month, (), {}, {})
    with live.engine() as con:
        mirror.relation(con, mirror.watermark, "facts_known")
        live.given(con, (month, following(month)), subjects)
        by = basis(following(month) - dt.timedelta(days=1))
        _metered(con, by)
        _declared(con, month)
        return Reconciled(
            month, tuple(_rows(con, month, by)), _alone(con, "metered_here", "declared_here"),
            _alone(con, "declared_here", "metered_here"),
        )  # fmt: skip


def _metered(con: duckdb.DuckDBPyConnection, by: Basis) -> None:
    """Table `metered_here` (subject, item, value, whole) in the item's counts."""
    months.build(con, into="metered_all")
    counted = by.signs()
    wanted = [i for i in items() if i in counted or i in SHOWN]
    con.register("reconciled_items", pa.table({"item": wanted}))
    con.execute(
        """CREATE OR REPLACE TEMP TABLE metered_here AS
           SELECT subject, item, value, covered_s >= expected_s AS whole
           FROM metered_all SEMI JOIN reconciled_items USING (item)
           WHERE subject IN (SELECT subject FROM given) AND value IS NOT NULL"""
    )


def _declared(con: duckdb.DuckDBPyConnection, month: dt.date) -> None:
    """Table `declared_here` (subject, item, value, source): chosen without what meters stated."""
    con.execute(
        """CREATE OR REPLACE TEMP VIEW stated_here AS FROM facts_known
           WHERE source <> 'meter' AND subject IN (SELECT subject FROM metered_here)"""
    )
    wanted = [i for (i,) in con.execute("SELECT item FROM reconciled_items").fetchall()]
    activity.build(con, wanted, known="stated_here", name="stated", since=month.isoformat(),
                   until=following(month).isoformat())  # fmt: skip
    con.execute(
        """CREATE OR REPLACE TEMP TABLE declared_here AS
           SELECT subject, item, value, source
           FROM stated SEMI JOIN reconciled_items USING (item) WHERE value IS NOT NULL"""
    )


def _rows(con: duckdb.DuckDBPyConnection, month: dt.date, by: Basis) -> list[Row]:
    rows = con.execute(
        """SELECT item, sum(m.value)::BIGINT, sum(d.value)::BIGINT, count(*),
                  count(*) FILTER (whole), list(DISTINCT source ORDER BY source)
           FROM metered_here m JOIN declared_here d USING (subject, item)
           GROUP BY item ORDER BY item"""
    ).fetchall()
    values = valued(con, [(r[0], month, int(v)) for r in rows for v in r[1:3]], by)
    return [_row(row, values[2 * n], values[2 * n + 1]) for n, row in enumerate(rows)]


def _row(told: tuple[Any, ...], metered: Valued, declared: Valued) -> Row:
    item, own, said, n, whole, sources = told
    scale = 10 ** items()[item].scale
    tonnes = (metered.co2_t, declared.co2_t)
    return Row(item, own / scale, said / scale, n, whole, tuple(sources), *tonnes)


def _alone(con: duckdb.DuckDBPyConnection, known: str, other: str) -> dict[str, int]:
    rows = con.execute(
        f"""SELECT item, count(*) FROM {known} ANTI JOIN {other} USING (subject, item)
            GROUP BY item ORDER BY item"""
    ).fetchall()
    return dict(rows)
