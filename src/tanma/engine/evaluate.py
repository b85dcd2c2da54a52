"""One evaluation: facts as known at T → accounts → grades → areas, as tables and as a run.

`evaluate` is a pure function of the facts relation, the plan and the rule files; it works in the
connection it is given. `run` pins the lake, evaluates and publishes the files; nothing relational
is touched here.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from tanma import __version__
from tanma.domain.factors.preferences import preferences
from tanma.domain.messages import Problem
from tanma.domain.methods.edition import edition
from tanma.domain.periods import Period, parse
from tanma.domain.rating.loader import find as find_scheme
from tanma.engine import accounts, activity, population, rating, regions
from tanma.lake.facts import FactsMirror
from tanma.lake.results import ResultTable, publish
from tanma.lake.results import Run as LakeRun

MONEY_DECIMALS = 6
"""Money is counted in fen; the scheme's unit is 10⁴ yuan, so a count has 6 decimals of it."""


@dataclass(frozen=True)
class Plan:
    """Everything a result depends on besides the facts."""

    scheme: str
    period: str
    known_at: int
    known_on: str
    """ISO day of `known_at`: which editions of factors had been published."""
    grid_region: str
    """Province code for grid factors, e.g. 330000."""
    grid_level: str = "province"
    """province: its own average; region: the average of its regional grid."""
    editions: tuple[str, ...] = accounts.EDITIONS
    frozen_grid_year: int | None = None
    legal_basis: str = ""
    """Document that allows single results from `statistical_only` facts; empty: consent needed."""

    @property
    def span(self) -> Period:
        return parse(self.period)


def evaluate(con: duckdb.DuckDBPyConnection, plan: Plan) -> None:
    """From view `known` to the tables `lines`, `results`, `area_results` and what explains them."""
    span = plan.span
    start, end = span.start.isoformat(), span.end.isoformat()
    window = _twelve_months_before(span.start).isoformat()
    last_day = date.fromordinal(span.end.toordinal() - 1).isoformat()
    activity.build(con, accounts.items(plan.editions) + list(population.MONEY_ITEMS),
                   since=window, until=end)  # fmt: skip
    activity.attributes(con, last_day)
    population.enterprises(con)
    totals = accounts.build(con, plan.editions, plan.grid_region, plan.known_on,
                            plan.frozen_grid_year, plan.grid_level)  # fmt: skip
    population.money(con)
    regions.closure(con)
    regions.memberships(con)
    _results(con, plan, totals, start, end, "results")
    regions.sums(con, "area_now", "results")
    before = span.year_before()
    _results(
        con, plan, totals, before.start.isoformat(), before.end.isoformat(), "results_before"
    )
    regions.sums(con, "area_before", "results_before")
    con.execute(AREA_RESULTS)
    con.execute(f"CREATE OR REPLACE TEMP TABLE period_start AS SELECT DATE '{start}'")
    for name, query in WORDS.items():
        con.execute(f"CREATE OR REPLACE TEMP TYPE {name} AS ENUM ({query})")
    _breakdowns(con, totals)


def _twelve_months_before(day: date) -> date:
    return date(day.year - 1, day.month, 1)


def _results(
    con: duckdb.DuckDBPyConnection, plan: Plan, totals: accounts.Totals, start: str, end: str,
    into: str,
) -> None:  # fmt: skip
    population.gaps(con, start, end, f"{into}_gaps")
    span = f"month >= DATE '{start}' AND month < DATE '{end}'"
    con.execute(f"CREATE OR REPLACE TEMP TABLE {into}_items AS {totals.by_item(span)}")
    con.execute(_base(plan, totals, start, end, into))
    con.execute(_rating_input(into))
    scheme = find_scheme(plan.scheme)
    rating.rate_relation(
        con, f"{into}_input", scheme, into=f"{into}_rated", denominator_scale=MONEY_DECIMALS
    )
    con.execute(_joined(con, scheme, into))


