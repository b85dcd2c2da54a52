"""Power by account to power of enterprises: shares, dates, decisions that restate, withdrawal."""

from __future__ import annotations

from datetime import date

import pytest
from django.test import Client

from tanma.apps.catalogue import compare, declarations
from tanma.apps.desk import accounts, power
from tanma.apps.desk import cases as desk
from tanma.apps.desk.cases import Decision
from tanma.apps.desk.models import DeskCase
from tanma.apps.facts import door as facts
from tanma.apps.imports import door as imports
from tanma.apps.people.door import SYSTEM, Role
from tanma.domain.periods import parse
from tests.apps.imports.conftest import FIRST, SECOND, THIRD, energy, person

pytestmark = [pytest.mark.db, pytest.mark.django_db]
HEAD = "用电户号,户名,户主统一社会信用代码,期间,数量,单位\n"
YEAR = date(2026, 1, 1)


def accounts_sheet(sheet, *rows, name="accounts.csv"):
    path = sheet(name, HEAD + "".join(f"{row}\n" for row in rows))
    return imports.import_file(path, SYSTEM, package="grid_accounts")


def months(subject):
    """month → kWh as it counts now"""
    found = facts.current(facts.facts_of(subject, "electricity.purchased"))
    return {f.valid_from.month: f.value for f in found if f.source == power.SOURCE}


def decided(account, choice, effective=YEAR, **more):
    case = DeskCase.objects.get(kind="account", value=account, state="open")
    return desk.decide(case, Decision(choice, effective, "函〔2026〕3号", **more), SYSTEM)


def test_an_account_whose_holder_is_named_is_the_holders_at_once(firms, sheet):
    batch = accounts_sheet(
        sheet, f"9901,甲,{FIRST},2026-08,10,kWh", f"9902,甲,{FIRST},2026-08,2.5,MWh"
    )
    assert (2, 0, 0) == (batch.good, batch.bad, DeskCase.objects.count())
    assert {8: 2_510_000} == months(firms[FIRST])
    assert 0 == power.left()
    (fact,) = facts.facts_of(firms[FIRST], "electricity.purchased")
    assert "2510 kWh (9901+9902)" == fact.reported


def test_accounts_that_nobody_placed_go_to_the_desk_and_count_as_left(firms, sheet):
    accounts_sheet(sheet, "9901,物业,,2026-08,10,kWh", f"9902,丙,{THIRD},2026-08,7,kWh")
    cases = DeskCase.objects.filter(kind="account").order_by("value")
    assert [("9901", []), ("9902", [THIRD])] == [(c.value, c.details["codes"]) for c in cases]
    assert ({}, 17_000) == (months(firms[FIRST]), power.left())
    assert {"accounts": 2, "open": 2} == {k: accounts.counts()[k] for k in ("accounts", "open")}


def test_shares_of_an_account_add_up_and_a_later_decision_restates_its_months(firms, sheet):
    accounts_sheet(sheet, "9901,物业,,2026-08,0.010,kWh", "9901,物业,,2026-09,0.011,kWh")
    halves = ((firms[FIRST], 500_000), (firms[SECOND], 500_000))
    assert 4 == decided("9901", "share", shares=halves)
    # 11 thousandths in two: the odd one goes to the smaller credit code
    assert {8: 5, 9: 6} == months(firms[FIRST])
    assert {8: 5, 9: 5} == months(firms[SECOND])
    desk.open_case("account", accounts.SCHEME, "9901")
    assert 2 == decided("9901", "assign", date(2026, 9, 1), target=firms[SECOND])
    assert {8: 5} == months(firms[FIRST])
    assert {8: 5, 9: 11} == months(firms[SECOND])
    versions = [f.version for f in facts.facts_of(firms[SECOND], "electricity.purchased")]
    assert 3 == len(versions)
    assert 2 == max(versions)


