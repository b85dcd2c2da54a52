"""One factor on one day.

Asking for a day outside the validity is an error that names the nearest editions. The only way
around it are two rules, which the caller must name: `latest_published`, the newest data year that
was published by a day and is not after the data, and `latest_before`, the newest one before the
year of the data. The answer carries both years.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from tanma.domain.factors.tables import (
    OPEN_END,
    Row,
    Table,
    day,
    factor_rows,
    library,
    number,
    table,
)
from tanma.domain.messages import Problem

RULES = ("in_force", "latest_published", "latest_before")


@dataclass(frozen=True)
class Query:
    """What is asked for. Empty `kind`, `region` or `set_id` match only rows that leave them empty,
    except `kind`, which is open when None."""

    family: str
    key: str
    parameter: str
    on: date
    set_id: str = ""
    region: str = ""
    kind: str | None = None


@dataclass(frozen=True)
class Factor:
    """A value with its source, and the year of the data it was taken for."""

    row_id: str
    name_zh: str
    name_en: str
    value: float
    value_text: str
    unit: str
    document: str
    evidence: str
    dates_evidence: str
    valid_from: date
    valid_to: date
    published_on: date | None
    data_year: int | None
    asked_year: int
    rule: str


def lookup(
    query: Query, *, known_on: date, rule: str = "in_force", further: Sequence[Table] = ()
) -> Factor:
    """The factor of `query` that was published by `known_on`, by the rule the caller names.

    `further` are tables of a region, which stand beside those of the package.
    """
    rows = list(factor_rows((*library().values(), *further)))
    found = [row for family, row in rows if family == query.family and _same(query, row)]
    if not found:
        raise _unknown(query, rows)
    chosen = [row for row in found if _applies(row, query.on, known_on, rule)]
    if not chosen:
        raise _outside(query, found, known_on, rule)
    return _factor(max(chosen, key=lambda r: r["data_year"]), query.on.year, rule)


def grid_place(province: str, level: str, on: date) -> str:
    """Region code whose grid factor counts: the province's own, or that of its regional grid.

    `level` is `province` or `region`, as an office chooses once; every reader of grid factors asks
    here, so that estimates and accounts cannot take different ones.
    """
    if level != "region":
        return province
    held = [
        r["grid_region"] for r in table("grid_regions").rows
        if r["province"] == province and r["valid_from"] <= on.isoformat()
    ]  # fmt: skip
    return held[-1] if held else province


def equivalent_coal(query: Query, *, known_on: date, rule: str = "in_force") -> Factor:
    """The 等价值 coefficient of a carrier [tce per unit of the carrier] on a day.

    It differs from the calorific equivalent and changes from year to year; when no table holds one
    this is an error, never the calorific 当量值.
    """
    try:
        return lookup(query, known_on=known_on, rule=rule)
    except Problem:
        raise Problem("factor_equivalent_missing", key=query.key, year=query.on.year) from None


def _same(query: Query, row: Row) -> bool:
    exact = all(row[c] == getattr(query, c) for c in ("key", "parameter", "set_id", "region"))
    return exact and (query.kind is None or row["kind"] == query.kind)


def _applies(row: Row, on: date, known_on: date, rule: str) -> bool:
    if rule not in RULES:
        raise Problem("factor_rule_unknown", rule=rule, allowed=", ".join(RULES))
    if row["published_on"] > known_on.isoformat():
        return False
    if rule != "in_force":
        latest = on.year if rule == "latest_published" else on.year - 1
        return bool(row["data_year"]) and int(row["data_year"]) <= latest
    return row["valid_from"] <= on.isoformat() < (row["valid_to"] or OPEN_END.isoformat())


def _unknown(query: Query, rows: Sequence[tuple[str, Row]]) -> Problem:
    near = sorted({_name(r) for f, r in rows if (f, r["key"]) == (query.family, query.key)})
    return Problem(
        "factor_unknown",
        family=query.family,
        key=query.key,
        parameter=query.parameter,
        scope=" ".join(filter(None, (query.set_id, query.region, query.kind))) or "-",
        near="; ".join(near[:8]) or "-",
    )


def _name(row: Row) -> str:
    scope = (row["parameter"], row["set_id"], row["region"], row["kind"])
    return " ".join(filter(None, scope))


def _outside(query: Query, found: Sequence[Row], known_on: date, rule: str) -> Problem:
    by_distance = sorted(found, key=lambda r: (_distance(r, query.on), r["id"]))
    return Problem(
        "factor_outside_validity",
        family=query.family,
        key=query.key,
        parameter=query.parameter,
        on=query.on.isoformat(),
        known_on=known_on.isoformat(),
        rule=rule,
        nearest="; ".join(_edition(r) for r in by_distance[:2]),
    )


def _distance(row: Row, on: date) -> int:
    start, end = day(row["valid_from"]) or date.min, day(row["valid_to"]) or OPEN_END
    return max((start - on).days, (on - end).days + 1, 0)


def _edition(row: Row) -> str:
    span = f"{row['valid_from']} – {row['valid_to'] or '…'}"
    return f"{row['id']} = {row['value']} {row['unit']} ({span}, {row['published_on'] or '-'})"


def _factor(row: Row, asked_year: int, rule: str) -> Factor:
    start = day(row["valid_from"])
    assert start is not None  # the loader refuses a factor without it
    return Factor(
        row_id=row["id"],
        name_zh=row["name_zh"],
        name_en=row["name_en"],
        value=number(row["value"]),
        value_text=row["value"],
        unit=row["unit"],
        document=row["document"],
        evidence=row["evidence"],
        dates_evidence=row["dates_evidence"],
        valid_from=start,
        valid_to=day(row["valid_to"]) or OPEN_END,
        published_on=day(row["published_on"]),
        data_year=int(row["data_year"]) if row["data_year"] else None,
        asked_year=asked_year,
        rule=rule,
    )
