"""The purchase ledger: entries by file and form, corrections, balances, and who sees them."""

from __future__ import annotations

from datetime import date

import duckdb
import pyarrow as pa
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from tanma.apps.catalogue import ledger, vouchers
from tanma.apps.facts import door as facts
from tanma.apps.imports import door as imports
from tanma.apps.imports.door import mirror
from tanma.apps.people.door import SYSTEM, Role
from tanma.apps.registry import door as registry
from tanma.domain.identity import id_text
from tanma.domain.items import items
from tanma.domain.periods import parse
from tanma.engine import activity
from tests.apps.imports.conftest import FIRST, SECOND, energy, looks, person

pytestmark = [pytest.mark.db, pytest.mark.django_db(databases=["default", "work"])]
HEAD = "统一社会信用代码,日期,品种,购入数量,单位,期初库存,期末库存,供应单位,凭证号,修订号,备注\n"
COAL, STONE = "fuel.bituminous", "process.in_limestone"
T = 10**6
AUGUST, SEPTEMBER = parse("2026-08"), parse("2026-09")


def row(day="2026-09-12", item="烟煤", bought="", number="FP-1", **more):
    said = dict.fromkeys(("opening", "closing", "supplier", "revision", "note"), "") | more
    ends = [said[n] for n in ("opening", "closing", "supplier")]
    cells = [said.get("code", FIRST), day, item, bought, said.get("unit", "t"), *ends]
    return ",".join([*cells, number, said["revision"], said["note"]])


@pytest.fixture
def hand_in(firms, sheet):
    numbers = iter(range(100))

    def go(*rows, viewer=SYSTEM):
        text = HEAD + "".join(f"{r}\n" for r in rows)
        return imports.import_file(sheet(f"ledger-{next(numbers)}.csv", text), viewer)

    return go


@pytest.fixture
def users(firms):
    return {
        "jia": person("jia", Role.ENTERPRISE, subject=firms[FIRST]),
        "yi": person("yi", Role.ENTERPRISE, subject=firms[SECOND]),
        "bureau": person("bureau", Role.BUREAU),
    }


@pytest.fixture
def month(hand_in, firms, sheet):
    """September of coal with both stocks, of limestone without them, and what was declared."""
    batch = hand_in(
        row("2026-09-01", opening="40", number="PD-08"),
        row(bought="320.5", supplier="示例煤炭", note="铁路"),
        row(bought="100", number="FP-2"),
        row(item=STONE, bought="12"),
        row("2026-09-30", closing="85", number="PD-09"),
    )
    used = ("燃烧,370", "原料用,5.5")
    text = energy(*(f"{FIRST},2026-09,烟煤,{what},t,申报" for what in used))
    imports.import_file(sheet("energy.csv", text), SYSTEM)
    return batch


def told(batch):
    return [(x["row"], x["code"]) for x in imports.report_lines(batch, 20)]


def books(subject):
    return {(b.month.text, b.carrier): b for b in ledger.balances(subject, ledger.lines([FIRST]))}


def address(firms, code=FIRST):
    return reverse("catalogue:ledger", args=[id_text(firms[code])])


def test_entries_are_facts_of_their_voucher_with_what_was_said(month, firms):
    assert ("purchases", 5, 0) == (month.package, month.good, month.bad)
    voucher = registry.find("purchase", [f"{FIRST}/FP-1"])[f"{FIRST}/FP-1"]
    (coal,) = facts.facts_of(voucher, f"{COAL}.purchased")
    assert (320_500_000, "amount", "ledger", "320.5 t") == (
        coal.value, coal.kind, coal.source, coal.reported,
    )  # fmt: skip
    assert (date(2026, 9, 12), date(2026, 9, 13)) == (coal.valid_from, coal.valid_to)
    assert [] == facts.facts_of(firms[FIRST], f"{COAL}.purchased")


def test_stocks_lie_at_the_beginning_or_the_end_of_their_day(month):
    stocks = [x for x in ledger.lines([FIRST]) if x.kind != ledger.BOUGHT]
    said = {(x.kind, x.day, x.instant, x.count) for x in stocks}
    assert said == {
        ("opening", date(2026, 9, 1), date(2026, 9, 1), 40 * T),
        ("closing", date(2026, 9, 30), date(2026, 10, 1), 85 * T),
    }


def test_the_books_beside_what_was_declared(month, firms):
    coal = books(firms[FIRST])["2026-09", COAL]
    assert (40 * T, 420_500_000, 85 * T) == (coal.opening, coal.bought, coal.closing)
    assert (375_500_000, 375_500_000, 0) == (coal.used, coal.declared, coal.difference)


