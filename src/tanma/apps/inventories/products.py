"""What is no line of an account: product outputs, water and money, month by month.

They are read from the facts known at T by the engine's own plan, which chooses the source and puts
them on months.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import duckdb

from tanma.apps.inventories.frozen import Frozen
from tanma.apps.inventories.said import Facts
from tanma.domain.items import Item
from tanma.domain.items import items as catalogue
from tanma.domain.periods import Period
from tanma.engine import activity, population


@dataclass(frozen=True)
class Product:
    """What an enterprise made of one product, or used of water, in the period."""

    item: Item
    amount: int
    months: int
    expected: int

    @property
    def complete(self) -> bool:
        """Whether every month was reported; a ratio over part of the period would mislead."""
        return self.months == self.expected

    def per_unit(self, posted: int | None, decimals: int) -> float | None:
        """A posted total per unit of product, in the unit of the account."""
        if posted is None or not self.complete or not self.amount:
            return None
        return posted / 10**decimals / (self.amount / 10**self.item.scale)


def products(frozen: Frozen, facts: Facts) -> list[Product]:
    """Products with any output in the period."""
    return amounts(frozen, facts, "product.")


def water(frozen: Frozen, facts: Facts) -> list[Product]:
    """Water used, taken fresh and reused in the period, as far as it was reported."""
    return amounts(frozen, facts, "water.")


def amounts(frozen: Frozen, facts: Facts, prefix: str) -> list[Product]:
    """The items of the catalogue that begin so, with what was reported for the period."""
    wanted = [name for name in catalogue() if name.startswith(prefix)]
    known_at, span = frozen.files.meta["known_at"], frozen.period
    found = monthly(frozen.subject, wanted, span, known_at, facts)
    return [
        Product(catalogue()[item], sum(months.values()), len(months), len(span.months))
        for item, months in sorted(found.items())
    ]


Months = Mapping[date, int]
"""Month → count at the item's scale; a month without a report is not in it."""


def monthly(
    subject: int, wanted: Sequence[str], span: Period, known_at: int, facts: Facts
) -> dict[str, Months]:
    """Item → its months in a span as they were known at T."""
    known = facts.known(subject, wanted, known_at)
    if not known.num_rows:
        return {}
    with duckdb.connect(config={"threads": 1}) as con:
        con.register("known", known)
        activity.build(con, wanted, since=span.start.isoformat(), until=span.end.isoformat())
        rows = con.execute("SELECT item, month, value FROM activity ORDER BY ALL").fetchall()
    found: dict[str, dict[date, int]] = {}
    for item, month, value in rows:
        found.setdefault(item, {})[month] = value
    return dict(found)


def money(subject: int, span: Period, known_at: int, facts: Facts) -> dict[str, Months]:
    """`value_added_fen` and `output_fen` by month, as an evaluation chooses them."""
    known = facts.known(subject, population.MONEY_ITEMS, known_at)
    if not known.num_rows:
        return {}
    with duckdb.connect(config={"threads": 1}) as con:
        con.register("known", known)
        items = population.MONEY_ITEMS
        activity.build(con, items, since=span.start.isoformat(), until=span.end.isoformat())
        population.money(con)
        columns = ("value_added_fen", "output_fen")
        rows = con.execute(f"SELECT month, {', '.join(columns)} FROM money_monthly").fetchall()
    return {
        name: {row[0]: row[at] for row in rows if row[at] is not None}
        for at, name in enumerate(columns, 1)
    }
