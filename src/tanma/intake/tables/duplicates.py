"""The same key twice in one sheet: equal rows count once, different ones are both refused."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from tanma.intake.tables.columns import Coded, Work, encode
from tanma.intake.tables.report import ERROR


def keys(work: Work) -> NDArray[np.int64]:
    """A number per row that is equal when all key columns mean the same."""
    combined = np.zeros(len(work.sheet.rows), np.int64)
    for name in work.sheet.package.key:
        codes = _codes(work, name)
        # Densified at each step, so that the product cannot leave 64 bits.
        combined = dense(combined * (int(codes.max(initial=0)) + 1) + codes)
    return combined


def _codes(work: Work, name: str) -> NDArray[np.int64]:
    if name in work.coded:
        return work.coded[name].same()
    codes, texts = encode(work.sheet.column(name))
    return Coded(codes, texts, list(texts)).same()


def dense(codes: NDArray[np.int64]) -> NDArray[np.int64]:
    indices = pc.dictionary_encode(pa.array(codes)).indices
    return np.array(indices.to_numpy(zero_copy_only=False), np.int64)


def check(
    work: Work, content: list[NDArray[np.int64]], live: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Which rows repeat an earlier equal one; rows that contradict each other are reported."""
    key = keys(work)
    repeated = np.zeros(len(key), bool)
    shared = np.bincount(key[live], minlength=int(key.max(initial=0)) + 1) > 1
    at = np.flatnonzero(live & shared[key])
    if not len(at):
        return repeated
    order = at[np.argsort(key[at], kind="stable")]
    starts = np.concatenate([[True], key[order][1:] != key[order][:-1]])
    group = np.cumsum(starts) - 1
    first = order[starts][group]
    differs = np.any([c[order] != c[first] for c in content], axis=0) if content else starts & False
    torn = np.zeros(int(group.max()) + 1, bool)
    torn[group[differs]] = True
    repeated[order[~starts & ~torn[group]]] = True
    _report(work, order, group, torn, _other(order, first, group, differs))
    return repeated


def _report(
    work: Work,
    order: NDArray[np.int64],
    group: NDArray[np.int64],
    torn: NDArray[np.bool_],
    contradicted: NDArray[np.int64],
) -> None:
    package = work.sheet.package
    titles = "+".join(work.sheet.title(n) for n in package.key if work.sheet.has(n))
    bad = torn[group]
    if not bad.any():
        return
    at = order[bad]
    other_at = contradicted[bad]
    values = work.cells(package.key[0], at)
    told = (values.to_pylist(), work.sheet.rows[other_at].tolist(),
            _differences(work, at, other_at).to_pylist())  # fmt: skip
    params: list[dict[str, object]] = [
        {"key": titles, "text": text, "other": int(other), "differs": differs}
        for text, other, differs in zip(*told, strict=True)
    ]
    work.report.add("key_conflict", ERROR, titles, at, values, params, np.arange(len(at)))


def _other(
    order: NDArray[np.int64], first: NDArray[np.int64], group: NDArray[np.int64],
    differs: NDArray[np.bool_],
) -> NDArray[np.int64]:  # fmt: skip
    """The row each one contradicts: the first of its key, or for those like it the first other."""
    others = np.flatnonzero(differs)[::-1]  # backwards, so that the first one stays
    odd = np.zeros(int(group.max()) + 1, np.int64)
    odd[group[others]] = order[others]
    return np.where(differs, first, odd[group])


def _differences(work: Work, at: NDArray[np.int64], other: NDArray[np.int64]) -> pa.Array:
    """Both values of every column in which two rows differ: 数量 3 ≠ 4."""
    named = [n for n in work.sheet.package.columns if n not in work.sheet.package.key]
    parts = []
    for name in filter(work.sheet.has, named):
        mine, theirs = (pc.fill_null(work.cells(name, rows), "") for rows in (at, other))
        told = pc.binary_join_element_wise(work.sheet.title(name), mine, "≠", theirs, " ")
        parts.append(pc.if_else(pc.equal(mine, theirs), pa.scalar(None, pa.string()), told))
    same = pa.nulls(len(at), pa.string())  # also where a table has no column beside its key
    return pc.binary_join_element_wise(same, *parts, "; ", null_handling="skip")
