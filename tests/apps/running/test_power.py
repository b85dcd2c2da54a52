"""Source, grid, load and storage: which meters count, whole hours, the difference, no load."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone

from tanma.apps.live import door as live
from tanma.apps.metering import door as metering
from tanma.apps.registry import door as registry
from tanma.apps.running import power
from tests.apps import metered
from tests.apps.running.conftest import FIRST, hourly

pytestmark = [pytest.mark.db, pytest.mark.django_db]
CHARGED, DISCHARGED = "electricity.storage.charged", "electricity.storage.discharged"
GENERATED, EXPORTED, CONSUMED = (
    "electricity.pv.generated", "electricity.pv.exported", "electricity.consumed",
)  # fmt: skip
SOC = "state.soc"
HOURS = 6


def grid(*items):
    """A meter of a micro-grid with so many quantities; item → number of the channel."""
    metering.register_meter("T-微网", FIRST, **metered.ABOUT)
    more = {"interval_s": "3600"}
    declared = [
        metering.Declared("T-微网", i, "gauge", "%", 1, more=more) if i == SOC
        else metering.Declared("T-微网", i, "interval", "kWh", 2, more=more)
        for i in items
    ]  # fmt: skip
    found = metering.declare(declared, **metered.ABOUT)
    return {item: number for (_meter, item), number in found.items()}


def balance(begin):
    meters = list(metering.Meter.objects.filter(name="T-微网"))
    channels = list(registry.Channel.objects.filter(meter="T-微网"))
    window = live.Window(begin, begin + dt.timedelta(hours=HOURS))
    return power.balance(meters, channels, window)


@pytest.fixture
def begin():
    now = timezone.now().replace(minute=0, second=0, microsecond=0)
    return now - dt.timedelta(hours=HOURS)


def test_what_comes_in_is_what_goes_out_and_the_difference(plant, begin):
    own = grid(GENERATED, metered.BOUGHT, DISCHARGED, CONSUMED, EXPORTED, CHARGED, SOC)
    counts = {GENERATED: 3000, metered.BOUGHT: 10_000, DISCHARGED: 2000, CONSUMED: 13_500,
              EXPORTED: 500, CHARGED: 700, SOC: 615}  # fmt: skip
    hourly(plant.lake, {own[i]: n for i, n in counts.items()}, begin, HOURS, levels=(own[SOC],))
    found = balance(begin)
    assert list(power.TERMS) == list(found.channels)
    assert (True, True, "hour", HOURS) == (
        found.load_metered, found.storage, found.grain, len(found.whole),
    )  # fmt: skip
    assert (180.0, 600.0, 810.0) == tuple(
        pytest.approx(found.total(t)) for t in ("generation", "import", "load")
    )
    assert found.left == pytest.approx(HOURS * (30 + 100 + 20 - 135 - 5 - 7))
    assert found.share == pytest.approx(3 / 150)
    assert 61.5 == found.moments[0].soc


def test_an_hour_in_which_a_meter_is_silent_is_not_balanced(plant, begin):
    own = grid(GENERATED, CONSUMED)
    silent = {own[CONSUMED]: (2, 3)}
    hourly(plant.lake, {own[GENERATED]: 100, own[CONSUMED]: 90}, begin, HOURS, silent)
    found = balance(begin)
    assert (HOURS - 2, HOURS) == (len(found.whole), len(found.moments))
    assert (4.0, 0.4) == (found.total("generation"), pytest.approx(found.left))


def test_without_a_meter_the_load_is_what_is_left(plant, begin):
    own = grid(GENERATED, metered.BOUGHT)
    hourly(plant.lake, {own[GENERATED]: 100, own[metered.BOUGHT]: 400}, begin, HOURS)
    found = balance(begin)
    assert not found.load_metered
    assert found.left == pytest.approx(HOURS * 5)


def test_parts_of_a_meter_and_views_of_others_are_not_added_again(plant):
    meters = list(metering.Meter.objects.all())
    found = power.terms(meters, list(registry.Channel.objects.all()))
    assert {"import": ["T-总表"]} == {t: [c.meter for c in own] for t, own in found.items()}


def test_what_is_sold_in_all_holds_what_the_roof_exports(plant):
    grid(EXPORTED, power.SOLD)
    channels = list(registry.Channel.objects.filter(meter="T-微网"))
    found = power.terms(list(metering.Meter.objects.all()), channels)
    assert [power.SOLD] == [c.item for c in found["export"]]


def test_only_devices_that_take_part_are_listed(plant):
    own = grid(SOC, CHARGED)
    channels = list(registry.Channel.objects.all())
    (listed,) = power.devices(channels, {"charge": [c for c in channels if c.item == CHARGED]})
    assert own[SOC] == listed["channel"].id


def test_without_meters_there_is_nothing_to_balance(plant, begin):
    found = power.balance([], [], live.Window(begin, begin + dt.timedelta(hours=1)))
    assert ({}, [], None) == (found.channels, found.moments, found.left)
