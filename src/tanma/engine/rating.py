"""Rating a whole table at once in DuckDB: benchmark, ratio, level, grade, flags, rank, margins.

Sums and comparisons are exact. A cut-off is a comparison of 128-bit integer products; where a
product could leave 128 bits, that row alone is compared by Python's unbounded integers (the
scalar functions of `domain.rating`). Floating point serves display, rank and the size estimate.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import duckdb
import pyarrow as pa

from tanma.domain.messages import Problem
from tanma.domain.rating import bands as exact
from tanma.domain.rating.benchmark import Aggregate, Choice, choose
from tanma.domain.rating.scheme import LABEL, Band, Scheme

SAFE_PRODUCT = 1e38
"""A product estimated below this in binary64 (error < 1e-14) is surely below 2**127 ≈ 1.7e38."""
REQUIRED = ("id", "group", "numerator", "denominator")
_OPTIONAL = {
    "period": "''",
    "member": "true",
    "weight": "1",
    "fallback_numerator": "numerator",
    "fallback_denominator": "NULL",
}


@dataclass(frozen=True)
class Work:
    """One rating in progress: the connection, the scheme, scales and the names of its tables."""

    con: duckdb.DuckDBPyConnection
    scheme: Scheme
    numerator_scale: int
    denominator_scale: int
    name: str

    @property
    def rows(self) -> str:
        return f"{self.name}_rows"

    @property
    def leaves(self) -> str:
        return f"{self.name}_leaves"

    @property
    def choices(self) -> str:
        return f"{self.name}_choices"

    @property
    def compared(self) -> str:
        return f"{self.name}_compared"

    def create(self, table: str, query: str) -> None:
        self.con.execute(f"CREATE TEMP TABLE {table} AS {query}")

    def drop(self) -> None:
        for table in (self.rows, self.leaves, self.choices, self.compared):
            self.con.execute(f"DROP TABLE IF EXISTS {table}")


def rate(
    table: pa.Table,
    scheme: Scheme,
    *,
    numerator_scale: int | None = None,
    denominator_scale: int | None = None,
) -> pa.Table:
    """Rate a table; one result row per input row, in the same order.

    table: id, group, numerator, denominator (integers: posted counts) and optionally period,
    member (forms the benchmark), weight, fallback_numerator, fallback_denominator. The scales
    say how many decimals the counts carry in the scheme's units; the scheme's own by default.
    """
    with duckdb.connect() as con:
        con.register("given", table.append_column("_pos", pa.array(range(len(table)), pa.int64())))
        rate_relation(
            con,
            "given",
            scheme,
            into="rated",
            numerator_scale=numerator_scale,
            denominator_scale=denominator_scale,
        )
        return con.sql("SELECT * EXCLUDE (_pos) FROM rated ORDER BY _pos").to_arrow_table()


def rate_relation(
    con: duckdb.DuckDBPyConnection,
    relation: str,
    scheme: Scheme,
    *,
    into: str,
    numerator_scale: int | None = None,
    denominator_scale: int | None = None,
) -> None:
    """Rate a table, view or registered relation of a connection into the temporary table `into`."""
    work = Work(
        con,
        scheme,
        scheme.numerator.scale if numerator_scale is None else numerator_scale,
        scheme.denominator.scale if denominator_scale is None else denominator_scale,
        f"rating_{uuid.uuid4().hex}",
    )
    try:
        _read_rows(work, relation)
        _sum_leaves(work)
        _choose(work)
        _compare(work)
        _finish(work, into)
    finally:
        work.drop()


def _read_rows(work: Work, relation: str) -> None:
    """The input with its optional columns filled, its basis chosen and weights applied."""
    columns = [str(row[0]) for row in work.con.execute(f"DESCRIBE {relation}").fetchall()]
    missing = [name for name in REQUIRED if name not in columns]
    if missing:
        needed, found = ", ".join(REQUIRED), ", ".join(columns)
        raise Problem(
            "rating_column_missing",
            file=relation, missing=", ".join(missing), needed=needed, found=found,
        )  # fmt: skip
    optional = {name: name if name in columns else sql for name, sql in _OPTIONAL.items()}
    position = "_pos" if "_pos" in columns else "NULL::BIGINT"
    given = f"""SELECT {position} AS _pos, id, coalesce({optional["period"]}, '') AS period,
        "group"::VARCHAR AS grp, numerator::BIGINT AS e, denominator::BIGINT AS d,
        ({optional["fallback_numerator"]})::BIGINT AS fe,
        ({optional["fallback_denominator"]})::BIGINT AS fd,
        coalesce({optional["member"]}, false) AS member, ({optional["weight"]})::BIGINT AS w
        FROM {relation}"""
    pattern = work.scheme.population.industry_pattern
    industry = f"regexp_full_match(grp, '{pattern}')" if pattern else "false"
    try:
        work.create(
            work.rows,
            f"""SELECT *, coalesce({industry}, false) AS industry, {_basis(work.scheme)} AS basis,
            e * w AS ew, d * w AS dw, fe * w AS few, fd * w AS fdw FROM ({given})""",
        )
    except duckdb.OutOfRangeException:
        raise Problem("rating_too_large", column="numerator, denominator") from None


def _basis(scheme: Scheme) -> str:
    """main: the scheme's denominator is valid; fallback: only the other is; NULL: neither."""
    rule = scheme.fallback
    if rule is None:
        return "CASE WHEN e IS NOT NULL AND d > 0 THEN 'main' END"
    return f"""CASE WHEN e IS NULL THEN NULL
        WHEN d > 0 AND NOT coalesce({_tiny(rule.below_share)}, false) THEN 'main'
        WHEN fe IS NOT NULL AND fd > 0 {"" if rule.when_missing else "AND d IS NOT NULL"}
        THEN 'fallback' END"""


