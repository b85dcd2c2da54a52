"""The region from kept days: sums without parts, the same days before, completeness, rates."""

import datetime as dt
import json

import pytest
from django.utils import timezone

from tanma.apps.facts import door as facts
from tanma.apps.live import regional
from tanma.apps.metering import door as metering
from tanma.apps.registry import door as registry
from tanma.engine import disclosure
from tanma.engine.metering.refresh import refresh
from tanma.lake.derived import ActivityDays
from tanma.lake.facts import FactsMirror
from tests.apps.live.conftest import FIRST

pytestmark = [pytest.mark.db, pytest.mark.once, pytest.mark.django_db]
BOUGHT = "electricity.purchased"


@pytest.fixture(autouse=True)
def _one_is_enough(monkeypatch):
    """The plant stands alone in its region: what is withheld is tested in test_closing."""
    monkeypatch.setattr(disclosure, "least", lambda: 1)


@pytest.fixture
def derived(plant):
    FactsMirror(plant.lake).sync(facts.fetch, facts.watermark())
    refresh(plant.lake)
    return plant


def test_parts_of_a_meter_are_not_added_again(derived):
    """A board of 12 kWh a quarter-hour; its parts and the rest are inside it."""
    today = timezone.localdate()
    found = regional.look(None, today)
    (line,) = [x for x in found.lines if x.item == BOUGHT]
    days = ActivityDays(derived.lake)
    import duckdb

    with duckdb.connect() as con:
        days.view(con, None)
        (milli,) = con.execute(
            "SELECT sum(milli) FROM days WHERE channel = ? AND day >= ?",
            [derived.number("总表"), today.replace(day=1)],
        ).fetchone()
    # counts of 0.01 kWh, in thousandths
    assert round(int(milli) / 1000 / 100, 6) == round(line.month, 6)
    assert line.month_t == pytest.approx(line.month / 1000 * 0.5306)
    assert "0.5306 tCO₂/MWh" in line.factor


def test_the_share_that_a_method_put_there_is_told(plant):
    number, since = plant.number("总表"), dt.date(2020, 1, 1)
    medians = json.dumps({"limit": [9999] * 48, "median": [40] * 48})
    said = {"flag.substitution": "slot", "flag.substitution_flags": "range", "rated": "40",
            "profile": medians}  # fmt: skip
    metering.state(
        [metering.Statement(number, f"channel.{k}", v, since) for k, v in said.items()],
        author="test",
    )  # fmt: skip
    FactsMirror(plant.lake).sync(facts.fetch, facts.watermark())
    refresh(plant.lake)
    (line,) = [x for x in regional.look(None, timezone.localdate()).lines if x.item == BOUGHT]
    # 48 kW is 120 % of 40: nothing is out of range, so nothing was replaced
    assert 0 == line.replaced_share
    metering.state([metering.Statement(number, "channel.rated", "39", since)], author="test")
    FactsMirror(plant.lake).sync(facts.fetch, facts.watermark())
    refresh(plant.lake)
    (line,) = [x for x in regional.look(None, timezone.localdate()).lines if x.item == BOUGHT]
    assert 0.9 < line.replaced_share <= 1


def test_the_rest_of_the_region_is_left_out(derived):
    assert [] == regional.look({1}, timezone.localdate()).lines
    firm = registry.find("uscc", [FIRST])[FIRST]
    assert {firm} == set(regional.look({firm}, timezone.localdate()).completeness)


def test_whoever_sent_anything_this_month_was_heard_though_nothing_was_expected(plant):
    """Meters of a sheet may say no interval, and a first reading may be of today alone."""
    ever = dt.date(1900, 1, 1)
    numbers = [plant.number(name) for name in ("总表", "一车间", "二车间", "其余")]
    said = [metering.Statement(n, "channel.interval_s", None, ever) for n in numbers]
    metering.state(said, author="test")
    FactsMirror(plant.lake).sync(facts.fetch, facts.watermark())
    refresh(plant.lake)
    firm = registry.find("uscc", [FIRST])[FIRST]
    found = regional.look(None, timezone.localdate())
    assert ({}, {firm}) == (found.completeness, set(found.heard))


def test_nothing_known_is_nothing_shown(plant):
    found = regional.look(None, timezone.localdate())
    assert regional.Sums() == found.sums
    assert ([], {}, {}, 0) == (found.lines, found.completeness, found.metered, found.known_at)
    assert {} == found.reported
    FactsMirror(plant.lake).sync(facts.fetch, facts.watermark())
    found = regional.look(None, timezone.localdate())
    assert ([], {}, {}) == (found.lines, found.completeness, found.metered)
    assert found.known_at


def month_of(day: dt.date, months_ago: int) -> dt.date:
    for _ in range(months_ago):
        day = regional.month_before(day)
    return day


def test_power_as_the_grid_company_reported_it(plant):
    firm = registry.find("uscc", [FIRST])[FIRST]
    today = timezone.localdate()
    month, end = month_of(today, 2), month_of(today, 1)
    row = {
        "subject": firm, "item": BOUGHT, "kind": "amount", "valid_from": month, "valid_to": end,
        "value": 12_500, "source": "grid", "data_class": "internal", "text": None,
    }  # fmt: skip
    facts.append(facts.table([row, row | {"source": "declared", "value": 1}]), author="test")
    FactsMirror(plant.lake).sync(facts.fetch, facts.watermark())
    found = regional.look(None, today)
    assert (month, {firm: 12.5}) == (found.rate_month, found.reported)


def test_without_a_report_of_the_grid_company_there_is_no_rate(derived):
    found = regional.look(None, timezone.localdate())
    assert ({}, regional.month_before(found.through)) == (found.reported, found.rate_month)


def test_looking_reads_what_is_mirrored_and_writes_nothing(derived):
    """A meter registered after the mirror was brought up counts when it is brought up again."""
    mirror = FactsMirror(derived.lake)
    before = (mirror.version, mirror.watermark)
    metering.register_meter("新表", FIRST, author="test")
    assert before[1] < facts.watermark()
    found = regional.look(None, timezone.localdate())
    assert before == (mirror.version, mirror.watermark)
    assert before[1] == found.known_at
    mirror.sync(facts.fetch, facts.watermark())
    assert before[1] < regional.look(None, timezone.localdate()).known_at


def test_without_a_mirror_the_page_says_which_process_brings_it(plant, office):
    text = office.get("/live/region/").content.decode()
    assert "登记的事实还没有同步到数据湖" in text
    assert "tanma lake keep" in text
    assert "今日用能" not in text
    assert -1 == FactsMirror(plant.lake).version


def test_the_page_of_the_region(derived, office):
    answer = office.get("/live/region/")
    text = answer.content.decode()
    assert 200 == answer.status_code
    for said in (
        "读数计算至",
        "最近一次表计登记",
        "今日用能",
        "监测估算值",
        "购入电力",
        "采集完整率",
        "自动采集率",
        "0.5306",
    ):
        assert said in text
    part = office.get("/live/region/", headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in part
    assert "region-now" in part


def test_a_region_without_meters_is_told_what_to_do(db, settings, tmp_path):
    from tanma.apps.people.door import Role
    from tests.apps.live.conftest import person

    settings.TANMA = settings.TANMA.model_copy(update={"home": tmp_path})
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.signed_cookies"
    client = person("bureau", Role.BUREAU)
    assert "还没有企业登记表计" in client.get("/live/region/").content.decode()
    assert "还没有企业登记表计" in client.get("/live/").content.decode()
