"""Pages of batches: who sees which, filters, order, files, the page of one."""

import datetime as dt

import pytest

from tanma.apps.lots.door import Lot
from tanma.apps.people.door import Role
from tanma.apps.registry import door as registry
from tests.apps.live.conftest import person
from tests.apps.lots.conftest import SECOND

pytestmark = [pytest.mark.db, pytest.mark.django_db]
HOUR = dt.timedelta(hours=1)


@pytest.fixture
def three(hand_in, hour):
    row = {"begin": hour, "end": hour + HOUR}
    hand_in(row, {"number": "B-2", "begin": hour + HOUR, "end": hour + 3 * HOUR, "output": "2"},
            {"number": "C-3", "product": "色布", "section": "染整", "meters": "",
             "begin": hour + HOUR, "end": hour + 2 * HOUR, "unit": "m"})  # fmt: skip
    return {lot.number: lot for lot in Lot.objects.all()}


def text(client, address, status=200):
    answer = client.get(address)
    assert status == answer.status_code
    return (b"".join(answer) if answer.streaming else answer.content).decode()


def test_the_list_shows_energy_and_carbon_per_unit(owner, three):
    page = text(owner, "/batches/")
    for said in ("B-1", "B-2", "C-3", "1.720", "完整", "监测估算值"):
        assert said in page


def test_everybody_sees_their_own_batches_only(owner, three):
    other = registry.Enterprise.objects.get(natural_key=f"uscc:{SECOND}")
    stranger = person("yi", Role.ENTERPRISE, subject=other.id)
    assert "B-1" not in text(stranger, "/batches/")
    text(stranger, f"/batches/{three['B-1'].uid}/", 404)
    text(owner, f"/batches/{three['B-1'].uid}/")


def test_filters_narrow_the_list_and_stand_in_the_address(owner, three):
    page = text(owner, "/batches/?q=色布")
    assert "C-3" in page
    assert "B-1" not in page
    assert "B-1" not in text(owner, "/batches/?section=染整")
    assert "B-1" not in text(owner, "/batches/?start=2020-01-01&end=2020-01-31")


def test_a_span_that_is_too_long_is_told(owner, three):
    page = text(owner, "/batches/?start=2020-01-01&end=2026-12-31")
    assert "92 天内" in page
    assert "B-1" not in page


def test_files_carry_what_the_page_shows_in_its_order(owner, three):
    lines = text(owner, "/batches/?order=energy&export=csv").splitlines()
    names = [line.split(",")[0] for line in lines[1:]]
    assert ["C-3", "B-1", "B-2"] == names
    assert "0.003441" in lines[2]


def test_an_office_sees_whose_they_are(office, three):
    assert "企业" in text(office, "/batches/")


def test_the_page_of_a_batch_tells_its_meters_factors_and_others_like_it(owner, three):
    page = text(owner, f"/batches/{three['B-2'].uid}/")
    for said in (
        "T-一车间",
        "56",
        "同产品各批次",
        "tCO₂/MWh",
        "Asia/Shanghai",
        "用能明细",
        "100.0",
    ):
        assert said in page
    assert f"/live/{registry.Enterprise.objects.get(pk=three['B-2'].enterprise).uid}/" in page


def test_a_batch_that_does_not_exist_is_not_found(owner, plant):
    text(owner, "/batches/nonsense/", 404)
    text(owner, "/batches/0000000000000/", 404)


def test_without_batches_the_page_says_what_to_do(owner, plant):
    assert "还没有生产批次" in text(owner, "/batches/")
