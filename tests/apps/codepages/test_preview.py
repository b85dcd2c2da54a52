"""The page before publication: the result that is coming, an objection and its answer."""

import pytest

from tests.apps.region import PREVIEW, PUBLISHED

pytestmark = [pytest.mark.db, pytest.mark.django_db]


def test_the_pages_of_preview_and_objection(published):
    code = published.enterprise("A").public_code
    client = published.client_of("firm_a")
    page = client.get(f"/c/{code}/preview/").content.decode()
    assert "尚未发布" in page
    assert "提出异议" in page
    client.post(f"/c/{code}/preview/", {"text": "五月电量有误"})
    office, run = published.client_of("city"), published.run(PREVIEW)
    assert "五月电量有误" in office.get(f"/publications/{run.uid}/").content.decode()
    uid = office.get(f"/publications/{run.uid}/").context["objections"][0]["uid"]
    office.post(f"/publications/{run.uid}/objections/{uid}/", {"text": "已核对，无误"})
    page = client.get(f"/c/{code}/preview/").content.decode()
    assert "已核对，无误" in page
    assert "提交异议" not in page
    assert "2026Q2" not in client.get(f"/c/{code}.json").content.decode()


def test_a_preview_is_closed_to_others_and_the_public_page_keeps_the_old_grade(published):
    code = published.enterprise("A").public_code
    assert 403 == published.client_of("firm_b").get(f"/c/{code}/preview/").status_code
    assert PUBLISHED[-1] == published.client_of("").get(f"/c/{code}.json").json()["period"]
