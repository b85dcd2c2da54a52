"""A damaged file of readings costs the days that it could touch, and these until it is back."""

from __future__ import annotations

import datetime as dt
import random
from pathlib import Path

import duckdb
import pytest

from tanma.domain.messages import Problem
from tanma.engine.metering import refresh as module
from tanma.engine.metering.refresh import Refreshed, refresh
from tanma.engine.metering.run import run
from tanma.lake import held, tables
from tanma.lake.check import check, set_aside
from tanma.lake.delta import Stored
from tanma.lake.derived import ActivityDays
from tanma.lake.settle import Settler
from tests.engine.metering.lake import Lake, content
from tests.engine.metering.meters import MIDNIGHT, QUARTER, Meters, registers

DAY = dt.timedelta(days=1)
FAR = 5000
"""A channel of another bucket."""
LENGTH = 6
COUNTS = [n * 10 for n in range(LENGTH * 96 + 1)]


def meters() -> Meters:
    made = Meters()
    for number in (1, FAR):
        made.meter(number, 1)
        made.channel(number)
        made.own(number, "freeze_count", "1000")
    return made


def settle(lake: Lake) -> None:
    Settler(lake.root, lambda: lake.at).settle()


def filled(root: Path) -> Lake:
    """Six days of a register in either of two buckets, settled and derived."""
    lake = Lake(root, meters())
    for number in (1, FAR):
        lake.read(registers(number, MIDNIGHT, COUNTS))
    settle(lake)
    refresh(lake.root)
    return lake


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return filled(tmp_path)


def damage(file: Stored) -> bytes:
    path = Path(file.uri)
    whole = path.read_bytes()
    path.write_bytes(b"PAR1 no more PAR1")
    return whole


def tail(lake: Lake, day: str, bucket: int = 0) -> Stored:
    [file] = [
        f for f in tables.tail(lake.root).files()
        if (f"{f.partition['day']:%m-%d}", f.partition["bucket"]) == (day, bucket)
    ]  # fmt: skip
    return file


def late(lake: Lake) -> None:
    """Three counts more at noon of the third day, and a quarter-hour more at the end, for both."""
    for number in (1, FAR):
        noon = 2 * 96 + 48
        lake.read([(number, MIDNIGHT + noon * QUARTER, COUNTS[noon] + 3)], revision=1)
        lake.read([(number, MIDNIGHT + LENGTH * DAY + QUARTER, COUNTS[-1] + 10)])


def test_one_damaged_file_costs_its_own_days_alone(lake: Lake) -> None:
    file = tail(lake, "09-03")
    damage(file)
    late(lake)
    done = refresh(lake.root)
    # the UTC day touches two local days; the other bucket and the other days are current
    assert ([file.name], 2) == ([one.file for one in done.held], done.held_days)
    assert done.held == done.found
    days = lake.days()
    assert (10_000, 10_000) == (days[1, "09-07"], days[FAR, "09-07"])
    assert [(FAR, "09-03", 960_000, 960_000, "correction")] == lake.restated()
    assert "day=2026-09-03, bucket=0" in done.held[0].problem.text("zh")
    again = refresh(lake.root)
    assert (0, [file.name], 2, ()) == (
        again.changed, [one.file for one in again.held], again.held_days, again.found,
    )  # fmt: skip


def test_a_file_that_is_back_brings_its_days_up(lake: Lake, tmp_path: Path) -> None:
    file = tail(lake, "09-03")
    whole = damage(file)
    late(lake)
    refresh(lake.root)
    Path(file.uri).write_bytes(whole)
    done = refresh(lake.root)
    assert ((), 0) == (done.held, done.held_days)
    assert [1, FAR] == [c for c, day, *_ in lake.restated() if day == "09-03"]
    other = filled(tmp_path / "whole")
    late(other)
    refresh(other.root)
    assert content(other) == content(lake)
    assert ([], 0) == held.noted(lake.root)
    assert 0 == refresh(lake.root).dirty


