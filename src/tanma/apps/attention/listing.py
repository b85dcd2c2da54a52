"""Enterprises and areas that call for attention in a run, compared with the year before."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import duckdb

from tanma.apps.areas.door import TOWNS, AreaFigures, Frozen, Row, frozen, level_below
from tanma.apps.codes import door as codes
from tanma.apps.kit.door import lang
from tanma.domain.rating.attention import Standing, enterprise_rule, reasons

CLOSE = 0.999
"""The float filter lets a little more through than the rule; the rule decides on integers."""
CANDIDATES = """
    SELECT n.subject, n.area_code, n.management_code,
           {now}, {before}
    FROM now n LEFT JOIN before b USING (subject)
    WHERE n.grade >= ? OR n.grade - b.grade >= ? OR n.ratio > b.ratio * ?"""
COLUMNS = (
    "grade", "net_mg", "value_added_fen", "output_fen", "rated_on", "sum_numerator",
    "sum_denominator", "ratio", "benchmark_level", "benchmark_key",
)  # fmt: skip


@dataclass(frozen=True)
class Item:
    """One enterprise on the list."""

    subject: int
    area_code: str
    management_code: str
    reasons: tuple[str, ...]
    ratio: float | None
    before_grade: int | None
    before_ratio: float | None


def year_before(run: codes.Run) -> codes.Run | None:
    """The publication in force of the same period a year earlier."""
    period = frozen(run).period.year_before().text
    return codes.published(run.period_kind).filter(period=period, scheme=run.scheme).first()


def listed(run: codes.Run) -> list[Item]:
    """The enterprises that a rule calls up, worst first; kept with the run."""
    data, before = frozen(run), year_before(run)
    key = before.id if before else 0
    if key not in data.attention:
        data.attention[key] = _listed(data, frozen(before) if before else None)
    return data.attention[key]


def _listed(data: Frozen, before: Frozen | None) -> list[Item]:
    rule = enterprise_rule()
    query = CANDIDATES.format(
        now=", ".join(f"n.{c} AS now_{c}" for c in COLUMNS),
        before=", ".join(f"b.{c} AS before_{c}" for c in COLUMNS),
    )
    limits = [rule.grade.at_least, rule.drop.steps, float(1 + rule.ratio.rise) * CLOSE]
    with duckdb.connect(config={"threads": 1}) as con:
        con.register("now", data.results)
        con.register("before", before.results if before else data.results.slice(0, 0))
        rows = con.sql(query, params=limits).to_arrow_table().to_pylist()
    now_shut = data.untold.averages
    past_shut = before.untold.averages if before else frozenset[tuple[str, str]]()
    found = [
        _item(row | {"now_ratio": _ratio(row, "now_", now_shut),
                     "before_ratio": _ratio(row, "before_", past_shut)},
              compared=before is not None)
        for row in rows
    ]  # fmt: skip
    return sorted((c for c in found if c.reasons), key=lambda c: (-len(c.reasons), -(c.ratio or 0)))


def _ratio(row: Row, prefix: str, shut: frozenset[tuple[str, str]]) -> float | None:
    """K, where it does not tell an average that is not shown."""
    group = row[f"{prefix}benchmark_level"], row[f"{prefix}benchmark_key"]
    return None if group in shut else row[f"{prefix}ratio"]


def _item(row: Row, *, compared: bool) -> Item:
    past = standing(row, "before_") if compared else None
    return Item(
        row["subject"], row["area_code"], row["management_code"],
        reasons(enterprise_rule(), standing(row, "now_"), past),
        row["now_ratio"], row["before_grade"], row["before_ratio"],
    )  # fmt: skip


def standing(row: Row, prefix: str = "") -> Standing:
    """The integers of K from a row of results; the denominator is the one that was rated on."""
    main = row[f"{prefix}rated_on"] == "main"
    return Standing(
        row[f"{prefix}grade"], row[f"{prefix}net_mg"],
        row[f"{prefix}value_added_fen" if main else f"{prefix}output_fen"],
        row[f"{prefix}sum_numerator"], row[f"{prefix}sum_denominator"],
    )  # fmt: skip


def listed_in(data: Frozen, found: list[Item], hierarchy: str, code: str) -> list[Item]:
    """Those inside an area."""
    if code == data.home:
        return found
    tree = data.trees[hierarchy]
    own = "area_code" if hierarchy == "statutory" else "management_code"
    return [c for c in found if tree.inside(getattr(c, own), code)]


def abnormal_towns(data: Frozen, code: str) -> list[AreaFigures]:
    """Townships and streets inside an area whose index is abnormal, highest index first."""
    towns = [t for t in level_below(data, code, TOWNS) if t.verdict.abnormal]
    return sorted(towns, key=lambda t: -(t.index or 0))


def reason_texts(reasons: Iterable[str], language: str = "") -> list[str]:
    """Conditions with the rule's numbers, in the page's language or a named one."""
    return [str(getattr(enterprise_rule().conditions()[r], language or lang())) for r in reasons]
