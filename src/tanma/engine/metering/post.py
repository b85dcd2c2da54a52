"""Monthly amounts of closed months as facts with the source `meter`, for the accounts above.

Only months that the meters know wholly are posted, unless the caller allows less; the others are
told, not filled. What a declared method put into an amount stands in the fact's evidence, in counts
of the item beside the whole. A fact names the stamp it was known at as its revision, so that a
later amount, a return to an earlier one included, is a newer version.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa

from tanma.domain.facts import INPUT
from tanma.domain.items import items
from tanma.engine.metering import bucket as buckets
from tanma.engine.metering import months as amounts
from tanma.engine.metering.refresh import STAMP
from tanma.lake.derived import ActivityDays
from tanma.lake.facts import FactsMirror

GRACE_DAYS = 3
"""A month closes so many days after its end: most late readings come within them."""
SOURCE, EVIDENCE = "meter", "readings:T="
HELD_BACK = pa.schema(
    [
        ("subject", pa.int64()),
        ("item", pa.string()),
        ("month", pa.date32()),
        ("value", pa.int64()),
        ("covered_s", pa.int64()),
        ("expected_s", pa.int64()),
    ]
)


@dataclass(frozen=True)
class Posted:
    """Facts to append, and the months that are not known well enough to be posted."""

    facts: pa.Table
    held_back: pa.Table


def post(
    con: duckdb.DuckDBPyConnection, known_at: int, metered: str = "metered", known: str = "known",
    least_percent: int = 100,
) -> Posted:  # fmt: skip
    """What the months in `metered` (months.build) change in the facts `known`.

    A month counts when it closed GRACE_DAYS before `known_at`. An amount that stands already is no
    new fact; one that no longer holds is withdrawn.
    """
    _prepare(con, known_at, metered, least_percent)
    con.execute(
        f"""CREATE OR REPLACE TEMP TABLE posted_now AS
        SELECT subject, item, valid_from, value, evidence FROM {known}
        WHERE source = '{SOURCE}' AND kind = 'amount' AND value IS NOT NULL
              AND valid_from IN (SELECT month FROM closed_months)
              AND valid_to = valid_from + INTERVAL 1 MONTH"""
    )
    facts = con.sql(_facts(known_at)).to_arrow_table().select(INPUT.names).cast(INPUT)
    held = con.sql(
        f"""SELECT {", ".join(HELD_BACK.names)} FROM closed_amounts WHERE NOT whole
            ORDER BY subject, item, month"""
    )
    return Posted(facts, held.to_arrow_table().cast(HELD_BACK))


def _prepare(
    con: duckdb.DuckDBPyConnection, known_at: int, metered: str, least_percent: int
) -> None:
    """Tables `closed_months` and `closed_amounts`, and what the catalogue says of items."""
    at = dt.datetime.fromtimestamp(known_at / 1e6, dt.UTC).date() - dt.timedelta(days=GRACE_DAYS)
    rows = [i for i in items().values() if i.kind == "amount"]
    con.register(
        "amount_items",
        pa.table(
            {
                "item": [i.item for i in rows],
                "unit": [i.unit for i in rows],
                "scale": pa.array([i.scale for i in rows], pa.int32()),
                "data_class": [i.data_class for i in rows],
            }
        ),
    )
    con.execute(
        f"""CREATE OR REPLACE TEMP TABLE closed_months AS SELECT DISTINCT month FROM {metered}
            WHERE month + INTERVAL 1 MONTH <= DATE '{at}'"""
    )
    con.execute(
        f"""CREATE OR REPLACE TEMP TABLE closed_amounts AS
        SELECT m.*, i.unit, i.scale, i.data_class,
               value IS NOT NULL AND covered_s * 100 >= expected_s * {int(least_percent)} AS whole
        FROM {metered} m SEMI JOIN closed_months USING (month) JOIN amount_items i USING (item)"""
    )


def _facts(known_at: int) -> str:
    """New amounts beside those that stand; a withdrawal has neither value nor text."""
    size = "abs(value)::VARCHAR"
    digits = f"lpad({size}, greatest(length({size}), scale + 1)::INTEGER, '0')"
    whole = f"left({digits}, (length({digits}) - scale)::INTEGER)"
    decimals = f"rtrim(right({digits}, scale), '0')"
    text = f"""CASE WHEN value < 0 THEN '-' ELSE '' END || {whole}
        || CASE WHEN scale > 0 AND {decimals} <> '' THEN '.' || {decimals} ELSE '' END"""
    share = """CASE WHEN covered_s < expected_s
        THEN ';covered_s=' || covered_s || '/' || expected_s ELSE '' END || CASE
        WHEN substituted <> 0 THEN ';substituted=' || substituted || '/' || a.value ELSE '' END"""
    said = f"""'amount' AS kind, NULL::VARCHAR AS text, '{SOURCE}' AS source,
               {known_at}::BIGINT AS revision, NULL::VARCHAR AS corrects"""
    return f"""
        SELECT a.subject, a.item, a.month AS valid_from,
               CAST(a.month + INTERVAL 1 MONTH AS DATE) AS valid_to, a.value,
               {text.replace("value", "a.value")} || ' ' || unit AS reported, data_class,
               '{EVIDENCE}{known_at}' || {share} AS evidence, {said}
        FROM closed_amounts a LEFT JOIN posted_now p
             ON p.subject = a.subject AND p.item = a.item AND p.valid_from = a.month
        WHERE whole AND p.value IS DISTINCT FROM a.value
        UNION ALL BY NAME
        SELECT p.subject, p.item, p.valid_from,
               CAST(p.valid_from + INTERVAL 1 MONTH AS DATE) AS valid_to, NULL::BIGINT AS value,
               '' AS reported, amount_items.data_class, '{EVIDENCE}{known_at}' AS evidence, {said}
        FROM posted_now p JOIN amount_items USING (item)
             LEFT JOIN closed_amounts a
             ON p.subject = a.subject AND p.item = a.item AND p.valid_from = a.month
        WHERE starts_with(p.evidence, '{EVIDENCE}') AND NOT coalesce(whole, false)
        ORDER BY subject, item, valid_from"""


def of_lake(root: Path, months: Sequence[str] | None = None, least_percent: int = 100) -> Posted:
    """What the days of a lake change in its facts, as known at the stamp the days are true to."""
    mirror, days = FactsMirror(root), ActivityDays(root)
    with buckets.connection() as con:
        mirror.relation(con, mirror.watermark, "known")
        buckets.of_facts(con, "known").install(con)
        days.view(con, months, "days")
        amounts.build(con)
        at = con.execute("SELECT max(derived) FROM days").fetchall()[0][0] or 0
        return post(con, max(at, days.mark(STAMP)), least_percent=least_percent)