def _base(plan: Plan, totals: accounts.Totals, start: str, end: str, into: str) -> str:
    """One row per enterprise: sums over the period, what is missing, who may form the benchmark."""
    months = plan.span.end_month - plan.span.first_month
    within = f"month >= DATE '{start}' AND month < DATE '{end}'"
    legal = "true" if plan.legal_basis else "consented IS NOT NULL"
    return f"""
        CREATE OR REPLACE TEMP TABLE {into}_base AS
        WITH energy AS (
            SELECT subject, {totals.columns()} FROM {into}_items GROUP BY subject
        ),
        money AS (
            SELECT subject,
                   CASE WHEN count(value_added_fen) = {months}
                        THEN CAST(sum(value_added_fen) AS BIGINT) END AS value_added_fen,
                   CASE WHEN count(output_fen) = {months}
                        THEN CAST(sum(output_fen) AS BIGINT) END AS output_fen,
                   CAST(sum(revenue_fen) AS BIGINT) AS revenue_fen,
                   CAST(sum(tax_fen) AS BIGINT) AS tax_fen,
                   count(value_added_fen) AS value_added_months,
                   count(*) FILTER (value_added_fen > 0) AS positive_months,
                   max(va_origin) AS va_origin, max(output_origin) AS output_origin,
                   bool_or(restricted) AS restricted
            FROM money_monthly WHERE {within} GROUP BY subject
        ),
        missing AS (
            SELECT g.subject, count(*) AS missing,
                   CAST(sum(coalesce(upper_mg, 0)) AS BIGINT) AS missing_upper_mg,
                   string_agg(DISTINCT item, ',' ORDER BY item) AS missing_items
            FROM {into}_gaps g LEFT JOIN line_upper u USING (subject, item) GROUP BY g.subject
        ),
        basis AS (
            SELECT subject, bool_or(source = 'declared') AS some_declared,
                   bool_or(source LIKE 'stat.%') AS some_statistics, bool_or(split) AS some_split
            FROM activity SEMI JOIN energy_items USING (item) WHERE {within} GROUP BY subject
        ),
        consent AS (
            SELECT subject, any_value(text) AS consented FROM attributes
            WHERE item = 'consent.statistical' GROUP BY subject
        )
        SELECT e.*, n.* EXCLUDE (subject) REPLACE (
                   CASE WHEN {_covered()} THEN carbon_market_mg END AS carbon_market_mg),
               m.* EXCLUDE (subject),
               coalesce(x.missing, 0) AS missing, coalesce(missing_upper_mg, 0) AS missing_upper_mg,
               coalesce(missing_items, '') AS missing_items,
               CASE WHEN some_declared THEN 'declared' WHEN some_statistics THEN 'statistics'
                    WHEN some_declared IS NOT NULL THEN 'metered' ELSE '' END AS data_basis,
               coalesce(some_split, false) AS some_split,
               coalesce(NOT restricted, true) OR {legal} AS may_use,
               size_class = 'above' AND status = 'active' AND coalesce(x.missing, 0) = 0
                   AND n.net_mg IS NOT NULL AND coalesce(positive_months, 0) = {months} AS member
        FROM enterprises e LEFT JOIN energy n USING (subject) LEFT JOIN money m USING (subject)
             LEFT JOIN missing x USING (subject) LEFT JOIN basis USING (subject)
             LEFT JOIN consent USING (subject)"""


def _covered() -> str:
    """SQL: the industry is covered by the national carbon market."""
    prefixes = edition(accounts.MARKET).industries
    return " OR ".join(f"starts_with(industry, '{prefix}')" for prefix in prefixes)


def _rating_input(into: str) -> str:
    """What the scheme compares. An incomplete numerator is no numerator: nothing is guessed."""
    return f"""
        CREATE OR REPLACE TEMP VIEW {into}_input AS
        SELECT subject AS id, industry AS "group",
               CASE WHEN missing = 0 THEN net_mg END AS numerator,
               value_added_fen AS denominator, member, output_fen AS fallback_denominator
        FROM {into}_base WHERE status <> 'closed'"""


