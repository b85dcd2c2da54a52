"""A hundred thousand readings on a screen: thinned to pixels, extremes kept, whole when zoomed."""

import datetime as dt
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pytest

from tanma.apps.live import curves, known
from tanma.apps.metering import door as metering
from tanma.apps.registry import door as registry
from tanma.domain.readings import INSTANT, READING
from tanma.lake.readings import Readings
from tests.apps.live.conftest import FIRST

pytestmark = [pytest.mark.db, pytest.mark.django_db]
COUNT, PIXELS = 100_000, 1000
BEGIN = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)
PEAK, DIP = 41_234, 77_777


@pytest.fixture
def seconds(plant):
    """A level every second for 100,000 seconds with one peak and one dip."""
    metering.register_meter("S1", FIRST, author="t")
    ((_, number),) = metering.declare(
        [metering.Declared("S1", "state.power.active", "gauge", "kW", 1,
                           more={"interval_s": "1"})], author="t",
    ).items()  # fmt: skip
    first = int(BEGIN.timestamp()) * 1_000_000
    at = pa.array(first + np.arange(COUNT) * 1_000_000).cast(pa.int64()).cast(INSTANT)
    value = np.full(COUNT, 500)
    value[PEAK], value[DIP] = 9_000, 10
    columns = {"channel": np.full(COUNT, number), "start_utc": at, "end_utc": at, "value": value,
               "revision": pa.nulls(COUNT, pa.int64())}  # fmt: skip
    store = Readings(plant.lake)
    store.append(pa.table(columns).cast(READING), writer="test")
    store.seal()
    return registry.Channel.objects.get(pk=number)


def drawn(channel, begin, length_s):
    window = curves.Window(begin, begin + dt.timedelta(seconds=length_s))
    with known.engine() as con:
        return curves.points(con, [channel], window, PIXELS)[channel.id]


def test_a_screen_gets_two_points_a_pixel_and_no_extreme_is_lost(seconds):
    points = drawn(seconds, BEGIN, COUNT)
    assert len(points) <= 2 * (PIXELS + 1)
    by_time = dict(points)
    start = BEGIN.timestamp() * 1000
    assert 900.0 == by_time[start + PEAK * 1000]
    assert 1.0 == by_time[start + DIP * 1000]
    assert sorted(by_time) == [at for at, _ in points]


def test_zoomed_in_every_reading_is_there(seconds):
    begin = BEGIN + dt.timedelta(seconds=PEAK - 300)
    points = drawn(seconds, begin, 600)
    assert 600 <= len(points) <= 602
    assert 900.0 == max(v for _, v in points if v is not None)


def test_an_hour_of_seconds_that_is_asked_for_as_a_minute(seconds):
    assert 60 <= len(drawn(seconds, BEGIN + dt.timedelta(hours=5), 60)) <= 62


@pytest.mark.parametrize(
    ("length", "fine"), [(dt.timedelta(days=62), True), (dt.timedelta(days=63), False)]
)
def test_which_spans_are_drawn_from_readings(length, fine):
    assert fine == curves.Window(BEGIN, BEGIN + length).fine


def test_the_days_that_enclose_a_window_are_local():
    window = curves.Window(BEGIN, BEGIN + dt.timedelta(hours=16))
    march = dt.date(2026, 3, 1)
    assert (march, march + dt.timedelta(1)) == window.days("Asia/Shanghai")
    later = curves.Window(BEGIN, BEGIN + dt.timedelta(hours=17))
    assert (march, march + dt.timedelta(2)) == later.days("Asia/Shanghai")


def summed(zone, begin, end, *amounts):
    """Sums by day of amounts (from, until, amount) in a window; times are local: 11-04T06."""
    at = lambda text: dt.datetime.fromisoformat(f"2026-{text}:00").replace(tzinfo=ZoneInfo(zone))  # noqa: E731
    channel = registry.Channel(id=1, kind="register", zone=zone)
    with known.engine() as con:
        con.execute("CREATE TABLE days (channel BIGINT, substituted_milli HUGEINT, milli HUGEINT)")
        con.execute(
            """CREATE TABLE points (channel BIGINT, at_us BIGINT, until_us BIGINT, value DOUBLE,
               measured DOUBLE, amount DOUBLE)"""
        )
        for first, until, amount in amounts:
            edges = [int(at(text).timestamp() * 1e6) for text in (first, until)]
            con.execute("INSERT INTO points VALUES (1, ?, ?, 1, 1, ?)", [*edges, amount])
        found = curves.totals(con, [channel], curves.Window(at(begin), at(end)))
    days = {f"{moment:%m-%d}": round(values[0], 6) for moment, values in found["rows"]}
    return days, round(found["sums"][1], 6)


def test_an_amount_over_a_gap_counts_with_its_share_of_each_day_in_the_window():
    gap, after = ("11-01T00", "11-04T06", 78), ("11-04T06", "11-04T07", 2)
    days, total = summed("Asia/Shanghai", "11-02T00", "11-05T00", gap, after)
    assert {"11-02": 24, "11-03": 24, "11-04": 8} == days
    assert 56 == total


@pytest.mark.parametrize(
    ("begin", "end", "hours"),
    [
        ("03-28T00", "03-31T00", {"03-28": 24, "03-29": 23, "03-30": 24}),
        ("10-24T00", "10-27T00", {"10-24": 24, "10-25": 25, "10-26": 24}),
    ],
)
def test_days_of_23_and_25_hours_get_their_hours(begin, end, hours):
    amount = (begin, end, sum(hours.values()))
    assert (hours, amount[2]) == summed("Europe/Berlin", begin, end, amount)
