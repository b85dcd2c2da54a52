"""Slips of unit: a quantity near a power of ten times what is usual for the same thing, or beyond
anything that could be usual.

Usual is, in this order: the enterprise's own history, the other rows of the same enterprise and
item in the file, and (only as a warning) its peers. A quantity is flagged and never changed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from tanma.domain.items import Item, items
from tanma.intake import units
from tanma.intake.tables.columns import Work, text_column
from tanma.intake.tables.facts import Days, Stated
from tanma.intake.tables.report import ERROR, WARNING

TOLERANCE = 0.15
"""In powers of ten: 10^0.15 = 1.41, so a slip is seen through a swing of some 40 %."""
LEAST_POWER = 2
REFUSED_FROM_POWER = 3
"""1,000 and more times history is held back, near a power of ten or not; 100 times could be a
start-up or a stop."""
BY_OWN = ("unit_suspected", "size_suspected")
BY_PEERS = ("unit_suspected_peers", "size_suspected_peers")
"""Codes where a unit explains the size, and where none does."""
OWN_ROWS = 4
"""So many rows of one enterprise and item make a history of their own."""


@dataclass(frozen=True)
class Groups:
    """Rows of one subject and item: a group per row, and a key text per group."""

    of_row: NDArray[np.int64]
    keys: pa.Array
    monthly: NDArray[np.float64]


def check(work: Work, stated: Stated, span: Days) -> None:
    """Report amounts of one rule whose size suggests another unit."""
    if not stated.rule.compare_history or stated.count is None or not stated.given.any():
        return
    at = np.flatnonzero(stated.given & (stated.count > 0))
    groups = _groups(work, stated, span, at)
    own = _own_medians(groups)
    said = _lookup(work.context.history, groups.keys)
    usual = np.where(np.isnan(said), own, said)[groups.of_row]
    _flag(work, stated, at, groups.monthly, usual, gentle=False)
    peers = _lookup(work.context.peers, groups.keys)[groups.of_row]
    silent = np.isnan(usual)
    _flag(work, stated, at, groups.monthly, np.where(silent, peers, np.nan), gentle=True)


def _groups(work: Work, stated: Stated, span: Days, at: NDArray[np.int64]) -> Groups:
    subject = work.sheet.package.subject
    assert subject is not None
    assert stated.count is not None
    coded = text_column(work, subject.column)
    pair = coded.codes[at] * len(stated.items) + stated.item_of[at]
    encoded = pc.dictionary_encode(pa.array(pair))
    distinct = encoded.dictionary.to_numpy(zero_copy_only=False)
    texts = pa.array([str(v) for v in coded.values]).take(pa.array(distinct // len(stated.items)))
    names = pa.array(stated.items).take(pa.array(distinct % len(stated.items)))
    keys = pc.binary_join_element_wise(texts, names, "\x1f")
    months = np.maximum((span.end[at] - span.start[at]).astype(np.int64) / 30.4375, 0.5)
    of_row = encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64)
    return Groups(of_row, keys, stated.count[at] / months)


def _own_medians(groups: Groups) -> NDArray[np.float64]:
    """The median month of each group with enough rows and a wide spread; NaN for the others.

    Within a narrow spread nothing can be a slip against the median, so nothing is sorted there.
    """
    result = np.full(len(groups.keys), np.nan)
    table = pa.table({"group": groups.of_row, "monthly": groups.monthly})
    spread = table.group_by("group").aggregate(
        [("monthly", "min"), ("monthly", "max"), ("monthly", "count")]
    )
    group, low, high, size = (
        spread[n].to_numpy() for n in ("group", "monthly_min", "monthly_max", "monthly_count")
    )
    wide = group[(size >= OWN_ROWS) & (high >= low * 10 ** (LEAST_POWER - TOLERANCE))]
    chosen = np.zeros(len(groups.keys), bool)
    chosen[wide] = True
    at = np.flatnonzero(chosen[groups.of_row])
    order = at[np.lexsort((groups.monthly[at], groups.of_row[at]))]
    place, first, count = np.unique(groups.of_row[order], return_index=True, return_counts=True)
    result[place] = groups.monthly[order[first + count // 2]] if len(order) else np.nan
    return result


def _lookup(known: pa.Table | None, keys: pa.Array) -> NDArray[np.float64]:
    """The typical month of each key in a relation (subject_value, item, typical), else NaN."""
    if known is None or not known.num_rows:
        return np.full(len(keys), np.nan)
    flat = known.combine_chunks()
    names = pc.binary_join_element_wise(flat["subject_value"], flat["item"], "\x1f")
    place = pc.index_in(keys, value_set=names)
    typical = flat["typical"].cast(pa.float64()).combine_chunks().take(place)
    return np.array(typical.to_numpy(zero_copy_only=False), np.float64)


def _flag(
    work: Work,
    stated: Stated,
    at: NDArray[np.int64],
    monthly: NDArray[np.float64],
    usual: NDArray[np.float64],
    *,
    gentle: bool,
) -> None:
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.log10(monthly / usual)
    power = np.round(logs)
    near = (np.abs(logs - power) <= TOLERANCE) & (np.abs(power) >= LEAST_POWER)
    hits = np.flatnonzero(np.isfinite(logs) & (near | (logs >= REFUSED_FROM_POWER)))
    for n in np.unique(power[hits]).astype(int).tolist():
        rows = hits[power[hits] == n]
        held = abs(n) >= REFUSED_FROM_POWER and not (gentle or work.context.accept_suspected)
        codes = BY_PEERS if gentle else BY_OWN
        _note(work, stated, at[rows], usual[rows], n, codes, ERROR if held else WARNING)


def _note(
    work: Work, stated: Stated, at: NDArray[np.int64], usual: NDArray[np.float64], power: int,
    codes: tuple[str, str], severity: str,
) -> None:  # fmt: skip
    """Both values, and the unit that would explain the size, where one does."""
    unit = work.coded[stated.rule.unit]
    for unit_code in np.unique(unit.codes[at]).tolist():
        for item_code in np.unique(stated.item_of[at]).tolist():
            chosen = (unit.codes[at] == unit_code) & (stated.item_of[at] == item_code)
            item, said = items()[stated.items[item_code]], unit.values[unit_code]
            assert isinstance(said, units.Unit)
            meant = _meant(said, power)
            work.note(
                codes[0 if meant else 1], severity, stated.rule.value, at[chosen],
                {"usual": _usual(usual[chosen], item, said)},
                power=power, unit=unit.texts[unit_code], item=item.name_zh, item_en=item.name_en,
                meant=meant,
            )  # fmt: skip


def _meant(said: units.Unit, power: int) -> str:
    """The unit that would make the quantity usual; "" where there is none."""
    wanted = said.factor / Fraction(10) ** power
    same = [u for u in units.units().values() if u.dimension == said.dimension]
    return next((u.unit for u in same if u.factor == wanted), "")


def _usual(counts: NDArray[np.float64], item: Item, said: units.Unit) -> pa.Array:
    """Usual months in the unit of the row, or in the item's where that is of another kind."""
    own = units.units()[item.unit]
    ratio = units.ratio(own, said)
    per = float((ratio or 1) / Fraction(10) ** item.scale)
    unit = own.unit if ratio is None else said.unit
    distinct, which = np.unique(counts, return_inverse=True)
    texts = [f"{_three_digits(v * per)} {unit}" for v in distinct.tolist()]
    return pa.array(texts, pa.string()).take(pa.array(which))


def _three_digits(value: float) -> str:
    """A positive figure with three significant digits, without an exponent."""
    decimals = 2 - math.floor(math.log10(value))
    return f"{round(value, decimals):,.{max(decimals, 0)}f}"
