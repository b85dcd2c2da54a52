"""Columns against a scope: what is taken, and why a row is not."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pyarrow as pa
import pytest

from tanma.domain.readings import READING
from tanma.intake.live import Said, Scope, taken

AT = "2026-09-01T00:00:00+08:00"
AT_UTC = dt.datetime(2026, 8, 31, 16, tzinfo=dt.UTC)
QUARTER = dt.timedelta(minutes=15)


def rows(done):
    return [tuple(row.values()) for row in done.table.to_pylist()]


def test_kinds_decide_the_end(scope):
    done = taken(Said([7, 12, 13, 14], [AT] * 4, [1.25, "0.5", 20.5, 3]), scope)
    assert () == done.refused
    assert READING == done.table.schema
    assert [
        (7, AT_UTC, AT_UTC, 125, None),
        (12, AT_UTC, AT_UTC + QUARTER, 500, None),
        (13, AT_UTC, AT_UTC, 205, None),
        (14, AT_UTC, AT_UTC, 3, None),
    ] == rows(done)


def test_ends_and_revisions_as_said(scope):
    later = "2026-09-01T01:00:00+08:00"
    said = Said([15, 12, 7], [AT] * 3, [4, None, 1], [later, None, AT], [2, 0, None])
    done = taken(said, scope)
    assert () == done.refused
    assert [
        (15, AT_UTC, AT_UTC + 4 * QUARTER, 4, 2),
        (12, AT_UTC, AT_UTC + QUARTER, None, 0),
        (7, AT_UTC, AT_UTC, 100, None),
    ] == rows(done)


@pytest.mark.parametrize(
    ("row", "code", "shown"),
    [
        ((8, AT, 1), "reading_channel_unknown", ["8", "3"]),
        (("no/such", AT, 1), "reading_channel_unknown", ["no/such"]),
        ((None, AT, 1), "reading_channel_unknown", ["None"]),
        ((7, "yesterday", 1), "reading_time_unknown", ["yesterday", "7"]),
        ((7, 1_788_192_000, 1), "reading_time_reach", ["1788192000"]),
        ((7, AT, 1, "x"), "reading_end_unknown", ["x", AT]),
        ((15, AT, 1), "reading_end_missing", ["15"]),
        ((12, AT, 1, AT), "reading_end_order", [AT]),
        ((7, AT, 1, "2026-09-01T00:15:00+08:00"), "reading_end_instant", [AT, "00:15"]),
        ((7, AT, 1, None, -1), "reading_revision_wrong", ["-1"]),
        ((7, AT, 1, None, 1.5), "reading_revision_wrong", ["1.5"]),
        ((7, AT, "1,2,3"), "reading_value_not_number", ["1,2,3", "kWh"]),
        ((7, AT, 1.255), "reading_value_too_fine", ["1.255", "kWh", "0.01"]),
        ((7, AT, 1e15), "reading_value_too_coarse", ["1000000000000000", "0.01"]),
        ((7, AT, 2**60), "reading_value_too_large", [str(2**60), "0.01"]),
    ],
)
def test_a_row_is_refused_with_its_reason_and_the_others_are_taken(scope, row, code, shown):
    channel, time, value, end, revision = (*row, None, None)[:5]
    said = Said(
        [14, 13, channel, 7], [AT, AT, time, AT], [1, 20.5, value, 2],
        [None, None, end, None], [None, None, revision, None],
    )  # fmt: skip
    done = taken(said, scope)
    assert [14, 13, 7] == done.table["channel"].to_pylist()
    (refusal,) = done.refused
    assert (2, code) == (refusal.index, refusal.code)
    for lang in ("zh", "en"):
        assert all(part in refusal.text(lang) for part in shown)
        assert "3" in refusal.text(lang)
    assert {"index", "code", "zh", "en"} == set(refusal.as_json())


def test_the_first_fault_of_a_row_is_told(scope):
    done = taken(Said([8, 7], ["x", "x"], ["y", "y"]), scope)
    assert ["reading_channel_unknown", "reading_time_unknown"] == [r.code for r in done.refused]
    assert 0 == done.table.num_rows


def test_places_in_what_was_sent(scope):
    done = taken(Said([8, 7, 9], [AT] * 3, [1] * 3), scope, np.array([4, 6, 9]))
    assert [4, 9] == [r.index for r in done.refused]


def test_arrow_columns_say_the_same_as_lists(scope):
    said = Said([7, 12, 99], [AT] * 3, [1.25, None, 1.0], [None] * 3, [1, 2, 3])
    arrow = Said(
        pa.array([7, 12, 99], pa.uint32()),
        pa.array([AT_UTC] * 3, pa.timestamp("ms", "UTC")),
        pa.array([1.25, None, 1.0], pa.float32()),
        pa.nulls(3, pa.timestamp("us", "UTC")),
        pa.array([1, 2, 3], pa.int16()),
    )
    assert taken(said, scope).table.equals(taken(arrow, scope).table)
    named = Said(pa.array(["main/energy", "main/quarter", "x"]), arrow.time, arrow.value, None,
                 arrow.revision)  # fmt: skip
    assert taken(said, scope).table.equals(taken(named, scope).table)


def test_an_empty_scope_takes_nothing():
    done = taken(Said([7, 8], [AT] * 2, [1, "x"]), Scope.of("g", []))
    assert 0 == done.table.num_rows
    assert {"reading_channel_unknown"} == {r.code for r in done.refused}


def test_no_rows(scope):
    assert (0, ()) == ((done := taken(Said([], [], []), scope)).table.num_rows, done.refused)


def test_a_long_value_is_shown_short(scope):
    (refusal,) = taken(Said([7], [AT], ["9" * 500 + "x"]), scope).refused
    assert len(refusal.text("en")) < 300
    assert "…" in refusal.text("zh")
