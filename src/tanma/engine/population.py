"""Who is evaluated, with which money, and what is missing. Set-based, one plan for all.

All tables are temporary tables of the connection: `attributes` and `activity` (see `activity`) in,
`enterprises`, `money_monthly`, `gaps` out.
"""

from __future__ import annotations

import duckdb

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
    otherwise the declared value; `va_origin` says which. Output is gross output value; where only
    the tax turnover is known it stands in and `output_origin` says so.
    """
    parts = ", ".join(f"'{p}'" for p in VALUE_ADDED_PARTS)
    con.execute(
        f"""CREATE OR REPLACE TEMP TABLE money_monthly AS
        WITH wide AS (
            SELECT subject, month,
                   sum(value) FILTER (item IN ({parts})) AS parts_fen,
                   count(*) FILTER (item IN ({parts})) AS parts_n,
                   any_value(value) FILTER (item = 'economy.value_added') AS declared_fen,
                   any_value(value) FILTER (item = 'economy.output_value') AS output_fen,
                   any_value(value) FILTER (item = 'tax.turnover') AS turnover_fen,
                   any_value(value) FILTER (item = 'economy.main_revenue') AS revenue_fen,
                   any_value(value) FILTER (item = 'tax.paid') AS tax_fen,
                   bool_or(data_class = 'statistical_only'
                           AND item LIKE 'economy.%') AS restricted
            FROM activity WHERE item LIKE 'economy.%' OR item LIKE 'tax.%'
            GROUP BY subject, month
        )
        SELECT subject, month,
               CAST(CASE WHEN parts_n = {len(VALUE_ADDED_PARTS)} THEN parts_fen
                    ELSE declared_fen END AS BIGINT) AS value_added_fen,
               CASE WHEN parts_n = {len(VALUE_ADDED_PARTS)} THEN 'income'
                    WHEN declared_fen IS NOT NULL THEN 'declared' END AS va_origin,
               coalesce(output_fen, turnover_fen) AS output_fen,
               CASE WHEN output_fen IS NOT NULL THEN 'output'
                    WHEN turnover_fen IS NOT NULL THEN 'turnover' END AS output_origin,
               revenue_fen, tax_fen, restricted
        FROM wide"""
    )


def gaps(con: duckdb.DuckDBPyConnection, start: str, end: str, into: str = "gaps") -> None:
    """Table `into`: (subject, item, month) of the period that were expected and not reported.

    Expected is every energy item that the enterprise reported in the period or in the twelve months
    before it, from the month of its first report on (a boiler or a solar roof may be new; a source
    that has ended is reported as 0); and for an enterprise that was active and reported nothing at
    all, energy itself (item '').
    """
    con.execute(
        f"""CREATE OR REPLACE TEMP TABLE {into} AS
        WITH months AS (
            SELECT CAST(unnest(generate_series(DATE '{start}', DATE '{end}' - INTERVAL 1 DAY,
                                               INTERVAL 1 MONTH)) AS DATE) AS month
        ),
        heard AS (
            SELECT subject, item, count(*) FILTER (month >= DATE '{start}') AS reported,
                   min(month) AS first_month
            FROM activity SEMI JOIN energy_items USING (item)
            WHERE month >= DATE '{start}' - INTERVAL 12 MONTH AND month < DATE '{end}'
            GROUP BY subject, item
        ),
        short AS (FROM heard WHERE reported < (SELECT count(*) FROM months))
        SELECT subject, item, month FROM short JOIN months ON month >= first_month
               ANTI JOIN activity USING (subject, item, month)
        UNION ALL
        SELECT subject, '' AS item, month FROM enterprises CROSS JOIN months
        WHERE status = 'active' AND subject NOT IN (SELECT subject FROM heard)"""
    )
