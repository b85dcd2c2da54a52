"""Rating a whole table at once in DuckDB: benchmark, ratio, level, grade, flags, rank, margins.

Sums and comparisons are exact. A cut-off is a comparison of 128-bit integer products; where a
product could leave 128 bits, that row alone is compared by Python's unbounded integers (the
scalar functions of `domain.rating`). Floating point serves display, rank and the size estimate.
"""

from __future__ import annotations

import re
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
from tanma.engine import rating_beside as beside
from tanma.engine import rating_shrink as shrink
from tanma.lake.sql import text

SAFE_PRODUCT = 1e38
"""A product estimated below this in binary64 (error < 1e-14) is surely below 2**127 ≈ 1.7e38."""
REQUIRED = ("id", "group", "numerator", "denominator")
AMOUNTS = ("numerator", "denominator", "weight", "fallback_numerator", "fallback_denominator")
_INTEGER = re.compile(r'U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|DECIMAL\(\d+,0\)|"?NULL"?')
_OPTIONAL = {
    "period": "''",
    "member": "true",
    "weight": "1",
    "fallback_numerator": "numerator",
    "fallback_denominator": "NULL",
    "uncertainty": "NULL",
}


@dataclass(frozen=True)
class Work:
    """One rating in progress: the connection, the scheme, scales and the names of its tables."""

    con: duckdb.DuckDBPyConnection
    scheme: Scheme
    numerator_scale: int
    denominator_scale: int
    columns: tuple[str, ...]
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
    def robust(self) -> str:
        return f"{self.name}_robust"

    @property
    def errors(self) -> str:
        return f"{self.name}_errors"

    @property
    def prior(self) -> str:
        return f"{self.name}_prior"

    @property
    def compared(self) -> str:
        return f"{self.name}_compared"

    def create(self, table: str, query: str, kind: str = "TABLE") -> None:
        self.con.execute(f"CREATE TEMP {kind} {table} AS {query}")

    def drop(self) -> None:
        self.con.execute(f"DROP VIEW IF EXISTS {self.compared}_view")
        for table in (self.rows, self.leaves, self.choices, self.robust, self.errors, self.prior,
                      self.compared):  # fmt: skip
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
    member (forms the benchmark), weight, fallback_numerator, fallback_denominator, uncertainty
    (of the row's own quotient, relative, one standard deviation). The scales say how many decimals
    the counts carry in the scheme's units; the scheme's own by default.
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
        rated = con.sql("SELECT * EXCLUDE (_pos) FROM rated ORDER BY _pos").to_arrow_table()
    return beside.with_base(rated, scheme)


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
        _columns(con, relation),
        f"rating_{uuid.uuid4().hex}",
    )
    try:
        _read_rows(work, relation)
        _sum_leaves(work)
        _choose(work)
        work.create(work.robust, beside.robust_query(work.rows, work.choices, scheme))
        _finish(work, _compare(work), into)
    finally:
        work.drop()


def _columns(con: duckdb.DuckDBPyConnection, relation: str) -> tuple[str, ...]:
    """The names of the input's columns, which must hold the required ones."""
    described = con.execute(f"DESCRIBE FROM {relation}").fetchall()
    columns = tuple(str(row[0]) for row in described)
    missing = [name for name in REQUIRED if name not in columns]
    if missing:
        raise Problem(
            "rating_column_missing",
            file=relation,
            missing=", ".join(missing),
            needed=", ".join(REQUIRED),
            found=", ".join(columns),
        )
    for name, kind, *_ in described:
        # A cast would round a floating amount without a word: 0.5 t of a scale-0 column is 0 t.
        if name in AMOUNTS and not _INTEGER.fullmatch(kind):
            raise Problem("rating_not_integer", column=name, kind=kind)
    return columns


