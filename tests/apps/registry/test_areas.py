"""Dated parents, two hierarchies, closure, today's columns. Runs on SQLite and PostgreSQL."""

from datetime import date

import pytest

from tanma.apps.facts import door as facts
from tanma.apps.registry import areas
from tanma.apps.registry import door as registry
from tanma.domain.messages import Problem

pytestmark = [pytest.mark.db, pytest.mark.django_db]
OPEN = date(9999, 12, 31)


def attribute(subject, item, text, start=date(2020, 1, 1), end=OPEN):
    return {
        "subject": subject, "item": item, "kind": "attribute", "valid_from": start,
        "valid_to": end, "text": text, "value": None, "source": "registry",
        "data_class": "internal",
    }  # fmt: skip


def region(parents, hierarchy="statutory"):
    """Areas by code from (code, parent, from day) triples, through facts as an import does."""
    ids = registry.register("area", sorted({c for c, *_ in parents}), author="test")
    rows = [attribute(ids[c], "name", f"{c}区") for c in ids]
    rows += [attribute(ids[c], f"area.parent.{hierarchy}", p, d) for c, p, d in parents if p]
    facts.append(facts.table(rows), author="test")
    registry.project()
    return ids


EARLY = date(2020, 1, 1)


def test_an_area_is_below_itself_its_parent_and_grandparent():
    region([("1", "", EARLY), ("11", "1", EARLY), ("111", "11", EARLY)])
    assert ["111", "11", "1"] == registry.ancestors_on(date(2026, 1, 1))["111"]
    assert "1区" == str(registry.Area.objects.get(code="1"))


def test_a_town_that_changes_its_county_belongs_to_each_in_its_time():
    moved = ("111", "12", date(2026, 7, 1))
    region([("1", "", EARLY), ("11", "1", EARLY), ("12", "1", EARLY), ("111", "11", EARLY), moved])
    assert ["111", "11", "1"] == registry.ancestors_on(date(2026, 6, 30))["111"]
    assert ["111", "12", "1"] == registry.ancestors_on(date(2026, 7, 1))["111"]


def test_the_two_hierarchies_do_not_mix():
    region([("1", "", EARLY), ("11", "1", EARLY)])
    region([("P", "", EARLY), ("11", "P", EARLY)], "management")
    assert ["11", "1"] == registry.ancestors_on(date(2026, 1, 1))["11"]
    assert ["11", "P"] == registry.ancestors_on(date(2026, 1, 1), "management")["11"]


def test_a_circle_of_parents_is_refused_with_the_area():
    with pytest.raises(Problem) as caught:
        region([("1", "2", EARLY), ("2", "1", EARLY)])
    assert "area_cycle" == caught.value.code
    assert "成环" in caught.value.text("zh")
    assert "below itself" in caught.value.text("en")


def test_a_gap_between_two_parents_stays_a_gap():
    links = [
        areas.Link("a", "x", date(2020, 1, 1), date(2021, 1, 1)),
        areas.Link("a", "y", date(2022, 1, 1), OPEN),
    ]
    assert [(date(2020, 1, 1), date(2021, 1, 1)), (date(2022, 1, 1), OPEN)] == [
        (link.start, link.end) for link in areas.dated_parents("a", links)
    ]


def test_an_identifier_is_registered_once_and_becomes_a_fact():
    first = registry.register("uscc", ["A", "B"], author="test")
    second = registry.register("uscc", ["B", "C"], author="test")
    assert first["B"] == second["B"]
    assert 3 == registry.Enterprise.objects.count()
    found = facts.Fact.objects.filter(item="id.uscc").values_list("text", flat=True)
    assert {"A", "B", "C"} == set(found)


def test_a_meter_is_no_enterprise():
    registry.register("meter", ["M-1"], author="test")
    assert 0 == registry.Enterprise.objects.count()
    assert {"M-1"} == set(registry.find("meter", ["M-1", "M-2"]))


def test_a_withdrawn_attribute_leaves_its_column_empty():
    subject = registry.register("uscc", ["A"], author="test")["A"]
    facts.append(facts.table([attribute(subject, "industry", "3011")]), author="test")
    registry.project()
    facts.append(facts.table([attribute(subject, "industry", None)]), author="test")
    registry.project()
    assert "" == registry.Enterprise.objects.get(id=subject).industry


def test_todays_columns_follow_the_facts():
    region([("1", "", EARLY), ("11", "1", EARLY), ("12", "1", EARLY)])
    subject = registry.register("uscc", ["A"], author="test")["A"]
    rows = [
        attribute(subject, "name", "甲公司"),
        attribute(subject, "industry", "3011"),
        attribute(subject, "area.statutory", "11"),
        attribute(subject, "area.statutory", "12", date(2099, 1, 1)),
    ]
    facts.append(facts.table(rows), author="test")
    assert 1 == registry.project()
    assert 0 == registry.project()
    enterprise = registry.Enterprise.objects.get(id=subject)
    found = (enterprise.name, enterprise.industry, enterprise.area_code)
    assert ("甲公司", "3011", "11") == found
    assert {subject} == set(registry.placement(["1"]).values_list("subject", flat=True))
