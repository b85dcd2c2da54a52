"""Live carbon and energy: estimates from meters (监测估算值); never published.

Amounts are valued as results value them (`engine.valued`): the same factors, those that the region
released among them, by the same order of preference, the same formulas and postings. What has no
factor there is not estimated.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace

import duckdb
import pyarrow as pa
from django.conf import settings
from django.utils.translation import get_language

from tanma.apps.kit.door import clauses, with_note
from tanma.apps.rules import door as rules
from tanma.domain.items import items
from tanma.domain.numbers import EMISSION_DECIMALS, ENERGY_DECIMALS
from tanma.domain.reference.regions import regions
from tanma.engine import valued as engine
from tanma.engine.metering.channels import item_ratio
from tanma.engine.valued import Basis

SIGNS = {
    "electricity.purchased": 1, "electricity.sold": -1, "heat.purchased": 1, "heat.sold": -1,
}  # fmt: skip
"""What counts besides fuels that are burnt; energy sold is deducted."""


def counts(item: str) -> bool:
    """Whether an item is part of an emission total."""
    return item in SIGNS or (item.startswith("fuel.") and item.endswith(".burnt"))


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

    @property
    def co2_t(self) -> float | None:
        return None if self.mg is None else self.mg / 10**EMISSION_DECIMALS

    @property
    def coal_tce(self) -> float | None:
        return None if self.gce is None else self.gce / 10**ENERGY_DECIMALS


def valued(
    con: duckdb.DuckDBPyConnection, lines: Sequence[tuple[str, dt.date, int]],
    by: Basis | None = None,
) -> list[Valued]:  # fmt: skip
    """Amounts (item, day, count at the item's scale) as results would value them (today)."""
    con.register("estimate_lines", pa.table({
        "subject": pa.array(range(len(lines)), pa.int64()),
        "item": pa.array([item for item, _, _ in lines], pa.string()),
        "month": pa.array([day.replace(day=1) for _, day, _ in lines], pa.date32()),
        "value": pa.array([count for _, _, count in lines], pa.int64()),
    }))  # fmt: skip
    engine.build(con, "estimate_lines", by or basis(), into="estimated")
    rows = con.execute("SELECT subject, mg, gce, carbon_rows FROM estimated").fetchall()
    found = {n: told for n, *told in rows}
    return [_valued(line, *found.get(n, (None, None, ""))) for n, line in enumerate(lines)]


def _valued(
    line: tuple[str, dt.date, int], mg: int | None, gce: int | None, rows: str | None
) -> Valued:  # fmt: skip
    item, day, count = line
    if not counts(item):
        return Valued(item, day, count, None, None, "")
    sign = SIGNS.get(item, 1)
    signed_mg, signed_gce = (None if v is None else sign * v for v in (mg, gce))
    return Valued(item, day, count, signed_mg, signed_gce, rows or "")


def of_amounts(said: Sequence[tuple[str, float | None, str]], on: dt.date) -> list[Valued | None]:
    """Amounts (item, amount, unit) by what is known on a day; None where they fit no item."""
    counted = [None if a is None else _count(item, a, unit) for item, a, unit in said]
    lines = [(s[0], on, c) for s, c in zip(said, counted, strict=True) if c is not None]
    with duckdb.connect() as con:
        found = iter(valued(con, lines, replace(basis(), known_on=on)) if lines else ())
    return [None if c is None else next(found) for c in counted]


def _count(item: str, amount: float, unit: str) -> int | None:
    """An amount in a unit as a count at the item's scale."""
    ratio = item_ratio(unit, 0, item)
    return None if ratio is None else round(amount * 1000 * float(ratio))


def estimable(wanted: Sequence[str], on: dt.date) -> set[str]:
    """The items that have a factor on a day."""
    known = [i for i in dict.fromkeys(wanted) if i in items() and counts(i)]
    found = of_amounts([(i, 1.0, items()[i].unit) for i in known], on)
    return {v.item for v in found if v is not None and v.mg is not None}


def basis(known_at: int | None = None) -> Basis:
    """The factors that an estimate made as of a stamp (None: now) takes, as results take theirs."""
    moment = dt.datetime.now(dt.UTC) if known_at is None else (
        dt.datetime.fromtimestamp(known_at / 1e6, dt.UTC))  # fmt: skip
    place = settings.TANMA.grid_region or "CN", settings.TANMA.grid_level
    return Basis(moment.date(), *place, rules.further())


def factors(rows: str) -> str:
    """The rows of the factor tables that amounts took, in words."""
    return clauses(factor_text(row) for row in dict.fromkeys(rows.split()))


def factor_text(row_id: str) -> str:
    """A row of the factor tables in words: value, unit, region, year, document."""
    row = rules.factor_row(row_id)
    if not row:
        return row_id
    region = regions().get(row["region"])
    english = get_language() == "en"
    where = (region.name_en if english else region.name_zh) if region else row["region"]
    told = " · ".join(filter(None, (where, row["data_year"], row["document"])))
    return with_note(f"{row['value']} {row['unit']}", told)