def _tiny(share: Fraction) -> str:
    return f"d * {share.denominator}::HUGEINT < fd * {share.numerator}::HUGEINT"


def _sum_leaves(work: Work) -> None:
    """Sums of the members per period, basis and group as given; wider levels add these up.

    Σ denominator² is kept in three parts of 32-bit limbs: a plain square could leave 128 bits.
    """
    part = """SELECT period, {basis} AS basis, grp, industry, count(*) AS n,
        sum({e}) AS se, sum({d}) AS sd, sum(({d} >> 32) * ({d} >> 32)) AS hh,
        sum(({d} >> 32) * ({d} & 4294967295)) AS hl,
        sum(({d} & 4294967295)::HUGEINT * ({d} & 4294967295)) AS ll
        FROM {rows} WHERE member AND grp IS NOT NULL AND {condition} GROUP BY ALL"""
    rows = work.rows
    main = part.format(
        basis="'main'", e="ew", d="dw", rows=rows, condition="basis = 'main' AND dw > 0"
    )
    fallback = part.format(
        basis="'fallback'",
        e="few",
        d="fdw",
        rows=rows,
        condition=f"""e IS NOT NULL AND few IS NOT NULL AND fdw > 0
            AND EXISTS (FROM {rows} WHERE basis = 'fallback')""",
    )
    work.create(work.leaves, f"{main} UNION ALL {fallback}")


def _aggregates(work: Work) -> dict[tuple[str, str, str, str], Aggregate]:
    """(period, basis, level, key) → sums, for every level of the climb and every label."""
    levels = work.scheme.population.levels
    parts = [f"SELECT period, basis, '{LABEL}' AS level, grp AS key, * FROM {work.leaves}"]
    parts[0] += " WHERE NOT industry"
    parts += [
        f"""SELECT period, basis, '{lv.id}', left(grp, {lv.digits}), *
        FROM {work.leaves} WHERE industry AND length(grp) >= {lv.digits}"""
        for lv in levels
    ]
    found = work.con.execute(
        f"""SELECT period, basis, level, key, sum(n), sum(se), sum(sd), sum(hh), sum(hl), sum(ll)
        FROM ({" UNION ALL ".join(parts)}) GROUP BY ALL"""
    ).fetchall()
    return {
        (period, basis, level, key): Aggregate(
            level, key, int(n), int(se), int(sd), (int(hh) << 64) + (int(hl) << 33) + int(ll)
        )
        for period, basis, level, key, n, se, sd, hh, hl, ll in found
    }


