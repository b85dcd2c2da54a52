"""Live carbon and energy: estimates from meters (监测估算值); never published.

Amounts are valued as results value them (`engine.valued`): the same factors, those that the region
released among them, by the accounting editions in force at the end of the span: their orders of
preference, formulas and signs. What has no factor there is not estimated.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace

import duckdb
import pyarrow as pa
from django.conf import settings

from tanma.apps.kit.door import cited, clauses, lang, unit_name, with_note
from tanma.apps.rules import door as rules
from tanma.domain.items import items
from tanma.domain.numbers import EMISSION_DECIMALS, ENERGY_DECIMALS
from tanma.domain.reference.regions import regions
from tanma.engine import valued as engine
from tanma.engine.accounts import CODE, ENERGY
from tanma.engine.metering.channels import item_ratio
from tanma.engine.valued import Basis


@dataclass(frozen=True)
class Valued:
    """An amount with its posted values by the factors of the accounts; energy sold is negative."""

    item: str
    day: dt.date
    count: int
    mg: int | None
    gce: int | None
    factors: str
    """Rows of the factor tables."""
    counts: bool = True
    """Whether it is part of an emission total."""

    @property
    def co2_t(self) -> float | None:
        return None if self.mg is None else self.mg / 10**EMISSION_DECIMALS

    @property
    def coal_tce(self) -> float | None:
        return None if self.gce is None else self.gce / 10**ENERGY_DECIMALS


def valued(
    con: duckdb.DuckDBPyConnection, lines: Sequence[tuple[str, dt.date, int]],
    by: Basis,
) -> list[Valued]:  # fmt: skip
    """Amounts (item, day, count at the item's scale) as results would value them."""
    con.register("estimate_lines", pa.table({
        "subject": pa.array(range(len(lines)), pa.int64()),
        "item": pa.array([item for item, _, _ in lines], pa.string()),
        "month": pa.array([day.replace(day=1) for _, day, _ in lines], pa.date32()),
        "value": pa.array([count for _, _, count in lines], pa.int64()),
    }))  # fmt: skip
    engine.build(con, "estimate_lines", by, into="estimated")
    rows = con.execute("SELECT subject, mg, gce, carbon_rows FROM estimated").fetchall()
    found, signs = {n: told for n, *told in rows}, by.signs()
    return [
        _valued(line, signs.get(line[0], 0), *found.get(n, (None, None, "")))
        for n, line in enumerate(lines)
    ]


def _valued(
    line: tuple[str, dt.date, int], sign: int, mg: int | None, gce: int | None, rows: str | None
) -> Valued:  # fmt: skip
    item, day, count = line
    if not sign:
        return Valued(item, day, count, None, None, "", counts=False)
    signed_mg, signed_gce = (None if v is None else sign * v for v in (mg, gce))
    return Valued(item, day, count, signed_mg, signed_gce, rows or "")


def of_amounts(said: Sequence[tuple[str, float | None, str]], on: dt.date) -> list[Valued | None]:
    """Amounts (item, amount, unit) by what is known on a day; None where they fit no item."""
    counted = [None if a is None else _count(item, a, unit) for item, a, unit in said]
    lines = [(s[0], on, c) for s, c in zip(said, counted, strict=True) if c is not None]
    with duckdb.connect() as con:
        found = iter(valued(con, lines, replace(basis(on), known_on=on)) if lines else ())
    return [None if c is None else next(found) for c in counted]


def _count(item: str, amount: float, unit: str) -> int | None:
    """An amount in a unit as a count at the item's scale."""
    ratio = item_ratio(unit, 0, item)
    return None if ratio is None else round(amount * 1000 * float(ratio))


def estimable(wanted: Sequence[str], on: dt.date) -> set[str]:
    """The items that have a factor on a day."""
    counted = basis(on).signs()
    known = [i for i in dict.fromkeys(wanted) if i in items() and i in counted]
    found = of_amounts([(i, 1.0, items()[i].unit) for i in known], on)
    return {v.item for v in found if v is not None and v.mg is not None}


def basis(on: dt.date, known_at: int | None = None) -> Basis:
    """Factors and editions of an estimate, as results take theirs.

    The editions are those in force `on` the last day of its span, the factors those published by
    the day of a stamp (None: today).
    """
    moment = dt.datetime.now(dt.UTC) if known_at is None else (
        dt.datetime.fromtimestamp(known_at / 1e6, dt.UTC))  # fmt: skip
    place = settings.TANMA.grid_region or "CN", settings.TANMA.grid_level
    return Basis(moment.date(), *place, rules.further(), rules.editions_on(on))


def edition_links(by: Basis) -> list[tuple[str, str]]:
    """Title and address of the editions that carbon and coal of an estimate rest on."""
    return [
        (with_note(made.title[lang()], "" if made.edition == "undated" else made.edition),
         rules.edition_address(made))
        for made in (by.edition(CODE), by.edition(ENERGY))
    ]  # fmt: skip


def factors(rows: str) -> str:
    """The rows of the factor tables that amounts took, in words."""
    return clauses(factor_text(row) for row in dict.fromkeys(rows.split()))


def factor_text(row_id: str) -> str:
    """A row of the factor tables in words: value, unit, region, year, document."""
    row = rules.factor_row(row_id)
    if not row:
        return row_id
    region = regions().get(row["region"])
    where = (region.name_en if lang() == "en" else region.name_zh) if region else rules.named(row)
    told = " · ".join(filter(None, (where, row["data_year"], cited(row["document"]))))
    return with_note(f"{row['value']} {unit_name(row['unit'], lang())}", told)
