"""Which channels speak for a device on which days, and the limits of its run states."""

from __future__ import annotations

import datetime as dt

import pytest

from tanma.apps.equipment import door as equipment
from tanma.apps.equipment.feeding import limits_kw
from tests.apps.equipment.conftest import ABOUT

pytestmark = [pytest.mark.db, pytest.mark.django_db]
DAY = dt.date


def test_a_state_comes_before_a_level_and_a_level_before_amounts(loom, plant):
    (fed,) = equipment.feeds([loom]).values()
    assert [plant.number("一车间")] == [c.id for c in fed.input]
    assert fed.power is None
    assert plant.number("一车间") == fed.energy.id
    equipment.state(loom.id, {"parameters": "T-总表"}, DAY(2026, 11, 10), **ABOUT)
    rows = equipment.sources([loom], DAY(2026, 11, 1), DAY(2026, 12, 1)).to_pylist()
    assert [DAY(2026, 11, 1), DAY(2026, 11, 10)] == [r["from_day"] for r in rows]
    assert [DAY(2026, 11, 10), DAY(2026, 12, 1)] == [r["to_day"] for r in rows]
    numbers = [plant.number("一车间"), plant.number("总表", "state.power.active")]
    assert numbers == [r["channel"] for r in rows]
    assert [False, False] == [r["by_code"] for r in rows]
    assert [1.0, 1.0] == [r["kw_per_unit"] for r in rows]


def test_limits_are_stated_or_shares_of_the_rated_power(loom):
    said = {"kind": "machine", "rated_kw": "40"}
    assert (40 * 3 / 100, 40 * 20 / 100) == limits_kw(said)
    assert (2.0, 8.0) == limits_kw(said | {"idle_above_kw": "2"})
    assert (0.0, 9.0) == limits_kw({"run_above_kw": "9"})
    assert (None, None) == limits_kw({"kind": "machine"})


def test_a_device_without_limits_and_without_states_has_no_source(loom):
    equipment.state(loom.id, {"rated_kw": ""}, DAY(2026, 11, 5), **ABOUT)
    rows = equipment.sources([loom], DAY(2026, 11, 1), DAY(2026, 12, 1)).to_pylist()
    assert [(DAY(2026, 11, 1), DAY(2026, 11, 5))] == [(r["from_day"], r["to_day"]) for r in rows]
    assert [] == equipment.sources([], DAY(2026, 11, 1), DAY(2026, 12, 1)).to_pylist()
