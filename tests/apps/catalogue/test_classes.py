"""The catalogue grows on the page: documents with date and author, classes of the office's own."""

from __future__ import annotations

from datetime import date

import pytest
from django.urls import reverse

from tanma.apps.catalogue import classes as catalogue
from tanma.apps.catalogue.models import LegalBasis
from tanma.apps.imports import door as imports
from tanma.apps.people.door import SYSTEM, Role
from tanma.domain.messages import Problem
from tests.apps.imports.conftest import FIRST, energy, person

pytestmark = [pytest.mark.db, pytest.mark.django_db(databases=["default", "work"])]
COKE = {
    "name": "coke", "zh": "焦炭用量", "en": "Coke burnt", "owner": "declared",
    "frequency": "month", "package": "energy", "items": "fuel.coke.burnt", "required_of": "above",
}  # fmt: skip


@pytest.fixture
def bureau(client):
    client.force_login(person("li", Role.BUREAU))
    return client


def test_no_class_claims_a_document_that_nobody_entered(bureau):
    assert {} == catalogue.legal_bases()
    page = bureau.get(reverse("catalogue:home")).content.decode()
    assert len(catalogue.classes()) == page.count("未录入")


def test_a_document_is_entered_with_number_date_and_author(bureau):
    said = {"title": "能源统计报表制度", "number": "示例〔2026〕1号", "valid_from": "2026-01-01"}
    assert 302 == bureau.post(reverse("catalogue:class", args=["gdp"]), said).status_code
    row = LegalBasis.objects.get()
    assert ("gdp", date(2026, 1, 1), "li") == (row.data_class, row.valid_from, row.entered_by)
    for address in (reverse("catalogue:home"), reverse("catalogue:class", args=["gdp"])):
        assert "示例〔2026〕1号" in bureau.get(address).content.decode()


def test_the_newest_document_in_force_counts_and_the_older_stays(db):
    for number, day in (("一", "2025-01-01"), ("二", "2026-01-01"), ("三", "2999-01-01")):
        LegalBasis.objects.create(
            data_class="gdp", title="制度", number=number, valid_from=date.fromisoformat(day)
        )
    assert "二" == catalogue.legal_bases()["gdp"].number
    assert 3 == LegalBasis.objects.count()


def test_a_county_reader_cannot_enter_documents(client):
    client.force_login(person("shen", Role.REVIEWER))
    said = {"title": "x", "number": "y", "valid_from": "2026-01-01"}
    assert 403 == client.post(reverse("catalogue:class", args=["gdp"]), said).status_code
    assert not LegalBasis.objects.exists()


def test_a_declared_class_counts_what_comes_of_it(bureau, firms, sheet):
    before = len(catalogue.classes())
    assert 302 == bureau.post(reverse("catalogue:class_new"), COKE).status_code
    row = f"{FIRST},2026-09,焦炭,燃烧,5,t,申报"
    imports.import_file(sheet("coke.csv", energy(row)), SYSTEM)
    found = {a.data.id: a for a in catalogue.arrivals()}["coke"]
    assert (before + 1, 1, 1, 2) == (
        len(catalogue.classes()), found.rows, found.reported, found.expected,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("change", "code", "zh", "en"),
    [
        ({"id": "gdp"}, "class_known", "已有名为“gdp”", "has a class named gdp already"),
        ({"items": ["fuel.moon"]}, "class_items_unknown", "没有“fuel.moon”", "not know fuel.moon"),
    ],
)
def test_a_class_is_new_and_speaks_of_known_items(db, change, code, zh, en):
    given = {"id": "new", "items": ["fuel."]} | change
    one = catalogue.DataClass("新", "New", "declared", "month", "energy", **given)
    with pytest.raises(Problem) as caught:
        catalogue.declare(one, "li")
    assert code == caught.value.code
    assert zh in caught.value.text("zh")
    assert en in caught.value.text("en")
