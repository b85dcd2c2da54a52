"""What of an area's estimated account is not shown, so that no subtraction tells one enterprise."""

import datetime as dt

import pytest
from django.utils import timezone

from tanma.apps.facts import door as facts
from tanma.apps.live import closing, regional
from tanma.apps.live.account import Account, Line
from tanma.apps.live.closing import COAL, DIRECT, INDIRECT, TOTAL, Closed, withheld
from tanma.apps.live.estimates import Valued
from tanma.engine.metering.refresh import refresh
from tanma.lake.facts import FactsMirror

POWER, HEAT, GAS, OIL, WATER = (
    "electricity.purchased", "heat.purchased", "fuel.natural_gas.burnt", "fuel.diesel.burnt",
    "water.total",
)  # fmt: skip
MONTH = dt.date(2026, 11, 1)
TODAY = dt.date(2026, 11, 3)
DAYS = [MONTH, dt.date(2026, 11, 2), TODAY]


def account(behind, sizes=None):
    """An account of three days; `behind`: item → enterprises of each day."""
    days, told = [], {}
    for item, numbers in behind.items():
        for day, n in zip(DAYS, numbers, strict=True):
            size = None if item == WATER else (sizes or {}).get(item, 100) + day.day
            days.append(Valued(item, day, 1, size, size, ""))
            told[item, day] = n
    lines = tuple(
        Line(item, 3.0, 1.0, 1.0, 0.0, max(numbers), *([None] * 4), factor="",
             counts=item != WATER)
        for item, numbers in behind.items()
    )  # fmt: skip
    return Account(MONTH, TODAY, lines, tuple(days), told)


def shut(found):
    """item → what is hidden of it: the month, or numbers of days."""
    told = {}
    for what, day in withheld(found).keys:
        told.setdefault(what, set()).add("month" if day is None else day.day)
    return told


def test_nothing_is_withheld_where_enough_stand_behind_everything():
    assert {} == shut(account({POWER: [5, 5, 5], GAS: [4, 3, 4], WATER: [3, 3, 3]}))


def test_an_item_of_few_takes_the_smallest_of_its_total_with_it():
    found = shut(
        account({POWER: [9, 9, 9], HEAT: [4, 4, 4], GAS: [5, 5, 5], OIL: [1, 1, 1]},
                {POWER: 900, HEAT: 50, GAS: 300, OIL: 20})
    )  # fmt: skip
    assert {1, 2, 3, "month"} == found[OIL]
    # the sum of fuels is shown, so one of its two parts alone may not be
    assert "month" in found[GAS]
    assert POWER not in found


def test_a_total_that_has_one_part_hides_with_it():
    found = shut(account({POWER: [9, 9, 9], HEAT: [8, 8, 8], GAS: [1, 1, 1]}))
    assert "month" in found[GAS]
    assert "month" in found[DIRECT]
    # neither the other half nor an item is left from which the whole would tell it
    open_parts = [x for x in (INDIRECT, TOTAL) if "month" not in found.get(x, ())]
    assert len(open_parts) < 2
    assert any("month" in found.get(x, ()) for x in (HEAT, POWER, TOTAL))


def test_a_day_of_few_takes_another_day_with_it_but_not_the_month():
    found = shut(account({POWER: [9, 9, 9], HEAT: [9, 1, 9]}))
    assert 2 in found[HEAT]
    assert len(found[HEAT]) > 1
    assert "month" not in found[HEAT]
    assert POWER not in found


def test_today_is_closed_like_the_month():
    found = shut(account({POWER: [9, 9, 9], HEAT: [9, 9, 2]}))
    assert 3 in found[HEAT]
    assert {3} & (found.get(POWER, set()) | found.get(TOTAL, set()))
    assert {3} & (found.get(POWER, set()) | found.get(COAL, set()))


def test_water_of_few_hides_alone():
    assert {WATER: {3, "month"}} == shut(account({POWER: [9, 9, 9], WATER: [2, 2, 2]}))


def test_what_is_not_closed_is_shown():
    assert not Closed().has(POWER)
    assert Closed(frozenset({(POWER, TODAY)})).has(POWER, TODAY)
    assert not Closed(frozenset({(POWER, TODAY)})).has(POWER)
    assert closing.TOTAL != closing.COAL


@pytest.mark.db
@pytest.mark.django_db(databases=["default", "work"])
def test_the_region_of_one_plant_tells_nothing_of_it(plant, office):
    FactsMirror(plant.lake).sync(facts.fetch, facts.watermark())
    refresh(plant.lake)
    found = regional.look(None, timezone.localdate())
    (line,) = [x for x in found.lines if x.item == POWER]
    assert (None, None, None, None) == (line.today, line.month, line.month_t, line.replaced)
    assert (None, None) == (found.sums.month_t, found.sums.today_tce)
    text = office.get("/live/region/").content.decode()
    assert "不公开" in text
    assert "不足 3 家企业的数不公开" in text
    text = office.get("/running/account/region/").content.decode()
    assert "不足 3 家企业的数不公开" in text
    export = office.get("/running/account/region/?export=csv")
    row = next(
        x for x in b"".join(export.streaming_content).decode().splitlines() if "购入电力" in x
    )
    assert 4 == row.count("不公开")
    assert "不足 3" in row
    text = office.get("/running/energy/region/").content.decode()
    assert "本月至今 不公开" in text


@pytest.mark.db
@pytest.mark.django_db(databases=["default", "work"])
def test_the_plant_sees_its_own(plant, owner):
    FactsMirror(plant.lake).sync(facts.fetch, facts.watermark())
    refresh(plant.lake)
    assert "不公开" not in owner.get(f"/running/account/{plant.uid}/").content.decode()
    assert "不公开" not in owner.get(f"/running/energy/{plant.uid}/").content.decode()
