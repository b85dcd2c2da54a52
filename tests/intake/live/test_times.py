"""Times as devices say them, and what says none."""

from __future__ import annotations

import datetime as dt

import pyarrow as pa
import pytest

from tanma.intake.live.times import EARLIEST_US, LATEST_US, NONE, in_reach, instants

NOON_US = 1_788_235_200_000_000
NOON = dt.datetime(2026, 9, 1, 4, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (NOON_US // 1000, NOON_US),
        ("2026-09-01T04:00:00Z", NOON_US),
        ("2026-09-01T12:00:00+08:00", NOON_US),
        ("2026-09-01 12:00:00+08:00", NOON_US),
        ("2026-09-01t04:00:00z", NOON_US),
        ("2026-09-01T04:00Z", NOON_US),
        ("2026-09-01T04:00:00.000001Z", NOON_US + 1),
        ("2026-09-01T04:00:00", NONE),
        ("2026-09-01", NONE),
        ("20260901", NONE),
        ("noon", NONE),
        ("", NONE),
        (None, NONE),
        (True, NONE),
        (1.5, NONE),
    ],
)
def test_one_time_in_a_list(said, expected):
    assert [expected] == instants([said]).tolist()
    assert [expected, NOON_US] == instants([said, "2026-09-01T04:00:00Z"]).tolist()


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        (pa.timestamp("ms", "UTC"), NOON, NOON_US),
        (pa.timestamp("us", "Asia/Shanghai"), NOON, NOON_US),
        (pa.timestamp("ns"), NOON.replace(tzinfo=None), NOON_US),
        (pa.int64(), NOON_US // 1000, NOON_US),
        (pa.string(), "2026-09-01T12:00:00+08:00", NOON_US),
        (pa.float64(), 1.0, NONE),
        (pa.timestamp("us", "UTC"), None, NONE),
        (pa.int64(), None, NONE),
        (pa.string(), None, NONE),
    ],
)
def test_one_time_in_a_column(kind, value, expected):
    assert [expected] == instants(pa.array([value], kind)).tolist()


def test_what_a_meter_of_this_century_can_have_said():
    zone = [EARLIEST_US - 1, EARLIEST_US, LATEST_US - 1, LATEST_US, NONE]
    assert [False, True, True, False, False] == in_reach(pa.array(zone).to_numpy()).tolist()


@pytest.mark.parametrize("ms", [2**62, -(2**62), 2**70, 10**16])
def test_huge_numbers_do_not_wrap_into_reach(ms):
    assert not in_reach(instants([ms])).any()
    if ms < 2**63:
        assert not in_reach(instants(pa.array([ms]))).any()