def _choose(work: Work) -> None:
    """One row per period, basis and group: the population it is compared with."""
    population = work.scheme.population
    aggregates = _aggregates(work)
    groups = work.con.execute(
        f"""SELECT DISTINCT period, basis, grp FROM {work.rows}
        WHERE basis IS NOT NULL AND grp IS NOT NULL"""
    ).fetchall()
    chosen = []
    for period, basis, group in groups:
        candidates = [aggregates.get((period, basis, *c)) for c in population.candidates(group)]
        choice = choose(candidates, population.min_n, population.min_neff)
        if choice is not None:
            chosen.append((period, basis, group, choice))
    work.con.register(f"{work.choices}_given", _choice_table(chosen))
    try:
        work.create(
            work.choices,
            f"""SELECT * REPLACE (sum_numerator::HUGEINT AS sum_numerator,
            sum_denominator::HUGEINT AS sum_denominator) FROM {work.choices}_given""",
        )
    finally:
        work.con.unregister(f"{work.choices}_given")


def _choice_table(chosen: Sequence[tuple[str, str, str, Choice]]) -> pa.Table:
    def column(values: Iterable[object], kind: pa.DataType) -> pa.Array:
        return pa.array(list(values), kind)

    aggregates = [choice.aggregate for *_, choice in chosen]
    return pa.table(
        {
            "period": column((c[0] for c in chosen), pa.string()),
            "basis": column((c[1] for c in chosen), pa.string()),
            "grp": column((c[2] for c in chosen), pa.string()),
            "benchmark_level": column((a.level for a in aggregates), pa.string()),
            "benchmark_key": column((a.key for a in aggregates), pa.string()),
            "n": column((a.n for a in aggregates), pa.int64()),
            "n_eff": column((float(a.n_eff) for a in aggregates), pa.float64()),
            # Text, because Arrow has no 128-bit integer; DuckDB casts it back exactly.
            "sum_numerator": column((str(a.sum_numerator) for a in aggregates), pa.string()),
            "sum_denominator": column((str(a.sum_denominator) for a in aggregates), pa.string()),
            "climbed": column((c[3].climbed for c in chosen), pa.bool_()),
            "small": column((c[3].small for c in chosen), pa.bool_()),
        }
    )


@dataclass(frozen=True)
class Quotient:
    """Two products of whole numbers as SQL, with {x} and {y} for a row's own amounts."""

    numerator: str
    denominator: str
    bands: Sequence[Band]

    def _sides(self, x: str, y: str) -> tuple[str, str]:
        return self.numerator.format(x=x), self.denominator.format(y=y)

    @property
    def value(self) -> str:
        """The quotient in binary64, for display."""
        over, under = self._sides("x::DOUBLE", "y::DOUBLE")
        return f"({over}) / ({under})"

    @property
    def large(self) -> str:
        """Whether a product of the comparison might leave 128 bits, estimated in binary64."""
        over, under = self._sides("x::DOUBLE", "y::DOUBLE")
        cuts = [band.upper for band in self.bands if band.upper is not None] or [Fraction(1)]
        worst_over = max(cut.denominator for cut in cuts)
        worst_under = max(abs(cut.numerator) for cut in cuts)
        return f"""coalesce(greatest(abs({over}) * {worst_over}, abs({under}) * {worst_under})
            > {SAFE_PRODUCT}, false)"""

    def above(self, x: str, y: str) -> str:
        """How many bands the quotient has left behind it; 0 is the first band."""
        over, under = self._sides(x, y)
        terms = [
            f"({over} * {band.upper.denominator} {'>' if band.inclusive else '>='} "
            f"{under} * {band.upper.numerator})::INT"
            for band in self.bands
            if band.upper is not None
        ]
        return " + ".join(terms) or "0"


