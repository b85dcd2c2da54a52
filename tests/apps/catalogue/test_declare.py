"""The five-minute declaration: checked like a file, prefilled where the grid has spoken."""

from decimal import Decimal

import pytest
from django.urls import reverse

from tanma.apps.catalogue import declarations
from tanma.apps.facts import door as facts
from tanma.apps.imports import door as imports
from tanma.apps.people.door import SYSTEM, Role
from tanma.domain.periods import parse
from tests.apps.imports.conftest import FIRST, SECOND, energy, person

pytestmark = [pytest.mark.db, pytest.mark.django_db(databases=["default", "work"])]
MONTHS = [f"{FIRST},2026-0{m},电力,购入,100.5,kWh,供电" for m in (7, 8, 9)]
PERIOD = parse("2026Q3")


def said(subject, item):
    found = facts.current(facts.facts_of(subject, item))
    return [(f.value, f.source, f.reported) for f in found]


@pytest.fixture
def owner(firms, client):
    client.force_login(person("jia", Role.ENTERPRISE, subject=firms[FIRST]))
    return client


def send(client, **amounts):
    return client.post(reverse("catalogue:declare") + "?period=2026Q3", amounts, follow=True)


def test_figures_become_declared_facts_with_what_was_said(owner, firms):
    page = send(owner, electricity="1234.5", **{"fuel.diesel": "2"}, output_value="300",
                labour_compensation="50", operating_surplus="-10")  # fmt: skip
    assert "已收到，谢谢" in page.content.decode()
    subject = firms[FIRST]
    assert [(1_234_500, "declared", "1234.5 kWh")] == said(subject, "electricity.purchased")
    assert [(2_000_000, "declared", "2 t")] == said(subject, "fuel.diesel.burnt")
    assert [(300_000_000, "declared", "300 万元")] == said(subject, "economy.output_value")
    assert [(-10_000_000, "declared", "-10 万元")] == said(subject, "economy.operating_surplus")
    assert [] == said(subject, "fuel.gasoline.burnt")


@pytest.mark.parametrize("period", ["2026Q3/r4", "2019Q1", "2030Q1", "2026", "9999Q4", "x"])
def test_a_period_that_is_not_offered_is_refused(owner, firms, period):
    address = reverse("catalogue:declare") + f"?period={period}"
    assert 404 == owner.get(address).status_code
    assert 404 == owner.post(address, {"electricity": "5"}).status_code
    assert [] == said(firms[FIRST], "electricity.purchased")


def test_a_wrong_figure_has_its_own_message_and_no_other(owner):
    text = send(owner, electricity="x").content.decode()
    assert "请至少填写一项" not in text
    assert "请至少填写一项" in send(owner).content.decode()


def test_power_of_the_grid_is_shown_and_not_declared_again(owner, firms, sheet):
    imports.import_file(sheet("power.csv", energy(*MONTHS)), SYSTEM)
    page = owner.get(reverse("catalogue:declare"), {"period": "2026Q3"}).content.decode()
    assert "301.5" in page
    assert "供电企业已报送" in page
    send(owner, electricity="999", output_value="300")
    assert {"grid"} == {s for _, s, _ in said(firms[FIRST], "electricity.purchased")}


@pytest.mark.parametrize(("months", "expected"), [(3, Decimal("301.500")), (2, None), (0, None)])
def test_the_grid_counts_only_for_a_whole_period(firms, sheet, months, expected):
    if months:
        imports.import_file(sheet("power.csv", energy(*MONTHS[:months])), SYSTEM)
    assert expected == declarations.power_from_grid(firms[FIRST], PERIOD)


def test_a_negative_quantity_is_refused_in_the_form(owner, firms):
    page = send(owner, electricity="-1")
    assert "errorlist" in page.content.decode()
    assert [] == said(firms[FIRST], "electricity.purchased")


def test_an_empty_declaration_states_nothing(owner):
    assert "请至少填写一项" in send(owner).content.decode()
    assert not imports.Batch.objects.filter(file__startswith="declaration").exists()


def test_the_bureau_declares_for_nobody(firms, client):
    client.force_login(person("bureau", Role.BUREAU))
    assert 403 == client.get(reverse("catalogue:declare")).status_code


def test_what_an_enterprise_says_of_itself_is_not_kept_as_statistics(owner, firms):
    send(owner, output_value="300")
    (fact,) = facts.facts_of(firms[FIRST], "economy.output_value")
    assert "internal" == fact.data_class


def test_a_declaration_ends_on_a_receipt_of_what_came_in(owner, firms):
    page = send(owner, electricity="1234.5", **{"fuel.natural_gas": "2"}, output_value="300")
    text = page.content.decode()
    batches = imports.Batch.objects.filter(file__startswith="declaration").order_by("created_at")
    number = "-".join(b.uid for b in batches)
    assert [(reverse("catalogue:receipt", args=[number]), 302)] == page.redirect_chain
    assert ["energy", "economics"] == [b.package for b in batches]
    for said in ("2026年三季度", *number.split("-"), "购入电力", "1234.5 kWh", "2 万m³", "300 万元",
                 "接下来", reverse("catalogue:declare") + "?period=2026Q3"):  # fmt: skip
        assert said in text
    assert 3 == text.count("· 本次")


def test_a_correction_shows_what_was_said_before_as_such(owner):
    send(owner, electricity="1234.5", **{"fuel.diesel": "2"})
    text = send(owner, electricity="1300").content.decode()
    assert "1300 kWh" in text
    assert "1234.5 kWh" not in text
    assert (1, 1) == (text.count("· 本次"), text.count("· 此前"))


def test_the_receipt_names_what_is_still_owed(owner, firms, sheet):
    """The other enterprise reported power and money, so both are asked of this one too."""
    rows = [row.replace(FIRST, SECOND) for row in MONTHS]
    imports.import_file(sheet("power.csv", energy(*rows)), SYSTEM)
    assert "本期还缺" in send(owner, output_value="300").content.decode()


def test_a_receipt_is_shown_to_its_enterprise_alone(owner, firms, client):
    number = send(owner, electricity="5").redirect_chain[0][0]
    assert 200 == client.get(number).status_code
    client.force_login(person("yi", Role.ENTERPRISE, subject=firms[SECOND]))
    assert 404 == client.get(number).status_code
    client.force_login(person("bureau", Role.BUREAU))
    assert 403 == client.get(number).status_code


def test_only_declarations_of_one_period_have_a_receipt(owner, firms, sheet):
    first = send(owner, electricity="5").redirect_chain[0][0]
    other = owner.post(reverse("catalogue:declare") + "?period=2026Q2", {"electricity": "5"})
    both = first.rstrip("/") + "-" + other["location"].rstrip("/").rpartition("/")[2] + "/"
    file = imports.import_file(sheet("power.csv", energy(*MONTHS)), SYSTEM)
    imports.Batch.objects.filter(pk=file.pk).update(subject=firms[FIRST])
    for address in (both, reverse("catalogue:receipt", args=[file.uid]), "/imports/declare/x/"):
        assert 404 == owner.get(address).status_code
