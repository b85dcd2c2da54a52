"""Warnings sent from the attention list: once each, only where the official may, shown there."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone

from tanma.apps.attention import handling
from tanma.apps.cases import door as cases
from tanma.domain.identity import id_text
from tests.apps.region import FIRMS

LIST, WARN = "/cockpit/attention/", "/cockpit/attention/warn/"


def table(client, query=""):
    return client.get(f"{LIST}{query}").context["firms"]


def names(client, query=""):
    return {r.name for r in table(client, query).source}


@pytest.fixture
def worst(published):
    """An enterprise of grade 5, in county 2."""
    return published.run().results.filter(grade=5).first()


def send(client, *subjects, note="请在期限内答复", query=""):
    items = [id_text(s) for s in subjects]
    return client.post(f"{WARN}{query}", {"item": items, "note": note}, follow=True)


def test_an_official_warns_and_the_list_shows_the_case_instead_of_the_box(published, worst):
    client = published.client_of("city")
    before = table(client)
    assert id_text(worst.subject) in before.picks(before.page)
    page = client.get(LIST).content.decode()
    assert f'value="{id_text(worst.subject)}" form="pick"' in page
    assert "向勾选的企业发出预警" in page
    assert 'class="pick"><input type="checkbox" data-kit-pick-all' in page
    said = send(client, worst.subject).content.decode()
    assert "已向 1 家企业发出预警" in said
    case = cases.Case.objects.get()
    assert (worst.subject, "attention", "sent") == (case.subject, case.workflow, case.state)
    assert "2026年一季度" in case.title
    assert "碳效等级为 5 级" in case.title
    page = client.get(LIST).content.decode()
    assert f"/cases/{case.uid}/" in page
    left = table(client)
    assert id_text(worst.subject) not in left.picks(left.page)
    again = send(client, worst.subject).content.decode()
    assert "没有重复发出" in again
    assert 1 == cases.Case.objects.count()


def test_a_closed_case_of_the_period_stands_too(published, worst):
    who, run = published.viewer("city"), published.run()
    assert (1, 0) == handling.warn(who, run, [worst.subject])
    case = cases.Case.objects.get()
    cases.take(case, "close", who, "误发")
    assert (0, 1) == handling.warn(who, run, [worst.subject])
    case.params["of"] = "2020Q1"
    cases.Case.objects.update(params=case.params)
    assert (1, 0) == handling.warn(who, run, [worst.subject])
    assert 2 == cases.Case.objects.count()


def test_nobody_warns_outside_the_own_area_or_without_the_role(published, worst):
    county = {"2": "county1", "1": "county2"}[worst.area_code[5]]
    for name in (county, "reviewer"):
        answer = send(published.client_of(name), worst.subject)
        assert (200 if name == county else 403) == answer.status_code
    assert 0 == cases.Case.objects.count()
    assert table(published.client_of("reviewer")).pick is None
    unlisted = published.run().results.exclude(grade=5).first()
    send(published.client_of("city"), unlisted.subject)
    assert 0 == cases.Case.objects.count()


def test_choices_of_the_address(published, worst):
    client = published.client_of("city")
    handling.warn(published.viewer("city"), published.run(), [worst.subject])
    assert {worst.name} == names(client, "?handled=open")
    assert worst.name not in names(client, "?handled=none")
    assert set() == names(client, "?handled=overdue") | names(client, "?handled=closed")
    cases.Case.objects.update(due_at=timezone.now() - dt.timedelta(days=1))
    assert {worst.name} == names(client, "?handled=overdue")
    assert {worst.name} == names(client, f"?q={worst.name[:3]}")
    county = worst.area_code[:6]
    assert worst.name in names(client, f"?area={county}")
    other = {"990101": "990102", "990102": "990101"}[county]
    assert worst.name not in names(client, f"?area={other}")
    lines = b"".join(client.get(f"{LIST}?e-export=csv").streaming_content).decode()
    assert "待企业答复" in lines
    assert "办理期限" in lines


def test_an_empty_choice_and_a_wrong_one(published):
    client = published.client_of("city")
    assert "请先勾选企业" in send(client).content.decode()
    assert 404 == client.post(WARN, {"item": ["!"]}).status_code
    assert 404 == client.post(f"{WARN}?period=1999Q1", {"item": []}).status_code


def test_the_enterprise_answers_and_sees_why(published, worst):
    handling.warn(published.viewer("city"), published.run(), [worst.subject], "请说明原因")
    key = next(k for k, f in FIRMS.items() if f.name == worst.name)
    client = published.client_of(f"firm_{key.lower()}")
    case = cases.Case.objects.get()
    page = client.get(f"/cases/{case.uid}/").content.decode()
    for word in ("预警依据", "请说明原因", "提交整改措施", "与行业平均比值", "发起"):
        assert word in page
    assert str(case) in client.get("/").content.decode()
    answer = {"move": "measures", "note": "更换电机"}
    assert 302 == client.post(f"/cases/{case.uid}/move/", answer).status_code
    office = published.client_of("city").get(f"/cases/{case.uid}/").content.decode()
    for word in ("更换电机", "退回补充", "办结"):
        assert word in office
    assert str(case) not in client.get("/").content.decode()


def test_an_enterprise_without_a_level_has_a_page_too(published, worst):
    handling.warn(published.viewer("city"), published.run(), [worst.subject])
    published.run().results.filter(pk=worst.pk).update(level="")
    page = published.client_of("city").get(f"/cases/{cases.Case.objects.get().uid}/")
    assert "未定级" in page.content.decode()


def test_a_newer_publication_stands_beside_the_one_that_warned(published, worst):
    older, newest = published.run("2025Q4/r4"), published.run()
    handling.warn(published.viewer("city"), older, [worst.subject])
    case = cases.Case.objects.filter(subject=worst.subject).first()
    if case is None:  # not listed then
        pytest.skip("the enterprise was not of grade 5 a quarter before")
    _, about = handling.panel(case, published.viewer("city"))
    assert [older, newest] == [t["run"] for t in about["told"]]
