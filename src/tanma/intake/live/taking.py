"""Columns as a device said them, against a scope: readings, and a refusal for every other row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from tanma.domain.readings import INSTANT, KINDS, READING
from tanma.intake.live import counts as counting
from tanma.intake.live import times
from tanma.intake.live.refusals import Refusal, shown
from tanma.intake.live.scope import Scope

Column: TypeAlias = "pa.Array | list[Any]"
_INTERVAL = KINDS.index("interval")
_UNKNOWN, _TIME, _REACH, _END, _END_MISSING, _END_ORDER, _END_INSTANT, _REVISION = range(100, 108)
_CODES = counting.CODES | {
    _UNKNOWN: "reading_channel_unknown",
    _TIME: "reading_time_unknown",
    _REACH: "reading_time_reach",
    _END: "reading_end_unknown",
    _END_MISSING: "reading_end_missing",
    _END_ORDER: "reading_end_order",
    _END_INSTANT: "reading_end_instant",
    _REVISION: "reading_revision_wrong",
}


@dataclass(frozen=True)
class Said:
    """Columns of equal length as a device said them; `end` and `revision` may be left out.

    channel: number or point name. time: the start of an interval or the instant of a register,
    gauge or state; timestamp, integer ms since 1970 UTC, or RFC 3339 text. value: in the channel's
    unit; null withdraws. end: exclusive; missing: time + the channel's interval.
    """

    channel: Column
    time: Column
    value: Column
    end: Column | None = None
    revision: Column | None = None


@dataclass(frozen=True)
class Taken:
    """`table` in the columns of READING, in the order said; every other row is refused."""

    table: pa.Table
    refused: tuple[Refusal, ...]


def taken(said: Said, scope: Scope, index: NDArray[np.int64] | None = None) -> Taken:
    """Rows that the scope lets in, as counts. `index`: places of the rows in what was sent."""
    rows = len(said.channel)
    fault = np.zeros(rows, np.int64)
    place = _places(said.channel, scope)
    _mark(fault, place < 0, _UNKNOWN)
    start = times.instants(said.time)
    _mark(fault, start == times.NONE, _TIME)
    _mark(fault, ~times.in_reach(start), _REACH)
    place = np.maximum(place, 0)
    empty = len(scope) == 0
    scale = np.zeros(rows, np.int64) if empty else scope.scale[place]
    count, state = counting.counts(said.value, scale)
    end = start if empty else _ends(said, scope, place, start, fault)
    revision, wrong = _revisions(said.revision, rows)
    _mark(fault, wrong, _REVISION)
    _mark(fault, state > counting.MISSING, state)
    channel = np.zeros(rows, np.int64) if empty else scope.number[place]
    columns = [channel, start, end]
    table = _table(columns, count, state == counting.MISSING, revision)
    bad = np.flatnonzero(fault)
    if not len(bad):
        return Taken(table, ())
    refused = _refusals(said, scope, fault, bad, place, index)
    return Taken(table.filter(pa.array(fault == 0)), refused)


def _mark(fault: NDArray[np.int64], wrong: NDArray[np.bool_], code: int | NDArray[Any]) -> None:
    """The first fault of a row is the one that is told."""
    if wrong.any():  # hardly ever, and looking costs less than writing nothing
        np.copyto(fault, code, where=wrong & (fault == 0))


def _places(said: Column, scope: Scope) -> NDArray[np.int64]:
    if isinstance(said, list):
        try:
            if set(map(type, said)) == {int}:
                return scope.places_of_numbers(np.array(said, np.int64))
        except OverflowError:
            pass
        return scope.places_of(said)
    if pa.types.is_integer(said.type) and not said.null_count:
        numbers = np.asarray(said.to_numpy(zero_copy_only=False))
        if numbers.dtype != np.uint64:
            return scope.places_of_numbers(numbers.astype(np.int64))
    return scope.places_of(said.to_pylist())


def _ends(
    said: Said,
    scope: Scope,
    place: NDArray[np.int64],
    start: NDArray[np.int64],
    fault: NDArray[np.int64],
) -> NDArray[np.int64]:
    """Ends as said, or from the channel's interval; instants end when they start."""
    interval = scope.kind[place] == _INTERVAL
    length = np.where(interval, scope.interval_s[place] * 1_000_000, 0)
    usual = np.where(start == times.NONE, start, start + length)
    given = _given(said.end, len(start))
    if given is None:
        _mark(fault, interval & (length == 0), _END_MISSING)
        return usual
    named = times.instants(said.end) if said.end is not None else usual
    _mark(fault, given & ((named == times.NONE) | ~times.in_reach(named)), _END)
    _mark(fault, ~given & interval & (length == 0), _END_MISSING)
    _mark(fault, given & interval & (named <= start), _END_ORDER)
    _mark(fault, given & ~interval & (named != start), _END_INSTANT)
    return np.where(given, named, usual)


