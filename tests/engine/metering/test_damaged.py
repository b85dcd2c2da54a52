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
from tanma.lake.derived import ActivityDays, Validated
from tanma.lake.facts import FactsMirror
from tanma.lake.settle import Settler
from tests.engine.metering.lake import Lake, content
from tests.engine.metering.meters import MIDNIGHT, QUARTER, Meters, registers
from tests.lake.killed import trials

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
    [file] = FactsMirror(lake.root).table.files()
    damage(file)
    late(lake)
    with pytest.raises(Problem) as problem:
        refresh(lake.root)
    assert "lake_damaged_facts" == problem.value.code
    assert file.uri in problem.value.text("en")


def test_settling_hides_no_file_that_is_held(lake: Lake, tmp_path: Path) -> None:
    late(lake)
    [first, *_] = tables.landing(lake.root).files()
    whole = damage(first)
    settle(lake)
    refresh(lake.root)
    settle(lake)
    done = refresh(lake.root)
    assert [first.name] == [one.file for one in done.held]
    assert (0, True) == (done.changed, done.held_days > 0)
    Path(first.uri).write_bytes(whole)
    done = refresh(lake.root)  # settles it itself
    assert ((), True) == (done.held, done.changed > 0)
    assert [] == tables.landing(lake.root).files()
    assert ([], 0) == held.noted(lake.root)
    other = filled(tmp_path / "whole")
    late(other)
    refresh(other.root)
    assert content(other) == content(lake)


def test_a_file_that_settling_leaves_out_in_between_is_held(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Settling may note and pass by a file after the refresh has looked: what it lacks waits."""
    lake.read([(1, MIDNIGHT + 48 * QUARTER, COUNTS[48] + 3)], revision=1)
    [file] = tables.landing(lake.root).files()
    real = held.look

    def looked(root: Path) -> list[held.Held]:
        seen = real(root)
        damage(file)
        settle(lake)
        return seen

    monkeypatch.setattr(held, "look", looked)
    done = refresh(lake.root)
    assert [file.name] == [one.file for one in done.held]
    assert [] == lake.restated()


@pytest.mark.parametrize("which", [0, -1])
def test_days_of_a_damaged_file_are_derived_again(lake: Lake, which: int) -> None:
    late(lake)
    refresh(lake.root)
    before, told = content(lake), lake.restated()
    file = ActivityDays(lake.root).table.files()[which]
    damage(file)
    lake.read([(FAR, MIDNIGHT + LENGTH * DAY + 2 * QUARTER, COUNTS[-1] + 20)])
    done = refresh(lake.root)
    assert [file.name] == [one.file for one in done.found]
    assert ((), "lake_damaged_days") == (done.held, done.found[0].problem.code)
    now = [row for row in content(lake) if (row["channel"], row["day"].day) != (FAR, 7)]
    assert [row for row in before if (row["channel"], row["day"].day) != (FAR, 7)] == now
    # what was told is told once; where a day that was lost only goes on, it is told too
    assert told == [note for note in lake.restated() if note[:2] != (FAR, "09-07")]
    assert ([], 0) == held.noted(lake.root)
    [apart] = lake.root.glob("damaged-activity_day-*")
    assert b"PAR1 no more PAR1" == apart.read_bytes()


def test_days_of_virtual_meters_are_derived_again_though_their_parts_stand(
    tmp_path: Path,
) -> None:
    made = meters()
    lake = Lake(tmp_path, made)
    for number in (1, FAR):
        lake.read(registers(number, MIDNIGHT, COUNTS))
    refresh(lake.root)
    made.meter(9, 1, formula=f"[M1] + [M{FAR}]")
    made.channel(9, kind="interval")
    lake.sync()
    refresh(lake.root)
    before = content(lake)
    [file] = [
        f for f in ActivityDays(lake.root).table.files()
        if (f.least["channel"], f.most["channel"]) == (9, 9)
    ]  # fmt: skip
    damage(file)
    check(lake.root)
    refresh(lake.root)
    assert before == content(lake)


def test_killed_after_a_file_of_days_was_given_up_its_days_come_again(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = content(lake)
    damage(ActivityDays(lake.root).table.files()[0])
    check(lake.root)
    kill(monkeypatch, lake)
    assert {} == lake.days()
    refresh(lake.root)
    assert before == content(lake)


def day_of(lake: Lake, channel: int) -> dict:
    """The third of September of a channel."""
    third = dt.date(2026, 9, 3)
    [row] = [r for r in content(lake) if (r["channel"], r["day"]) == (channel, third)]
    return row


def test_a_run_leaves_the_days_of_a_damaged_file_as_they_stand(lake: Lake, tmp_path: Path) -> None:
    file = tail(lake, "09-03")
    late(lake)
    stood = day_of(lake, 1), day_of(lake, FAR)
    whole = damage(file)
    done = run(lake.root)
    assert ([file.name], 2) == ([one.file for one in done.held], done.held_days)
    days = lake.days()
    assert stood[0] == day_of(lake, 1)
    assert stood[1] != day_of(lake, FAR)
    assert (10_000, 10_000) == (days[1, "09-07"], days[FAR, "09-07"])
    marks = [Validated(lake.root).true_to("2026-09", bucket) for bucket in (0, FAR // 4096)]
    assert [0, done.known_at] == marks
    Path(file.uri).write_bytes(whole)
    refresh(lake.root)
    now = content(lake)
    assert () == run(lake.root).held
    assert now == content(lake)


def test_sums_over_days_that_stand_go_on_in_a_run(tmp_path: Path) -> None:
    made = meters()
    made.meter(9, 1, formula=f"[M1] + [M{FAR}]")
    made.channel(9, kind="interval")
    lake = Lake(tmp_path, made)
    for number in (1, FAR):
        lake.read(registers(number, MIDNIGHT, COUNTS))
    settle(lake)
    refresh(lake.root)
    late(lake)
    damage(tail(lake, "09-03"))
    run(lake.root)
    days = lake.days()
    assert days[9, "09-03"] == days[1, "09-03"] + days[FAR, "09-03"]


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
    for trial in range(trials(1)):
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
