"""The register of equipment: list, one device, a new one, changes, and who may see them."""

from __future__ import annotations

import pytest

from tanma.apps.equipment.models import Equipment
from tanma.apps.metering import door as metering
from tanma.apps.people.door import Role
from tests.apps.live.conftest import person

pytestmark = [pytest.mark.db, pytest.mark.django_db]
GIVEN = {"name": "E-2", "title": "1号空压机", "kind": "compressor", "rated_kw": "132",
         "since": "2026-01-01", "evidence": "铭牌照片"}  # fmt: skip


def page(client, address, status=200):
    answer = client.get(address)
    assert status == answer.status_code, answer.content.decode()[:800]
    return answer.content.decode()


def test_the_list_filters_by_words_kind_use_and_enterprise(owner, plant, loom):
    text = page(owner, "/equipment/")
    for said in ("E-1", "1号织机", "加工设备", "生产设备", "织造"):
        assert said in text
    for shows in ("q=织造", "kind=machine", "role=production", f"of={plant.uid}"):
        assert "1号织机" in page(owner, f"/equipment/?{shows}")
    for hides in ("q=没有", "kind=pump", "role=test", f"of={plant.bare}"):
        assert "1号织机" not in page(owner, f"/equipment/?{hides}")
    assert "1号织机" in b"".join(owner.get("/equipment/?export=csv")).decode()


def test_one_device_shows_its_plate_its_meters_and_its_history(owner, loom):
    text = page(owner, f"/equipment/{loom.uid}/")
    for said in ("40 kW", "T-一车间", "事实历史", "台账 1", "输入表计"):
        assert said in text


def test_a_device_is_registered_by_hand(owner, plant):
    assert "还没有登记设备" in page(owner, "/equipment/")
    meter = metering.Meter.objects.get(name="T-二车间")
    answer = owner.post(f"/equipment/new/{plant.uid}/", GIVEN | {"input": [meter.uid]})
    assert 302 == answer.status_code, answer.content.decode()[-3000:]
    made = Equipment.objects.get(name="E-2")
    assert (meter.uid, "132", "compressor") == (made.input, made.rated_kw, made.kind)


@pytest.mark.parametrize(
    ("more", "said"),
    [({"codes": "run"}, "读不懂"), ({"rated_kw": "-1"}, ""), ({"name": "a b"}, ""),
     ({"idle_above_kw": "9", "run_above_kw": "9"}, "运行门槛必须高于空闲门槛")],
)  # fmt: skip
def test_what_is_wrong_is_said_beside_its_field(owner, plant, more, said):
    answer = owner.post(f"/equipment/new/{plant.uid}/", GIVEN | more)
    assert 400 == answer.status_code
    assert said in answer.content.decode()
    assert not Equipment.objects.filter(name="E-2").exists()


def test_only_what_differs_is_stated_and_it_is_dated(owner, loom):
    given = {"title": "1号织机", "kind": "machine", "section": "织造二", "rated_kw": "40",
             "input": [loom.input], "since": "2026-02-01", "evidence": "搬迁单"}  # fmt: skip
    assert 302 == owner.post(f"/equipment/{loom.uid}/change/", given).status_code
    loom.refresh_from_db()
    assert "织造二" == loom.section
    text = page(owner, f"/equipment/{loom.uid}/")
    assert 1 == text.count("搬迁单")
    assert 400 == owner.post(f"/equipment/{loom.uid}/change/", {"title": ""}).status_code
    assert "记录变更" in page(owner, f"/equipment/{loom.uid}/change/")


def test_a_name_of_somebody_else_is_refused_on_the_page(office, plant, loom):
    answer = office.post(f"/equipment/new/{plant.bare}/", GIVEN | {"name": "E-1"})
    assert 400 == answer.status_code
    assert "已属于另一家企业" in answer.content.decode()


def test_nobody_else_sees_or_changes_a_device(plant, loom):
    other = person("yi", Role.ENTERPRISE, subject=1)
    for part in ("", "change/"):
        page(other, f"/equipment/{loom.uid}/{part}", 404)
    page(other, f"/equipment/new/{plant.uid}/", 404)
    assert "E-1" not in page(other, "/equipment/")
