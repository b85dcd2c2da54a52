"""`resolve`: one set-based join that puts factors beside lines.

An order of preference is compiled to DuckDB SQL, the same for one enterprise as for 42,000. The
few distinct (item, region, month) of the lines are resolved first, then joined back; measured
facts are looked at only where they exist. For each parameter `p` a line gets

    p            DOUBLE    the value, NULL when missing
    p_choice     ENUM      choice code; NULL where the parameter is not looked for
    p_row        VARCHAR   natural key of the factor row, or measured item and source
    p_evidence   ENUM      mark of the row; `fact` for measured values
    p_year       SMALLINT  data year of the factor, where it has one

Unused columns cost nothing: the engine prunes them.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from functools import cache

import pyarrow as pa

from tanma.domain.factors.lookup import Query, equivalent_coal, lookup
from tanma.domain.factors.preferences import CHOICES, Preferences, Step, freeze_grid
from tanma.domain.factors.tables import (
    EVIDENCE_ORDER,
    OPEN_END,
    Table,
    day,
    factor_table,
    number,
    table,
)
from tanma.domain.messages import Problem

NO_RANK = 9999
# Codes from a closed set are enums: one byte a line instead of a text, half the cost of writing.
_CHOICE = "ENUM(" + ", ".join(f"'{c}'" for c in CHOICES) + ")"
_MARK = "ENUM(" + ", ".join(f"'{m}'" for m in (*EVIDENCE_ORDER, "fact")) + ")"


def relations(*further: Table) -> dict[str, pa.Table]:
    """The tables that the SQL of `resolve_sql` reads, by the name to register them under.

    `further` are tables of a region; `check_beside` has seen to it that they only add.
    """
    own = [factor_table(further)] if further else []
    return _shipped() | {"factors": pa.concat_tables([_shipped()["factors"], *own])}


@cache
def _shipped() -> dict[str, pa.Table]:
    return {"factors": factor_table(), "grid_regions": grid_region_table()}


def grid_region_table() -> pa.Table:
    """Province → grid region, dated, since the six grids became seven regions."""
    names = ("province", "grid_region")
    records = [
        {
            **{n: r[n] for n in names},
            "valid_from": day(r["valid_from"]),
            "valid_to": day(r["valid_to"]) or OPEN_END,
        }
        for r in table("grid_regions").rows
    ]
    return pa.Table.from_pylist(records)


def resolve_sql(
    preferences: Preferences,
    lines: str = "lines",
    measured: str | None = "measured",
    *,
    known_on: date,
    frozen_grid: tuple[int, str] | None = None,
) -> str:
    """SQL giving every column of `lines` plus the resolved parameters.

    `lines` has at least subject, item, month (first day) and region_code (province). `measured`
    has subject, item (`measured.<key>.<take>`), month, value, source; None when there are none.
    Only factors published by `known_on` count. `frozen_grid` is (data year, region) for trends.
    """
    order = freeze_grid(preferences, *frozen_grid) if frozen_grid else preferences
    parts = [
        *_need(lines),
        *_steps(order),
        *_areas(order),
        *_found(order, known_on),
        *_measured(order, measured),
    ]
    return "WITH " + ",\n".join(parts) + "\n" + _joined(order, lines, measured)


def _need(lines: str) -> Iterator[str]:
    yield f"need AS (SELECT DISTINCT item, region_code, month FROM {lines})"
    yield (
        "keyed AS (SELECT *, split_part(item, '.', 1) AS family,"
        " CASE WHEN family IN ('fuel', 'process') THEN split_part(item, '.', 2)"
        " ELSE family END AS key FROM need)"
    )


def _steps(order: Preferences) -> Iterator[str]:
    rows = ",\n  ".join(
        f"({rank}, {_values(s)}, {_divisor(s)!r}::DOUBLE, {s.data_year}::SMALLINT)"
        for rank, s in enumerate(order.steps)
    )
    columns = ", ".join(("rank", *_STEP_TEXTS, "over", "data_year"))
    yield f"steps({columns}) AS (VALUES\n  {rows})"


_STEP_TEXTS = (
    "family",
    "parameter",
    "origin",
    "choice",
    "take",
    "source",
    "set_id",
    "kind",
    "level",
    "rule",
)


def _values(step: Step) -> str:
    return ", ".join(_quoted(getattr(step, name)) for name in _STEP_TEXTS)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _divisor(step: Step) -> float:
    """The constant a step divides by, 1.0 when it names none."""
    if not step.over:
        return 1.0
    return number(next(r["value"] for r in table("constants").rows if r["key"] == step.over))


def _areas(order: Preferences) -> Iterator[str]:
    frozen = next((s.region for s in order.steps if s.level == "frozen"), "")
    always = "DATE '0001-01-01', DATE '9999-12-31'"
    yield (
        "areas(region_code, level, region, valid_from, valid_to) AS (\n"
        "  WITH codes AS (SELECT DISTINCT region_code FROM need)\n"
        f"  SELECT region_code, '', '', {always} FROM codes\n"
        f"  UNION ALL SELECT region_code, 'province', region_code, {always} FROM codes\n"
        f"  UNION ALL SELECT region_code, 'national', 'CN', {always} FROM codes\n"
        f"  UNION ALL SELECT region_code, 'frozen', {_quoted(frozen)}, {always} FROM codes\n"
        "  UNION ALL SELECT province, 'region', grid_region, valid_from, valid_to"
        " FROM grid_regions)"
    )


def _found(order: Preferences, known_on: date) -> Iterator[str]:
    """The best table row of each (item, region, month) and parameter, then one row per need."""
    yield f"""found AS (
  SELECT k.item, k.region_code, k.month, s.parameter, s.rank, s.choice,
         f.value / s.over AS value, f.row_id, f.evidence, f.data_year
  FROM keyed k
  JOIN steps s ON s.family = k.family AND s.origin = 'table'
  JOIN areas a ON a.region_code IS NOT DISTINCT FROM k.region_code AND a.level = s.level
  JOIN factors f ON f.family = s.source AND f.key = k.key AND f.parameter = s.take
   AND f.set_id = s.set_id AND s.kind IN ('', f.kind) AND f.region = a.region
   AND f.valid_from >= a.valid_from AND f.valid_from < a.valid_to
   AND (f.published_on IS NULL OR f.published_on <= DATE '{known_on.isoformat()}')
   AND CASE s.rule WHEN 'frozen' THEN f.data_year = s.data_year
                   WHEN 'latest_published' THEN f.data_year <= year(k.month)
                   WHEN 'latest_before' THEN f.data_year < year(k.month)
                   ELSE k.month >= f.valid_from AND k.month < f.valid_to END
  QUALIFY row_number() OVER (PARTITION BY k.item, k.region_code, k.month, s.parameter
                             ORDER BY s.rank, f.data_year DESC, f.row_id) = 1)"""
    columns = ",\n  ".join(_found_column(order, p) for p in order.parameters)
    yield f"""wide AS (
  SELECT k.item, k.region_code, k.month, any_value(k.key) AS key,
  {columns}
  FROM keyed k LEFT JOIN found f ON f.item = k.item AND f.month = k.month
   AND f.region_code IS NOT DISTINCT FROM k.region_code
  GROUP BY k.item, k.region_code, k.month)"""


def _found_column(order: Preferences, parameter: str) -> str:
    only = f"FILTER (WHERE f.parameter = {_quoted(parameter)})"
    families = ", ".join(_quoted(f) for f in order.families(parameter))
    missing = f"CASE WHEN any_value(k.family) IN ({families}) THEN 'missing' END"
    return (
        f"any_value(f.value) {only} AS {parameter},"
        f" coalesce(any_value(f.choice) {only}, {missing})::{_CHOICE} AS {parameter}_choice,"
        f" any_value(f.row_id) {only} AS {parameter}_row,"
        f" any_value(f.evidence) {only}::{_MARK} AS {parameter}_evidence,"
        f" any_value(f.data_year) {only} AS {parameter}_year,"
        f" coalesce(any_value(f.rank) {only}, {NO_RANK}) AS {parameter}_rank"
    )


def _measured_parameters(order: Preferences) -> tuple[str, ...]:
    return tuple(
        p
        for p in order.parameters
        if any(s.parameter == p and s.origin != "table" for s in order.steps)
    )


def _measured(order: Preferences, measured: str | None) -> Iterator[str]:
    """One row per subject, key and month that has measured facts."""
    if measured is None:
        return
    yield f"""said AS (
  SELECT subject, month, value, split_part(item, '.', 2) AS key, split_part(item, '.', 3) AS take,
         concat_ws('/', item, source) AS row_id,
         CASE WHEN source = 'supplier' THEN 'supplier' ELSE 'measured' END AS origin
  FROM {measured} WHERE value IS NOT NULL)"""
    yield """heard AS (
  SELECT m.subject, m.key, m.month, m.row_id, m.value / s.over AS value,
         s.parameter, s.rank, s.choice
  FROM said m
  JOIN steps s ON s.take = m.take AND s.origin = m.origin
   AND s.family = CASE WHEN m.key IN ('heat', 'electricity') THEN m.key ELSE s.family END
  QUALIFY row_number() OVER (PARTITION BY m.subject, m.key, m.month, s.parameter
                             ORDER BY s.rank, m.row_id) = 1)"""
    columns = ",\n  ".join(_heard_column(p) for p in _measured_parameters(order))
    yield f"heard_wide AS (SELECT subject, key, month,\n  {columns}\n  FROM heard GROUP BY ALL)"


def _heard_column(parameter: str) -> str:
    only = f"FILTER (WHERE parameter = {_quoted(parameter)})"
    return (
        f"any_value(value) {only} AS {parameter},"
        f" any_value(choice) {only}::{_CHOICE} AS {parameter}_choice,"
        f" any_value(row_id) {only} AS {parameter}_row, any_value(rank) {only} AS {parameter}_rank"
    )


def _joined(order: Preferences, lines: str, measured: str | None) -> str:
    heard = _measured_parameters(order) if measured else ()
    columns = ",\n  ".join(_line_column(p, p in heard) for p in order.parameters)
    join = (
        "\nLEFT JOIN heard_wide m ON m.subject = l.subject AND m.month = l.month AND m.key = w.key"
        if measured
        else ""
    )
    return (
        f"SELECT l.*,\n  {columns}\nFROM {lines} l JOIN wide w ON w.item = l.item"
        f" AND w.month = l.month AND w.region_code IS NOT DISTINCT FROM l.region_code{join}"
    )


def _line_column(p: str, heard: bool) -> str:
    if not heard:
        return f"w.{p}, w.{p}_choice, w.{p}_row, w.{p}_evidence, w.{p}_year"
    # The comparison is NULL, hence false, where the subject has no measured fact.
    wins = f"m.{p}_rank < w.{p}_rank"
    return (
        f"CASE WHEN {wins} THEN m.{p} ELSE w.{p} END AS {p},"
        f" CASE WHEN {wins} THEN m.{p}_choice ELSE w.{p}_choice END AS {p}_choice,"
        f" CASE WHEN {wins} THEN m.{p}_row ELSE w.{p}_row END AS {p}_row,"
        f" CASE WHEN {wins} THEN 'fact'::{_MARK} ELSE w.{p}_evidence END AS {p}_evidence,"
        f" CASE WHEN {wins} THEN NULL ELSE w.{p}_year END AS {p}_year"
    )


def missing_sql(preferences: Preferences, resolved: str = "resolved") -> str:
    """SQL listing what no step could fill: item, region_code, month, parameter, lines."""
    one = (
        "SELECT item, region_code, month, {q} AS parameter, count(*) AS lines"
        " FROM {r} WHERE {p}_choice = 'missing' GROUP BY ALL"
    )
    selects = [one.format(q=_quoted(p), p=p, r=resolved) for p in preferences.parameters]
    return "\nUNION ALL ".join(selects) + "\nORDER BY ALL"


def missing_problem(
    preferences: Preferences,
    item: str,
    region_code: str,
    month: date,
    parameter: str,
    *,
    known_on: date,
) -> Problem:
    """Why a parameter of an item could not be filled, with the nearest editions and the repair."""
    family, second = item.split(".")[:2]
    key = second if family in {"fuel", "process"} else family
    steps = (s for s in preferences.steps if (s.family, s.parameter) == (family, parameter))
    step = [s for s in steps if s.origin == "table"][-1]
    find = equivalent_coal if step.take == "tce_equivalent" else lookup
    try:
        find(_query(step, key, region_code, month), known_on=known_on, rule=step.rule)
    except Problem as problem:
        return problem
    raise ValueError(f"{parameter} of {item} is not missing")


def _query(step: Step, key: str, region_code: str, month: date) -> Query:
    return Query(
        step.source,
        key,
        step.take,
        month,
        set_id=step.set_id,
        region=_region(step.level, region_code, month),
        kind=step.kind or None,
    )


def _region(level: str, region_code: str, month: date) -> str:
    if level == "region":
        dated = (r for r in table("grid_regions").rows if r["province"] == region_code)
        held = [r["grid_region"] for r in dated if r["valid_from"] <= month.isoformat()]
        return held[-1] if held else "-"
    return {"province": region_code, "national": "CN"}.get(level, "")
