"""The data as a whole: classes and completeness, sources beside each other, reminders."""

from datetime import date

import pytest
from django.core.exceptions import PermissionDenied
from django.urls import reverse

from tanma.apps.catalogue import classes as catalogue
from tanma.apps.catalogue import compare, reminders
from tanma.apps.catalogue.classes import Rule
from tanma.apps.catalogue.compare import Pair
from tanma.apps.imports import door as imports
from tanma.apps.people.door import SYSTEM, Role
from tanma.apps.registry import door as registry
from tanma.domain.items import items, sources
from tanma.domain.periods import parse
from tanma.intake.tables import package_names
from tests.apps.imports.conftest import FIRST, REGISTER, SECOND, THIRD, energy, looks, person

pytestmark = [pytest.mark.db, pytest.mark.django_db(databases=["default", "work"])]
TAX = "统一社会信用代码,期间,税额,计税营业额,金额单位\n"


def power(sheet, *rows, name="power.csv", source="供电"):
    lines = (f"{code},{period},电力,购入,{kwh},kWh,{source}" for code, period, kwh in rows)
    return imports.import_file(sheet(name, energy(*lines)), SYSTEM)


def tax(sheet, *rows):
    text = TAX + "".join(f"{code},{period},1,{value},万元\n" for code, period, value in rows)
    batch = imports.import_file(sheet("tax.csv", text), SYSTEM, package="tax")
    assert batch.complete, imports.report_lines(batch, 5)


def test_classes_speak_of_known_sources_packages_and_items():
    for one in catalogue.classes():
        assert one.owner in sources()
        assert one.package in package_names()
        assert catalogue.items_of(one) or one.id == "readings"
        assert set(catalogue.items_of(one)) <= set(items())
    assert len(catalogue.classes()) == len({c.id for c in catalogue.classes()})


def test_a_class_tells_what_came_and_who_of_those_expected(firms, sheet):
    power(sheet, (FIRST, "2026-08", 5), (SECOND, "2026-08", 6), (FIRST, "2026-09", 7))
    found = {a.data.id: a for a in catalogue.arrivals()}["power-grid"]
    assert (3, date(2026, 9, 30), 1, 2, 0.5) == (
        found.rows, found.last, found.reported, found.expected, found.completeness,
    )  # fmt: skip
    assert "供电企业" == found.owner


def test_a_class_of_which_nothing_came_says_so(firms):
    found = {a.data.id: a for a in catalogue.arrivals()}["water-205-4"]
    assert (0, None, None) == (found.rows, found.stamp, found.completeness)


def test_missing_reports_are_asked_of_active_enterprises_of_the_size(firms, sheet):
    small = f"{THIRD},示例丙有限公司,3011,330502,规下,在营,2024-01-01\n"
    imports.import_file(sheet("small.csv", REGISTER + small), SYSTEM)
    power(sheet, (FIRST, "2026-09", 7))
    owed = catalogue.missing(parse("2026Q3"))
    third = registry.find("uscc", [THIRD])[THIRD]
    assert {firms[SECOND]: ["power-grid"], third: ["power-grid"]} == owed
    assert {} == catalogue.missing(parse("2026Q2"))


def test_two_sources_are_compared_where_both_speak(firms, sheet):
    power(sheet, (FIRST, "2026-09", 1000), (SECOND, "2026-09", 500))
    power(sheet, (FIRST, "2026-09", 1100), name="declared.csv", source="申报")
    (row,) = compare.reconcile("grid")
    assert ("electricity.purchased", date(2026, 9, 1), "declared") == (
        row.item, row.month, row.other,
    )  # fmt: skip
    assert (1_000_000, 1_100_000, 1, 1) == (row.value, row.other_value, row.firms, row.different)
    assert -1 / 11 == pytest.approx(row.difference)
    assert [1 / 10] == [pytest.approx(r.difference) for r in compare.reconcile("declared")]


