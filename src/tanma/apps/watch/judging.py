"""Rows of the sheet `limits` against the channels that they name, before they go in."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from tanma.apps.imports.door import QUANTITY, Fault, channels_named
from tanma.apps.watch.limits import LEVELS, PREFIX, rules_of, virtual_of

SCHEME = "channel"


def judge(made: pa.Table) -> list[Fault]:
    """Rows that state nothing, a limit that does not fit their channel, or a least above a most."""
    said, channels = _said(made), channels_named(made)
    virtual = virtual_of(list(channels.values()))
    fit = {row: rules_of(c, virtual=c.id in virtual) for row, c in channels.items()}
    rules = sorted({rule for own in said.values() for rule in own})
    crossed = [row for row, own in said.items() if _crossed(own)]
    unfit = {rule: [r for r, own in said.items() if rule in own and rule not in fit.get(r, ())]
             for rule in rules}  # fmt: skip
    return [
        _fault("limit_missing", made, QUANTITY, [r for r, own in said.items() if not own]),
        *(_fault("limit_unfit", made, PREFIX + rule, rows) for rule, rows in unfit.items()),
        _fault("limit_order", made, PREFIX + LEVELS[1], crossed),
    ]  # fmt: skip


def _said(made: pa.Table) -> dict[int, dict[str, Any]]:
    """Row → rule → text of its limit; an empty one takes the limit back."""
    found: dict[int, dict[str, Any]] = {}
    for fact in made.select(["row", "item", "text"]).to_pylist():
        own = found.setdefault(fact["row"], {})
        if fact["item"].startswith(PREFIX):
            own[fact["item"].removeprefix(PREFIX)] = fact["text"]
    return found


def _crossed(said: dict[str, Any]) -> bool:
    most, least = (said.get(rule) or None for rule in LEVELS)
    return most is not None and least is not None and float(least) >= float(most)


def _fault(code: str, made: pa.Table, item: str, rows: Collection[int]) -> Fault:
    here = pc.is_in(made["row"], pa.array(list(rows), made["row"].type))
    return Fault(code, item, pc.and_(here, pc.equal(made["item"], item)), "reported")
