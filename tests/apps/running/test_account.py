"""The estimated account of a month: sources, factors, lag, and what it is held against."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone

from tanma.apps.codes import door as codes
from tanma.apps.facts import door as facts
from tanma.apps.live import door as live
from tanma.apps.live import regional
from tanma.apps.metering import door as metering
from tanma.apps.registry import door as registry
from tanma.apps.running.lag import Lag, lag, length
from tanma.apps.running.reconciled import reconciled
from tanma.engine import disclosure
from tanma.engine.valued import Basis
from tests.apps import metered
from tests.apps.region import fact
from tests.apps.running.conftest import FIRST, hourly

pytestmark = [pytest.mark.db, pytest.mark.once, pytest.mark.django_db]
GAS, BOUGHT, WATER = "fuel.natural_gas.burnt", metered.BOUGHT, "water.total"
SEPTEMBER = dt.date(2026, 9, 1)
BEGIN = dt.datetime(2026, 8, 31, 16, tzinfo=dt.UTC)
"""Midnight of 1 September in Shanghai."""
TODAY = dt.date(2026, 11, 30)


def firm():
    return registry.find("uscc", [FIRST])[FIRST]


def declare(item, value, source="grid"):
    row = fact(firm(), item, kind="amount", source=source, value=value, valid_from=SEPTEMBER,
               valid_to=live.following(SEPTEMBER))  # fmt: skip
    facts.append(facts.table([row]), author="test")


@pytest.fixture
def september(plant, kept):
    """10 days of September of a gas meter and a water meter in whole hours: 6·10⁴ m³, 120 m³."""
    metering.register_meter("T-燃气", FIRST, **metered.ABOUT)
    more = {"interval_s": "3600"}
    found = metering.declare(
        [metering.Declared("T-燃气", GAS, "interval", "10^4 m3", 4, more=more),
         metering.Declared("T-燃气", WATER, "interval", "m3", 1, more=more)], **metered.ABOUT
    )  # fmt: skip
    hourly(plant.lake, {found["T-燃气", GAS]: 250, found["T-燃气", WATER]: 5}, BEGIN, 240)
    kept()
    return plant


def of(found, item):
    return next(x for x in found.lines if x.item == item)


def test_a_month_is_told_by_source_with_factor_direct_and_indirect(september):
    found = live.account({firm()}, SEPTEMBER, TODAY)
    gas = of(found, GAS)
    assert (True, True, 6.0) == (gas.direct, gas.counts, pytest.approx(gas.amount))
    assert gas.factor
    assert (120.0, None, False) == (
        pytest.approx(of(found, WATER).amount), of(found, WATER).co2_t, of(found, WATER).counts,
    )  # fmt: skip
    assert gas.co2_t == pytest.approx(found.total(direct=True)) == pytest.approx(found.total())
    assert found.total(direct=False) is None
    assert 20 == len(found.days)
    assert {1} == set(found.behind.values())


def test_the_board_counts_and_its_parts_do_not(plant, kept):
    kept()
    today = timezone.localdate()
    found = live.account({firm()}, today.replace(day=1), today)
    power = of(found, BOUGHT)
    assert (False, 1) == (power.direct, power.enterprises)
    assert power.co2_t == pytest.approx(power.amount / 1000 * 0.5306)
    assert found.total() == found.total(direct=False)
    # posted to grams day by day
    assert found.coal_tce == pytest.approx(power.amount / 1000 * 0.1229, abs=4e-6)
    assert power.co2_t == pytest.approx(sum(d.co2_t for d in found.days if d.item == BOUGHT))


def test_amounts_are_valued_as_accounts_value_them(plant):
    coal = "fuel.bituminous.burnt"
    lines = [(BOUGHT, SEPTEMBER, 10**6), ("electricity.sold", SEPTEMBER, 10**6),
             (coal, SEPTEMBER, 10**6), (WATER, SEPTEMBER, 10**6)]  # fmt: skip
    with live.engine() as con:
        bought, sold, burnt, water = live.valued(con, lines, live.basis(SEPTEMBER))
    assert bought.mg == -sold.mg
    assert bought.gce == -sold.gce == 122_900
    assert burnt.mg > 10**9
    assert burnt.factors
    assert (None, None, "") == (water.mg, water.gce, water.factors)


def test_before_facts_are_mirrored_there_is_no_account(plant):
    assert live.account(None, SEPTEMBER, TODAY) is None


# --- the lag


def test_the_lag_says_how_old_the_newest_reading_is_and_what_is_in(plant, kept):
    channels = list(registry.Channel.objects.all())
    before = lag(channels)
    assert (None, True) == (before.derived_upto, before.waiting)
    kept()
    after = lag(channels, plant.until + dt.timedelta(seconds=3600))
    assert not after.waiting
    assert 3600 <= after.read_s < 3600 + 900
    assert after.text.startswith("最新读数截至 ")
    assert after.text.endswith("收到的全部读数。")


def test_a_reading_that_came_after_the_sums_waits_and_is_told(plant, kept):
    kept()
    later = plant.until + dt.timedelta(minutes=30)
    hourly(plant.lake, {plant.number("一车间"): 100}, later, 1)
    found = lag(list(registry.Channel.objects.all()))
    assert found.waiting
    assert "正等待计入" in found.text


def test_the_lake_as_a_whole_tells_when_it_received_last(plant, kept):
    kept()
    assert lag(None).text.startswith("最新一批读数在 ")


def test_without_readings_there_is_no_lag():
    now = dt.datetime.now(dt.UTC)
    assert "还没有读数进入合计。" == Lag(now, None, None, None).text


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(0, "0 秒"), (119, "119 秒"), (120, "2 分钟"), (7199, "119 分钟"), (7200, "2 小时")],
)
def test_a_length_is_told_in_the_unit_that_fits(seconds, expected):
    assert expected == length(seconds)


# --- beside what was declared


def test_a_declared_month_is_compared_carrier_by_carrier(september, kept):
    declare(GAS, 7 * 10**8, source="gas")
    kept()
    found = reconciled({firm()}, SEPTEMBER)
    (gas,) = found.rows
    assert (6.0, 7.0, -1.0) == (gas.metered, gas.declared, pytest.approx(gas.gap))
    assert (1, 0, ("gas",)) == (gas.enterprises, gas.whole, gas.sources)
    assert gas.share == pytest.approx(-1 / 7)
    assert gas.metered_t - gas.declared_t == pytest.approx(gas.declared_t * gas.share)
    assert {WATER: 1} == found.undeclared


def test_what_the_meters_themselves_stated_is_no_declaration(september, kept):
    declare(GAS, 6 * 10**8, source="meter")
    kept()
    found = reconciled({firm()}, SEPTEMBER)
    assert () == found.rows
    assert 1 == found.undeclared[GAS]


def test_what_has_no_meter_is_named(september, kept):
    declare("heat.purchased", 10**6, source="heat")
    kept()
    assert {"heat.purchased": 1} == reconciled({firm()}, SEPTEMBER).unmetered


def test_nothing_mirrored_is_nothing_compared(plant):
    assert () == reconciled(None, SEPTEMBER).rows


# --- one way of valuing


def test_region_and_account_say_the_same(plant, kept, monkeypatch):
    monkeypatch.setattr(disclosure, "least", lambda: 1)
    kept()
    today = timezone.localdate()
    found, region = live.account(None, today.replace(day=1), today), regional.look(None, today)
    power, line = of(found, BOUGHT), of(region, BOUGHT)
    assert (power.amount, power.today, power.co2_t) == (line.month, line.today, line.month_t)
    assert power.factor == line.factor
    sums = region.sums
    assert (found.total(), found.coal_tce) == (sums.month_t, sums.month_tce)
    assert (found.today_co2_t, found.today_coal_tce) == (sums.today_t, sums.today_tce)
    assert sums.month_t > 0


def test_amounts_of_a_run_are_valued_as_the_run_valued_them(published):
    """Every posted line of the published region that rests on no measured factor, to the mg."""
    files = codes.files_of(published.run())
    meta = files.meta
    by = Basis(dt.date.fromisoformat(meta["known_on"]), meta["grid_region"], meta["grid_level"])
    with live.engine() as con:
        signs = by.signs()
        rows = con.execute(
            """SELECT item, month, value, mg_province_average, gce_province_average
               FROM read_parquet(?) WHERE value IS NOT NULL AND NOT measured""",
            [str(files.path("lines"))],
        ).fetchall()
        rows = [r for r in rows if r[0] in signs]
        found = live.valued(con, [r[:3] for r in rows], by)
    assert len(rows) > 20
    assert [(abs(v.mg), abs(v.gce)) for v in found] == [r[3:] for r in rows]
