"""What of a single enterprise's result may be shown: docs/design/decisions.md, "Statistics need a
basis".

Facts for statistics alone count in every sum. Of one enterprise, what they say and what would give
them away is withheld unless a legal basis or the enterprise's consent is recorded (`may_use`). The
rated columns of such a row are empty in the run itself; its amounts stay there for the sums.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

MONEY = ("value_added_fen", "output_fen", "revenue_fen")
"""Withheld where the money is for statistics (column `restricted`)."""
KEPT = frozenset({"missing_upper_mg"})


def _energy(column: str) -> bool:
    """Withheld where the energy is for statistics (column `energy_restricted`)."""
    return column.endswith(("_mg", "_gce")) and column not in KEPT


def withheld(row: Mapping[str, Any]) -> frozenset[str]:
    """The amounts of a row of `results` that no reader of single enterprises may see."""
    if row["may_use"]:
        return frozenset()
    money = MONEY if row.get("restricted") else ()
    energy = filter(_energy, row) if row.get("energy_restricted") else ()
    return frozenset({*money, *energy})


def single(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row of `results` without what is withheld of it."""
    hidden = withheld(row)
    return {name: None if name in hidden else value for name, value in row.items()}


def singles(table: pa.Table) -> pa.Table:
    """The table `results` without what is withheld of each row."""
    for flag, names in (("restricted", MONEY), ("energy_restricted", table.column_names)):
        hidden = pc.and_not(pc.fill_null(table[flag], False), table["may_use"])
        for name in names:
            if name in MONEY if flag == "restricted" else _energy(name):
                place, column = table.column_names.index(name), table[name]
                kept = pc.if_else(hidden, pa.scalar(None, column.type), column)
                table = table.set_column(place, name, kept)
    return table