def test_set_aside_the_days_are_derived_from_what_is_left_and_from_what_comes_again(
    lake: Lake, tmp_path: Path
) -> None:
    file = tail(lake, "09-03")
    damage(file)
    late(lake)
    refresh(lake.root)
    assert 1 == set_aside(lake.root, check(lake.root).damages)
    done = refresh(lake.root)
    assert () == done.held
    # eight of its hours lie in the file of the UTC day before
    assert (32, 96) == (lake.days("n")[1, "09-03"], lake.days("n")[FAR, "09-03"])
    assert 960_000 == lake.days()[FAR, "09-03"]
    lake.read(registers(1, MIDNIGHT, COUNTS))  # the gateway sends all again
    refresh(lake.root)
    other = filled(tmp_path / "whole")
    late(other)
    refresh(other.root)
    assert content(other) == content(lake)


def test_what_lies_in_the_landing_costs_the_span_of_its_readings(lake: Lake) -> None:
    lake.read([(1, MIDNIGHT + LENGTH * DAY + QUARTER, COUNTS[-1] + 10)])
    [file] = [f for f in tables.landing(lake.root).files()]
    damage(file)
    lake.read([(FAR, MIDNIGHT + LENGTH * DAY + QUARTER, COUNTS[-1] + 10)])
    lake.read([(1, MIDNIGHT + 48 * QUARTER, COUNTS[48] + 3)], revision=1)
    done = refresh(lake.root)
    assert [file.name] == [one.file for one in done.held]
    assert (FAR, "09-07") in lake.days()
    assert (1, "09-07") not in lake.days()
    assert [(1, "09-01")] == [(c, day) for c, day, *_ in lake.restated()]


def test_damage_that_only_a_check_sees_is_gone_around_too(lake: Lake) -> None:
    file = tail(lake, "09-03")
    whole = damage(file)
    assert 0 == refresh(lake.root).dirty  # nothing new: nobody reads the file
    check(lake.root)
    assert [file.name] == [one.file for one in refresh(lake.root).held]
    Path(file.uri).write_bytes(whole)
    done = refresh(lake.root)
    assert (2, 0, 0) == (done.dirty, done.changed, done.restated)
    assert ([], 0) == held.noted(lake.root)


