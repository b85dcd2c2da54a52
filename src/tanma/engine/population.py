"""Who is evaluated, with which money, and what is missing. Set-based, one plan for all.

All tables are temporary tables of the connection: `attributes` and `activity` (see `activity`) in,
`enterprises`, `money_monthly`, `gaps` out.
"""

from __future__ import annotations

from collections.abc import Collection

import duckdb
import pyarrow as pa

from tanma.engine import derived
from tanma.engine.lines import Grid

VALUE_ADDED_PARTS = (
    "economy.labour_compensation",
    "economy.net_production_tax",
    "economy.depreciation",
    "economy.operating_surplus",
)
"""Income approach: the four parts of value added."""
MONEY_ITEMS = (
    *VALUE_ADDED_PARTS, "economy.value_added", "economy.output_value", "economy.main_revenue",
    "tax.turnover", "tax.paid",
)  # fmt: skip
"""Items of the economy first, then of taxes."""


def enterprises(con: duckdb.DuckDBPyConnection) -> None:
    """Table `enterprises`: subjects with an industry on the day of `attributes`, one row each.

    natural_key is `scheme:value` of the external identifier, the unified credit code first.
    """
    con.execute(
        """CREATE OR REPLACE TEMP TABLE enterprises AS
        WITH wide AS (
            SELECT subject,
                   max(text) FILTER (item = 'industry') AS industry,
                   max(text) FILTER (item = 'name') AS name,
                   max(text) FILTER (item = 'size_class') AS size_class,
                   max(text) FILTER (item = 'status') AS status,
                   max(text) FILTER (item = 'area.statutory') AS area_code,
                   max(text) FILTER (item = 'area.management') AS management_code,
                   coalesce('uscc:' || max(text) FILTER (item = 'id.uscc'),
                            min(substr(item, 4) || ':' || text) FILTER (item LIKE 'id.%'))
                       AS natural_key
            FROM attributes GROUP BY subject
        )
        SELECT subject, natural_key, industry, coalesce(name, natural_key) AS name,
               coalesce(size_class, 'below') AS size_class,
               coalesce(status, 'active') AS status,
               coalesce(area_code, '') AS area_code,
               coalesce(management_code, '') AS management_code
        FROM wide WHERE industry IS NOT NULL AND natural_key IS NOT NULL"""
    )


def money(con: duckdb.DuckDBPyConnection) -> None:
    """Table `money_monthly`: value added and output in fen per enterprise and month.

    Value added is the sum of the four parts of the income approach where all four are there,
    otherwise the declared value; `va_origin` says which, `va_trust` how weak its source is. Output
    is gross output value; where only the tax turnover is known it stands in and `output_origin`
    says so.
    """
    count = len(VALUE_ADDED_PARTS)
    economy = sum(item.startswith("economy.") for item in MONEY_ITEMS)
    con.register(
        "money_items",
        pa.table({"item": MONEY_ITEMS, "n": pa.array(range(len(MONEY_ITEMS)), pa.int8())}),
    )
    said = {row[0] for row in con.execute("SELECT DISTINCT item FROM activity_months").fetchall()}
    amounts = ", ".join(f"{_one('value', item, said)} AS {n}" for n, item in _SINGLE.items())
    trusts = ", ".join(
        f"{_one(_TRUST, _SINGLE[name], said, 'INTEGER')} AS {name}_trust"
        for name in ("declared_fen", "gross_output_fen", "turnover_fen")
    )
    origins, outputs = ("declared", "income"), ("output", "turnover")
    parts = f"FILTER (n < {count})" if said & set(VALUE_ADDED_PARTS) else "FILTER (false)"
    con.execute(
        f"""CREATE OR REPLACE TEMP TABLE money_monthly AS
        WITH wide AS (
            SELECT subject, month, sum(value) {parts} AS parts_fen, count(*) {parts} AS parts_n,
                   max({_TRUST}) {parts} AS parts_trust, {amounts}, {trusts},
                   bool_or(n < {economy} AND (marks & {derived.RESTRICTED}) > 0) AS restricted
            FROM activity JOIN money_items USING (item) GROUP BY subject, month
        )
        SELECT subject, month,
               CAST(CASE WHEN parts_n = {count} THEN parts_fen ELSE declared_fen END AS BIGINT)
               AS value_added_fen,
               CASE WHEN parts_n = {count} THEN {_word("income", *origins)}
                    WHEN declared_fen IS NOT NULL THEN {_word("declared", *origins)} END
                    AS va_origin,
               coalesce(gross_output_fen, turnover_fen) AS output_fen,
               CASE WHEN gross_output_fen IS NOT NULL THEN {_word("output", *outputs)}
                    WHEN turnover_fen IS NOT NULL THEN {_word("turnover", *outputs)} END
                    AS output_origin,
               CASE WHEN parts_n = {count} THEN parts_trust ELSE declared_fen_trust END AS va_trust,
               coalesce(gross_output_fen_trust, turnover_fen_trust) AS output_trust,
               revenue_fen, tax_fen, restricted
        FROM wide"""
    )


def _one(what: str, item: str, said: Collection[str], kind: str = "BIGINT") -> str:
    """SQL: what a month says of an item; nothing is looked for that nobody speaks of."""
    if item not in said:
        return f"CAST(NULL AS {kind})"
    return f"any_value({what}) FILTER (n = {MONEY_ITEMS.index(item)})"


def _word(word: str, *words: str) -> str:
    """SQL: one of some words, of a type of its own: texts would be copied month by month."""
    listed = ", ".join(f"'{w}'" for w in words)
    return f"CAST('{word}' AS ENUM ({listed}))"