def _joined(con: duckdb.DuckDBPyConnection, scheme: Any, into: str) -> str:
    """Base and rating side by side, with state, reason and neutrality band."""
    return f"""
        CREATE OR REPLACE TEMP TABLE {into} AS
        SELECT b.*, r.* EXCLUDE (_pos, id, period, "group", basis, level, grade),
               r.basis AS rated_on,
               CASE WHEN b.status = 'closed' THEN 'closed' WHEN NOT may_use THEN 'statistical_only'
                    WHEN net_mg IS NULL THEN 'energy_missing' WHEN missing > 0 THEN 'energy_gaps'
                    WHEN r.basis IS NULL THEN 'money_missing' WHEN r.grade IS NULL THEN
                    'no_benchmark' ELSE '' END AS reason,
               CASE WHEN reason = '' THEN 'graded' ELSE 'uncoded' END AS state,
               CASE WHEN reason = '' THEN r.level END AS level,
               CASE WHEN reason = '' THEN r.grade END AS grade,
               CASE WHEN reason = '' THEN {rating.neutrality_sql('deduction_mg', 'gross_mg', scheme)} END AS neutrality_band
        FROM {into}_base b LEFT JOIN {into}_rated r ON r.id = b.subject"""


AREA_RESULTS = """
    CREATE OR REPLACE TEMP TABLE area_results AS
    SELECT n.*, b.index_mg AS before_index_mg, b.index_output_fen AS before_index_output_fen,
           b.net_mg AS before_net_mg, b.value_added_fen AS before_value_added_fen,
           b.net_with_value_added_mg AS before_net_with_value_added_mg,
           b.energy_calorific_gce AS before_energy_calorific_gce,
           b.grade_1 AS before_grade_1, b.grade_2 AS before_grade_2, b.grade_3 AS before_grade_3,
           b.grade_4 AS before_grade_4, b.grade_5 AS before_grade_5, b.coded AS before_coded
    FROM area_now n LEFT JOIN area_before b USING (hierarchy, area_code)"""


def _breakdowns(con: duckdb.DuckDBPyConnection, totals: accounts.Totals) -> None:
    """Tables `sources` (area × item), `industries` (area × division) and `monthly` (area × month)."""
    con.execute(
        """CREATE OR REPLACE TEMP TABLE sources AS
        SELECT hierarchy, area_code, item, CAST(sum(gross_mg) AS BIGINT) AS gross_mg,
               count(*) AS enterprises
        FROM results_items JOIN inside USING (subject) WHERE gross_mg IS NOT NULL GROUP BY ALL"""
    )
    con.execute(
        """CREATE OR REPLACE TEMP TABLE industries AS
        SELECT hierarchy, i.area_code, left(industry, 2) AS division, count(*) AS enterprises,
               count(*) FILTER (state = 'graded') AS coded,
               count(*) FILTER (grade = 5) AS grade_5,
               count(*) FILTER (level = 'high') AS level_high,
               CAST(sum(net_mg) AS BIGINT) AS net_mg,
               CAST(sum(net_mg) FILTER (member) AS BIGINT) AS member_net_mg,
               CAST(sum(value_added_fen) FILTER (member) AS BIGINT) AS member_value_added_fen,
               count(*) FILTER (member) AS members,
               min(intensity) FILTER (member) AS best_intensity,
               quantile_cont(intensity, 0.1) FILTER (member) AS intensity_p10,
               quantile_cont(intensity, 0.9) FILTER (member) AS intensity_p90
        FROM results r JOIN inside i USING (subject) GROUP BY ALL"""
    )
    con.execute(
        f"""CREATE OR REPLACE TEMP TABLE monthly AS
        WITH own AS (
            SELECT subject, month, {totals.columns(("net_mg", "gross_mg"))} FROM lines
            GROUP BY subject, month
        ),
        leaf AS (
            SELECT area_code, management_code, month, any_value(subject) AS subject,
                   sum(net_mg) AS net_mg, sum(gross_mg) AS gross_mg, count(*) AS enterprises
            FROM own JOIN enterprises USING (subject) GROUP BY ALL
        )
        SELECT hierarchy, i.area_code, month, CAST(sum(net_mg) AS BIGINT) AS net_mg,
               CAST(sum(gross_mg) AS BIGINT) AS gross_mg,
               CAST(sum(enterprises) AS BIGINT) AS enterprises
        FROM leaf JOIN inside i USING (subject) GROUP BY ALL"""
    )


def _as_text(order: str) -> str:
    """Factor values as their shortest decimal text: a digest takes no floats."""
    return ", ".join(f"CAST(n.{p} AS VARCHAR) AS {p}" for p in preferences(order).parameters)


