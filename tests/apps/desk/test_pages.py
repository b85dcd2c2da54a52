"""Pages of the desk: what is known of a case in words, and the form that decides it."""

from __future__ import annotations

import pytest
from django.test import Client

from tanma.apps.desk.models import DeskCase
from tanma.apps.people.door import Role
from tanma.apps.registry import door as registry
from tests.apps.desk.test_cases import register
from tests.apps.imports.conftest import FIRST, THIRD, person

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