def _quotients(work: Work) -> tuple[Quotient, Quotient]:
    """The ratio K to the population and the intensity L in the scheme's units."""
    ratio = Quotient("{x} * sum_denominator", "{y} * sum_numerator", work.scheme.ratio.bands)
    intensity = Quotient(
        f"{{x}} * {10**work.denominator_scale}::HUGEINT",
        f"{{y}} * {10**work.numerator_scale}::HUGEINT",
        work.scheme.intensity.bands,
    )
    return ratio, intensity


def _compare(work: Work) -> None:
    """Every row beside its population, with the positions of its level and its grade.

    A row whose products might be too large gets NULL operands, and its positions afterwards.
    """
    ratio, intensity = _quotients(work)
    work.create(
        work.compared,
        f"""WITH joined AS (
            SELECT r.* EXCLUDE (fe, ew, few), c.* EXCLUDE (period, basis, grp),
            CASE r.basis WHEN 'main' THEN e WHEN 'fallback' THEN fe END AS x,
            CASE r.basis WHEN 'main' THEN d WHEN 'fallback' THEN fd END AS y
            FROM {work.rows} r LEFT JOIN {work.choices} c USING (period, basis, grp)
        ), sized AS (
            SELECT *, {ratio.value} AS k, CASE WHEN basis = 'main' THEN {intensity.value} END AS l,
            {ratio.large} AS k_large, basis = 'main' AND {intensity.large} AS l_large FROM joined
        ), operands AS (
            SELECT *, CASE WHEN NOT k_large THEN x::HUGEINT END AS kx,
            CASE WHEN NOT k_large THEN y::HUGEINT END AS ky,
            CASE WHEN NOT l_large AND basis = 'main' THEN x::HUGEINT END AS lx,
            CASE WHEN NOT l_large AND basis = 'main' THEN y::HUGEINT END AS ly FROM sized
        ) SELECT * EXCLUDE (kx, ky, lx, ly), row_number() OVER () AS line,
            {ratio.above("kx", "ky")} AS grade_at, {intensity.above("lx", "ly")} AS level_at
        FROM operands""",
    )
    _compare_large(work)


def _compare_large(work: Work) -> None:
    """The rows left out above, by unbounded integers; as a rule there are none."""
    found = work.con.execute(
        f"""SELECT line, x, y, sum_numerator, sum_denominator, k_large, l_large, grade_at, level_at
        FROM {work.compared} WHERE k_large OR l_large"""
    ).fetchall()
    if not found:
        return
    positions = pa.table(
        {
            "line": pa.array([row[0] for row in found], pa.int64()),
            "grade_at": pa.array([_grade_at(work, row) for row in found], pa.int64()),
            "level_at": pa.array([_level_at(work, row) for row in found], pa.int64()),
        }
    )
    exactly = f"{work.compared}_exactly"
    work.con.register(exactly, positions)
    work.con.execute(
        f"""UPDATE {work.compared} SET grade_at = f.grade_at, level_at = f.level_at
        FROM {exactly} f WHERE {work.compared}.line = f.line"""
    )
    work.con.unregister(exactly)


def _grade_at(work: Work, row: Sequence[Any]) -> int | None:
    _, x, y, sum_x, sum_y, large, _, known, _ = row
    return exact.grade_of(x, y, sum_x, sum_y, work.scheme) - 1 if large else known


def _level_at(work: Work, row: Sequence[Any]) -> int | None:
    _, x, y, _, _, _, large, _, known = row
    if not large:
        return known
    band = exact.level_of(x, y, work.scheme, (work.numerator_scale, work.denominator_scale))
    return work.scheme.intensity.bands.index(band)


