"""The five-minute declaration: a few figures of a small enterprise, through the door of tables.

The figures become rows of the packages `energy` and `economics`, so that they are checked, reported
and stored exactly like a file.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

from tanma.apps.facts import door as facts
from tanma.apps.imports.door import Batch, import_file
from tanma.apps.people.door import Viewer
from tanma.domain.items import carriers, items
from tanma.domain.numbers import decimal_text
from tanma.domain.periods import Period, parse
from tanma.intake.tables import load_package

FUELS = (
    ("fuel.natural_gas", "10^4 m3"), ("fuel.diesel", "t"), ("fuel.gasoline", "t"),
    ("fuel.lpg", "t"), ("fuel.bituminous", "t"),
)  # fmt: skip
"""Fuels that small enterprises mostly burn, with the unit in which they are asked."""
ECONOMICS = (
    "output_value", "labour_compensation", "net_production_tax", "depreciation",
    "operating_surplus",
)  # fmt: skip
SHEETS = ("energy", "economics")
MONEY_UNIT, SOURCE = "万元", "declared"
FILE = "declaration-"
"""How the names of batches that were typed on a page begin; the period follows."""
POWER = "electricity.purchased"
GRID = ("grid", "grid.accounts")


def power_from_grid(subject: int, period: Period) -> Decimal | None:
    """kWh that the grid company has reported for the whole period; None if a month is missing."""
    months: dict[date, facts.Fact] = {}
    for f in facts.current(facts.facts_of(subject, POWER)):
        inside = f.valid_from >= period.start and f.valid_to <= period.end
        # by enterprise before what its accounts add up to
        if inside and f.source in GRID and (f.source == GRID[0] or f.valid_from not in months):
            months[f.valid_from] = f
    said = months.values()
    days = sum((f.valid_to - f.valid_from).days for f in said)
    if not said or days != (period.end - period.start).days:
        return None
    return Decimal(decimal_text(sum(f.value or 0 for f in said), items()[POWER].scale))


def declare(
    code: str, period: Period, amounts: Mapping[str, Decimal | None], viewer: Viewer
) -> list[Batch]:
    """Hand in what an enterprise says of itself; `amounts` by carrier or economic column."""
    energy = [
        {"uscc": code, "period": period.text, "carrier": carriers()[carrier].name_zh,
         "flow": flow, "quantity": str(amount), "unit": unit}
        for carrier, flow, unit in _asked()
        if (amount := amounts.get(carrier)) is not None
    ]  # fmt: skip
    money = {c: str(amounts[c]) for c in ECONOMICS if amounts.get(c) is not None}
    economics = [{"uscc": code, "period": period.text, "money_unit": MONEY_UNIT, **money}]
    sheets = dict(zip(SHEETS, (energy, economics if money else []), strict=True))
    return [hand_in(name, rows, period.text, viewer) for name, rows in sheets.items() if rows]


def period_of(batch: Batch) -> Period | None:
    """The period that a batch declares; None where it was not made by the declaration."""
    about = batch.file.removeprefix(FILE).removesuffix(f"-{batch.package}.csv")
    return parse(about) if batch.package in SHEETS and batch.file.startswith(FILE) else None


@dataclass(frozen=True)
class Standing:
    """A figure that an enterprise declared for a period and that counts today."""

    item: str
    reported: str
    """digits and unit as they were said"""
    stamp: int
    of_these: bool
    """said by the declaration asked for, not by an earlier one"""


def standing(subject: int, period: Period, batches: Sequence[Batch]) -> list[Standing]:
    """What an enterprise has declared for a period as it stands, in the order of the form."""
    ours = tuple(f"{b.evidence}#" for b in batches)
    said = [
        f for f in facts.current(facts.facts_of(subject))
        if f.source == SOURCE and (f.valid_from, f.valid_to) == (period.start, period.end)
        and f.value is not None
    ]  # fmt: skip
    order = {item: n for n, item in enumerate(items())}
    said.sort(key=lambda f: order.get(f.item, len(order)))
    return [Standing(f.item, f.reported, f.stamp, f.evidence.startswith(ours)) for f in said]


def _asked() -> list[tuple[str, str, str]]:
    fixed = [("electricity", "购入", "kWh"), ("heat", "购入", "GJ")]
    return fixed + [(fuel, "燃烧", unit) for fuel, unit in FUELS]


def hand_in(name: str, rows: list[dict[str, str]], about: str, viewer: Viewer) -> Batch:
    """Rows of a package that were typed on a page, imported as the file that they would be."""
    package = load_package(name)
    columns = list(dict.fromkeys(c for row in rows for c in row))
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow([package.fields[c].zh for c in columns])
    writer.writerows([[row.get(c, "") for c in columns] for row in rows])
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"{FILE}{about}-{name}.csv"
        path.write_text(text.getvalue(), encoding="utf-8")
        return import_file(path, viewer, package=name)
