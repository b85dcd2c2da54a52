"""A declared total against its parts: value added by the income approach, never filled in here.

What is stated stays as stated; the engine takes the declared value or the sum and says which.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from tanma.domain.items import items
from tanma.domain.numbers import decimal_text
from tanma.intake.tables.columns import Work
from tanma.intake.tables.facts import Stated
from tanma.intake.tables.packages import Balance
from tanma.intake.tables.report import WARNING

TOLERANCE_PERCENT = 1
"""Parts are rounded to the unit they are declared in, so a sum may be off by a little."""


def check(work: Work, stated: list[Stated]) -> None:
    """Warn of totals that differ from their parts, of parts that lack, of a sum not above 0."""
    by_cell = {one.rule.cell: one for one in stated}
    for balance in work.sheet.package.balances:
        _check_one(work, balance, by_cell)


def _check_one(work: Work, balance: Balance, by_cell: dict[str, Stated]) -> None:
    n = len(work.sheet.rows)
    parts = [by_cell[p] for p in balance.parts if p in by_cell]
    if not parts:
        return
    given = np.array([p.given for p in parts])
    counts = [_count(p) for p in parts]
    whole = given.all(axis=0) & (len(parts) == len(balance.parts))
    total = by_cell.get(balance.total)
    declared = total.given if total else np.zeros(n, bool)
    _note_incomplete(work, balance, given.any(axis=0) & ~whole & ~declared)
    sums: NDArray[np.int64] = np.sum(counts, axis=0)
    _note_sum(work, balance, parts[0], sums, np.flatnonzero(whole & ~declared & (sums <= 0)))
    said = np.where(declared, _count(total), sums) if total else sums
    _check_ceiling(work, balance, by_cell, said, declared | whole)
    if total:
        off = np.abs(sums - _count(total)) > np.abs(_count(total)) // 100 * TOLERANCE_PERCENT
        _note_differs(work, balance, total, sums, np.flatnonzero(whole & declared & off))


def _check_ceiling(
    work: Work, balance: Balance, by_cell: dict[str, Stated], said: NDArray[np.int64],
    known: NDArray[np.bool_],
) -> None:  # fmt: skip
    """Warn of a whole above what it is a part of; the row is kept."""
    top = by_cell.get(balance.ceiling)
    if top is None:
        return
    column = balance.total if work.sheet.has(balance.total) else balance.parts[0]
    at = np.flatnonzero(known & top.given & (said > _count(top)))
    texts = [_text(top, count) for count in said[at].tolist()]
    cases: list[dict[str, object]] = [
        {"field": work.sheet.title(balance.ceiling), "text": text, "unit": _item_unit(top),
         "ceiling": _text(top, count)}
        for text, count in zip(texts, _count(top)[at].tolist(), strict=True)
    ]  # fmt: skip
    values, which = pa.array(texts, pa.string()), np.arange(len(at))
    work.report.add(
        "total_above_ceiling", WARNING, work.sheet.title(column), at, values, cases, which
    )


def _count(stated: Stated) -> NDArray[np.int64]:
    assert stated.count is not None
    return np.where(stated.given, stated.count, 0)


def _titles(work: Work, balance: Balance) -> str:
    return "、".join(work.sheet.title(p) for p in balance.parts)


def _note_incomplete(work: Work, balance: Balance, mask: NDArray[np.bool_]) -> None:
    first = next(p for p in balance.parts if work.sheet.has(p))
    work.note(
        "parts_incomplete", WARNING, first, np.flatnonzero(mask), parts=_titles(work, balance)
    )


def _note_sum(
    work: Work, balance: Balance, part: Stated, sums: NDArray[np.int64], at: NDArray[np.int64]
) -> None:
    texts = [_text(part, count) for count in sums[at].tolist()]
    cases: list[dict[str, object]] = [
        {"field": _titles(work, balance), "text": text, "unit": _item_unit(part)} for text in texts
    ]
    title = work.sheet.title(part.rule.cell)
    values = pa.array(texts, pa.string())
    work.report.add("parts_not_positive", WARNING, title, at, values, cases, np.arange(len(at)))


def _note_differs(
    work: Work, balance: Balance, total: Stated, sums: NDArray[np.int64], at: NDArray[np.int64]
) -> None:
    title = work.sheet.title(balance.total)
    declared = [_text(total, count) for count in _count(total)[at].tolist()]
    cases: list[dict[str, object]] = [
        {"field": title, "text": text, "sum": _text(total, count), "unit": _item_unit(total)}
        for text, count in zip(declared, sums[at].tolist(), strict=True)
    ]
    values = work.cells(balance.total, at)
    work.report.add("parts_differ", WARNING, title, at, values, cases, np.arange(len(at)))


def _text(stated: Stated, count: int) -> str:
    return decimal_text(count, items()[stated.items[0]].scale)


def _item_unit(stated: Stated) -> str:
    return items()[stated.items[0]].unit
