"""Purchase ledgers: what some small enterprises bought and held of a fuel that they declare.

Deliveries and stocktakes are laid around the true use, so that the books give what was declared.
A few leave out the slip of their last delivery: their books then show too little.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np

from tanma.demo import registers, tables
from tanma.demo.plan import MONTHS_PER_QUARTER
from tanma.demo.region import Region
from tanma.domain import periods

HOLDERS, SHORT = 10, 2
"""Small enterprises with a ledger; so many of them leave out a slip."""
DELIVERY_DAYS = (6, 19)
STOCK_SHARE = (0.2, 0.5)
"""Stock at the end of a month, as a share of what the month used."""
UNIT, DIGITS = "t", 3
COLUMNS = (
    "uscc", "purchase_date", "carrier", "purchase_quantity", "unit", "stock_day_start",
    "stock_day_end", "supplier", "voucher_no", "voucher_note",
)  # fmt: skip
Row = dict[str, Any]


@dataclass(frozen=True)
class Use:
    """What an enterprise used of one fuel [t] in months that follow each other."""

    uscc: str
    carrier: str
    first: date
    tonnes: Sequence[float]
    short: bool = False


def sheet(uses: Sequence[Use], rng: np.random.Generator) -> dict[str, Any]:
    """The sheet of purchases of some enterprises."""
    return registers.as_columns([row for use in uses for row in _rows(use, rng)], COLUMNS)


def _rows(use: Use, rng: np.random.Generator) -> list[Row]:
    shares = rng.uniform(*STOCK_SHARE, len(use.tonnes) + 1)
    stock = np.round(shares * [use.tonnes[0], *use.tonnes], DIGITS)
    rows = [_stocktake(use, use.first, stock_day_start=stock[0])]
    start = use.first
    for tonnes, opening, closing in zip(use.tonnes, stock, stock[1:], strict=False):
        end = periods.month_of(start).end
        rows += _deliveries(use, start, round(tonnes + closing - opening, DIGITS), rng)
        rows.append(_stocktake(use, end - timedelta(days=1), stock_day_end=closing))
        start = end
    if use.short:
        rows.remove(next(row for row in reversed(rows) if row.get("purchase_quantity")))
    return rows


def _deliveries(use: Use, start: date, bought: float, rng: np.random.Generator) -> list[Row]:
    """Two slips that add up to what was bought in a month."""
    first = round(bought * rng.uniform(0.35, 0.65), DIGITS)
    return [
        _base(use, start.replace(day=day)) | {
            "purchase_quantity": amount, "supplier": f"演示{use.carrier}供应站",
            "voucher_no": f"FP-{start:%Y%m}{day:02d}",
        }
        for day, amount in zip(DELIVERY_DAYS, (first, round(bought - first, DIGITS)), strict=True)
    ]  # fmt: skip


def _stocktake(use: Use, day: date, **stock: float) -> Row:
    said = {name: float(count) for name, count in stock.items()}
    return _base(use, day) | said | {"voucher_no": f"PD-{day:%Y%m%d}", "voucher_note": "盘点"}


def _base(use: Use, day: date) -> Row:
    return {"uscc": use.uscc, "purchase_date": day.isoformat(), "carrier": use.carrier,
            "unit": UNIT}  # fmt: skip


def holders(region: Region) -> list[Use]:
    """The largest users among small enterprises that declared a fuel in tonnes, each month."""
    last = slice(-MONTHS_PER_QUARTER, None)
    willing = (~region.above & region.active)[:, last].all(axis=1)
    willing &= region.told.fuels & region.told.economy[:, -1]
    found: dict[int, tuple[str, list[float]]] = {}
    for name, amounts in region.activity.amounts.items():
        fuel = tables.carriers()[name]
        if fuel.unit == UNIT and fuel.flow == "burnt":
            used = amounts[:, last]
            for firm in np.flatnonzero(willing & (used.min(axis=1) > 0)):
                found.setdefault(int(firm), (fuel.carrier_zh, used[firm].tolist()))
    chosen = sorted(found, key=lambda firm: (-sum(found[firm][1]), firm))[:HOLDERS]
    first = periods.month_start(region.plan.first_month + region.plan.months - MONTHS_PER_QUARTER)
    return [
        Use(region.people.uscc[firm], found[firm][0], first, found[firm][1], n < SHORT)
        for n, firm in enumerate(chosen)
    ]


def purchases(region: Region) -> dict[str, Any]:
    """The ledgers of the last quarter."""
    return sheet(holders(region), region.plan.stream("purchases"))
