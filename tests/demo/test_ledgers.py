"""Ledgers of the demo: the books give what was declared, but for the slips that were left out."""

from __future__ import annotations

from collections import defaultdict
from datetime import date

import numpy as np
import pytest

from tanma.demo import ledgers, sheets
from tanma.demo.sheets import Scope


def rows_of(columns):
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


@pytest.fixture(scope="module")
def books(city):
    """(enterprise, month) → what its ledger says was used [kg]."""
    rows = rows_of(ledgers.purchases(city))
    bought, stock = defaultdict(float), {}
    for row in rows:
        bought[row["uscc"], row["purchase_date"][:7]] += row["purchase_quantity"] or 0
        for name in ("stock_day_start", "stock_day_end"):
            if row[name] is not None:
                stock[row["uscc"], row["purchase_date"]] = row[name]
    used = {}
    for (uscc, month), amount in bought.items():
        days = sorted(d for u, d in stock if u == uscc and d[:7] <= month)
        opening, closing = (stock[uscc, day] for day in days[-2:])
        used[uscc, month] = round(1000 * (opening + amount - closing))
    return used


@pytest.fixture(scope="module")
def declared(city):
    """(enterprise, month, fuel) → what it declared by phone [kg]."""
    said = sheets.small_energy(city, Scope(11, np.arange(city.people.count)))
    columns = (said[name].to_pylist() for name in ("uscc", "period", "carrier", "quantity"))
    return {(u, p, c): round(1000 * q) for u, p, c, q in zip(*columns, strict=True)}


def test_the_books_give_what_was_declared_but_for_the_missing_slips(city, books, declared):
    uses = ledgers.holders(city)
    assert ledgers.HOLDERS == len({use.uscc for use in uses})
    short = {use.uscc for use in uses if use.short}
    assert ledgers.SHORT == len(short)
    for use in uses:
        for month in ("2026-07", "2026-08", "2026-09"):
            expected = declared[use.uscc, month, use.carrier]
            if use.uscc in short and month == "2026-09":
                assert expected > books[use.uscc, month]
            else:
                assert expected == books[use.uscc, month]


def test_a_voucher_has_a_number_of_its_own_and_says_something(city):
    rows = rows_of(ledgers.purchases(city))
    assert len(rows) == len({(row["uscc"], row["voucher_no"]) for row in rows})
    figures = ("purchase_quantity", "stock_day_start", "stock_day_end")
    assert all(any(row[name] is not None for name in figures) for row in rows)
    assert all(min(row[name] or 0 for name in figures) >= 0 for row in rows)


def test_equal_streams_give_equal_sheets():
    use = ledgers.Use("91990101MA0DEM001L", "柴油", date(2026, 7, 1), [4.0, 5.5])
    made = [ledgers.sheet([use], np.random.default_rng(3)) for _ in range(2)]
    assert made[0] == made[1]
    assert 1 + 2 * 3 == len(made[0]["uscc"])
    assert "2026-08-31" == made[0]["purchase_date"][-1]
