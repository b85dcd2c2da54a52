"""An area as the exact sum of its enterprises, by carrier and role, without telling of any one.

A cell that fewer than the declared number of enterprises stand behind is not shown, and neither is
what would give it away by subtraction in its row or its column (`engine.disclosure`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from tanma.apps.flows.gathering import Gathered
from tanma.domain.balances import IN, OUT, Balance, balances
from tanma.engine.disclosure import closed_lines

COLUMNS = (*IN, *OUT, "difference")
TOTAL = ""
"""The row of all carriers."""


@dataclass(frozen=True)
class Cell:
    """An amount in standard coal, and how many enterprises stand behind it."""

    carrier: str
    role: str
    gce: int
    enterprises: int
    closed: int = 0
    """Those of them whose energy is told to nobody singly."""


Matrix = Mapping[tuple[str, str], Cell]


def matrix(made: Gathered, closed: Collection[int] = ()) -> Matrix:
    """Carrier × role, exact sums over enterprises; the row of all carriers is the sum of rows.

    closed: the enterprises whose energy is for statistics alone.
    """
    own = {subject: balances(flows) for subject, flows in made.flows.items()}
    found: dict[tuple[str, str], list[tuple[int, int]]] = {}
    for subject, parts in own.items():
        for balance in parts:
            for role in COLUMNS:
                if (gce := _gce(balance, role)) and _speaks(balance, role):
                    found.setdefault((balance.carrier, role), []).append((subject, gce))
    for role in COLUMNS:
        told = [pair for (_, r), pairs in found.items() if r == role for pair in pairs]
        if told:
            found[TOTAL, role] = told
    return {key: _cell(*key, told, closed) for key, told in found.items()}


def _cell(
    carrier: str, role: str, told: list[tuple[int, int]], closed: Collection[int]
) -> Cell:
    behind = {subject for subject, _ in told}
    return Cell(carrier, role, sum(g for _, g in told), len(behind), len(behind & set(closed)))


def _gce(balance: Balance, role: str) -> int:
    value = balance.difference_gce if role == "difference" else balance.gce(role)
    return value or 0


def _speaks(balance: Balance, role: str) -> bool:
    return role == "difference" or any(f.role == role for f in balance.flows)


def hidden(cells: Matrix) -> frozenset[tuple[str, str]]:
    """Cells to withhold: few enterprises, and what a row or column would tell by subtraction.

    Who may see the others knows all but those told to nobody: few of these are few as well.
    """
    lines = [*_lines(cells, 0), *_lines(cells, 1)]
    out = closed_lines(lines, lambda c: c.enterprises, _tells)
    partly = {key: cell for key, cell in cells.items() if cell.closed}
    lines = [*_lines(partly, 0), *_lines(partly, 1)]
    out |= closed_lines(lines, lambda c: c.closed, _tells)
    return frozenset((c.carrier, c.role) for c in out)


def _lines(cells: Matrix, by: int) -> Iterable[list[Cell]]:
    lines: dict[str, list[Cell]] = {}
    for key, cell in cells.items():
        lines.setdefault(key[by], []).append(cell)
    return lines.values()


def _tells(cell: Cell) -> int:
    """What is hidden first: the row of all carriers, of which the others tell most."""
    return -1 if cell.carrier == TOTAL else abs(cell.gce)