def _given(column: Column | None, rows: int) -> NDArray[np.bool_] | None:
    """Where a column says something; None when nowhere."""
    if column is None:
        return None
    if isinstance(column, list):
        given = np.array([v is not None for v in column], bool)
    else:
        given = np.asarray(column.is_valid().to_numpy(zero_copy_only=False))
    return given if given.any() else None


def _revisions(said: Column | None, rows: int) -> tuple[pa.Array, NDArray[np.bool_]]:
    """Revisions and where they are none: whole numbers of at least 0."""
    wrong = np.zeros(rows, bool)
    if said is None:
        return pa.nulls(rows, pa.int64()), wrong
    values = said if isinstance(said, list) else said.to_pylist()
    wrong = np.array([not _is_revision(v) for v in values], bool)
    kept = [None if w else v for v, w in zip(values, wrong, strict=True)] if wrong.any() else values
    return pa.array(kept, pa.int64()), wrong


def _is_revision(value: object) -> bool:
    return value is None or (type(value) is int and 0 <= value < 2**63)


def _table(
    columns: list[NDArray[np.int64]],
    count: NDArray[np.int64],
    withdrawn: NDArray[np.bool_],
    revision: pa.Array,
) -> pa.Table:
    channel, start, end = (pa.array(c) for c in columns)
    value = pa.array(count, mask=withdrawn) if withdrawn.any() else pa.array(count)
    arrays = [channel, start.view(INSTANT), end.view(INSTANT), value, revision]
    return pa.Table.from_arrays(arrays, schema=READING)


def _refusals(
    said: Said,
    scope: Scope,
    fault: NDArray[np.int64],
    bad: NDArray[np.int64],
    place: NDArray[np.int64],
    index: NDArray[np.int64] | None,
) -> tuple[Refusal, ...]:
    sent = bad if index is None else index[bad]
    picked = {
        "channel": _picked(said.channel, bad),
        "time": _picked(said.time, bad),
        "end": _picked(said.end, bad),
        "value": _picked(said.value, bad),
        "revision": _picked(said.revision, bad),
    }
    return tuple(
        Refusal(
            int(sent[n]),
            _CODES[int(fault[row])],
            _params(int(fault[row]), {k: v[n] for k, v in picked.items()}, scope, int(place[row])),
        )
        for n, row in enumerate(bad)
    )


def _picked(column: Column | None, rows: NDArray[np.int64]) -> list[Any]:
    if column is None:
        return [None] * len(rows)
    if isinstance(column, list):
        return [column[row] for row in rows]
    return [shown(v) for v in column.take(pa.array(rows)).to_pylist()]


def _params(fault: int, said: dict[str, Any], scope: Scope, place: int) -> dict[str, object]:
    """What a message about this row shows: what was said, and what the channel is."""
    params: dict[str, object] = {"channel": shown(said["channel"])}
    if fault in (_TIME, _REACH):
        params["time"] = shown(said["time"])
    elif fault in (_END, _END_ORDER, _END_INSTANT):
        params |= {"time": shown(said["time"]), "end": shown(said["end"])}
    elif fault == _REVISION:
        params["revision"] = shown(said["revision"])
    elif fault in counting.CODES:
        params |= {
            "value": shown(said["value"]),
            "unit": scope.unit[place],
            "resolution": f"{10.0 ** -int(scope.scale[place]):.{int(scope.scale[place])}f}",
        }
    return params
