"""Monthly amounts that nobody reported as such, but that follow from what was reported.

Two rules, both data (derived.toml): a fuel burnt as the balance of what was consumed, and papers
such as green certificates, whose amount belongs to the holder that they name. Derived rows keep the
source and the fact they rest on and are marked; what cannot be is refused, never used.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from functools import cache
from importlib import resources
from typing import Any

import duckdb
import pyarrow as pa

from tanma.domain.items import items as catalogue

ROWS = "subject, item, month, value, source, kind, split, seq, data_class"


SPLIT, DERIVED, RESTRICTED, MEASURED = 1, 2, 4, 8
"""Marks of a row, one bit each: while lines are sorted every column is paid for."""


def marks(split: str = "split", derived: str = "false") -> str:
    """SQL: the marks of a row; the class is looked up as a word, which a dictionary makes cheap."""
    restricted = "coalesce(list_position(['statistical_only'], data_class), 0)"
    return (
        f"CAST(CAST({split} AS UTINYINT) * {SPLIT} + CAST({derived} AS UTINYINT) * {DERIVED}"
        f" + {restricted} * {RESTRICTED} AS UTINYINT)"
    )


@cache
def rules() -> dict[str, Any]:
    """The rules as they stand in derived.toml."""
    return tomllib.loads(resources.files(__package__).joinpath("derived.toml").read_text("utf-8"))


@cache
def balances() -> tuple[tuple[str, str, tuple[str, ...]], ...]:
    """(result, whole, parts) of every item of the catalogue that a balance can give."""
    return tuple(
        found for rule in rules()["balance"] for item in catalogue()
        if (found := _balance(rule, item)) is not None
    )  # fmt: skip


def _balance(rule: dict[str, Any], item: str) -> tuple[str, str, tuple[str, ...]] | None:
    """A rule filled in for a result item, None where the item is not a result of it."""
    before, after = rule["result"].split("{fuel}")
    if not (item.startswith(before) and item.endswith(after)):
        return None
    fuel = item[len(before) : len(item) - len(after)]
    filled = [text.replace("{fuel}", fuel) for text in (rule["whole"], *rule["parts"])]
    if "." in fuel or any(name not in catalogue() for name in filled):
        return None
    return item, filled[0], tuple(filled[1:])


def needed(items: Iterable[str]) -> set[str]:
    """Items to read besides these, because some of these may be derived from them."""
    wanted = set(items)
    made = {name for result, whole, parts in balances() if result in wanted
            for name in (whole, *parts)}  # fmt: skip
    holder = rules()["holder"]
    return made | ({holder["in_excess_of"]} if holder["item"] in wanted else set())


def build(con: duckdb.DuckDBPyConnection, name: str, known: str, months: str) -> None:
    """View `name`: what was said and what is derived; table `<name>_refused`; `<name>_months`.

    `<name>_refused` says of what was not used why, with the number of a paper and the enterprise
    whose account it would have entered.

    `<name>_months` lists the (item, month) that occur at all. Where no rule has anything to work
    on, the view is that of what was said.
    """
    said = {row[0] for row in con.execute(f"SELECT DISTINCT item FROM {name}_shapes").fetchall()}
    con.execute(
        f"""CREATE OR REPLACE TEMP TABLE {name}_derived AS
            SELECT {ROWS} FROM {name}_said WHERE false"""
    )
    con.execute(
        f"""CREATE OR REPLACE TEMP TABLE {name}_refused (subject BIGINT, item VARCHAR, month DATE,
            value BIGINT, reason VARCHAR, paper VARCHAR, holder BIGINT)"""
    )
    if any(whole in said for _, whole, _ in balances()):
        _balanced(con, name, said)
    paper = rules()["holder"]["item"]
    if paper in said:
        _papers(con, name, known)
    con.execute(
        f"""CREATE OR REPLACE TEMP TABLE {name}_months AS
        SELECT item, month FROM (SELECT item, valid_from AS month FROM {name}_shapes
                                 SEMI JOIN activity_items USING (item)
                                 ANTI JOIN {name}_contested USING (item))
        WHERE item <> '{paper}' AND {months}
        UNION
        SELECT item, month FROM {name}_many WHERE place = 1 AND item <> '{paper}' AND {months}
        UNION SELECT item, month FROM {name}_derived"""
    )
    own = f"WHERE item <> '{paper}'" if paper in said else ""
    con.execute(
        f"""CREATE OR REPLACE TEMP VIEW {name} AS
            SELECT {ROWS}, marks, derived FROM {name}_said {own}
            UNION ALL SELECT {ROWS}, {marks(derived="true")}, true FROM {name}_derived"""
    )


def _balanced(con: duckdb.DuckDBPyConnection, name: str, said: set[str]) -> None:
    """Rows of results as whole − parts, where the result was not reported in that month."""
    roles = [
        (item, result, role) for result, whole, parts in balances() if whole in said
        for item, role in ((result, "result"), (whole, "whole"), *((p, p) for p in parts))
    ]  # fmt: skip
    columns = zip(*roles, strict=True)
    con.register("balance_items", pa.table(dict(zip(("item", "result", "role"), columns))))
    con.execute(
        f"""CREATE OR REPLACE TEMP TABLE {name}_balance AS
        WITH told AS (SELECT a.*, b.result, b.role FROM {name}_said a
                      JOIN balance_items b USING (item)),
        parts AS (
            SELECT subject, result, month, sum(value) AS value, count(*) AS parts,
                   bool_or(split) AS split, max(data_class) AS data_class
            FROM told WHERE role NOT IN ('result', 'whole') GROUP BY ALL
        ),
        ever AS (
            SELECT subject, result, count(DISTINCT role) AS parts
            FROM told WHERE role NOT IN ('result', 'whole') GROUP BY ALL
        )
        SELECT w.subject, w.result AS item, w.month,
               CAST(w.value - coalesce(p.value, 0) AS BIGINT) AS value, w.source, w.kind,
               w.split OR coalesce(p.split, false) AS split, w.seq,
               greatest(w.data_class, p.data_class) AS data_class,
               CASE WHEN coalesce(e.parts, 0) > coalesce(p.parts, 0) THEN 'part_missing'
                    WHEN w.value < coalesce(p.value, 0) THEN 'negative' ELSE '' END AS reason
        FROM told w LEFT JOIN parts p USING (subject, result, month)
             LEFT JOIN ever e USING (subject, result)
             ANTI JOIN (FROM told WHERE role = 'result') r
                  ON r.subject = w.subject AND r.result = w.result AND r.month = w.month
        WHERE w.role = 'whole'"""
    )
    con.execute(f"INSERT INTO {name}_derived SELECT {ROWS} FROM {name}_balance WHERE reason = ''")
    con.execute(
        f"""INSERT INTO {name}_refused SELECT subject, item, month, value, reason, '', subject
            FROM {name}_balance WHERE reason <> ''"""
    )


def _papers(con: duckdb.DuckDBPyConnection, name: str, known: str) -> None:
    """Amounts of papers in the account of their holders, in excess of what a contract covers."""
    rule = rules()["holder"]
    con.execute(
        f"""CREATE OR REPLACE TEMP TABLE {name}_papers AS
        WITH attribute AS (SELECT subject, item, text, valid_from, valid_to, stamp, seq
                           FROM {known} WHERE kind = 'attribute' AND text IS NOT NULL),
        number AS (SELECT subject, max(text) AS number FROM attribute
                   WHERE item = '{rule["number"]}' GROUP BY subject),
        holder AS (SELECT text, max(subject) AS holder FROM attribute
                   WHERE item = '{rule["holder_is"]}' OR item LIKE '{rule["or_was"]}%'
                   GROUP BY text),
        claims AS (
            SELECT s.*, coalesce(number, CAST(s.subject AS VARCHAR)) AS number,
                   first_value(s.seq) OVER (PARTITION BY coalesce(number, s.subject::VARCHAR)
                                            ORDER BY month, s.seq) AS counted_seq
            FROM {name}_said s LEFT JOIN number USING (subject) WHERE item = '{rule["item"]}'
        )
        SELECT c.*, h.text AS claimant, holder
        FROM claims c
             LEFT JOIN attribute h ON h.subject = c.subject AND h.item = '{rule["names_holder"]}'
                  AND h.valid_from <= c.month AND h.valid_to > c.month
             LEFT JOIN holder ON holder.text = h.text
        QUALIFY row_number() OVER (PARTITION BY c.subject, c.month, c.seq
                                   ORDER BY h.valid_from DESC, h.stamp DESC, h.seq DESC) = 1"""
    )
    con.execute(
        f"""INSERT INTO {name}_derived
        WITH held AS (
            SELECT holder AS subject, item, month, CAST(sum(value) AS BIGINT) AS value,
                   max(source) AS source, max(kind) AS kind, bool_or(split) AS split,
                   max(seq) AS seq, max(data_class) AS data_class
            FROM {name}_papers WHERE holder IS NOT NULL AND seq = counted_seq GROUP BY ALL
        )
        SELECT {", ".join("h." + c for c in ROWS.split(", "))}
        FROM (SELECT held.* REPLACE (greatest(0, held.value - coalesce(c.value, 0)) AS value)
              FROM held LEFT JOIN {name}_said c ON c.subject = held.subject
                   AND c.month = held.month AND c.item = '{rule["in_excess_of"]}') h"""
    )
    con.execute(
        f"""INSERT INTO {name}_refused SELECT subject, item, month, value,
               CASE WHEN seq <> counted_seq THEN 'claimed_twice' ELSE 'holder_unknown' END,
               number, holder
            FROM {name}_papers WHERE holder IS NULL OR seq <> counted_seq"""
    )
