"""What a batch used: exact counts between its instants, and only what is known."""

import datetime as dt
from fractions import Fraction

import pyarrow as pa
import pytest

from tanma.apps.facts import door as facts
from tanma.apps.imports.door import withdraw
from tanma.apps.lots.door import Lot, figures
from tanma.domain.readings import READING
from tanma.lake.readings import Readings
from tests.apps.lots.conftest import CITY
from tests.apps.metered import QUARTER

pytestmark = [pytest.mark.db, pytest.mark.once, pytest.mark.django_db]
HOUR = dt.timedelta(hours=1)
KWH = 1000


def only(known_at=None):
    return figures(list(Lot.objects.all()), known_at)[Lot.objects.get().id]


def amounts(figure):
    return {u.item.item: u.count for u in figure.uses}


def test_a_batch_is_the_exact_sum_of_its_meters_intervals(hand_in, hour):
    """One part counts 7 kWh a quarter-hour: 28 kWh an hour, 3.4412 kgce at 0.1229 kgce/kWh."""
    assert 1 == hand_in({"begin": hour, "end": hour + HOUR}).good
    found = only()
    assert {"electricity.purchased": 28 * KWH} == amounts(found)
    assert 3_441 == found.gce
    assert (True, False) == (found.whole, found.cut)
    assert Fraction(3_441, 1000) / 2 == found.kgce_per_unit
    assert found.mg > 0
    assert "330000" in found.uses[0].rows[0] or "CN" in found.uses[0].rows[0]


def test_bounds_inside_an_interval_split_it_by_time_and_neighbours_add_up(hand_in, hour):
    cut = hour + dt.timedelta(minutes=40)
    hand_in({"number": "B-1", "begin": hour, "end": cut},
            {"number": "B-2", "begin": cut, "end": hour + HOUR})  # fmt: skip
    made = {f.lot.number: f for f in figures(list(Lot.objects.all())).values()}
    # 7 kWh of the third interval: two thirds of 700 counts, rounded down, and the rest
    assert [18_660, 9_340] == [made[n].uses[0].count for n in ("B-1", "B-2")]
    assert all(f.cut for f in made.values())


def test_a_line_stands_for_the_meters_at_its_place(hand_in, hour):
    hand_in({"section": "染整", "meters": "", "begin": hour, "end": hour + HOUR})
    assert {"electricity.purchased": 16 * KWH} == amounts(only())
    assert ("T-二车间",) == only().uses[0].meters


def test_a_part_is_not_added_to_the_board_above_it(hand_in, hour):
    hand_in({"meters": "T-总表、T-一车间", "begin": hour, "end": hour + HOUR})
    assert {"electricity.purchased": 48 * KWH} == amounts(only())


def test_parts_beside_each_other_are_added(hand_in, hour):
    hand_in({"meters": "T-二车间, T-一车间", "begin": hour, "end": hour + HOUR})
    assert {"electricity.purchased": 44 * KWH} == amounts(only())


def test_a_virtual_meter_is_told_from_its_parts(hand_in, hour):
    hand_in({"meters": "T-其余", "begin": hour, "end": hour + HOUR})
    assert {"electricity.purchased": 4 * KWH} == amounts(only())


def test_time_without_readings_is_marked_and_never_filled(hand_in, plant):
    """Three of its eight quarter-hours lie in the hole of the second part."""
    end = plant.until.replace(minute=plant.until.minute // 15 * 15, second=0, microsecond=0)
    begin = end - 31 * HOUR
    hand_in({"meters": "T-二车间", "begin": begin, "end": begin + 2 * HOUR, "number": "B-1"})
    found = only()
    assert {"electricity.purchased": 20 * KWH} == amounts(found)
    assert (False, Fraction(5, 8)) == (found.whole, found.uses[0].covered)


def test_a_batch_that_nobody_read_has_no_figure(hand_in, hour):
    old = hour - dt.timedelta(days=30)
    hand_in({"begin": old, "end": old + HOUR})
    found = only()
    assert ({"electricity.purchased": None}, None, None) == (amounts(found), found.gce, found.mg)
    assert found.kgce_per_unit is None


def test_a_corrected_reading_changes_the_batch_and_yesterdays_answer_stays(hand_in, hour, plant):
    hand_in({"begin": hour, "end": hour + HOUR})
    before = Readings(plant.lake).watermark
    channel = plant.number("一车间")
    row = {"channel": channel, "start_utc": hour, "end_utc": hour + QUARTER, "value": 1700,
           "revision": None}  # fmt: skip
    store = Readings(plant.lake)
    store.append(pa.Table.from_pylist([row], READING), writer="test")
    store.seal()
    assert {"electricity.purchased": 38 * KWH} == amounts(only())
    assert {"electricity.purchased": 28 * KWH} == amounts(only(before))


def test_the_same_number_again_is_a_correction(hand_in, hour):
    hand_in({"begin": hour, "end": hour + HOUR})
    again = hand_in({"begin": hour, "end": hour + 2 * HOUR, "output": "4"})
    assert 2 == again.superseded
    found = only()
    assert {"electricity.purchased": 56 * KWH} == amounts(found)
    assert Fraction(4) == found.lot.amount


def test_a_file_taken_back_takes_its_batches_away(hand_in, hour):
    batch = hand_in({"begin": hour, "end": hour + HOUR})
    withdraw(batch, CITY, "误报")
    assert not Lot.objects.exists()


def test_local_times_are_those_of_the_meters(hand_in, plant, hour):
    from tanma.apps.metering import door as metering

    said = metering.Statement(plant.number("一车间"), "channel.zone", "Europe/Berlin")
    metering.state([said], author="test")
    hand_in({"begin": "2026-07-01 08:00", "end": "2026-07-01 09:00"})
    found = Lot.objects.get()
    assert "Europe/Berlin" == found.zone
    assert dt.datetime(2026, 7, 1, 6, tzinfo=dt.UTC) == found.begin


def test_what_is_told_of_a_batch_is_told_once(hand_in, hour):
    row = {"begin": hour, "end": hour + HOUR}
    hand_in(row)
    count = facts.Fact.objects.count()
    assert hand_in(row, row | {"number": "B-2"}).unchanged
    assert {"B-1", "B-2"} == set(Lot.objects.values_list("number", flat=True))
    assert facts.Fact.objects.count() > count