def test_what_is_missing_is_missing_and_never_nothing(month, firms):
    stone = books(firms[FIRST])["2026-09", STONE]
    assert ledger.Balance(SEPTEMBER, STONE, None, 12 * T, None, None) == stone
    assert (None, None) == (stone.used, stone.difference)
    assert ("2026-10", COAL) not in books(firms[FIRST])
    assert ("2026-08", COAL) not in books(firms[FIRST])


def test_a_balance_counts_zero_where_zero_was_said():
    assert 5 == ledger.Balance(AUGUST, COAL, 10, 0, 5, 4).used
    assert -1 == ledger.Balance(AUGUST, COAL, 10, 0, 5, 4).difference
    assert ledger.Balance(AUGUST, COAL, 10, None, 5, 4).used is None
    assert ledger.Balance(AUGUST, COAL, 10, 0, 5, None).difference is None


def test_a_quarter_is_not_split_into_months(hand_in, firms, sheet):
    text = energy(f"{FIRST},2026Q2,烟煤,燃烧,900,t,申报")
    assert 1 == imports.import_file(sheet("quarter.csv", text), SYSTEM).good
    hand_in(row("2026-05-02", bought="1", number="FP-5"))
    assert books(firms[FIRST])["2026-05", COAL].declared is None


def test_a_declared_total_stands_before_its_parts(month, firms):
    said = {"subject": firms[FIRST], "item": f"{COAL}.consumed", "kind": "amount",
            "valid_from": SEPTEMBER.start, "valid_to": SEPTEMBER.end, "value": 380 * T,
            "reported": "380 t", "source": "declared", "data_class": "internal"}  # fmt: skip
    facts.append(pa.Table.from_pylist([said], facts.INPUT), author="jia")
    assert 380 * T == books(firms[FIRST])["2026-09", COAL].declared


def test_the_same_rows_again_change_nothing_and_a_corrected_one_supersedes(month, hand_in, firms):
    again = hand_in(row(bought="320.5", supplier="示例煤炭", note="铁路"))
    assert (0, 0) == (again.new, again.superseded)
    assert 1 == hand_in(row(bought="300", supplier="示例煤炭", note="铁路")).superseded
    assert 400 * T == books(firms[FIRST])["2026-09", COAL].bought
    hand_in(row(bought="320.5", revision="1"))
    assert 420_500_000 == books(firms[FIRST])["2026-09", COAL].bought


def test_a_file_taken_back_leaves_the_ledger(month, firms):
    imports.withdraw(month, SYSTEM, "报错了")
    assert [] == ledger.lines([FIRST])


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({}, "ledger_nothing_stated"),
        ({"bought": "-5"}, "amount_negative"),
        ({"bought": "5", "unit": "GJ"}, "cell_unit_mismatch"),
        ({"bought": "5", "day": "2099-01-01"}, "period_future"),
        ({"bought": "5", "number": ""}, "cell_missing"),
    ],
)
def test_rows_that_cannot_be_taken_say_why(hand_in, given, code):
    batch = hand_in(row(**given), row(bought="1", number="FP-9"))
    assert (1, 1) == (batch.good, batch.bad)
    assert (2, code) in told(batch)


def test_electricity_is_not_held_without_columns_of_stock_either(firms, sheet):
    text = f"统一社会信用代码,日期,品种,购入数量,单位,凭证号\n{FIRST},2026-09-12,电力,5,kWh,F-1\n"
    batch = imports.import_file(sheet("power.csv", text), SYSTEM, package="purchases")
    assert [(2, "ledger_not_held")] == told(batch)
    (line,) = imports.report_lines(batch, 20)
    assert "电力和热力请用" in line["zh"]
    assert "holds fuels and raw materials" in line["en"]


def test_nobody_writes_into_the_ledger_of_another(users, hand_in):
    batch = hand_in(row(bought="5"), viewer=looks(users["yi"]))
    assert (0, 1) == (batch.good, batch.bad)
    assert [] == ledger.lines([FIRST])


def test_no_account_and_no_declared_figure_sees_an_entry(month, firms):
    found = mirror()
    wanted = [i for i in items() if i.startswith((COAL, STONE, "process.in_limestone"))]
    with duckdb.connect() as con:
        found.relation(con, found.watermark)
        activity.build(con, wanted)
        rows = con.execute("SELECT item, value, source FROM activity WHERE subject = ?",
                           [firms[FIRST]]).fetchall()  # fmt: skip
    assert {"declared"} == {source for *_, source in rows}
    assert {f"{COAL}.burnt", f"{COAL}.feedstock"} <= {item for item, *_ in rows}
    assert f"{COAL}.purchased" not in {item for item, *_ in rows}