DECLARED, STATISTICS = 2, 1
_TRUST = f"""(coalesce(list_position(['declared'], source), 0) * {DECLARED}
             + CAST(starts_with(source, 'stat.') AS INTEGER) * {STATISTICS})"""
"""SQL: how weak the origin of an amount is; the greatest of several is the weakest.

Functions of a source alone are worked out once per word of a dictionary, comparisons per row."""


_SINGLE = {
    "declared_fen": "economy.value_added", "gross_output_fen": "economy.output_value",
    "turnover_fen": "tax.turnover", "revenue_fen": "economy.main_revenue", "tax_fen": "tax.paid",
}  # fmt: skip


def expected(con: duckdb.DuckDBPyConnection, made: Grid) -> None:
    """Table `expected`: per enterprise the months of the window it worked in, one bit each.

    A month counts when the enterprise was active on a day of it (attribute `status`, dated), and
    before that when it reported anything for it. Without a status it begins with the first month
    that it reported anything for; without either, nothing says that it is new.
    """
    every = 2**made.months - 1
    con.execute(
        f"""CREATE OR REPLACE TEMP TABLE expected AS
        WITH status AS (FROM attribute_spans WHERE item = 'status'),
        changing AS (
            SELECT subject FROM status GROUP BY subject
            HAVING count(*) > 1 OR any_value(text) <> 'active'
                   OR min(valid_from) > DATE '{made.first}' OR max(valid_to) < DATE '9999-01-01'
        ),
        days AS (
            SELECT subject, valid_from AS day FROM status SEMI JOIN changing USING (subject)
            UNION SELECT subject, valid_to FROM status SEMI JOIN changing USING (subject)
            UNION SELECT subject, month FROM changing, (SELECT DISTINCT month FROM line_window)
        ),
        held AS (
            SELECT d.subject, day, arg_max(text, (valid_from, revision, stamp, seq)) AS text
            FROM days d JOIN status s ON s.subject = d.subject
                 AND s.valid_from <= day AND s.valid_to > day
            GROUP BY ALL
        ),
        worked AS (
            SELECT subject, bit_or(CAST(1 AS UBIGINT) << {made.month_sql("day")}) AS months
            FROM held WHERE text = 'active' AND {made.month_sql("day")} BETWEEN 0
                 AND {made.months - 1}
            GROUP BY subject
        ),
        heard AS (
            SELECT subject, bit_or(months) AS months FROM item_sums GROUP BY subject
            UNION ALL
            SELECT subject, bit_or(CAST(1 AS UBIGINT) << {made.month_sql("month")})
            FROM money_monthly GROUP BY subject
        ),
        first AS (
            SELECT subject, bit_or(months) AS heard,
                   bit_or(months) & ((~bit_or(months)) + 1) AS first_month
            FROM heard GROUP BY subject
        )
        SELECT e.subject,
               CASE WHEN c.subject IS NOT NULL AND w.months IS NULL THEN 0
                    WHEN c.subject IS NOT NULL
                    THEN w.months | (coalesce(f.heard, 0) & ((w.months & ((~w.months) + 1)) - 1))
                    WHEN s.subject IS NOT NULL OR f.subject IS NULL THEN {every}
                    ELSE {every} - (first_month - 1) END::UBIGINT AS months
        FROM enterprises e LEFT JOIN changing c USING (subject) LEFT JOIN worked w USING (subject)
             LEFT JOIN (SELECT DISTINCT subject FROM status) s USING (subject)
             LEFT JOIN first f USING (subject)"""
    )


def gaps(
    con: duckdb.DuckDBPyConnection, made: Grid, first: int, last: int, into: str = "gaps"
) -> None:
    """Table `into`: (subject, item, month) that were expected and not reported.

    The period is the months [first, last) of the window. Expected in a month in which the
    enterprise worked is every energy item that it reported in the window up to the end of the
    period, from the month of its first report on (a boiler or a solar roof may be new; a source
    that has ended is reported as 0). Before its first report of any energy, energy itself is
    lacking (item ''). A derived value that was refused counts as one that was not reported.
    """
    until, period = 2**last - 1, 2**last - 2**first
    con.execute(
        f"""CREATE OR REPLACE TEMP TABLE {into} AS
        WITH told AS (
            SELECT subject, item, months, months AS spoken FROM item_sums WHERE counted
            UNION ALL
            SELECT subject, item, CAST(0 AS UBIGINT),
                   CAST(1 AS UBIGINT) << {made.month_sql("month")}
            FROM activity_refused SEMI JOIN ranked USING (subject)
            WHERE reason IN ('negative', 'part_missing')
        ),
        heard AS (
            SELECT *, ever & ((~ever) + 1) AS first_month
            FROM (SELECT subject, item, bit_or(months) AS months,
                         bit_or(spoken & {until}::UBIGINT) AS ever
                  FROM told GROUP BY subject, item) WHERE ever > 0
        ),
        begun AS (SELECT subject, min(first_month) AS first_month FROM heard GROUP BY subject),
        short AS (
            SELECT subject, item,
                   (e.months & (~h.months)) & ({period}::UBIGINT & (~(first_month - 1))) AS lacking
            FROM heard h JOIN expected e USING (subject)
            UNION ALL
            SELECT subject, '', (months & {period}::UBIGINT)
                   & (coalesce(first_month, {until + 1}::UBIGINT) - 1)
            FROM expected LEFT JOIN begun USING (subject)
        )
        SELECT subject, item, month FROM short JOIN line_window
             ON (lacking & (CAST(1 AS UBIGINT) << m)) > 0 WHERE lacking > 0"""
    )
