"""The denominator of L and K: value added or output, month by month, as it was known at T.

The frozen result holds the sum. The months below it are computed again from the facts known at T
by the engine's own plan; a sum that differs from the frozen one is a Problem.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import duckdb

from tanma.apps.inventories.frozen import Frozen
from tanma.apps.inventories.said import Facts
from tanma.domain.messages import Problem
from tanma.engine import activity, population

OUTPUT = "output_fen"
VALUE_ADDED = "value_added_fen"


@dataclass(frozen=True)
class MoneyPart:
    """What one item adds in one month [fen], and the fact it rests on."""

    item: str
    month: date
    value_fen: int
    source: str
    kind: str
    split: bool
    seq: int


def denominator(frozen: Frozen) -> str:
    """Which column of the result L and K divide by."""
    return OUTPUT if frozen.result["rated_on"] == "fallback" else VALUE_ADDED


def parts(frozen: Frozen, facts: Facts) -> list[MoneyPart]:
    """The parts of the denominator in order of month; none when the store has no such fact."""
    known = facts.known(frozen.subject, population.MONEY_ITEMS, frozen.files.meta["known_at"])
    if not known.num_rows:
        return []
    found = _chosen(frozen, known)
    column = denominator(frozen)
    computed, expected = sum(part.value_fen for part in found), frozen.result[column]
    if expected is not None and computed != expected:
        raise Problem(
            "explanation_differs", line_id=column, item="economy", month=frozen.period.text,
            frozen=expected, computed=computed,
        )  # fmt: skip
    return found


def _chosen(frozen: Frozen, known: object) -> list[MoneyPart]:
    span, column = frozen.period, denominator(frozen)
    with duckdb.connect(config={"threads": 1}) as con:
        con.register("known", known)
        activity.build(
            con, population.MONEY_ITEMS, since=span.start.isoformat(), until=span.end.isoformat()
        )
        population.money(con)
        rows = con.execute(
            f"SELECT item, a.month, value, source, kind, split, seq"
            f" FROM activity a JOIN money_monthly m USING (subject, month)"
            f" WHERE {_USED[column]} ORDER BY a.month, item"
        ).fetchall()
    return [MoneyPart(*row) for row in rows]


_INCOME = ", ".join(f"'{item}'" for item in population.VALUE_ADDED_PARTS)
_USED = {
    VALUE_ADDED: f"(va_origin = 'income' AND item IN ({_INCOME}))"
    " OR (va_origin = 'declared' AND item = 'economy.value_added')",
    OUTPUT: "(output_origin = 'output' AND item = 'economy.output_value')"
    " OR (output_origin = 'turnover' AND item = 'tax.turnover')",
}
"""column of the result → which monthly items made it, as `population.money` decides per month."""
