"""Pages of the desk: what is known of a case in words, and the form that decides it."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from tanma.apps.desk.models import DeskCase
from tanma.apps.imports import door as imports
from tanma.apps.people.door import SYSTEM, Role
from tanma.apps.registry import door as registry
from tests.apps.desk.test_cases import register
from tests.apps.imports.conftest import FIRST, THIRD, energy, person

pytestmark = [pytest.mark.db, pytest.mark.django_db(databases=["default", "work"])]
SAID = {"effective": "2026-09-01", "evidence": "函〔2026〕1号"}


@pytest.fixture
def office():
    client = Client()
    client.force_login(person("office", Role.BUREAU))
    return client


def page(client, case):
    return client.get(f"/imports/desk/{case.uid}/").content.decode()


def test_the_kept_one_of_two_is_chosen_among_them_and_none_beforehand(firms, sheet, office):
    register(sheet, f"{THIRD},示例甲有限公司,3011")
    case = DeskCase.objects.get(kind="duplicate")
    text = page(office, case)
    assert '<option value="" selected>请选择</option>' in text
    assert f'<option value="{FIRST}">示例甲有限公司 · {FIRST}</option>' in text
    assert "3011 水泥制造" in text
    refused = office.post(f"/imports/desk/{case.uid}/", {**SAID, "choice": "same", "code": ""})
    assert "没有指定名录中的企业" in refused.content.decode()
    told = office.post(
        f"/imports/desk/{case.uid}/", {**SAID, "choice": "same", "code": FIRST}, follow=True
    )
    assert "已认定" in told.content.decode()
    assert firms[FIRST] == registry.find("uscc", [THIRD])[THIRD]


def test_two_statements_are_told_in_words_with_the_batch_they_came_in(firms, sheet, office):
    register(sheet, f"{FIRST},示例甲有限公司,3012")
    case = DeskCase.objects.get(kind="conflict")
    text = page(office, case)
    assert "3011 水泥制造" in text
    assert "3012" in text
    assert "batch:" not in text
    told = office.post(f"/imports/desk/{case.uid}/", {**SAID, "choice": "keep_new"}, follow=True)
    assert "已认定。" in told.content.decode()


def test_a_batch_tells_how_many_cases_it_brought_and_leads_to_them(firms, sheet, office):
    lines = [f"{FIRST},示例甲有限公司,3012", f"{THIRD},示例甲有限公司,3011"]
    batch = register(sheet, *lines)
    DeskCase.objects.create(kind="unknown", scheme="uscc", value="ANOTHER")
    text = office.get(f"/imports/files/{batch.uid}/").content.decode()
    told = re.sub(r"<[^>]+>", "", text)
    assert "本批次带来待认定的事项：疑似重复的企业 1、相互矛盾的属性 1。" in told
    assert f'href="/imports/desk/?batch={batch.uid}"' in text
    listed = office.get(f"/imports/desk/?batch={batch.uid}").content.decode()
    assert "只看文件 more.csv 带来的事项" in listed
    assert "ANOTHER" not in listed
    assert "ANOTHER" in office.get("/imports/desk/").content.decode()


def test_rows_that_wait_lead_from_their_batch_to_the_case_of_an_earlier_one(firms, sheet, office):
    rows = [energy(f"{THIRD},2026-0{month},电力,购入,1,kWh,供电") for month in (7, 8)]
    first, second = (
        imports.import_file(sheet(f"{n}.csv", text), SYSTEM) for n, text in enumerate(rows)
    )
    case = DeskCase.objects.get()
    assert first == case.batch
    for batch in (first, second):
        assert case.value in office.get(f"/imports/desk/?batch={batch.uid}").content.decode()
    office.post(f"/imports/desk/{case.uid}/", {**SAID, "choice": "dismiss"})
    text = office.get(f"/imports/files/{second.uid}/").content.decode()
    assert "已认定 1 件。" in text
    assert f"?batch={second.uid}&amp;state=all" in text


def test_a_batch_without_questions_says_nothing_of_the_desk(firms, office):
    batch = imports.Batch.objects.get()
    assert "需要认定的事项" not in office.get(f"/imports/files/{batch.uid}/").content.decode()


def test_an_enterprise_is_not_sent_to_the_desk(firms, sheet):
    client = Client()
    client.force_login(person("jia", Role.ENTERPRISE, subject=firms[FIRST]))
    batch = register(sheet, f"{FIRST},示例甲有限公司,3012")
    imports.Batch.objects.filter(pk=batch.pk).update(subject=firms[FIRST])
    assert "/imports/desk/" not in client.get(f"/imports/files/{batch.uid}/").content.decode()


@pytest.mark.parametrize("uid", ["x", "0000000000001"])
def test_an_unknown_batch_is_not_found_at_the_desk(office, uid):
    assert 404 == office.get(f"/imports/desk/?batch={uid}").status_code
