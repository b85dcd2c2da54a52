"""Dated parents, two hierarchies, closure. Runs on SQLite and PostgreSQL."""

from datetime import date

import pytest

from tanma.apps.facts import door as facts
from tanma.apps.registry import door as registry
from tanma.apps.registry.door import AreaRow

pytestmark = [pytest.mark.db, pytest.mark.django_db]

CITY = AreaRow("990500", "演示市", "city")
EAST = AreaRow("990502", "东区", "county", parent="990500")
WEST = AreaRow("990503", "西区", "county", parent="990500")


def test_an_area_is_below_itself_its_parent_and_grandparent():
    town = AreaRow("990502001", "一街道", "township", parent="990502")
    registry.save_areas([CITY, EAST, town], author="test")
    assert ["990502001", "990502", "990500"] == registry.ancestors_on(date(2026, 1, 1))["990502001"]


def test_a_town_that_changes_its_county_belongs_to_each_in_its_time():
    town = AreaRow("990502001", "一街道", "township", parent="990502")
    moved = AreaRow(
        "990502001", "一街道", "township", parent="990503", valid_from=date(2026, 7, 1)
    )
    registry.save_areas([CITY, EAST, WEST, town], author="test")
    registry.save_areas([moved], author="test")
    assert "990502" in registry.ancestors_on(date(2026, 6, 30))["990502001"]
    assert "990503" in registry.ancestors_on(date(2026, 7, 1))["990502001"]
    assert "990502" not in registry.ancestors_on(date(2026, 7, 1))["990502001"]


def test_an_area_cannot_be_its_own_ancestor():
    loop = [
        AreaRow("1", "甲", "county", parent="2"),
        AreaRow("2", "乙", "county", parent="1"),
    ]
    with pytest.raises(ValueError, match="its own ancestor"):
        registry.save_areas(loop, author="test")


def test_the_parent_of_an_area_is_a_dated_fact():
    registry.save_areas([CITY, EAST], author="test")
    parent = facts.Fact.objects.get(item="area.parent", text="990500")
    assert date(1900, 1, 1) == parent.valid_from
    assert "registry" == parent.source


def attribute(subject, item, text, start=date(2020, 1, 1)):
    return {
        "subject": subject, "item": item, "kind": "attribute", "valid_from": start,
        "valid_to": date(9999, 12, 31), "text": text, "value": None, "source": "registry",
        "data_class": "internal",
    }  # fmt: skip


def test_an_identifier_is_registered_once_and_becomes_a_fact():
    first = registry.register("uscc", ["A", "B"], author="test")
    second = registry.register("uscc", ["B", "C"], author="test")
    assert first["B"] == second["B"]
    assert 3 == registry.Enterprise.objects.count()
    assert {"A", "B", "C"} == set(
        facts.Fact.objects.filter(item="id.uscc").values_list("text", flat=True)
    )


def test_todays_columns_follow_the_facts():
    registry.save_areas([CITY, EAST, WEST], author="test")
    subject = registry.register("uscc", ["A"], author="test")["A"]
    facts.append(
        facts.table(
            [
                attribute(subject, "name", "甲公司"),
                attribute(subject, "industry", "3011"),
                attribute(subject, "area.statutory", "990502"),
                attribute(subject, "area.statutory", "990503", date(2099, 1, 1)),
            ]
        ),
        author="test",
    )
    assert 1 == registry.project()
    assert 0 == registry.project()
    enterprise = registry.Enterprise.objects.get(id=subject)
    assert ("甲公司", "3011", "990502") == (
        enterprise.name, enterprise.industry, enterprise.area_code,
    )  # fmt: skip
    inside = set(registry.placement(["990500"]).values_list("subject", flat=True))
    assert {subject} == inside
