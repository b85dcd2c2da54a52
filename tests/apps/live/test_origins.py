"""From a posted month to meters, days and readings: the same integer, and only for who may see."""

import datetime as dt

import pytest

from tanma.apps.facts import door as facts
from tanma.apps.live import known
from tanma.apps.live.origins import known_at_of, origin, posted
from tanma.apps.registry import door as registry
from tanma.engine.metering import months
from tanma.engine.metering.post import EVIDENCE
from tanma.lake.facts import FactsMirror
from tanma.lake.known import Snapshot
from tests.apps import metered
from tests.apps.live.conftest import FIRST, SECOND, person
from tests.apps.metered import BOUGHT

pytestmark = [pytest.mark.db, pytest.mark.once, pytest.mark.django_db]


@pytest.fixture
def stated(plant):
    """The month of the plant as its meters state it, though the month is not over."""
    firm = registry.Enterprise.objects.get(natural_key=f"uscc:{FIRST}")
    FactsMirror(plant.lake).sync(facts.fetch, facts.watermark())
    at = Snapshot(plant.lake).watermark
    first = plant.until.astimezone(dt.timezone(dt.timedelta(hours=8))).date().replace(day=1)
    end = (first + dt.timedelta(days=32)).replace(day=1)
    with known.engine() as con:
        channels = list(registry.Channel.objects.filter(subject=firm.id, item=BOUGHT))
        known.derive(con, channels, first, end, at)
        months.build(con)
        (value,) = con.execute(
            "SELECT value FROM metered WHERE item = ? AND month = ?", [BOUGHT, first]
        ).fetchone()
    said = {
        "subject": firm.id, "item": BOUGHT, "kind": "amount", "valid_from": first,
        "valid_to": end, "value": value, "source": "meter", "data_class": "internal",
        "reported": f"{value / 1000} kWh", "evidence": f"{EVIDENCE}{at};covered_s=1/2",
    }  # fmt: skip
    facts.append(facts.table([said]), author="test")
    return facts.Fact.objects.get(subject=firm.id, source="meter")


def test_the_days_as_known_then_give_the_posted_amount_again(stated):
    made = origin(stated)
    assert stated.value == made.again
    assert made.same
    assert ["T-总表"] == [c.meter for c in made.channels]
    assert stated.value == sum(d.amount for d in made.days if d.amount is not None)


def test_readings_that_came_later_change_nothing(stated, plant):
    metered.fill(plant.lake, plant.channels, plant.until + dt.timedelta(hours=2))
    made = origin(stated)
    assert made.same
    assert stated.value == made.again


def test_an_amount_that_no_reading_gives_again_is_told(stated, owner, plant):
    facts.Fact.objects.filter(pk=stated.pk).update(value=stated.value + 1)
    page = owner.get(f"/live/{plant.uid}/behind/{stated.seq}/").content.decode()
    assert "不一致" in page


def test_the_page_shows_meters_and_days_and_exports(stated, owner, plant):
    address = f"/live/{plant.uid}/behind/{stated.seq}/"
    page = owner.get(address).content.decode()
    assert "重新推出的用量与入账用量一致" in page
    assert "T-总表" in page
    assert "T-一车间" not in page
    assert f"/live/{plant.uid}/?channel=" in page
    lines = b"".join(owner.get(address, {"export": "csv"}).streaming_content).decode()
    assert "T-总表" in lines


def test_of_another_enterprise_or_source_there_is_nothing(stated, plant, owner):
    other = registry.Enterprise.objects.get(natural_key=f"uscc:{SECOND}")
    assert posted(other.id, stated.seq) is None
    assert 404 == owner.get(f"/live/{plant.bare}/behind/{stated.seq}/").status_code
    assert 404 == owner.get(f"/live/{plant.uid}/behind/{stated.seq - 1}/").status_code
    stranger = person("yi", "enterprise", subject=other.id)
    assert 404 == stranger.get(f"/live/{plant.uid}/behind/{stated.seq}/").status_code


def test_without_the_time_of_its_readings_a_month_has_no_days(stated):
    facts.Fact.objects.filter(pk=stated.pk).update(evidence="batch:1#2")
    stated.refresh_from_db()
    assert origin(stated) is None
    assert 17 == known_at_of("readings:T=17;covered_s=1/2")


def test_a_time_that_the_readings_have_not_reached_is_told(stated, owner, plant):
    facts.Fact.objects.filter(pk=stated.pk).update(evidence=f"{EVIDENCE}{2**62}")
    page = owner.get(f"/live/{plant.uid}/behind/{stated.seq}/").content.decode()
    assert "知悉时间" in page
    assert "重新推出的用量与入账用量" not in page