FACTORS_USED = " UNION ALL BY NAME ".join(
    f"""SELECT '{order}' AS preference, coalesce(natural_key, '') AS natural_key,
        n.* EXCLUDE (subject, region_code) REPLACE ({_as_text(order)}) FROM {kind}_{order.replace("-", "_")} n
        LEFT JOIN enterprises USING (subject) WHERE month >= (FROM period_start)"""
    for order in accounts.PREFERENCES
    for kind in ("need", "own")
)
"""Per order of preference, item and month (and enterprise with measured factors): values, choice
codes, rows. Frozen with the lines, so that an explanation renders from the files alone."""

WORDS = {
    "key_words": "SELECT DISTINCT natural_key FROM enterprises ORDER BY 1",
    "item_words": "SELECT DISTINCT item FROM account_items ORDER BY 1",
    "source_words": "SELECT DISTINCT source FROM activity ORDER BY 1",
}
"""Texts of the lines as numbered words in the order of the text: sorting millions of lines by key
compares integers, and the file holds a dictionary."""

PUBLISHED: dict[str, tuple[str, tuple[str, ...], tuple[str, ...]]] = {
    "lines": (
        "SELECT natural_key::key_words AS natural_key, l.* EXCLUDE (no, gross_mg) REPLACE"
        " (item::item_words AS item, source::source_words AS source)"
        " FROM lines l JOIN enterprises USING (subject) WHERE month >= (FROM period_start)",
        ("natural_key", "item", "month"), ("subject", "seq"),
    ),
    "results": (
        "SELECT * REPLACE (array_to_string(flags, ',') AS flags, sum_numerator::BIGINT"
        " AS sum_numerator, sum_denominator::BIGINT AS sum_denominator) FROM results",
        ("natural_key",), ("subject",),
    ),
    "factors": (FACTORS_USED, ("preference", "item", "month", "natural_key"), ()),
    "areas": ("FROM area_results", ("hierarchy", "area_code"), ()),
    "sources": ("FROM sources", ("hierarchy", "area_code", "item"), ()),
    "industries": ("FROM industries", ("hierarchy", "area_code", "division"), ()),
    "monthly": ("FROM monthly", ("hierarchy", "area_code", "month"), ()),
}  # fmt: skip
"""file → (query, natural key, surrogate columns that stay outside the digest)."""


def run(
    lake: Path, plan: Plan, run_id: str, *, memory: str = "2GB", threads: int | None = None
) -> LakeRun:
    """Evaluate on the pinned mirror and publish the files of the run, flushed to disk."""
    mirror = FactsMirror(lake)
    config = {"memory_limit": memory} | ({"threads": threads} if threads else {})
    with duckdb.connect(config=config) as con:
        con.execute(f"SET temp_directory = '{lake / 'spill'}'")
        pinned = mirror.relation(con, plan.known_at)
        evaluate(con, plan)
        known = con.execute("SELECT count(*) FROM results WHERE net_mg IS NOT NULL").fetchall()
        if known == [(0,)]:
            raise Problem("run_no_data", period=plan.period)
        tables = {
            name: _result_table(con, query, key, omit, merkle=name == "results", sealed=name != "lines")
            for name, (query, key, omit) in PUBLISHED.items()
        }
        meta = _plain(plan) | {
            "facts_version": pinned.version, "facts_seq": pinned.seq, "code_version": __version__,
        }  # fmt: skip
        return publish(lake, run_id, tables, meta)


def _result_table(
    con: duckdb.DuckDBPyConnection, query: str, key: tuple[str, ...], omit: tuple[str, ...], *,
    merkle: bool, sealed: bool,
) -> ResultTable:  # fmt: skip
    """Rows in the order of their natural key, so that the same result is the same bytes.

    Floats are there for display and stay outside the digest with the surrogate columns.
    """
    ordered = f"SELECT * FROM ({query}) ORDER BY {', '.join(key)}"
    data = con.sql(ordered).to_arrow_table()
    floats = tuple(f.name for f in data.schema if _shown_only(f.type))
    return ResultTable(data, key, omit + floats, merkle=merkle, sealed=sealed)


def _shown_only(kind: pa.DataType) -> bool:
    """Floats and lists of floats (probabilities) are for display."""
    value = kind.value_type if pa.types.is_list(kind) else kind
    return bool(pa.types.is_floating(value))


def _plain(plan: Plan) -> dict[str, Any]:
    return {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(plan).items()}
