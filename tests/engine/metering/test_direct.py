"""Months straight from readings are those of the days, whatever happened to the registers."""

from __future__ import annotations

import datetime as dt
import random
from pathlib import Path
from typing import Any

import pytest

from tanma.engine.metering import bucket, direct, months
from tanma.lake.known import Snapshot
from tanma.lake.settle import Settler
from tests.engine.metering.lake import Lake
from tests.engine.metering.meters import MIDNIGHT, QUARTER, Meters, one, registers, utc

SPAN = dt.date(2026, 9, 1), dt.date(2026, 10, 1)


def both(lake: Lake) -> tuple[list[Any], list[Any], int]:
    """The month by days and straight, and how many channels needed no days."""
    snapshot, known = Snapshot(lake.root), bucket.meters(lake.root)
    span = bucket.Span(*SPAN, snapshot.watermark)
    query = "SELECT subject, item, month, value FROM metered ORDER BY ALL"
    with bucket.connection() as con:
        bucket.derive(con, snapshot, known, span, checks=False)
        months.build(con)
        by_days = con.execute(query).fetchall()
    with bucket.connection() as con:
        direct.build(con, snapshot, known, span)
        whole = con.execute("SELECT count(*) FROM summed WHERE whole").fetchall()[0][0]
        return by_days, con.execute(query).fetchall(), whole


def settled(lake: Lake) -> Lake:
    Settler(lake.root).settle()
    return lake


def test_a_register_is_added_up_as_it_lies(tmp_path: Path) -> None:
    lake = Lake(tmp_path, one(multiplier="60"))
    lake.read(registers(1, MIDNIGHT - 4 * QUARTER, [n * 10 for n in range(110)]))
    expected, found, whole = both(settled(lake))
    assert (105 * 10 * 60 * 10, 1) == (found[0][3], whole)
    assert expected == found


def test_corrections_and_late_readings_stand_where_they_belong(tmp_path: Path) -> None:
    lake = Lake(tmp_path, one(digits=3))
    rows = registers(1, MIDNIGHT - 4 * QUARTER, [n * 17 % 1000 for n in range(200)])
    lake.read([r for n, r in enumerate(rows) if n not in (50, 51, 120)])
    lake.read([(1, rows[60][1], 999), (1, rows[61][1], 3)])
    settled(lake)
    lake.read([(1, rows[60][1], rows[60][2] + 1), rows[50], (1, rows[90][1], 7)])
    expected, found, whole = both(lake)
    assert expected == found
    assert 1 == whole
    assert expected == both(settled(lake))[1]


def test_an_interval_over_the_end_of_a_month_takes_its_days(tmp_path: Path) -> None:
    lake = Lake(tmp_path, one())
    lake.read([(1, utc("06-30 12:00"), 0), (1, utc("10-05 12:00"), 97 * 24)])
    expected, found, whole = both(settled(lake))
    assert (24 * 30 * 10, 0) == (found[0][3], whole)
    assert expected == found


def test_events_parents_and_other_kinds_take_their_days(tmp_path: Path) -> None:
    made = one()
    made.meter(2, 1, parent="M1")
    made.channel(2)
    made.meter(3, 1)
    made.channel(3, kind="interval", item="electricity.consumed")
    made.meter(4, 1)
    made.channel(4, item="electricity.consumed")
    made.tell(4, "channel.multiplier", "3", dt.date(2026, 9, 2))
    made.event(1, "exchange", MIDNIGHT + 10 * QUARTER, final=500, first=3)
    lake = Lake(tmp_path, made)
    for channel in (1, 2, 4):
        lake.read(registers(channel, MIDNIGHT - QUARTER, [n * 9 for n in range(120)]))
    lake.read([(3, MIDNIGHT + n * QUARTER, 7) for n in range(96)], QUARTER)
    expected, found, _ = both(settled(lake))
    assert 2 == len(expected)
    assert expected == found


def random_lake(root: Path, seed: int) -> Lake:
    """Registers with holes, corrections and rollovers, settled now and then."""
    draw = random.Random(seed)
    made = Meters()
    made.area(900, "33")
    made.enterprise(1, "3011", "33")
    for channel in (1, 2, 5000):
        made.meter(channel, 1)
        made.channel(channel, digits=4, zone=draw.choice(["Asia/Shanghai", "Europe/Berlin"]))
    lake = Lake(root, made)
    times = [MIDNIGHT + n * dt.timedelta(hours=5) for n in range(-30, 170)]
    for _ in range(6):
        rows = [
            (c, t + QUARTER * draw.choice([0, 0, 0, 1]), draw.randrange(9999))
            for c in (1, 2, 5000)
            for t in times
            if draw.randrange(5) == 0
        ]
        lake.read(rows)
        # moves the closed month into its own files, or leaves it in those of its days
        draw.choice([lambda: None, Settler(root).settle, Settler(root).night])()
    return lake


@pytest.mark.parametrize("seed", range(3))
def test_whatever_comes_the_months_are_those_of_the_days(tmp_path: Path, seed: int) -> None:
    expected, found, _ = both(random_lake(tmp_path, seed))
    assert expected == found
    assert 1 == len(expected)