def test_a_meter_computed_from_a_held_one_waits_with_it(tmp_path: Path) -> None:
    made = Meters()
    made.meter(1, 1)
    made.channel(1, item="steam.mass", unit="t", scale=3, kind="register")
    made.channel(2, 1, item="state.pressure", unit="MPa", scale=3, kind="gauge")
    made.channel(FAR, 1, item="state.temperature", unit="°C", scale=1, kind="gauge")
    made.meter(9, 1, formula="steam_heat([M1], [M1], [M1])")
    made.channel(9, item="heat.purchased", unit="GJ", scale=3, kind="interval")
    lake = Lake(tmp_path, made)
    lake.read(registers(1, MIDNIGHT, [n * 100 for n in range(3 * 96 + 1)]))
    lake.read(registers(2, MIDNIGHT, [1000] * (3 * 96 + 1)))
    lake.read(registers(FAR, MIDNIGHT, [2500] * (3 * 96 + 1)))
    settle(lake)
    refresh(lake.root)
    before = lake.days()
    assert before[9, "09-02"] > 0
    file = tail(lake, "09-02", FAR // 4096)
    whole = damage(file)
    lake.read([(1, MIDNIGHT + DAY + 48 * QUARTER, (96 + 48) * 100 + 50)], revision=1)
    lake.read([(1, MIDNIGHT + 12 * QUARTER, 12 * 100 + 50)], revision=1)
    done = refresh(lake.root)
    assert [file.name] == [one.file for one in done.held]
    assert {9, FAR} == {c for c, day in before if day == "09-02"} - {1, 2}
    assert before[9, "09-02"] == lake.days()[9, "09-02"]  # its temperature is not known now
    Path(file.uri).write_bytes(whole)
    refresh(lake.root)
    assert content(lake) == content_of_a_run(lake, tmp_path)


def content_of_a_run(lake: Lake, at: Path) -> list[dict]:
    """What a whole run makes of the same readings, published over what stands."""
    now = content(lake)
    run(lake.root)
    assert now
    return content(lake)


def kill(monkeypatch: pytest.MonkeyPatch, lake: Lake) -> None:
    """Die between the restatements and the days."""

    def killed(*_: object, **__: object) -> int:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(module.ActivityDays, "put", killed)
        with pytest.raises(KeyboardInterrupt):
            refresh(lake.root)


def test_killed_while_a_file_is_held_it_goes_on_as_it_began(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tail(lake, "09-03")
    whole = damage(file)
    late(lake)
    kill(monkeypatch, lake)
    Path(file.uri).write_bytes(whole)  # back already: its days were not told in what was begun
    assert [file.name] == [one.file for one in refresh(lake.root).held]
    assert [FAR] == [c for c, day, *_ in lake.restated() if day == "09-03"]
    assert () == refresh(lake.root).held
    assert [1, FAR] == [c for c, day, *_ in lake.restated() if day == "09-03"]
    assert 0 == refresh(lake.root).dirty


def test_killed_while_a_file_is_taken_in_again_it_tells_nothing_twice(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tail(lake, "09-03")
    whole = damage(file)
    late(lake)
    refresh(lake.root)
    Path(file.uri).write_bytes(whole)
    kill(monkeypatch, lake)
    assert () == refresh(lake.root).held
    assert [1, FAR] == [c for c, day, *_ in lake.restated() if day == "09-03"]
    assert ([], 0) == held.noted(lake.root)


def test_damage_between_restatements_and_days_waits_for_somebody(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    late(lake)
    kill(monkeypatch, lake)
    file = tail(lake, "09-03")
    whole = damage(file)
    for _ in range(2):  # its days were told: leaving them out would tell them twice
        with pytest.raises(Problem) as problem:
            refresh(lake.root)
        assert "lake_damaged_readings" == problem.value.code
    Path(file.uri).write_bytes(whole)
    refresh(lake.root)
    refresh(lake.root)
    assert [1, FAR] == [c for c, day, *_ in lake.restated() if day == "09-03"]


def test_a_file_that_all_need_stops_all_and_is_named(lake: Lake) -> None:
    file = ActivityDays(lake.root).table.files()[-1]
    damage(file)
    late(lake)
    with pytest.raises(Problem) as problem:
        refresh(lake.root)
    assert "lake_damaged_derived" == problem.value.code
    assert file.uri in problem.value.text("en")


def test_an_error_that_is_no_damage_stays_what_it_is(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise duckdb.IOException("No space left on device")

    monkeypatch.setattr(module, "_derive", full)
    late(lake)
    with pytest.raises(duckdb.IOException, match="No space"):
        refresh(lake.root)


def test_whatever_is_damaged_when_it_ends_as_a_whole_run_does(tmp_path: Path) -> None:
    chance = random.Random(5)
    for trial in range(2):
        lake = filled(tmp_path / str(trial))
        away: dict[Path, bytes] = {}
        for _ in range(5):
            number, place = chance.choice([1, FAR]), chance.randrange(1, LENGTH * 96)
            count = COUNTS[place] + chance.randrange(9)
            lake.read([(number, MIDNIGHT + place * QUARTER, count)], revision=chance.randrange(9))
            files = [*tables.tail(lake.root).files(), *tables.landing(lake.root).files()]
            if chance.random() < 0.7:
                file = chance.choice(files)
                away.setdefault(Path(file.uri), Path(file.uri).read_bytes())
                damage(file)
            done: Refreshed = refresh(lake.root)
            assert {Path(one.uri) for one in done.held} <= set(away)
            if away and chance.random() < 0.5:
                path, whole = away.popitem()
                path.write_bytes(whole)
        for path, whole in away.items():
            path.write_bytes(whole)
        refresh(lake.root)
        refresh(lake.root)
        assert ([], 0) == held.noted(lake.root)
        assert content(lake) == content_of_a_run(lake, tmp_path)
