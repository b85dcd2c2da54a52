"""The pages of a running month: what they say, that they stay apart, and who sees them."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone

from tanma.apps.facts import door as facts
from tanma.apps.running import energy, regional
from tanma.domain.items import items
from tanma.domain.periods import parse
from tanma.engine.disclosure import few
from tests.apps.region import CITY, COUNTY_1, COUNTY_2, PUBLISHED, fact, publish

pytestmark = [pytest.mark.db, pytest.mark.django_db]
ROLLING = "2026Q1/r4"


def test_the_estimated_account_says_what_it_is_and_how_far_it_lags(plant, owner, kept):
    kept()
    text = owner.get(f"/running/account/{plant.uid}/").content.decode()
    assert "不进入任何发布结果" in text
    assert "最新读数截至" in text
    assert "0.5306 tCO₂/MWh" in text
    assert "间接" in text
    assert "/rules/editions/zj-code-account/" in text
    assert "/rules/editions/gbt-2589-2020/" in text


def test_the_part_that_refreshes_itself_comes_alone(plant, owner, kept):
    kept()
    answer = owner.get(f"/running/account/{plant.uid}/", headers={"HX-Request": "true"})
    assert '<div class="stack" id="running-account" hx-get' in answer.content.decode()[:300]


def test_a_past_month_is_compared_and_does_not_refresh(plant, owner, kept):
    kept()
    month = timezone.localdate().replace(day=1) - dt.timedelta(days=1)
    answer = owner.get(f"/running/account/{plant.uid}/?month={month:%Y-%m}")
    text = answer.content.decode()
    assert "与申报数的核对" in text
    assert 'id="running-account">' in text
    assert not answer.context["running"]


def test_an_unknown_month_is_this_month(plant, owner, kept):
    kept()
    assert owner.get(f"/running/account/{plant.uid}/?month=1999-01").context["running"]


def test_the_region_sums_its_enterprises(plant, office, kept):
    kept()
    answer = office.get("/running/account/region/")
    (line,) = [x for x in answer.context["found"].lines if x.item == "electricity.purchased"]
    assert 1 == line.enterprises
    assert "最新一批读数在" in answer.content.decode()


def test_before_anything_is_mirrored_the_pages_say_so(plant, office, owner):
    assert "还没有同步到数据湖" in office.get("/running/account/region/").content.decode()
    text = owner.get(f"/running/energy/{plant.uid}/").content.decode()
    assert "本月还没有表计用量" in text


def test_lines_are_exported(plant, owner, kept):
    kept()
    answer = owner.get(f"/running/account/{plant.uid}/?export=csv")
    assert "购入电力" in b"".join(answer.streaming_content).decode()


def test_the_balance_of_a_plant_without_a_load_meter_says_so(plant, owner):
    text = owner.get(f"/running/power/{plant.uid}/").content.decode()
    assert "没有负荷表计，按平衡推算" in text
    assert "T-总表" in text
    answer = owner.get(f"/running/power/{plant.uid}/?span=7d&export=csv")
    assert "负荷（推算）" in b"".join(answer.streaming_content).decode()


def test_a_plant_without_meters_is_led_to_connecting_one(plant, admin):
    assert "还没有电表通道" in admin.get(f"/running/power/{plant.bare}/").content.decode()


# --- energy by month


def report(published):
    rows = [
        fact(published.subject(key), item, kind="amount", valid_from=m, source="declared",
             valid_to=dt.date(m.year + m.month // 12, m.month % 12 + 1, 1), value=value)
        for key in "ABC" for m in parse(ROLLING).months
        for item, value in (("water.total", 1_500_000), ("electricity.green.contract", 2_000_000))
    ]  # fmt: skip
    facts.append(facts.table(rows), author="test")
    publish(PUBLISHED[-1])


def charts(answer):
    return {c.name: c for c in answer.context["charts"]}


def test_energy_green_power_and_water_of_an_enterprise(published):
    report(published)
    uid = published.enterprise("A").uid
    found = charts(published.client_of("firm_a").get(f"/running/energy/{uid}/"))
    assert ["carriers", "green", "water"] == list(found)
    assert {1500.0} == set(found["water"].series[0].values)
    share = next(s for s in found["green"].series if s.axis == 1)
    assert share.values[-1] == pytest.approx(100 * (4_111 + 2_000) / (21_377 + 4_111))
    result = published.run(ROLLING).results.get(subject=published.subject("A"))
    tce = sum(v or 0 for s in found["carriers"].series for v in s.values)
    assert tce == pytest.approx(result.energy_calorific_gce / 1e6)


def test_what_was_not_reported_is_named_and_not_drawn(published):
    uid = published.enterprise("B").uid
    answer = published.client_of("firm_b").get(f"/running/energy/{uid}/")
    assert ["carriers"] == list(charts(answer))
    assert "这些月份没有申报：绿电、用水" in answer.content.decode()


def test_the_region_adds_the_posted_lines_exactly(published, monkeypatch):
    run = published.run(ROLLING)
    # PV stands behind A alone, and what is left of the total would tell it
    assert {} == regional.energy(run, "statutory", CITY)
    regional._energy.cache_clear()
    monkeypatch.setattr(regional, "closed_lines", lambda rows, n, size: {
        r for line in rows for r in line if few(n(r))})  # fmt: skip
    found = regional.energy(run, "statutory", CITY)
    power = sum(found["electricity.purchased"].values())
    rows = run.results.exclude(energy_calorific_gce=None)
    alone = rows.get(subject=published.subject("A"))
    others = sum(r.energy_calorific_gce for r in rows if r.subject != alone.subject)
    assert {"electricity.purchased"} == set(found)
    assert others < power < others + alone.energy_calorific_gce


def test_few_enterprises_are_left_out_of_the_region(published):
    report(published)
    run = published.run(ROLLING)
    beside = regional.beside(run, "statutory", CITY)
    assert {3 * 1_500_000} == set(beside["water.total"].values())
    assert "electricity.pv.generated" not in beside
    # A and C alone report water in the first county
    assert "water.total" not in regional.beside(run, "statutory", COUNTY_1)


def test_members_follow_the_places_of_the_run(published):
    run = published.run(ROLLING)
    own = {published.subject(k) for k in "ACEGS"}
    assert own == set(regional.members(run, "statutory", COUNTY_1))
    assert 8 == len(regional.members(run, "statutory", CITY))


def test_carriers_beyond_the_largest_stand_together_and_deductions_apart():
    month = dt.date(2026, 1, 1)
    burnt = [i for i in items() if i.endswith(".burnt")][:5]
    carriers = {i: {month: 10**6 * (n + 1)} for n, i in enumerate(burnt)}
    carriers["electricity.sold"] = {month: -(10**6)}
    chart = energy.Screen([month], carriers, {}).charts()[0]
    assert [5.0, 4.0, 3.0, 3.0, -1.0] == [s.values[0] for s in chart.series]
    assert ["其他", "扣除（加工转换产出、外售等）"] == [str(s.name) for s in chart.series[-2:]]


# --- rights


def test_an_official_chooses_areas_of_the_own_region(published):
    answer = published.client_of("city").get("/running/energy/region/", {"area": COUNTY_1})
    assert "样例一县" == answer.context["area"]
    other = published.client_of("county1").get("/running/energy/region/", {"area": COUNTY_2})
    assert 404 == other.status_code


@pytest.mark.parametrize("page", ["account", "energy", "power"])
def test_pages_of_an_enterprise_are_its_own(published, page):
    uid = published.enterprise("A").uid
    answers = {u: published.client_of(u).get(f"/running/{page}/{uid}/").status_code
               for u in ("firm_a", "firm_b", "county1", "county2")}  # fmt: skip
    assert {"firm_a": 200, "firm_b": 404, "county1": 200, "county2": 404} == answers
    assert 404 == published.client_of("firm_a").get(f"/running/{page}/nobody/").status_code


def test_everybody_comes_to_their_own_pages(published):
    uid = published.enterprise("A").uid
    own, city = published.client_of("firm_a"), published.client_of("city")
    assert f"/running/power/{uid}/" == own.get("/running/power/")["Location"]
    assert "/running/energy/region/" == city.get("/running/energy/")["Location"]
    assert 403 == city.get("/running/power/").status_code


def test_a_carrier_of_one_told_to_nobody_is_left_out_with_what_would_give_it_away():
    """Officials read the others: the sum over ten would leave the one."""
    month = dt.date(2026, 1, 1)
    rows = [("coal", month, 90, 10, 0), ("power", month, 70, 10, 3), ("heat", month, 50, 10, 1)]
    found = regional._open(rows, [frozenset({"coal", "power", "heat"})])
    assert {"coal"} == set(found)
    assert {"coal", "power", "heat"} == set(
        regional._open([(*r[:4], 0) for r in rows], [frozenset({"coal", "power", "heat"})])
    )