def _read_rows(work: Work, relation: str) -> None:
    """The input with its optional columns filled, its basis chosen and weights applied."""
    columns = work.columns
    optional = {name: name if name in columns else sql for name, sql in _OPTIONAL.items()}
    position = "_pos" if "_pos" in columns else "NULL::BIGINT"
    given = f"""SELECT {position} AS _pos, id,
        coalesce(({optional["period"]})::VARCHAR, '') AS period,
        "group"::VARCHAR AS grp, numerator::BIGINT AS e, denominator::BIGINT AS d,
        ({optional["fallback_numerator"]})::BIGINT AS fe,
        ({optional["fallback_denominator"]})::BIGINT AS fd,
        coalesce(({optional["member"]})::BOOLEAN, false) AS member,
        ({optional["weight"]})::BIGINT AS w, ({optional["uncertainty"]})::DOUBLE AS uncertainty
        FROM {relation}"""
    pattern = work.scheme.population.industry_pattern
    industry = f"regexp_full_match(grp, {text(pattern)})" if pattern else "false"
    try:
        work.create(
            work.rows,
            f"""SELECT *, coalesce({industry}, false) AS industry, {_basis(work.scheme)} AS basis,
            e * w AS ew, d * w AS dw, fe * w AS few, fd * w AS fdw FROM ({given})""",
        )
    except (duckdb.OutOfRangeException, duckdb.ConversionException):
        raise Problem("rating_too_large", column="numerator, denominator") from None
    except duckdb.InvalidInputException as error:
        reason = str(error).partition(": ")[2] or str(error)
        raise Problem("rating_pattern_unusable", pattern=pattern, reason=reason) from None


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
        f"""SELECT period, basis, {text(lv.id)}, left(grp, {lv.digits}), *
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
    k_of = shrink.k_by_period(work.con, work.rows, population)
    groups = work.con.execute(
        f"""SELECT DISTINCT period, basis, grp FROM {work.rows}
        WHERE basis IS NOT NULL AND grp IS NOT NULL"""
    ).fetchall()
    chosen = []
    for period, basis, group in groups:
        candidates = [aggregates.get((period, basis, *c)) for c in population.candidates(group)]
        choice = choose(candidates, population.min_n, population.min_neff)
        if choice is not None:
            compared = shrink.compared(choice, k_of.get(period))
            chosen.append((period, basis, group, choice, compared))
    work.con.register(f"{work.choices}_given", _choice_table(chosen))
    try:
        work.create(
            work.choices,
            f"""SELECT * REPLACE (sum_numerator::HUGEINT AS sum_numerator,
            sum_denominator::HUGEINT AS sum_denominator,
            members_denominator::HUGEINT AS members_denominator) FROM {work.choices}_given""",
        )
    finally:
        work.con.unregister(f"{work.choices}_given")


def _choice_table(
    chosen: Sequence[tuple[str, str, str, Choice, shrink.Compared]],
) -> pa.Table:
    """The average compared with (its pair: sum_…) and the population that it is of."""

    def column(values: Iterable[object], kind: pa.DataType) -> pa.Array:
        return pa.array(list(values), kind)

    aggregates = [choice.aggregate for *_, choice, _ in chosen]
    compared = [pair for *_, pair in chosen]
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
            "sum_numerator": column((str(c.numerator) for c in compared), pa.string()),
            "sum_denominator": column((str(c.denominator) for c in compared), pa.string()),
            "members_denominator": column(
                (str(a.sum_denominator) for a in aggregates), pa.string()
            ),
            "climbed": column((c[3].climbed for c in chosen), pa.bool_()),
            "small": column((c[3].small for c in chosen), pa.bool_()),
            **{
                name: column((getattr(c, name) for c in compared), kind)
                for name, kind in shrink.COLUMNS.items()
            },
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


def neutrality_sql(offset: str, gross: str, scheme: Scheme) -> str:
    """SQL: the id of the neutrality mark of two integer expressions, NULL without gross.

    The column reading of `domain.rating.neutrality_band`; amounts stay below 10^36.
    """
    if scheme.neutrality is None:
        return "NULL::VARCHAR"
    rate_of_gross = Quotient("{x}", "{y}", scheme.neutrality.bands)
    at = rate_of_gross.above(f"({offset})::HUGEINT", f"({gross})::HUGEINT")
    return f"CASE WHEN ({gross}) > 0 THEN {_ids(scheme.neutrality.bands)}[1 + {at}] END"


def _ids(bands: Sequence[Band]) -> str:
    """SQL: the ids of bands as a list. A scheme's own texts never stand in SQL unquoted."""
    return f"[{', '.join(text(band.id) for band in bands)}]"


def _quotients(work: Work) -> tuple[Quotient, Quotient, Quotient]:
    """The ratio K to the population, the intensity L in the scheme's units, the robust K."""
    ratio = Quotient("{x} * sum_denominator", "{y} * sum_numerator", work.scheme.ratio.bands)
    intensity = Quotient(
        f"{{x}} * {10**work.denominator_scale}::HUGEINT",
        f"{{y}} * {10**work.numerator_scale}::HUGEINT",
        work.scheme.intensity.bands,
    )
    robust = Quotient("{x} * robust_y", "{y} * robust_x", work.scheme.ratio.bands)
    return ratio, intensity, robust


