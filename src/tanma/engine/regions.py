"""Areas: closure from dated parents, exact sums per hierarchy, the carbon consumption index.

Sums of enterprises are 企业口径合计. The consolidated total counts power and heat made and used
inside the area once: direct emissions plus what is bought in excess of what is sold.
"""

from __future__ import annotations

import duckdb

HIERARCHIES = ("statutory", "management")


def closure(con: duckdb.DuckDBPyConnection, attributes: str = "attributes") -> None:
    """Table `area_closure`: (hierarchy, ancestor, descendant, depth) on the day of `attributes`."""
    parents = " UNION ALL ".join(
        f"""SELECT '{h}' AS hierarchy, c.text AS code, p.text AS parent
            FROM {attributes} c LEFT JOIN {attributes} p
                 ON p.subject = c.subject AND p.item = 'area.parent.{h}'
            WHERE c.item = 'id.area'"""
        for h in HIERARCHIES
    )
    con.execute(
        f"""CREATE OR REPLACE TEMP TABLE area_closure AS
        WITH RECURSIVE parents AS ({parents}),
        above AS (
            SELECT hierarchy, code AS ancestor, code AS descendant, 0 AS depth FROM parents
            UNION ALL
            SELECT a.hierarchy, p.parent, a.descendant, a.depth + 1
            FROM above a JOIN parents p ON p.hierarchy = a.hierarchy AND p.code = a.ancestor
            WHERE p.parent IS NOT NULL AND p.parent <> '' AND a.depth < 12
        )
        SELECT hierarchy, ancestor, descendant, max(depth) AS depth FROM above GROUP BY ALL"""
    )


def memberships(con: duckdb.DuckDBPyConnection) -> None:
    """Table `inside`: (hierarchy, area_code, subject) for every area that contains a subject.

    An enterprise outside every management area hangs on the root of its statutory division in
    that hierarchy, so that each hierarchy adds up by itself to the same whole.
    """
    con.execute(
        """CREATE OR REPLACE TEMP TABLE inside AS
        WITH roots AS (
            SELECT descendant, arg_max(ancestor, depth) AS root FROM area_closure
            WHERE hierarchy = 'statutory' GROUP BY descendant
        ),
        leaf AS (
            SELECT 'statutory' AS hierarchy, subject, area_code AS code FROM enterprises
            UNION ALL
            SELECT 'management', subject,
                   CASE WHEN management_code <> '' THEN management_code
                        ELSE coalesce(root, area_code) END
            FROM enterprises LEFT JOIN roots ON descendant = area_code
        )
        SELECT l.hierarchy, coalesce(c.ancestor, l.code) AS area_code, l.subject
        FROM leaf l LEFT JOIN area_closure c ON c.hierarchy = l.hierarchy AND c.descendant = l.code
        WHERE l.code <> ''"""
    )


def sums(con: duckdb.DuckDBPyConnection, into: str = "area_sums", results: str = "results") -> None:
    """Table `into`: one row per hierarchy and area with exact sums and counts of its enterprises.

    Amounts are integer counts (mg, g of standard coal, fen). Index: Σ net energy CO2 of 规上
    enterprises with both figures ÷ Σ their output, kept as the two integers.
    """
    grades = ", ".join(f"count(*) FILTER (grade = {g}) AS grade_{g}" for g in range(1, 6))
    levels = ", ".join(
        f"count(*) FILTER (level = '{v}') AS level_{v}" for v in ("low", "mid", "high")
    )
    con.execute(
        f"""CREATE OR REPLACE TEMP TABLE {into} AS
        SELECT *, direct_mg + greatest(0, power_bought_mg - power_sold_mg)
                  + greatest(0, heat_bought_mg - heat_sold_mg) AS consolidated_mg
        FROM (SELECT hierarchy, i.area_code,
               count(*) AS enterprises,
               count(*) FILTER (size_class = 'above') AS above,
               count(*) FILTER (state = 'graded') AS coded, {grades}, {levels},
               count(*) FILTER (missing > 0 AND {OPEN}) AS missing_enterprises,
               {", ".join(f"{_exact(*spec)} AS {name}" for name, spec in AMOUNTS.items())},
               count(*) FILTER ({INDEXED}) AS index_n, {_closed("", "")}
        FROM inside i JOIN {results} USING (subject)
        GROUP BY hierarchy, i.area_code)"""
    )


