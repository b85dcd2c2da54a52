"""One evaluation: facts as known at T → accounts → grades → areas, as tables and as a run.

`evaluate` is a pure function of the facts relation, the plan and the rule files; it works in the
connection it is given. `run` pins the lake, evaluates and publishes the files; nothing relational
is touched here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from tanma import __version__
from tanma.domain.factors.preferences import Preferences
from tanma.domain.messages import Problem
from tanma.domain.periods import Period, parse
from tanma.domain.rating.scheme import Uncertainty
from tanma.engine import accounts, activity, population, rating, regions
from tanma.engine.lines import Grid
from tanma.engine.rules import RuleText, edition_among, rules_of, scheme_among, tables_among
from tanma.lake.facts import FactsMirror, Pinned
from tanma.lake.results import Query, ResultTable, publish
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
    rules: tuple[RuleText, ...] = ()
    """Released rules of the region, used beside those of the package."""

    @property
    def span(self) -> Period:
        return parse(self.period)


def evaluate(con: duckdb.DuckDBPyConnection, plan: Plan) -> None:
    """From view `known` to the tables `lines`, `results`, `area_results` and what explains them."""
    span = plan.span
    start, end = span.start.isoformat(), span.end.isoformat()
    window = _twelve_months_before(span.start).isoformat()
    last_day = date.fromordinal(span.end.toordinal() - 1).isoformat()
    editions = [edition_among(name, plan.rules) for name in plan.editions]
    activity.build(con, accounts.items(editions) + list(population.MONEY_ITEMS),
                   since=window, until=end)  # fmt: skip
    activity.attributes(con, last_day, since=window)
    population.enterprises(con)
    totals = accounts.build(con, editions, plan.grid_region, plan.known_on, (window, end),
                            plan.frozen_grid_year, plan.grid_level,
                            tables_among(plan.rules))  # fmt: skip
    now, before = _spans(plan, totals.grid)
    totals.by_item(con, (now, before))
    population.money(con)
    population.expected(con, totals.grid)
    regions.closure(con)
    regions.memberships(con)
    con.execute(f"CREATE OR REPLACE TEMP TABLE period_start AS SELECT DATE '{start}'")
    for part, (into, months) in enumerate((("results", now), ("results_before", before))):
        _results(con, plan, totals, part, months, into)
    regions.sums(con, "area_now", "results")
    regions.pairs(con, now[1] - now[0])
    con.execute(AREA_RESULTS)
    con.execute(REFUSED.format(start=start, end=end))
    con.execute(_factors_used(totals.orders))
    _breakdowns(con, totals)


def _twelve_months_before(day: date) -> date:
    return date(day.year - 1, day.month, 1)


def _spans(plan: Plan, grid: Grid) -> tuple[tuple[int, int], tuple[int, int]]:
    """The period and the one a year before it, as month numbers of the window."""
    spans = (plan.span, plan.span.year_before())
    now, before = ((grid.place(s.start.isoformat()), grid.place(s.end.isoformat())) for s in spans)
    return now, before


def _results(
    con: duckdb.DuckDBPyConnection, plan: Plan, totals: accounts.Totals, part: int,
    months: tuple[int, int], into: str,
) -> None:  # fmt: skip
    population.gaps(con, totals.grid, *months, f"{into}_gaps")
    con.execute(f"CREATE OR REPLACE TEMP VIEW {into}_items AS FROM item_sums WHERE part = {part}")
    scheme = scheme_among(plan.scheme, plan.rules)
    # the probability beside a grade is of the period itself, not of the year before
    rule = scheme.uncertainty if into == "results" else None
    con.execute(_base(plan, totals, months, into, rule))
    con.execute(_rating_input(into, rule))
    rating.rate_relation(
        con, f"{into}_input", scheme, into=f"{into}_rated", denominator_scale=MONEY_DECIMALS
    )
    con.execute(_joined(con, scheme, into))


def _base(
    plan: Plan, totals: accounts.Totals, span: tuple[int, int], into: str, rule: Uncertainty | None
) -> str:
    """One row per enterprise: sums over the period, what is missing, who may form the benchmark."""
    first, last = span
    months, bits = last - first, 2**last - 2**first
    legal = "true" if plan.legal_basis else "consented IS NOT NULL"
    return f"""
        CREATE OR REPLACE TEMP TABLE {into}_base AS
        WITH energy AS (
            SELECT subject, {totals.columns()}, {_squares(totals, rule)} AS error_squares,
                   bool_or(restricted) AS energy_restricted,
                   bit_or(sources) FILTER (counted) AS energy_sources,
                   coalesce(bool_or(split) FILTER (counted), false) AS some_split
            FROM {into}_items GROUP BY subject
        ),
        {_money(totals.grid, span)},
        {_lacking(into)},
        consent AS (
            SELECT subject, any_value(text) AS consented FROM attributes
            WHERE item = 'consent.statistical' GROUP BY subject
        ),
        worked AS (SELECT subject, months & {bits}::UBIGINT AS worked FROM expected)
        SELECT e.*, n.* EXCLUDE (
                   subject, energy_restricted, energy_sources, some_split, error_squares) REPLACE (
                   CASE WHEN {_covered(plan)} THEN carbon_market_mg END AS carbon_market_mg),
               m.* EXCLUDE (subject, value_added_in, output_in, va_trust, output_trust) REPLACE (
                   CASE WHEN (value_added_in & worked) = worked THEN value_added_fen END
                        AS value_added_fen,
                   CASE WHEN (output_in & worked) = worked THEN output_fen END AS output_fen),
               coalesce(x.missing, 0) AS missing, coalesce(missing_upper_mg, 0) AS missing_upper_mg,
               coalesce(missing_items, '') AS missing_items,
               coalesce(missing_months, '') AS missing_months,
               CAST(bit_count(worked) AS BIGINT) AS worked_months,
               {_data_basis()} AS data_basis,
               {_uncertainty(rule)} AS uncertainty,
               coalesce(some_split, false) AS some_split,
               coalesce(energy_restricted, false) AS energy_restricted,
               NOT (coalesce(restricted, false) OR coalesce(energy_restricted, false)) OR {legal}
                   AS may_use,
               size_class = 'above' AND status = 'active' AND coalesce(x.missing, 0) = 0
                   AND n.net_mg IS NOT NULL AND coalesce(positive_months, 0) = {months}
                   AND worked = {bits}::UBIGINT AS member
        FROM enterprises e LEFT JOIN energy n USING (subject) LEFT JOIN money m USING (subject)
             LEFT JOIN missing x USING (subject) LEFT JOIN spelled USING (subject)
             LEFT JOIN consent USING (subject) LEFT JOIN worked USING (subject)"""


def _data_basis() -> str:
    """SQL: the weakest origin of numerator and denominator."""
    return f"""CASE WHEN energy_sources IS NULL THEN ''
                    WHEN (energy_sources & {_mask("declared")}) > 0
                         OR {_MONEY_TRUST} = {population.DECLARED} THEN 'declared'
                    WHEN (energy_sources & {_mask("stat.")}) > 0
                         OR {_MONEY_TRUST} = {population.STATISTICS} THEN 'statistics'
                    ELSE 'metered' END"""


_MONEY_TRUST = "CASE WHEN (value_added_in & worked) = worked THEN va_trust ELSE output_trust END"
"""SQL: how weak the origin of the denominator is; output counts where it stands in."""


def _squares(totals: accounts.Totals, rule: Uncertainty | None) -> str:
    """SQL: Σ (contribution to the net emission × its uncertainty)² over the items, in mg².

    Rounded before it is squared: whole numbers add up to the same whatever the order.
    """
    contribution = totals.contribution("net_mg")
    if rule is None or contribution is None:
        return "NULL::HUGEINT"
    share = f"""CASE WHEN (sources & {_mask("declared")}) > 0 THEN {float(rule.declared)}
        WHEN (sources & {_mask("stat.")}) > 0 THEN {float(rule.statistics)}
        ELSE {float(rule.metered)} END"""
    error = f"round(({contribution})::DOUBLE * {share})::HUGEINT"
    return f"sum({error} * {error})"


def _uncertainty(rule: Uncertainty | None) -> str:
    """SQL: relative standard uncertainty of net emission ÷ value added, both being independent."""
    if rule is None:
        return "NULL::DOUBLE"
    money = f"""CASE {_MONEY_TRUST} WHEN {population.DECLARED} THEN {float(rule.declared)}
        WHEN {population.STATISTICS} THEN {float(rule.statistics)} ELSE {float(rule.metered)} END"""
    return f"sqrt(error_squares::DOUBLE / pow(nullif(net_mg, 0)::DOUBLE, 2) + pow({money}, 2))"


def _money(grid: Grid, span: tuple[int, int]) -> str:
    """SQL: `money`, sums of the period and the months that they cover, one bit each."""
    first, last = (grid.day(place) for place in span)
    bit = f"CAST(1 AS UBIGINT) << {grid.month_sql('month')}"
    return f"""money AS (
            SELECT subject, CAST(sum(value_added_fen) AS BIGINT) AS value_added_fen,
                   CAST(sum(output_fen) AS BIGINT) AS output_fen,
                   CAST(sum(revenue_fen) AS BIGINT) AS revenue_fen,
                   CAST(sum(tax_fen) AS BIGINT) AS tax_fen,
                   count(value_added_fen) AS value_added_months,
                   count(*) FILTER (value_added_fen > 0) AS positive_months,
                   CAST(max(va_origin) AS VARCHAR) AS va_origin,
                   CAST(max(output_origin) AS VARCHAR) AS output_origin,
                   max(va_trust) AS va_trust, max(output_trust) AS output_trust,
                   bool_or(restricted) AS restricted,
                   bit_or({bit}) FILTER (value_added_fen IS NOT NULL) AS value_added_in,
                   bit_or({bit}) FILTER (output_fen IS NOT NULL) AS output_in
            FROM money_monthly WHERE month >= DATE '{first}' AND month < DATE '{last}'
            GROUP BY subject
        )"""


def _lacking(into: str) -> str:
    """SQL: `missing` and `spelled`, what was expected and not reported, with an upper bound."""
    return f"""missing AS (
            SELECT g.subject, count(*) AS missing,
                   CAST(sum(coalesce(upper_mg, 0)) AS BIGINT) AS missing_upper_mg,
                   string_agg(DISTINCT item, ',' ORDER BY item) AS missing_items
            FROM {into}_gaps g LEFT JOIN ({_UPPER}) u USING (subject, item) GROUP BY g.subject
        ),
        spelled AS (
            SELECT subject, string_agg(item || ':' || months, ';' ORDER BY item) AS missing_months
            FROM (SELECT subject, item, string_agg(strftime(month, '%Y-%m'), ',' ORDER BY month)
                         AS months FROM {into}_gaps GROUP BY ALL) GROUP BY subject
        )"""


_UPPER = """SELECT subject, item, max(most_mg) AS upper_mg FROM item_sums WHERE counted
            GROUP BY subject, item"""
"""SQL: the greatest month of an item in the window, the upper bound of a missing one."""


def _mask(prefix: str) -> str:
    """SQL: the bits of the sources that begin so."""
    return (
        "CAST(list_sum(list_transform(getvariable('line_sources'),"
        f" lambda s, i: CASE WHEN starts_with(s, '{prefix}') THEN 1 << i ELSE 0 END)) AS UBIGINT)"
    )


def _covered(plan: Plan) -> str:
    """SQL: the industry is covered by the national carbon market."""
    prefixes = edition_among(accounts.MARKET, plan.rules).industries or ("",)
    return " OR ".join(f"starts_with(industry, '{prefix}')" for prefix in prefixes)


def _rating_input(into: str, rule: Uncertainty | None) -> str:
    """What the scheme compares. An incomplete numerator is no numerator: nothing is guessed."""
    return f"""
        CREATE OR REPLACE TEMP VIEW {into}_input AS
        SELECT subject AS id, industry AS "group",
               CASE WHEN missing = 0 THEN net_mg END AS numerator,
               value_added_fen AS denominator, member, output_fen AS fallback_denominator
               {", uncertainty" if rule else ""}
        FROM {into}_base WHERE status <> 'closed'"""


def _joined(con: duckdb.DuckDBPyConnection, scheme: Any, into: str) -> str:
    """Base and rating side by side, with state, reason and neutrality band.

    What rests on facts for statistics alone is in the sums and in no result of its own.
    """
    neutrality = rating.neutrality_sql("deduction_mg", "gross_mg", scheme)
    return f"""
        CREATE OR REPLACE TEMP TABLE {into} AS
        SELECT b.*, r.* EXCLUDE (_pos, id, period, "group", basis, level, grade),
               r.basis AS rated_on,
               CASE WHEN b.status = 'closed' THEN 'closed'
                    WHEN b.status = 'suspended' AND worked_months = 0 THEN 'suspended'
                    WHEN NOT may_use THEN 'statistical_only'
                    WHEN net_mg IS NULL THEN 'energy_missing' WHEN missing > 0 THEN 'energy_gaps'
                    WHEN r.basis IS NULL THEN 'money_missing' WHEN r.grade IS NULL THEN
                    'no_benchmark' ELSE '' END AS reason,
               CASE WHEN reason = '' THEN 'graded' ELSE 'uncoded' END AS state,
               CASE WHEN reason = '' THEN r.level END AS level,
               CASE WHEN reason = '' THEN r.grade END AS grade,
               CASE WHEN reason = '' THEN {neutrality} END AS neutrality_band
        FROM {into}_base b LEFT JOIN {into}_rated r ON r.id = b.subject AND b.may_use"""


AREA_RESULTS = """
    CREATE OR REPLACE TEMP TABLE area_results AS
    SELECT n.*, p.* EXCLUDE (hierarchy, area_code)
    FROM area_now n LEFT JOIN area_pairs p USING (hierarchy, area_code)"""


REFUSED = """
    CREATE OR REPLACE TEMP TABLE refused AS
    SELECT coalesce(e.natural_key, '') AS natural_key, coalesce(r.holder, r.subject) AS subject,
           r.item, r.month, r.reason, coalesce(r.paper, '') AS paper, r.value
    FROM activity_refused r LEFT JOIN enterprises e ON e.subject = r.holder
    WHERE r.month >= DATE '{start}' AND r.month < DATE '{end}'
          AND (e.subject IS NOT NULL OR r.reason IN ('claimed_twice', 'holder_unknown'))"""
"""What was reported for the period and not used, with the reason; no key where nobody is known."""


def _breakdowns(con: duckdb.DuckDBPyConnection, totals: accounts.Totals) -> None:
    """Tables `sources` (area × item), `industries` (area × division) and `monthly` (area × month).

    Sums are made per leaf, the enterprises of the same place, before they climb to the areas.
    """
    con.execute(
        """CREATE OR REPLACE TEMP TABLE leaf_areas AS
        SELECT leaf, hierarchy, area_code
        FROM (SELECT leaf, min(subject) AS subject FROM ranked GROUP BY leaf)
             JOIN inside USING (subject)"""
    )
    con.execute(
        """CREATE OR REPLACE TEMP TABLE sources AS
        WITH leaves AS (
            SELECT leaf, item, sum(gross_mg) AS gross_mg, count(*) AS enterprises
            FROM results_items JOIN ranked USING (subject) WHERE gross_mg IS NOT NULL GROUP BY ALL
        )
        SELECT hierarchy, area_code, item, CAST(sum(gross_mg) AS BIGINT) AS gross_mg,
               CAST(sum(enterprises) AS BIGINT) AS enterprises
        FROM leaves JOIN leaf_areas USING (leaf) GROUP BY ALL"""
    )
    con.execute(
        """CREATE OR REPLACE TEMP TABLE industries AS
        SELECT hierarchy, i.area_code, left(industry, 2) AS division, count(*) AS enterprises,
               count(*) FILTER (state = 'graded') AS coded,
               count(*) FILTER (grade = 5) AS grade_5,
               count(*) FILTER (level = 'high') AS level_high,
               CAST(sum(net_mg) AS BIGINT) AS net_mg, count(net_mg) AS counted,
               CAST(sum(net_mg) FILTER (member) AS BIGINT) AS member_net_mg,
               CAST(sum(value_added_fen) FILTER (member) AS BIGINT) AS member_value_added_fen,
               count(*) FILTER (member) AS members,
               min(intensity) FILTER (member) AS best_intensity,
               quantile_cont(intensity, 0.1) FILTER (member) AS intensity_p10,
               quantile_cont(intensity, 0.9) FILTER (member) AS intensity_p90
        FROM results r JOIN inside i USING (subject) GROUP BY ALL"""
    )
    con.execute(_monthly(totals))


def _monthly(totals: accounts.Totals) -> str:
    """Area sums by month. A measure with a hole is unknown for that enterprise and month, so then
    the sums are made per enterprise first; without holes adding per leaf gives the same integers.
    """
    one = "subject, leaf" if totals.holes else "leaf"
    return f"""CREATE OR REPLACE TEMP TABLE monthly AS
        WITH own AS (
            SELECT {one}, m, {totals.columns(("net_mg", "gross_mg"))}
            FROM (SELECT *, {totals.grid.item_of()} AS no, {totals.grid.month_of()} AS m
                  FROM line_rows) GROUP BY ALL
        ),
        present AS (
            SELECT leaf, m, count(*) AS enterprises
            FROM (SELECT subject, bit_or(months) AS months FROM item_sums GROUP BY subject)
                 JOIN ranked USING (subject)
                 JOIN line_window ON (months & (CAST(1 AS UBIGINT) << m)) > 0 GROUP BY ALL
        ),
        leaves AS (
            SELECT leaf, m, sum(net_mg) AS net_mg, sum(gross_mg) AS gross_mg
            FROM own GROUP BY ALL
        )
        SELECT hierarchy, area_code, month, CAST(sum(net_mg) AS BIGINT) AS net_mg,
               CAST(sum(gross_mg) AS BIGINT) AS gross_mg,
               CAST(sum(enterprises) AS BIGINT) AS enterprises
        FROM leaves JOIN present USING (leaf, m) JOIN leaf_areas USING (leaf)
             JOIN line_window USING (m) GROUP BY ALL"""


def _as_text(order: Preferences) -> str:
    """Factor values as their shortest decimal text: a digest takes no floats."""
    return ", ".join(f"CAST(n.{p} AS VARCHAR) AS {p}" for p in order.parameters)


def _factors_used(orders: Sequence[Preferences]) -> str:
    """View `factors_used`: per order of preference, item and month (and enterprise with measured
    factors) values, choice codes, rows. Frozen with the lines, so that an explanation renders from
    the files alone.
    """
    parts = " UNION ALL BY NAME ".join(
        f"""SELECT '{order.id}' AS preference, coalesce(natural_key, '') AS natural_key,
            n.* EXCLUDE (subject, region_code) REPLACE ({_as_text(order)})
            FROM {kind}_{order.id.replace("-", "_")} n
            LEFT JOIN enterprises USING (subject) WHERE month >= (FROM period_start)"""
        for order in orders
        for kind in ("need", "own")
    )
    return f"CREATE OR REPLACE TEMP VIEW factors_used AS {parts}"


PUBLISHED: dict[str, tuple[str, tuple[str, ...], tuple[str, ...]]] = {
    "lines": (
        "SELECT * EXCLUDE (no, gross_mg) FROM lines WHERE month >= (FROM period_start)",
        ("natural_key", "item", "month"), ("subject", "seq"),
    ),
    "results": (
        "SELECT * REPLACE (array_to_string(flags, ',') AS flags, sum_numerator::BIGINT"
        " AS sum_numerator, sum_denominator::BIGINT AS sum_denominator) FROM results",
        ("natural_key",), ("subject",),
    ),
    "factors": ("FROM factors_used", ("preference", "item", "month", "natural_key"), ()),
    "refused": (
        "FROM refused", ("natural_key", "item", "month", "reason", "paper", "value"), ("subject",),
    ),
    "areas": ("FROM area_results", ("hierarchy", "area_code"), ()),
    "sources": ("FROM sources", ("hierarchy", "area_code", "item"), ()),
    "industries": ("FROM industries", ("hierarchy", "area_code", "division"), ()),
    "monthly": ("FROM monthly", ("hierarchy", "area_code", "month"), ()),
}  # fmt: skip
"""file → (query, natural key, surrogate columns that stay outside the digest)."""
IN_ORDER = frozenset({"lines"})
"""Tables that lie in the order of their key already."""


def run(
    lake: Path, plan: Plan, run_id: str, *, memory: str = "2GB", threads: int | None = None
) -> LakeRun:
    """Evaluate on the pinned mirror and publish the files of the run, flushed to disk."""
    with _evaluated(lake, plan, memory, threads) as (con, pinned):
        tables = {name: _result_table(con, name) for name in PUBLISHED}
        meta = _plain(plan) | {
            "facts_version": pinned.version, "facts_seq": pinned.seq, "code_version": __version__,
        }  # fmt: skip
        return publish(lake, run_id, tables, meta)


def try_out(lake: Path, plan: Plan, *, memory: str = "2GB") -> pa.Table:
    """What a plan would give each enterprise; nothing is written and nobody is told."""
    with _evaluated(lake, plan, memory, None) as (con, _pinned):
        wanted = ", ".join(("subject", "grade", "level", *accounts.MEASURES))
        return con.sql(f"SELECT {wanted} FROM results").to_arrow_table()


@contextmanager
def _evaluated(
    lake: Path, plan: Plan, memory: str, threads: int | None
) -> Iterator[tuple[duckdb.DuckDBPyConnection, Pinned]]:
    """A connection in which the plan was evaluated, and the facts it read."""
    mirror = FactsMirror(lake)
    config: dict[str, Any] = {"memory_limit": memory}
    if threads:
        config["threads"] = threads
    with duckdb.connect(config=config) as con:
        con.execute("SET enable_progress_bar = false")  # it writes to standard output
        con.execute(f"SET temp_directory = '{lake / 'spill'}'")
        pinned = mirror.relation(con, plan.known_at)
        try:
            evaluate(con, plan)
        except duckdb.ConversionException as error:
            raise Problem("run_amount_too_large", period=plan.period) from error
        known = con.execute("SELECT count(*) FROM results WHERE net_mg IS NOT NULL").fetchall()
        if known == [(0,)]:
            raise Problem("run_no_data", period=plan.period)
        yield con, pinned


def _result_table(con: duckdb.DuckDBPyConnection, name: str) -> ResultTable:
    """Rows in the order of their natural key, so that the same result is the same bytes.

    Floats are there for display and stay outside the digest with the surrogate columns. Lines are
    sealed when the run is published: the digest of millions of rows is not needed to judge a run.
    """
    query, key, omit = PUBLISHED[name]
    ordered = query if name in IN_ORDER else f"SELECT * FROM ({query}) ORDER BY {', '.join(key)}"
    rows = Query(con, ordered)
    floats = tuple(column for column, kind in rows.columns().items() if _shown_only(kind))
    return ResultTable(rows, key, omit + floats, merkle=name == "results", sealed=name != "lines")


def _shown_only(kind: str) -> bool:
    """Floats and lists of floats (probabilities) are for display."""
    return kind.removesuffix("[]") in {"DOUBLE", "FLOAT"}


def _plain(plan: Plan) -> dict[str, Any]:
    return {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(plan).items()}


def plan_of(meta: Mapping[str, Any]) -> Plan:
    """The plan by which a frozen run was made."""
    told = {f.name: meta[f.name] for f in fields(Plan) if f.name in meta}
    return Plan(**told | {"editions": tuple(meta["editions"]), "rules": rules_of(meta)})
