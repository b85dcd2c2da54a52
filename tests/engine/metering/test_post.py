"""Closed months become facts with the source `meter`, and meet declared ones in order."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from tanma.domain.facts import INPUT
from tanma.engine import activity
from tanma.engine.metering.bucket import connection
from tanma.engine.metering.post import EVIDENCE, Posted, of_lake
from tanma.engine.metering.refresh import refresh
from tests.engine.metering.lake import Lake
from tests.engine.metering.meters import MIDNIGHT, POWER, QUARTER, one, registers

SEPTEMBER = dt.date(2026, 9, 1)


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    made = Lake(tmp_path, one())
    made.read(registers(1, MIDNIGHT, [n * 11 for n in range(30 * 96 + 1)]))
    refresh(made.root)
    return made


def append(lake: Lake, posted: Posted) -> None:
    for row in posted.facts.to_pylist():
        lake.meters._add(row.pop("subject"), row.pop("item"), **{
            k: v for k, v in row.items() if k != "corrects"
        })  # fmt: skip
    lake.sync()


def rows(posted: Posted) -> list[dict[str, Any]]:
    return posted.facts.to_pylist()


def test_a_whole_closed_month_is_posted_once(lake: Lake) -> None:
    posted = of_lake(lake.root)
    (fact,) = rows(posted)
    assert INPUT == posted.facts.schema
    assert (1, POWER, "meter", "amount") == (
        fact["subject"], fact["item"], fact["source"], fact["kind"],
    )  # fmt: skip
    assert (SEPTEMBER, dt.date(2026, 10, 1)) == (fact["valid_from"], fact["valid_to"])
    assert (30 * 96 * 110, "316.8 kWh") == (fact["value"], fact["reported"])
    assert f"{EVIDENCE}{lake.readings.watermark}" == fact["evidence"]
    append(lake, posted)
    assert [] == rows(of_lake(lake.root))


def test_a_correction_is_a_newer_version_and_so_is_the_way_back(lake: Lake) -> None:
    append(lake, of_lake(lake.root))
    before = lake.readings.watermark
    last = MIDNIGHT + 30 * 96 * QUARTER
    for value, expected in ((31_681, 316_810), (31_680, 316_800)):
        lake.read([(1, last, value)], revision=value % 10 or 2)
        refresh(lake.root)
        (fact,) = rows(posted := of_lake(lake.root))
        assert expected == fact["value"]
        assert fact["revision"] > before
        append(lake, posted)


def test_a_month_that_is_not_known_wholly_is_held_back(tmp_path: Path) -> None:
    lake = Lake(tmp_path, one(kind="interval"))
    lake.read([(1, MIDNIGHT + n * QUARTER, 5) for n in range(30 * 96) if n != 7], QUARTER)
    refresh(lake.root)
    posted = of_lake(lake.root)
    assert [] == rows(posted)
    assert [900] == [r["expected_s"] - r["covered_s"] for r in posted.held_back.to_pylist()]
    (allowed,) = rows(of_lake(lake.root, least_percent=99))
    assert allowed["evidence"].endswith(";covered_s=2591100/2592000")


def test_an_open_month_is_not_posted(tmp_path: Path) -> None:
    lake = Lake(tmp_path, one())
    lake.at = int(dt.datetime(2026, 10, 2, tzinfo=dt.UTC).timestamp() * 1e6)
    lake.read(registers(1, MIDNIGHT, [n * 11 for n in range(30 * 96 + 1)]))
    refresh(lake.root)
    assert [] == rows(of_lake(lake.root))


def test_what_no_longer_holds_is_withdrawn(lake: Lake) -> None:
    append(lake, of_lake(lake.root))
    lake.read([(1, MIDNIGHT + 30 * 96 * QUARTER, None)])  # type: ignore[list-item]
    refresh(lake.root)
    (fact,) = rows(of_lake(lake.root))
    assert (None, None) == (fact["value"], fact["text"])


def test_the_meter_is_preferred_to_the_declaration_and_both_stay_visible(lake: Lake) -> None:
    lake.meters.say(1, POWER, "2026-09", 999, source="declared")
    lake.meters.say(1, POWER, "2026-08", 777, source="declared")
    append(lake, of_lake(lake.root))
    with connection() as con:
        con.register("known", lake.meters.table())
        activity.build(con, [POWER])
        chosen = con.execute("SELECT month, value, source FROM activity_said ORDER BY 1").fetchall()
        rivals = con.execute("SELECT value, source FROM activity_rivals").fetchall()
    assert [(777, "declared"), (316_800, "meter")] == [row[1:] for row in chosen]
    assert [(999, "declared")] == rivals


def test_an_empty_lake_posts_nothing(tmp_path: Path) -> None:
    posted = of_lake(Lake(tmp_path, one()).root)
    assert ([], 0) == (rows(posted), posted.held_back.num_rows)
    assert isinstance(posted.facts, pa.Table)


def test_what_a_declared_method_put_there_stands_beside_the_posted_amount(tmp_path: Path) -> None:
    meters = one(kind="interval", rated="10")
    meters.own(1, "substitution", "slot")
    lake = Lake(tmp_path, meters)
    profile = json.dumps({"limit": [9999] * 48, "median": [40] * 48})
    meters.tell(1, "channel.profile", profile, dt.date(2026, 8, 1))
    lake.sync()
    lake.read([(1, MIDNIGHT + n * QUARTER, 900 if n == 7 else 10) for n in range(30 * 96)], QUARTER)
    refresh(lake.root)
    (fact,) = rows(of_lake(lake.root))
    # one interval of 9 kWh, 36 kW against a rated 10, counts the median of its hour: 0.1 kWh
    assert "288 kWh" == fact["reported"]
    assert fact["evidence"].endswith(";substituted=100/288000")
