"""The list with its counts, one case and its moves, and the number in the sidebar."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone

from tanma.apps.cases import door as cases
from tests.apps.cases.conftest import TOLD, who

pytestmark = [pytest.mark.db, pytest.mark.django_db]


def page(client, address, status=200):
    answer = client.get(address)
    assert status == answer.status_code, answer.content.decode()[:800]
    return answer.content.decode()


def test_the_list_has_counts_filters_and_a_badge(opened, owner, firms):
    text = page(owner, "/cases/")
    assert opened.uid in text
    assert 'class="waits num"' in text
    cases.Case.objects.filter(pk=opened.pk).update(due_at=timezone.now() - dt.timedelta(days=1))
    assert "已逾期" in page(owner, "/cases/?state=overdue")
    for hides in ("state=closed", "q=没有", "of=7"):
        assert opened.uid not in page(owner, f"/cases/?{hides}")
    cases.take(opened, "see", who("jia"))
    assert 'class="waits num"' not in page(owner, "/cases/")
    assert opened.uid in page(owner, "/cases/?state=all&kind=alarm")
    assert opened.uid not in page(owner, "/cases/?state=waiting")


def test_the_bureau_counts_by_enterprise(opened, bureau, firms):
    cases.open_case("alarm", firms[0], "day_limit:8", TOLD)
    text = page(bureau, "/cases/")
    assert "未关闭事项最多的企业" in text
    assert '<td class="r n">2</td>' in text


def test_files_hold_every_row(opened, bureau):
    answer = bureau.get("/cases/?export=csv")
    assert "能耗报警" in b"".join(answer).decode()


def test_nobody_else_sees_a_case(opened, other, client):
    assert "目前没有需要办理的事项" in page(other, "/cases/")
    page(other, f"/cases/{opened.uid}/", 404)
    page(other, "/cases/nonsense/", 404)
    assert 404 == other.post(f"/cases/{opened.uid}/move/", {"move": "see"}).status_code
    assert 302 == client.get("/cases/").status_code


def test_a_case_is_moved_on_its_page(opened, owner):
    where = f"/cases/{opened.uid}/"
    assert "标为已查看" in page(owner, where)
    refused = owner.post(f"{where}move/", {"move": "explain", "note": ""})
    assert 400 == refused.status_code
    assert "需要说明" in refused.content.decode()
    kept = owner.post(f"{where}move/", {"move": "close", "note": "字句保留"})
    assert "字句保留" in kept.content.decode()
    assert 302 == owner.post(f"{where}move/", {"move": "explain", "note": "检修"}).status_code
    text = page(owner, where)
    assert "检修" in text
    assert "已说明" in text


def test_the_page_speaks_english(opened, owner):
    owner.cookies["django_language"] = "en"
    text = page(owner, f"/cases/{opened.uid}/")
    assert "Mark as seen" in text
    assert "Energy alarm" in text


def test_a_panel_of_the_room_above_stands_on_the_page(opened, owner, monkeypatch):
    from tanma.apps.cases import flow

    monkeypatch.setattr(flow, "_panels", {})
    cases.set_panel("alarm", lambda case, viewer: ("cases/parts/none.html", {}))
    assert ("cases/parts/none.html", {}) == flow.panel_of(opened, who("jia"))
