"""What of a single enterprise's result may be shown, and what of sums: docs/design/decisions.md,
"Statistics need a basis".

Facts for statistics alone count in every sum. Of one enterprise, what they say and what would give
them away is withheld unless a legal basis or the enterprise's consent is recorded (`may_use`). The
rated columns of such a row are empty in the run itself; its amounts stay there for the sums.

Where one or two such enterprises stand in an area beside others whose amounts are open, its sums
would tell theirs: what rests on money is then withheld of the area too.

Of a sum nothing is shown that tells one enterprise: a figure with fewer than `disclosure.min_n`
enterprises behind it is withheld. Where the total is shown too, a single hidden part would follow
by subtraction: the next smallest is hidden with it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from typing import Any, TypeVar

import pyarrow as pa
import pyarrow.compute as pc

from tanma.domain.rating.attention import index_rule

MONEY = ("value_added_fen", "output_fen", "revenue_fen")
"""Withheld where the money is for statistics (column `restricted`)."""
KEPT = frozenset({"missing_upper_mg"})
T = TypeVar("T")
H = TypeVar("H", bound=Hashable)


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


def least() -> int:
    return index_rule().disclosure.min_n


def few(enterprises: int) -> bool:
    """Too few enterprises behind a figure to print it."""
    return enterprises < least()


def closed(
    parts: Sequence[T],
    enterprises: Callable[[T], int],
    amount: Callable[[T], int],
    *,
    overlapping: bool = False,
    already: Collection[T] = (),
) -> list[T]:
    """The parts to hide, smallest amount first: those with few enterprises, and as many more as
    it takes until they cannot be told apart by subtracting the others from the total.

    `overlapping`: an enterprise may stand behind several parts, so their numbers do not add up.
    `already`: parts that are hidden for another reason, such as the column that they stand in.
    """
    hidden = [p for p in parts if p in already or few(enterprises(p))]
    others = sorted((p for p in parts if p not in hidden), key=amount)
    join = max if overlapping else sum
    while hidden and others and (len(hidden) < 2 or few(join(map(enterprises, hidden)))):
        hidden.append(others.pop(0))
    return sorted(hidden, key=amount)


def closed_lines(
    lines: Sequence[Sequence[H]], enterprises: Callable[[H], int], amount: Callable[[H], int]
) -> frozenset[H]:
    """The parts to hide where a part may stand in several lines: each line adds up to one of its
    own parts or to a total that is known. An enterprise may stand behind several parts.

    Lines are closed one after the other, so those of few parts should come first.
    """
    out: frozenset[H] = frozenset()
    while True:
        before = out
        for line in lines:
            out |= set(closed(line, enterprises, amount, overlapping=True,
                              already=[p for p in line if p in out]))  # fmt: skip
        if out == before:
            return out


def closed_areas(
    parents: Mapping[str, str], size: Mapping[str, tuple[int, int]]
) -> frozenset[str]:
    """Areas whose sums are not to be shown, the same for every reader, so that no two tell more.

    parents: area → the one above it; size: area → how many stand behind it, and an amount to order
    by. Areas add up to the one above them, with what lies in it directly as one part.
    """
    size = dict(size)
    below: dict[str, list[str]] = {}
    for code in size:
        below.setdefault(parents.get(code, ""), []).append(code)
    lines = [[code] for code in size]
    for parent in [p for p in below if p in size]:
        line = [c for c in below[parent] if size[c][0]]
        rest = [total - sum(size[c][n] for c in line) for n, total in enumerate(size[parent])]
        if rest[0] > 0:
            size[f"{parent}/"] = (rest[0], rest[1])
            line.append(f"{parent}/")
        lines.append([parent, *line])
    return closed_lines(lines, lambda c: size[c][0], lambda c: size[c][1])