def test_power_up_and_turnover_down_is_listed_with_its_rule(firms, sheet):
    power(
        sheet, (FIRST, "2025-07", 20000), (FIRST, "2026-07", 30000),
        (SECOND, "2025-07", 20000), (SECOND, "2026-07", 21000),
    )  # fmt: skip
    tax(sheet, (FIRST, "2025Q3", 100), (FIRST, "2026Q3", 60), (SECOND, "2025Q3", 100),
        (SECOND, "2026Q3", 60))  # fmt: skip
    pairs = compare.pairs(parse("2026Q3"))
    assert 2 == compare.comparable(pairs)
    ((pair, rule),) = compare.mismatches(pairs)
    assert (firms[FIRST], "power_up_turnover_down") == (pair.subject, rule.id)
    assert (30000, 20000, 600_000, 1_000_000) == (
        pair.power_kwh, pair.power_before_kwh, pair.turnover_yuan, pair.turnover_before_yuan,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("pair", "rule", "expected"),
    [
        (Pair(1, 120, 100, 80, 100), {"power_change_from": 0.2, "turnover_change_to": -0.2}, True),
        (Pair(1, 119, 100, 80, 100), {"power_change_from": 0.2, "turnover_change_to": -0.2}, False),
        (Pair(1, 120, None, 80, 100), {"power_change_from": 0.2}, False),
        (Pair(1, 120, 0, 80, 100), {"power_change_from": 0.2}, False),
        (Pair(1, 50, None, None, None), {"turnover": "none"}, True),
        (Pair(1, 49, None, None, None), {"turnover": "none"}, False),
        (Pair(1, 50, None, 1, None), {"turnover": "none"}, False),
        (Pair(1, None, None, 1, None), {"power": "none"}, True),
        (Pair(1, 1, None, 1, None), {"power": "none"}, False),
    ],
)
def test_a_rule_breaks_at_its_bounds_and_never_on_what_is_unknown(pair, rule, expected):
    said = {"id": "x", "zh": "", "en": "", "turnover_change_to": None} | rule
    if "power_change_from" in rule:
        said |= {"turnover_change_to": rule.get("turnover_change_to", 0.0)}
    assert expected is compare.breaks(pair, Rule(**said), least_power_kwh=50)


def test_a_reminder_waits_until_it_is_seen_and_is_not_repeated(firms):
    owed = {firms[FIRST]: ["power-grid"]}
    assert 1 == reminders.remind(owed, "2026Q3", SYSTEM)
    assert 0 == reminders.remind(owed, "2026Q3", SYSTEM)
    (found,) = reminders.reminders_for(firms[FIRST])
    assert ("2026Q3", ["power-grid"]) == (found.period, found.items)
    assert [] == reminders.reminders_for(firms[SECOND])
    reminders.seen([found])
    assert [] == reminders.reminders_for(firms[FIRST])
    assert 1 == reminders.remind(owed, "2026Q3", SYSTEM)


def test_names_of_classes_in_both_languages():
    assert ["供电企业月度用电量"] == reminders.names(["power-grid"], "zh")
    assert ["Monthly power from the grid company"] == reminders.names(["power-grid"], "en")


def test_an_enterprise_reminds_nobody(firms):
    viewer = looks(person("jia", Role.ENTERPRISE, subject=firms[FIRST]))
    with pytest.raises(PermissionDenied):
        reminders.remind({firms[SECOND]: ["power-grid"]}, "2026Q3", viewer)


@pytest.fixture
def bureau(firms, client):
    client.force_login(person("bureau", Role.BUREAU))
    return client


def test_pages_show_what_was_computed(bureau, firms, sheet):
    power(sheet, (FIRST, "2026-07", 20000))
    power(sheet, (FIRST, "2026-07", 22000), name="declared.csv", source="申报")
    assert "1 / 2" in bureau.get(reverse("catalogue:home")).content.decode()
    source = bureau.get(reverse("catalogue:source", args=["grid"])).content.decode()
    assert "power.csv" in source
    assert "20,000" in source
    listed = bureau.get(reverse("catalogue:mismatch"), {"period": "2026Q3"}).content.decode()
    assert "示例甲有限公司" in listed
    assert "没有上年同期数据" in listed
    assert 404 == bureau.get(reverse("catalogue:source", args=["nobody"])).status_code
    assert 404 == bureau.get(reverse("catalogue:mismatch"), {"period": "x"}).status_code


def test_reminding_from_the_page_reaches_the_enterprise(bureau, firms, sheet, client):
    power(sheet, (FIRST, "2026-09", 7))
    address = reverse("catalogue:missing") + "?period=2026Q3"
    assert "示例乙有限公司" in bureau.get(address).content.decode()
    assert "已催报 1 家" in bureau.post(address, follow=True).content.decode()
    client.force_login(person("yi", Role.ENTERPRISE, subject=firms[SECOND]))
    shown = client.get(reverse("catalogue:declare")).content.decode()
    assert "主管部门催报" in shown
    assert "供电企业月度用电量" in shown
    assert [] == reminders.reminders_for(firms[SECOND])


def test_an_area_official_sees_the_missing_of_the_area_only(firms, sheet, client):
    power(sheet, (FIRST, "2026-09", 7))
    client.force_login(person("elsewhere", Role.BUREAU, area_code="330503"))
    page = client.get(reverse("catalogue:missing"), {"period": "2026Q3"}).content.decode()
    assert "示例乙有限公司" not in page