def test_a_decision_taken_back_counts_again(firms, sheet):
    accounts_sheet(sheet, f"9901,甲,{FIRST},2026-08,10,kWh")
    for target in (SECOND, FIRST, SECOND):
        desk.open_case("account", accounts.SCHEME, "9901")
        decided("9901", "assign", target=firms[target])
    assert {8: 10_000} == months(firms[SECOND])
    assert {} == months(firms[FIRST])


def test_a_change_of_holder_within_a_month_is_split_by_days(firms, sheet):
    accounts_sheet(sheet, f"9901,甲,{FIRST},2026-09,30,kWh")
    desk.open_case("account", accounts.SCHEME, "9901")
    decided("9901", "assign", date(2026, 9, 11), target=firms[SECOND])
    assert ({9: 10_000}, {9: 20_000}) == (months(firms[FIRST]), months(firms[SECOND]))


def test_a_sheet_that_names_another_holder_asks_whether_the_account_changed_hands(firms, sheet):
    accounts_sheet(sheet, f"9901,甲,{FIRST},2026-08,10,kWh")
    accounts_sheet(sheet, f"9901,乙,{SECOND},2026-09,10,kWh", name="next.csv")
    case = DeskCase.objects.get(kind="account")
    assert [SECOND] == case.details["codes"]
    decided("9901", "dismiss")
    accounts_sheet(sheet, f"9901,乙,{SECOND},2026-10,10,kWh", name="third.csv")
    assert 1 == DeskCase.objects.filter(kind="account").count()


def test_a_corrected_sheet_supersedes_and_a_withdrawn_one_leaves_nothing(firms, sheet):
    first = accounts_sheet(sheet, f"9901,甲,{FIRST},2026-08,10,kWh")
    second = accounts_sheet(sheet, f"9901,甲,{FIRST},2026-08,12,kWh", name="again.csv")
    assert {8: 12_000} == months(firms[FIRST])
    imports.withdraw(second, SYSTEM, "错误文件")
    assert {8: 10_000} == months(firms[FIRST])
    imports.withdraw(first, SYSTEM, "错误文件")
    assert {} == months(firms[FIRST])


def test_negative_power_is_refused_and_the_rest_goes_in(firms, sheet):
    batch = accounts_sheet(
        sheet, f"9901,甲,{FIRST},2026-08,-1,kWh", f"9902,甲,{FIRST},2026-08,2,kWh"
    )
    assert (1, 1) == (batch.good, batch.bad)
    assert {8: 2000} == months(firms[FIRST])


def test_power_by_account_stands_in_where_the_grid_company_names_no_enterprise(firms, sheet):
    """The short declaration and the comparison with tax take it; power by enterprise goes first."""
    rows = (f"9901,甲,{FIRST},2026-{m},10,kWh" for m in ("07", "08", "09"))
    accounts_sheet(sheet, *rows)
    period = parse("2026Q3")
    assert 30 == declarations.power_from_grid(firms[FIRST], period)
    assert [30] == [pair.power_kwh for pair in compare.pairs(period)]
    row = f"{FIRST},2026-09,电力,购入,15,kWh,供电"
    imports.import_file(sheet("by_enterprise.csv", energy(row)), SYSTEM)
    assert 35 == declarations.power_from_grid(firms[FIRST], period)
    assert [35] == [pair.power_kwh for pair in compare.pairs(period)]


@pytest.mark.django_db(databases=["default", "work"])
def test_a_case_names_those_whose_meters_hang_on_the_account_though_they_came_later(firms, sheet):
    from tests.apps.desk.test_cases import meters

    accounts_sheet(sheet, "9901,物业,,2026-08,10,kWh")
    case = DeskCase.objects.get(kind="account", value="9901")
    client = Client()
    client.force_login(person("office", Role.BUREAU))
    assert FIRST not in client.get(f"/imports/desk/{case.uid}/").content.decode()
    meters(sheet, ("M1", FIRST, "9901"), ("M2", SECOND, "9901"))
    page = client.get(f"/imports/desk/{case.uid}/").content.decode()
    assert FIRST in page
    assert SECOND in page
