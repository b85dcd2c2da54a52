"""Open alarms on one page: for whom, narrowed by what, with figures for whoever may see them."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone

from tanma.apps.cases import door as cases
from tanma.apps.people.door import Role
from tanma.apps.registry import door as registry
from tanma.apps.watch.models import Alarm, Breach
from tests.apps.live.conftest import FIRST, SECOND, person

pytestmark = [pytest.mark.db, pytest.mark.django_db]
PAGE = "/watch/alarms/"
NAME = {"zh": "总表 购入电力", "en": "Board electricity"}


@pytest.fixture
def firms(db, settings):
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.signed_cookies"
    made = registry.register("uscc", [FIRST, SECOND], author="test")
    registry.project()
    registry.Placement.objects.create(subject=made[FIRST], area_code="990101")
    registry.Placement.objects.create(subject=made[SECOND], area_code="990102")
    return made[FIRST], made[SECOND]


def raised(subject, rule="day_limit", *days, name=NAME, ago=0):
    said = cases.Said(f"alarm_{rule}", {"name": name, "unit": "kWh", "day": "2026-01-01",
                                        "value": "9", "expected": "1"})  # fmt: skip
    case, _ = cases.open_case("alarm", subject, f"{rule}:{subject}", said)
    opened = timezone.now() - dt.timedelta(days=ago)
    cases.Case.objects.filter(pk=case.pk).update(
        opened_at=opened, due_at=opened + dt.timedelta(days=1)
    )
    alarm = Alarm.objects.create(case=case, subject=subject, channel=7, rule=rule)
    for n, value in enumerate(days):
        day = dt.date(2026, 1, 1) + dt.timedelta(days=n)
        Breach.objects.create(alarm=alarm, day=day, value=value, expected=100, withdrawn=value < 0)
    return case


def rows(client, query=""):
    table = client.get(f"{PAGE}{query}").context["table"]
    return [[str(c.content) for c in row] for row in table.cells(table.page)]


def test_the_newest_day_in_force_stands_with_its_figures(firms):
    raised(firms[0], "day_limit", 300.5, 412.25, -1)
    ((name, _firm, _area, rule, state, day, value, bound, unit, days, *_),) = rows(
        person("office", Role.BUREAU)
    )  # fmt: skip
    assert ("总表 购入电力", "每日用量上限", "2026-01-02") == (name, rule, day)
    assert ("412.25", "100", "kWh", "2") == (value, bound, unit, days)
    assert "待查看" in state


def test_each_sees_the_own_area_or_enterprise(firms, client):
    raised(firms[0])
    raised(firms[1], name=NAME | {"zh": "锅炉 蒸汽"})
    assert 2 == len(rows(person("office", Role.BUREAU)))
    county = person("county", Role.BUREAU, area_code="990102")
    assert ["锅炉 蒸汽"] == [r[0] for r in rows(county)]
    own = person("jia", Role.ENTERPRISE, subject=firms[0])
    assert ["总表 购入电力"] == [r[0] for r in rows(own)]
    assert 'name="area"' in county.get(PAGE).content.decode()
    assert 'name="area"' not in own.get(PAGE).content.decode()
    nobody = person("yi", Role.ENTERPRISE, subject=99)
    assert "目前没有未关闭的报警" in nobody.get(PAGE).content.decode()
    assert 302 == client.get(PAGE).status_code


def test_the_address_narrows_and_the_file_follows(firms):
    raised(firms[0], "hour_limit", 3, ago=5)
    raised(firms[1], "day_limit", 3)
    office = person("office", Role.BUREAU)
    for query, n in (
        ("rule=hour_limit", 1), ("rule=least", 0), ("age=3", 1), ("age=7", 0), ("state=overdue", 1),
        ("state=open", 2), ("q=没有这家", 0),
    ):  # fmt: skip
        assert n == len(rows(office, f"?{query}")), query
    assert "没有符合条件的报警" in office.get(f"{PAGE}?rule=least").content.decode()
    text = b"".join(office.get(f"{PAGE}?export=csv&age=3").streaming_content).decode()
    assert "每小时用量上限" in text
    assert "每日用量上限" not in text


def test_an_area_narrows(firms, monkeypatch):
    raised(firms[0])
    raised(firms[1])
    monkeypatch.setattr(registry, "area_choices", lambda: [("990101", "一县")])
    assert 1 == len(rows(person("office", Role.BUREAU), "?area=990101"))
    assert 2 == len(rows(person("other", Role.BUREAU), "?area=1"))


def test_a_closed_alarm_is_gone(firms):
    case = raised(firms[0])
    cases.Case.objects.filter(pk=case.pk).update(closed_at=timezone.now(), state="closed")
    assert "目前没有未关闭的报警" in person("office", Role.BUREAU).get(PAGE).content.decode()


def test_figures_of_intensity_are_for_whoever_may_see_l(firms, settings):
    raised(firms[0], "intensity", 1.5)
    settings.TANMA = settings.TANMA.model_copy(update={"legal_basis": ""})
    assert ["—", "—"] == rows(person("office", Role.BUREAU))[0][6:8]
    assert ["1.5", "100"] == rows(person("jia", Role.ENTERPRISE, subject=firms[0]))[0][6:8]
