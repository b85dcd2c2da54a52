"""Storage and load of the demo: a balance that closes, and readings that follow from the minute."""

from __future__ import annotations

import numpy as np
import pytest

from tanma.apps.metering import door as metering
from tanma.apps.registry import door as registry
from tanma.site import demo_microgrid
from tanma.site.demo_live import LOSS_PERMILLE, PARTS, Plant, parts_count, sun_count
from tanma.site.demo_microgrid import CHARGED, CONSUMED, DISCHARGED, POWER, SOC, Microgrid

MIDNIGHT = 29_400_000 // 1440 * 1440 - 8 * 60
"""A midnight in Shanghai, in minutes since 1970."""
CODE = "91990101MA0DEM001L"


def plant():
    return Plant("甲", "t", "g", MIDNIGHT, MIDNIGHT - 1, 0, 300.0, {})


def grid():
    items = (CHARGED, DISCHARGED, CONSUMED, SOC, POWER)
    return Microgrid("t", "g", MIDNIGHT - 1, 0, dict(zip(items, range(1, 6), strict=True)))


def day():
    return np.arange(MIDNIGHT, MIDNIGHT + 1440, dtype=np.int64)


def told(minute):
    """item → the values of the minutes in order."""
    own, made = grid(), demo_microgrid.columns(plant(), grid(), minute)
    found = {item: [] for item in own.channels}
    names = {number: item for item, number in own.channels.items()}
    for channel, value in zip(made["channel"], made["value"], strict=True):
        found[names[channel]].append(float(value))
    return found


def test_the_storage_charges_at_night_and_gives_back_less_in_the_evening():
    found = told(day())
    assert 6 * 60.0 == pytest.approx(sum(found[CHARGED]))
    assert sum(found[DISCHARGED]) == pytest.approx(0.88 * sum(found[CHARGED]), rel=0.01)
    assert 0 == sum(found[CHARGED][6 * 60 :])
    assert 0 == sum(found[DISCHARGED][: 18 * 60])


def test_the_state_of_charge_rises_holds_and_falls():
    soc = told(day())[SOC]
    assert (90.0, 90.0, 10.0) == (soc[6 * 60 - 1], soc[12 * 60], soc[22 * 60 - 1])
    assert all(10 <= v <= 90 for v in soc)


def test_the_load_is_what_comes_in_less_a_little_that_nobody_counts():
    minute, found = day(), told(day())
    bought = np.sum([parts_count(plant(), k, minute) for k in range(len(PARTS))], axis=0)
    board = bought * (1000 + LOSS_PERMILLE) // 1000
    sources = (board.sum() + sun_count(plant(), minute).sum()) / 100 + sum(found[DISCHARGED])
    left = sources - sum(found[CONSUMED]) - sum(found[CHARGED])
    assert 0.005 < left / sources < 0.02


def test_the_same_minutes_say_the_same_however_they_are_asked_for():
    whole, parts = told(day()), [told(day()[:700]), told(day()[700:])]
    assert whole == {item: parts[0][item] + parts[1][item] for item in whole}


def test_what_waits_is_sent_in_messages_and_remembered(monkeypatch, tmp_path):
    sent = []
    monkeypatch.setattr(demo_microgrid, "post", lambda *a: sent.append(a[2]) or len(sent) < 3)
    own = grid()
    assert not demo_microgrid.send(plant(), own, "http://127.0.0.1:1", MIDNIGHT + 6_000)
    assert (MIDNIGHT + 2 * demo_microgrid.EACH - 1, 2) == (own.sent_min, own.number)
    (tmp_path / "demo").mkdir()
    demo_microgrid.save(tmp_path, own)
    assert own == demo_microgrid.load(tmp_path)
    assert demo_microgrid.load(tmp_path / "other") is None


@pytest.mark.db
@pytest.mark.django_db
def test_storage_and_load_are_registered_once():
    registry.register("uscc", [CODE], author="test")
    registry.project()
    firm = registry.Enterprise.objects.get(natural_key=f"uscc:{CODE}")
    own = demo_microgrid.register(plant(), firm)
    assert {CHARGED, DISCHARGED, CONSUMED, SOC, POWER} == set(own.channels)
    names = set(metering.Meter.objects.values_list("name", flat=True))
    assert {f"{CODE[-6:]}-储能", f"{CODE[-6:]}-负荷"} == names