def test_every_material_of_the_form_can_be_bought_and_held():
    held = ledger.materials()
    assert {COAL, STONE, "fuel.natural_gas"} <= set(held)
    assert not [c for c in held if c.startswith(("electricity", "heat", "product"))]


def test_a_single_entry_goes_in_by_the_form(users, firms, client):
    client.force_login(users["jia"])
    typed = {"purchase_date": "2026-09-12", "carrier": COAL, "purchase_quantity": "12.5",
             "unit": "t", "voucher_no": "FP-7", "supplier": "甲矿"}  # fmt: skip
    text = client.post(address(firms), typed, follow=True).content.decode()
    assert "已记入台账" in text
    assert "FP-7" in text
    (line,) = ledger.lines([FIRST])
    assert (12_500_000, "12.5 t", "甲矿", "FP-7") == (
        line.count, line.reported, line.supplier, line.number,
    )  # fmt: skip
    assert "没有变化" in client.post(address(firms), typed, follow=True).content.decode()


def test_what_the_form_refuses_is_said_and_nothing_is_kept(users, firms, client):
    client.force_login(users["jia"])
    typed = {"purchase_date": "2026-09-12", "carrier": COAL, "unit": "t", "voucher_no": "FP-7"}
    assert "请填写购入数量" in client.post(address(firms), typed).content.decode()
    wrong = typed | {"purchase_quantity": "5", "unit": "10^4 m3"}
    text = client.post(address(firms), wrong).content.decode()
    assert "第 2 行" in text
    assert [] == ledger.lines([FIRST])


def test_who_sees_the_ledger(users, firms, client, month):
    client.force_login(users["yi"])
    assert 404 == client.get(address(firms)).status_code
    assert 404 == client.post(address(firms), {}).status_code
    client.force_login(users["bureau"])
    text = client.get(address(firms)).content.decode()
    assert "示例煤炭" in text
    assert "填写一笔" not in text
    assert 403 == client.post(address(firms), {}).status_code
    listed = client.get(reverse("catalogue:ledgers")).content.decode()
    assert address(firms) in listed
    assert address(firms, SECOND) not in listed
    assert 404 == client.get(reverse("catalogue:ledger", args=["nobody"])).status_code


def test_an_enterprise_comes_to_its_own_ledger(users, firms, client):
    client.force_login(users["yi"])
    page = client.get(reverse("catalogue:ledgers"), follow=True)
    assert address(firms, SECOND) == page.redirect_chain[-1][0]
    assert "台账还没有记录" in page.content.decode()


@pytest.mark.parametrize(
    ("query", "there"),
    [
        ("", {"FP-1", "FP-2", "PD-08", "PD-09"}),
        (f"item={STONE}", {"FP-1"}),
        ("month=2026-09&item=", {"FP-1", "FP-2", "PD-08", "PD-09"}),
        ("month=2026-08", set()),
        ("month=2026Q3", set()),
        ("item=nothing", set()),
    ],
)
def test_filters_stand_in_the_address(users, firms, client, month, query, there):
    client.force_login(users["jia"])
    text = b"".join(client.get(f"{address(firms)}?export=csv&{query}").streaming_content).decode()
    assert there == {n for n in ("FP-1", "FP-2", "PD-08", "PD-09") if n in text}


def test_the_balance_is_exported_with_gaps_as_gaps(users, firms, client, month):
    client.force_login(users["bureau"])
    file = client.get(f"{address(firms)}?bexport=csv&border=item")
    lines = b"".join(file.streaming_content).decode("utf-8-sig").splitlines()
    assert "2026-09,烟煤,t,40.0,420.5,85.0,375.5,375.5,0.0" in lines
    assert "2026-09,石灰石（in_limestone）,t,,12.0,,,," in lines
    assert 200 == client.get(f"{address(firms)}?bexport=xlsx").status_code


def test_an_entry_leads_to_the_voucher_of_its_number(users, firms, client, month):
    upload = SimpleUploadedFile("发票.pdf", b"%PDF-1.7")
    viewer = looks(users["jia"])
    paper = vouchers.keep(upload, firms[FIRST], parse("2026Q3"), "", viewer, "FP-2")
    client.force_login(users["jia"])
    text = client.get(address(firms)).content.decode()
    assert 1 == text.count(reverse("catalogue:voucher", args=[paper.uid]))