OPEN = "status <> 'closed'"
"""Nothing more is expected of who has closed."""
INDEXED = "size_class = 'above' AND net_mg IS NOT NULL AND output_fen > 0"
AMOUNTS: dict[str, tuple[str, str]] = {
    "gross_mg": ("gross_mg", ""),
    "deduction_mg": ("deduction_mg", ""),
    "net_mg": ("net_mg", ""),
    "missing_upper_mg": ("missing_upper_mg", OPEN),
    "value_added_fen": ("value_added_fen", "net_mg IS NOT NULL"),
    "net_with_value_added_mg": ("net_mg", "value_added_fen IS NOT NULL"),
    "output_fen": ("output_fen", ""),
    "energy_calorific_gce": ("energy_calorific_gce", ""),
    "energy_with_value_added_gce": ("energy_calorific_gce", "value_added_fen IS NOT NULL"),
    "index_mg": ("net_mg", INDEXED),
    "index_output_fen": ("output_fen", INDEXED),
    "statutory_mg": ("statutory_mg", ""),
    "direct_mg": ("direct_mg", ""),
    "power_bought_mg": ("power_bought_mg", ""),
    "power_sold_mg": ("power_sold_mg", ""),
    "heat_bought_mg": ("heat_bought_mg", ""),
    "heat_sold_mg": ("heat_sold_mg", ""),
}
"""column → (what is summed, over which enterprises)"""


CLOSED = {
    "closed_money": "NOT {t}may_use AND {t}restricted",
    "closed_energy": "NOT {t}may_use AND {t}energy_restricted",
}
"""How many of those behind a sum gave their money or energy for statistics alone."""


def _closed(word: str, condition: str, *tables: str) -> str:
    """SQL: their numbers, among those who meet a condition, in any of some tables."""
    found = {
        name: " OR ".join(f"({rule.format(t=t)})" for t in tables or ("",))
        for name, rule in CLOSED.items()
    }
    return ", ".join(
        f"count(*) FILTER ({condition or 'true'} AND ({either})) AS {word}{name}"
        for name, either in found.items()
    )


def _exact(column: str, condition: str) -> str:
    """An exact integer sum, NULL where nothing is known; the cast raises beyond 9.2 Gt in mg."""
    chosen = f" FILTER ({condition})" if condition else ""
    return f"CAST(sum({column}){chosen} AS BIGINT)"


COMPLETE = f"{OPEN} AND missing = 0 AND net_mg IS NOT NULL AND worked_months = {{months}}"
PAIRED: dict[str, tuple[str, str]] = {
    "net_mg": ("net_mg", "true"),
    "energy_calorific_gce": ("energy_calorific_gce", "true"),
    "value_added_fen": ("value_added_fen", "both_money"),
    "net_with_value_added_mg": ("net_mg", "both_money"),
    "energy_with_value_added_gce": ("energy_calorific_gce", "both_money"),
    "index_mg": ("net_mg", "both_indexed"),
    "index_output_fen": ("output_fen", "both_indexed"),
}
"""sum → (what is summed, over which of the enterprises that are complete in both periods)"""


def pairs(
    con: duckdb.DuckDBPyConnection, months: int, *, now: str = "results",
    before: str = "results_before", into: str = "area_pairs",
) -> None:  # fmt: skip
    """Table `into`: per area, this period and the year before over the same enterprises.

    A change between two sums says something only where both were reported by the same ones: an
    enterprise counts when it worked and reported everything in each of the `months` of both
    periods. `same_…` are the sums of now, `before_…` those of then, `same_n` their number;
    grades are compared over the enterprises that had one both times.
    """
    needed = ", ".join(sorted({column for column, _ in PAIRED.values()} | {"output_fen"}))
    side = f"""SELECT subject, {needed}, grade, may_use, restricted, energy_restricted,
               coalesce({COMPLETE.format(months=months)}, false) AS complete,
               size_class = 'above' AND output_fen > 0 AS indexed FROM {{table}}"""
    sums_of = ", ".join(
        f"CAST(sum({side}.{column}) FILTER (pair.complete AND {rule}) AS BIGINT) AS {word}_{name}"
        for name, (column, rule) in PAIRED.items()
        for side, word in (("n", "same"), ("b", "before"))
    )
    grades = ", ".join(
        f"count(*) FILTER (graded AND {side}.grade = {g}) AS {word}_grade_{g}"
        for g in range(1, 6)
        for side, word in (("n", "same"), ("b", "before"))
    )
    con.execute(
        f"""CREATE OR REPLACE TEMP TABLE {into} AS
        WITH n AS ({side.format(table=now)}), b AS ({side.format(table=before)}),
        pair AS (
            SELECT n.subject, n.complete AND b.complete AS complete,
                   n.value_added_fen IS NOT NULL AND b.value_added_fen IS NOT NULL AS both_money,
                   coalesce(n.indexed AND b.indexed, false) AS both_indexed,
                   n.grade IS NOT NULL AND b.grade IS NOT NULL AS graded
            FROM n JOIN b USING (subject)
        )
        SELECT hierarchy, i.area_code, count(*) FILTER (pair.complete) AS same_n,
               count(*) FILTER (pair.complete AND both_indexed) AS same_index_n,
               count(*) FILTER (graded) AS same_graded, {sums_of}, {grades},
               {_closed("same_", "pair.complete", "n.", "b.")}
        FROM inside i JOIN pair USING (subject) JOIN n USING (subject) JOIN b USING (subject)
        GROUP BY hierarchy, i.area_code"""
    )
