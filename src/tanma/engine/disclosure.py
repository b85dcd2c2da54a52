"""What of a single enterprise's result may be shown, and what of sums: docs/design/decisions.md,
"Statistics need a basis".

Facts for statistics alone count in every sum. Of one enterprise, what they say and what would give
them away is withheld unless a legal basis or the enterprise's consent is recorded (`may_use`). The
rated columns of such a row are empty in the run itself; its amounts stay there for the sums.

Where one or two such enterprises stand behind a sum beside others whose amounts are open, the sum
would tell theirs. `told` says which sums of a run may be shown, so that no adding and subtracting
of shown ones leaves one or two of them; `engine.untold` asks it for every sum of a run.

Of a sum nothing is shown that tells one enterprise: a figure with fewer than `disclosure.min_n`
enterprises behind it is withheld. Where the total is shown too, a single hidden part would follow
by subtraction: the next smallest is hidden with it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import accumulate
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
                table = without(table, name, hidden)
    return table


def without(table: pa.Table, name: str, hidden: pa.Array) -> pa.Table:
    """A table with one column empty in the rows that are marked."""
    column = table[name]
    kept = pc.if_else(hidden, pa.scalar(None, column.type), column)
    return table.set_column(table.column_names.index(name), name, kept)


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


def told(
    sums: Sequence[Collection[H]], owner: Callable[[H], Hashable] = lambda amount: amount
) -> list[bool]:
    """Which sums may be shown, the first ones before the later; what they leave decides.

    sums: the withheld amounts in each; everything else in it counts as known. owner: whose an
    amount is. A sum is refused where adding and subtracting it and those already shown would leave
    amounts of fewer owners than may be told of. Where each owner has one amount and fewer than
    three are few this is exact; owners of several amounts are watched in each reduced sum.
    """
    places: dict[H, list[int]] = {}
    for n, amounts in enumerate(sums):
        for amount in amounts:
            places.setdefault(amount, []).append(n)
    owners: dict[tuple[int, ...], set[Hashable]] = {}
    for amount, where in places.items():
        owners.setdefault(tuple(where), set()).add(owner(amount))
    rows: list[Row] = [{} for _ in sums]
    for alike, together in enumerate(owners):
        for n in together:
            rows[n][alike] = 1
    shown = _Shown(list(owners.values()))
    return [shown.add(row) for row in rows]


PRIME = 2**61 - 1
"""Sums are reduced in this field: exact like fractions, and numbers do not grow."""
Row = dict[int, int]
"""Amounts that only occur together, by their number → how often they count."""


@dataclass
class _Shown:
    """The sums shown so far, reduced: each has a pivot, which counts once and in no other."""

    owners: Sequence[set[Hashable]]
    rows: dict[int, Row] = field(default_factory=dict)
    at: dict[int, set[int]] = field(default_factory=dict)
    """amounts → pivots of the rows they stand in"""
    alike: dict[int, set[int]] = field(default_factory=dict)
    """what a row has besides its pivot → pivots of few owners: rows that differ in these alone"""
    rest: dict[int, int] = field(default_factory=dict)
    """pivot of few owners → where it stands in `alike`"""

    @cached_property
    def marks(self) -> list[int]:
        """Powers of 7: a row is told from others by its value as a polynomial there."""
        return list(accumulate(self.owners, lambda power, _: power * 7 % PRIME, initial=1))

    def add(self, row: Row) -> bool:
        """Whether it may be shown; then it counts from now on."""
        for pivot in [c for c in row if c in self.rows]:
            row = _less(row, self.rows[pivot], row[pivot])
        if not row:
            return True  # it follows from what is shown
        if self._few(row):
            return False
        pivot = max(row, key=lambda c: (not few(len(self.owners[c])), -len(self.at.get(c, ())), -c))
        once = pow(row[pivot], -1, PRIME)
        row = {c: n * once % PRIME for c, n in row.items()}
        changed = {
            p: _less(self.rows[p], row, self.rows[p][pivot]) for p in self.at.get(pivot, ())
        } | {pivot: row}
        rest = {p: self._rest(r, p) for p, r in changed.items() if few(len(self.owners[p]))}
        if any(self._few(r) for r in changed.values()) or self._differ(rest):
            return False
        for p, made in changed.items():
            self._put(p, made)
        for p, value in rest.items():
            self.alike.get(self.rest.get(p, 0), set()).discard(p)
            self.alike.setdefault(value, set()).add(p)
        self.rest |= rest
        return True

    def _few(self, amounts: Iterable[int]) -> bool:
        found: set[Hashable] = set()
        for c in amounts:
            found |= self.owners[c]
            if not few(len(found)):
                return False
        return True

    def _differ(self, rest: Mapping[int, int]) -> bool:
        """Whether the difference of two rows, one of them new, is of few owners."""
        new: dict[int, set[int]] = {}
        for pivot, value in rest.items():
            others = new.setdefault(value, set())
            old = self.alike.get(value, set()) - rest.keys()
            if any(self._few((pivot, p)) for p in others | old):
                return True
            others.add(pivot)
        return False

    def _rest(self, row: Row, pivot: int) -> int:
        """What stands beside the pivot, the same for all that are multiples of one another."""
        rest = row.keys() - {pivot}
        if not rest:
            return 0
        value = sum(row[c] * self.marks[c] for c in rest)
        return value * pow(row[min(rest)], -1, PRIME) % PRIME

    def _put(self, pivot: int, row: Row) -> None:
        old = self.rows.get(pivot, {})
        for c in old.keys() - row.keys():
            self.at[c].discard(pivot)
        for c in row.keys() - old.keys():
            self.at.setdefault(c, set()).add(pivot)
        self.rows[pivot] = row


def _less(row: Row, other: Row, times: int) -> Row:
    """row − times × other, without what vanishes."""
    made = dict(row)
    for c, n in other.items():
        left = (made.get(c, 0) - times * n) % PRIME
        if left:
            made[c] = left
        else:
            made.pop(c, None)
    return made
