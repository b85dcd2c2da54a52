"""The estimate of carbon intensity: what it rests on, what it lacks, who sees it, its alarm."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone

from tanma.apps.cases import door as cases
from tanma.apps.facts import door as facts
from tanma.apps.live import door as live
from tanma.apps.people.door import viewer_of
from tanma.apps.registry import door as registry
from tanma.apps.watch import door as watch
from tanma.apps.watch import intensity, limits
from tanma.apps.watch.models import Alarm
from tests.apps.live.conftest import FIRST
from tests.apps.region import fact
from tests.apps.watch.conftest import derived

pytestmark = [pytest.mark.db, pytest.mark.once, pytest.mark.django_db]
SPAN = {"kind": "amount", "valid_from": dt.date(2026, 4, 1), "valid_to": dt.date(2026, 7, 1)}
YUAN, DAYS = 100, 91
"""counts per yuan, days of the quarter"""


def tell(subject, item, value, **more):
    row = fact(subject, item, value=value, reported=str(value), **{**SPAN, **more})
    facts.append(facts.table([row]), author="test")


@pytest.fixture
def firm(plant, settings):
    settings.TANMA = settings.TANMA.model_copy(update={"legal_basis": "样例文件"})
    made = registry.Enterprise.objects.get(natural_key=f"uscc:{FIRST}")
    tell(made.id, "economy.value_added", 910_000 * YUAN, source="stat.finance")
    derived(plant.lake)
    return made


def test_the_estimate_is_metered_carbon_over_the_last_known_rate(firm, plant):
    found = intensity.estimate(firm.id)
    today = timezone.localdate()
    assert intensity.quarter(today) in {found.first, today}
    (line,) = found.metered
    assert "electricity.purchased" == line.item
    (mwh,) = live.of_amounts([(line.item, 1.0, "MWh")], today)
    assert line.co2_t == pytest.approx(line.amount / 1000 * mwh.co2_t)
    assert live.factors(mwh.factors) == line.factor
    assert 10_000 == pytest.approx(found.rate.per_day)
    assert found.until == today
    # 48 kW all day; 10⁴ yuan a day
    assert found.intensity == pytest.approx(48 * 24 / 1000 * mwh.co2_t, rel=0.01)
    assert line.days < 4


def test_only_the_top_meter_of_an_item_counts(firm, plant):
    """The board counts 48 kW, its parts are below it: three days at most are 3.5 MWh."""
    (line,) = intensity.estimate(firm.id).metered
    assert line.amount <= 48 * 24 * 3.01


def test_energy_without_a_meter_is_named(firm):
    tell(firm.id, "fuel.raw_coal.burnt", 5_000_000, source="declared")
    assert ["fuel.raw_coal.burnt"] == intensity.estimate(firm.id).uncounted


def test_the_newest_period_counts_and_statistics_before_declarations(firm):
    later = {"valid_from": dt.date(2026, 7, 1), "valid_to": dt.date(2026, 10, 1)}
    tell(firm.id, "economy.value_added", 92 * YUAN, source="declared", **later)
    assert 1.0 == intensity.estimate(firm.id).rate.per_day
    tell(firm.id, "economy.value_added", 920 * YUAN, source="stat.finance", **later)
    assert 10.0 == intensity.estimate(firm.id).rate.per_day


def test_without_value_added_it_is_told_per_product(plant, settings):
    made = registry.Enterprise.objects.get(natural_key=f"uscc:{FIRST}")
    assert intensity.estimate(made.id).intensity is None
    tell(made.id, "product.motors.output", 9_100, source="declared")
    derived(plant.lake)
    found = intensity.estimate(made.id)
    (product,) = found.products
    assert 100.0 == product.per_day
    assert found.per_product(product) == pytest.approx(found.per_day_t / 100)


def test_a_loss_gives_no_intensity(firm):
    later = {"valid_from": dt.date(2026, 7, 1), "valid_to": dt.date(2026, 10, 1)}
    tell(firm.id, "economy.value_added", -5 * YUAN, source="stat.finance", **later)
    assert intensity.estimate(firm.id).intensity is None


def test_the_page_names_its_period_and_its_factor(firm, owner, plant):
    answer = owner.get(f"/watch/{plant.uid}/intensity/")
    text = answer.content.decode()
    assert 200 == answer.status_code, text[:800]
    for said in ("监测估算值", "不进入任何发布结果", "2026-04-01 – 2026-06-30", "tCO₂/MWh"):
        assert said in text


def test_only_who_may_see_l_sees_the_estimate(firm, office, plant, settings):
    where = f"/watch/{plant.uid}/intensity/"
    assert 200 == office.get(where).status_code
    settings.TANMA = settings.TANMA.model_copy(update={"legal_basis": ""})
    assert 403 == office.get(where).status_code
    assert 403 == office.get(f"/watch/{plant.uid}/limits/0/").status_code
    assert intensity.published(viewer_of("bureau"), firm.id) is None


def test_over_its_limit_it_alarms_without_telling_the_figure(firm, owner, office, plant, settings):
    given = {"intensity": "0.0001", "since": "2026-01-01", "evidence": "目标"}
    assert 302 == owner.post(f"/watch/{plant.uid}/limits/0/", given).status_code
    assert 1 == watch.evaluate().opened
    alarm = Alarm.objects.get()
    assert (0, "intensity") == (alarm.channel, alarm.rule)
    assert "高于设定的上限" in alarm.case.title
    assert "0.0001" not in alarm.case.title
    own = owner.get(f"/cases/{alarm.case.uid}/").content.decode()
    assert "0.0001" in own
    assert "估算值高于设定的上限" in owner.get(f"/watch/{plant.uid}/intensity/").content.decode()
    settings.TANMA = settings.TANMA.model_copy(update={"legal_basis": ""})
    seen = office.get(f"/cases/{alarm.case.uid}/").content.decode()
    assert "0.0001" not in seen
    assert "只对可查看碳效值的人显示" in seen
    limits.state(firm.id, {"intensity": "99999"}, dt.date(2026, 1, 1), author="t", evidence="x")
    assert 1 == watch.evaluate().lapsed
    assert "closed" == cases.Case.objects.get().state