def _compare(work: Work) -> str:
    """A relation: every row beside its population, with positions of level, grade, shadow grade.

    A row whose products might be too large gets NULL operands, and its positions afterwards. Only
    then is the comparison stored: writing its columns would take longer than all the arithmetic.
    """
    ratio, intensity, robust = _quotients(work)
    population = ", ".join(beside.POPULATION)
    view = f"{work.compared}_view"
    work.create(
        view,
        f"""WITH joined AS (
            SELECT r.* EXCLUDE (fe, few), c.* EXCLUDE (period, basis, grp),
            s.* EXCLUDE ({population}),
            CASE r.basis WHEN 'main' THEN e WHEN 'fallback' THEN fe END AS x,
            CASE r.basis WHEN 'main' THEN d WHEN 'fallback' THEN fd END AS y,
            {beside.log_ratio("x", "y")} NOT BETWEEN low AND high AS outside
            FROM {work.rows} r LEFT JOIN {work.choices} c USING (period, basis, grp)
            LEFT JOIN {work.robust} s USING ({population})
        ), apart AS (
            SELECT *, member AND NOT coalesce(outside, false)
                AND {_share_above("dw", "robust_denominator", work.scheme)} AS alone FROM joined
        ), others AS (
            SELECT *, robust_numerator - CASE WHEN alone THEN ew ELSE 0 END AS rest_x,
            robust_denominator - CASE WHEN alone THEN dw ELSE 0 END AS rest_y FROM apart
        ), compared AS (
            SELECT * EXCLUDE (rest_x, rest_y), CASE WHEN rest_x > 0 AND rest_y > 0 THEN rest_x END
                AS robust_x, CASE WHEN rest_x > 0 AND rest_y > 0 THEN rest_y END AS robust_y
            FROM others
        ), sized AS (
            SELECT *, {ratio.value} AS k, {robust.value} AS shadow_ratio,
            CASE WHEN basis = 'main' THEN {intensity.value} END AS l,
            {ratio.large} AS k_large, {robust.large} AS s_large,
            basis = 'main' AND {intensity.large} AS l_large FROM compared
        ), operands AS (
            SELECT *, {_operands("k", "NOT k_large")}, {_operands("s", "NOT s_large")},
            {_operands("l", "NOT l_large AND basis = 'main'")} FROM sized
        ) SELECT * EXCLUDE (kx, ky, lx, ly, sx, sy), row_number() OVER () AS line,
            {ratio.above("kx", "ky")} AS grade_at, {intensity.above("lx", "ly")} AS level_at,
            {robust.above("sx", "sy")} AS shadow_at
        FROM operands""",
        kind="VIEW",
    )
    large = "k_large OR s_large OR l_large"
    if not work.con.execute(f"SELECT 1 FROM {view} WHERE {large} LIMIT 1").fetchall():
        return view
    work.create(work.compared, f"FROM {view}")
    _compare_large(work, large)
    return work.compared


def _operands(name: str, safe: str) -> str:
    """SQL: the two amounts of a row where their products are sure to fit, else NULL."""
    return ", ".join(f"CASE WHEN {safe} THEN {v}::HUGEINT END AS {name}{v}" for v in "xy")


def _share_above(part: str, whole: str, scheme: Scheme) -> str:
    """SQL: whether an amount is more of its population than a single member should be."""
    share = scheme.robust.leave_one_out_share
    return f"coalesce({part}::HUGEINT * {share.denominator} > {whole} * {share.numerator}, false)"


def _compare_large(work: Work, large: str) -> None:
    """The rows left out above, by unbounded integers; as a rule there are none."""
    found = work.con.execute(
        f"""SELECT line, x, y, k_large, sum_numerator, sum_denominator, grade_at,
        s_large, robust_x, robust_y, shadow_at, l_large, level_at
        FROM {work.compared} WHERE {large}"""
    ).fetchall()
    positions = [_exact_positions(work, *row[1:]) for row in found]
    names = ("grade_at", "shadow_at", "level_at")
    columns = zip(*positions, strict=True)
    table = {name: pa.array(list(c), pa.int64()) for name, c in zip(names, columns, strict=True)}
    exactly = f"{work.compared}_exactly"
    work.con.register(exactly, pa.table({"line": [row[0] for row in found], **table}))
    assignments = ", ".join(f"{name} = f.{name}" for name in names)
    work.con.execute(
        f"""UPDATE {work.compared} SET {assignments}
        FROM {exactly} f WHERE {work.compared}.line = f.line"""
    )
    work.con.unregister(exactly)