def _flags(scheme: Scheme) -> str:
    """SQL: the marks of a row as a list, in a fixed order."""
    share = scheme.robust.leave_one_out_share
    weighted = "CASE basis WHEN 'main' THEN dw WHEN 'fallback' THEN fdw END"
    tiny = _tiny(scheme.fallback.below_share) if scheme.fallback else "false"
    marks = {
        "NUMERATOR_MISSING": "e IS NULL",
        "DENOMINATOR_MISSING": "d IS NULL",
        "DENOMINATOR_NOT_POSITIVE": "d <= 0",
        "DENOMINATOR_TINY": f"d > 0 AND {tiny}",
        "DENOMINATOR_FALLBACK": "basis = 'fallback'",
        "UNRATED": "basis IS NULL",
        "NET_NEGATIVE": "basis IS NOT NULL AND x < 0",
        "NO_BENCHMARK": "basis IS NOT NULL AND n IS NULL",
        "BENCHMARK_CLIMBED": "climbed",
        "BENCHMARK_SMALL": "small",
        "DOMINANT": f"""member AND ({weighted}) * {share.denominator}::HUGEINT
            > sum_denominator * {share.numerator}""",
        "NOT_MEMBER": "NOT member",
    }
    joined = ", ".join(f"CASE WHEN {test} THEN '{mark}' END" for mark, test in marks.items())
    return f"list_filter(string_split(concat_ws(',', {joined}), ','), lambda m: m <> '')"


def _finish(work: Work, into: str) -> None:
    """The published columns."""
    scheme = work.scheme
    rule = scheme.net_negative
    negative = "basis IS NOT NULL AND x < 0" if rule else "false"
    levels = [band.id for band in scheme.intensity.bands]
    worst = len(scheme.ratio.bands)
    uppers = [float(cut) for cut in scheme.ratio.cuts]
    work.create(
        into,
        f"""WITH graded AS (
            SELECT *, CASE WHEN {negative} THEN {rule.grade if rule else "NULL"}
                ELSE grade_at + 1 END AS grade,
            CASE WHEN {negative} THEN '{rule.level if rule else ""}'
                ELSE {levels}[level_at + 1] END AS level,
            {_rank_key(scheme)} AS rank_key, member AND basis = 'main' AS ranks FROM {work.compared}
        ) SELECT _pos, id, period, grp AS "group", basis, benchmark_level, benchmark_key, n, n_eff,
            sum_numerator, sum_denominator,
            sum_numerator::DOUBLE * {10**work.denominator_scale}::DOUBLE
            / (sum_denominator * {10**work.numerator_scale}::DOUBLE) AS benchmark,
            k AS ratio, l AS intensity, level, grade,
            {_flags(scheme)} AS flags,
            CASE WHEN ranks THEN rank() OVER peers_by_l END AS rank,
            CASE WHEN ranks THEN count(*) OVER peers END AS ranked,
            CASE WHEN ranks THEN l - min(l) OVER peers END AS gap_to_best,
            CASE WHEN grade > 1 AND k > 0 THEN 1 - {uppers}[grade - 1] / k END AS margin_better,
            CASE WHEN grade < {worst} AND k > 0 THEN {uppers}[grade] / k - 1 END AS margin_worse,
            least(margin_better, margin_worse) AS margin
        FROM graded WINDOW peers AS (PARTITION BY period, rank_key, ranks),
            peers_by_l AS (PARTITION BY period, rank_key, ranks ORDER BY l)""",
    )


def _rank_key(scheme: Scheme) -> str:
    """SQL: the group among which a row is ranked; a code shorter than the level ranks as it is."""
    digits = {level.id: level.digits for level in scheme.population.levels}
    wanted = digits.get(scheme.population.rank_level)
    return "grp" if wanted is None else f"CASE WHEN industry THEN left(grp, {wanted}) ELSE grp END"
