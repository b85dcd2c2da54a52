"""Product outputs and water of the period, for what is used per product and beside the energy.

Neither is a line of an account; they are read from the facts known at T by the engine's own plan,
which chooses the source and puts them on months.
"""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from tanma.apps.inventories.frozen import Frozen
from tanma.apps.inventories.said import Facts
from tanma.domain.items import Item
from tanma.domain.items import items as catalogue
from tanma.engine import activity


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
    known = facts.known(frozen.subject, wanted, frozen.files.meta["known_at"])
    if not known.num_rows:
        return []
    span = frozen.period
    with duckdb.connect(config={"threads": 1}) as con:
        con.register("known", known)
        activity.build(con, wanted, since=span.start.isoformat(), until=span.end.isoformat())
        rows = con.execute(
            "SELECT item, CAST(sum(value) AS BIGINT), count(DISTINCT month) FROM activity"
            " GROUP BY item ORDER BY item"
        ).fetchall()
    expected = len(span.months)
    return [Product(catalogue()[item], amount, n, expected) for item, amount, n in rows]