def _exact_positions(
    work: Work, x: int, y: int, *rest: Any
) -> tuple[int | None, int | None, int | None]:
    """Positions of grade, shadow grade and level; what was not too large stays as it was."""
    k_large, sum_x, sum_y, grade_at, s_large, robust_x, robust_y, shadow_at, l_large, level_at = (
        rest
    )
    if k_large:
        grade_at = exact.grade_of(x, y, sum_x, sum_y, work.scheme) - 1
    if s_large:
        shadow_at = exact.grade_of(x, y, robust_x, robust_y, work.scheme) - 1
    if l_large:
        scales = (work.numerator_scale, work.denominator_scale)
        level_at = work.scheme.intensity.bands.index(exact.level_of(x, y, work.scheme, scales))
    return grade_at, shadow_at, level_at


def _flags(scheme: Scheme) -> str:
    """SQL: the marks of a row as a list, in a fixed order."""
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
        "BENCHMARK_CLIMBED": "climbed AND shrink_weight IS NULL",
        "BENCHMARK_SHRUNK": "shrink_weight IS NOT NULL",
        "BENCHMARK_SMALL": "small",
        "DOMINANT": f"member AND {_share_above(f'({weighted})', 'members_denominator', scheme)}",
        "OUTLIER": "member AND outside",
        "BORDERLINE": f"probability < {float(scheme.robust.confidence)}",
        "NOT_MEMBER": "NOT member",
    }
    joined = ", ".join(f"CASE WHEN {test} THEN '{mark}' END" for mark, test in marks.items())
    return f"list_filter(string_split(concat_ws(',', {joined}), ','), lambda m: m <> '')"


def _finish(work: Work, compared: str, into: str) -> None:
    """The published columns."""
    scheme = work.scheme
    rule = scheme.net_negative
    negative = "basis IS NOT NULL AND x < 0" if rule else "false"
    levels = _ids(scheme.intensity.bands)
    worst = len(scheme.ratio.bands)
    uppers = [float(cut) for cut in scheme.ratio.cuts]
    work.create(
        into,
        f"""WITH graded AS (
            SELECT *, CASE WHEN {negative} THEN {rule.grade if rule else "NULL"}
                ELSE grade_at + 1 END AS grade,
            CASE WHEN {negative} THEN {text(rule.level if rule else "")}
                ELSE {levels}[level_at + 1] END AS level,
            {_rank_key(scheme)} AS rank_key, member AND basis = 'main' AS ranks FROM {compared}
        ), chances AS ({_chances(work, uppers)}
        ), likely AS (
            SELECT *, probabilities[grade] AS probability,
            CASE WHEN {negative} THEN grade ELSE shadow_at + 1 END AS shadow_grade FROM chances
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
            least(margin_better, margin_worse) AS margin,
            shadow_grade, shadow_ratio, probability, probabilities
            {shrink.published(scheme.population)}
        FROM likely WINDOW peers AS (PARTITION BY period, rank_key, ranks),
            peers_by_l AS (PARTITION BY period, rank_key, ranks ORDER BY l)""",
    )


def _chances(work: Work, cuts: Sequence[float]) -> str:
    """SQL: the graded rows with the probability of each grade.

    Left out where no uncertainty is given: planning the long expression costs more than its use.
    """
    if "uncertainty" not in work.columns:
        return "SELECT *, NULL::DOUBLE[] AS probabilities FROM graded"
    work.create(work.errors, beside.errors_query(work.rows, work.choices, work.scheme))
    work.create(work.prior, beside.prior_query(work.rows, work.choices))
    return beside.likely_query("graded", work.errors, work.prior, cuts)


def _rank_key(scheme: Scheme) -> str:
    """SQL: the group among which a row is ranked; a code shorter than the level ranks as it is."""
    digits = {level.id: level.digits for level in scheme.population.levels}
    wanted = digits.get(scheme.population.rank_level)
    return "grp" if wanted is None else f"CASE WHEN industry THEN left(grp, {wanted}) ELSE grp END"
