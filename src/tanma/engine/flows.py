"""Flows of energy of some enterprises over whole months: what was stated, put on months and valued.

The same choice among sources, the same splits and the same postings as a run, over facts as known
at a time; nothing is kept. What meters count inside an enterprise is added by the caller.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import duckdb
import pyarrow as pa

from tanma.domain.items import items as catalogue
from tanma.engine import activity, valued

LINES = pa.schema(
    [("subject", pa.int64()), ("item", pa.string()), ("month", pa.date32()), ("value", pa.int64())]
)


@dataclass(frozen=True)
class Stated:
    """An item of an enterprise over a span: months told, count at the item's scale, coal, CO2."""

    subject: int
    item: str
    months: int
    count: int
    gce: int | None
    mg: int | None
    sources: tuple[str, ...]
    split: bool


def stated(
    con: duckdb.DuckDBPyConnection, known: str, items: Sequence[str],
    span: tuple[date, date], basis: valued.Basis,
) -> list[Stated]:  # fmt: skip
    """What facts of the relation `known` say of items in the months [first, end)."""
    first, end = (day.isoformat() for day in span)
    activity.build(con, items, known=known, since=first, until=end)
    con.execute(f"CREATE OR REPLACE TEMP TABLE flows_measured AS {_measured(con, known)}")
    chosen = "SELECT subject, item, month, value, source, marks & 1 AS split FROM activity"
    con.register("flows_items", pa.table({"item": pa.array(list(items), pa.string())}))
    con.execute(
        f"""CREATE OR REPLACE TEMP TABLE flows_lines AS
        FROM ({chosen}) SEMI JOIN flows_items USING (item)"""
    )
    valued.build(con, "flows_lines", basis, "flows_valued", "flows_measured")
    rows = con.execute(
        f"""SELECT subject, item, count(DISTINCT month)::INTEGER, CAST(sum(value) AS BIGINT),
                   {_whole("gce")}, {_whole("mg")}, list(DISTINCT source ORDER BY source),
                   bool_or(split > 0)
            FROM flows_valued GROUP BY subject, item ORDER BY subject, item"""
    ).fetchall()
    return [
        Stated(subject, item, months, count, gce, mg, tuple(sources), split)
        for subject, item, months, count, gce, mg, sources, split in rows
    ]


def _whole(column: str) -> str:
    """SQL: a sum of posted integers; missing with any line."""
    return f"CASE WHEN count({column}) = count(*) THEN CAST(sum({column}) AS BIGINT) END"


def _measured(con: duckdb.DuckDBPyConnection, known: str) -> str:
    measured = [i for i in catalogue().values() if i.group == "measured"]
    con.register(
        "flows_scales",
        pa.table(
            {"item": [i.item for i in measured], "divisor": [10.0**i.scale for i in measured]}
        ),
    )
    return f"""SELECT subject, item, valid_from AS month, value / divisor AS value, source
               FROM {known} JOIN flows_scales USING (item)
               WHERE value IS NOT NULL AND kind = 'amount'"""


def worth(
    con: duckdb.DuckDBPyConnection, lines: pa.Table, basis: valued.Basis
) -> dict[tuple[int, str], tuple[int | None, int | None]]:
    """(key, item) → (gce, mg) of metered amounts, in the columns of LINES; missing with any line.

    `subject` is the caller's key; each line is posted by its month as a stated one is.
    """
    con.register("flows_metered", lines)
    valued.build(con, "flows_metered", basis, "flows_worth")
    rows = con.execute(
        f"SELECT subject, item, {_whole('gce')}, {_whole('mg')} FROM flows_worth GROUP BY ALL"
    ).fetchall()
    con.unregister("flows_metered")
    return {(key, item): (gce, mg) for key, item, gce, mg in rows}
