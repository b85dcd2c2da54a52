"""Bad input through the door of imports: a clear message in both languages, the rest intact.

Every row of the list that the product promises to survive stands here once, from the file to the
stored facts; the finer cases stand beside the readers in tests/intake/tables.
"""

from __future__ import annotations

import pytest

from tanma.apps.equipment.models import Equipment
from tanma.apps.facts import door as facts
from tanma.apps.imports import door as imports
from tanma.apps.metering.models import Gateway, Meter
from tanma.apps.people.door import SYSTEM
from tanma.apps.registry import door as registry
from tanma.domain.messages import Problem
from tanma.intake.tables.packages import packages
from tests.apps.imports.conftest import ENERGY, FIRST, REGISTER, SECOND, energy
from tests.intake.tables.test_workbook import HEADER, ROW, xlsx, zip_bomb

pytestmark = [pytest.mark.db, pytest.mark.django_db]
GOOD = f"{SECOND},2026-09,电力,购入,7,MWh,供电"
HISTORY = [f"{FIRST},2026-0{month},电力,购入,100000,kWh,供电" for month in (5, 6, 7, 8)]


def stated():
    return [(f.subject, f.item, f.value, f.text) for f in facts.Fact.objects.order_by("seq")]


ROWS = {
    "a wrong check character": (
        f"{FIRST[:-1]}A,2026-09,电力,购入,1,MWh,供电", "uscc_check", "校验位是 A", "give L",
    ),
    "an unknown fuel": (
        f"{FIRST},2026-09,烟媒,燃烧,1,t,申报", "cell_carrier_unknown", "相近的有：烟煤",
        "near ones",
    ),
    "an unknown unit": (
        f"{FIRST},2026-09,烟煤,燃烧,1,车,申报", "cell_unit_unknown", "不认识单位 “车”", "not known",
    ),
    "negative energy": (
        f"{FIRST},2026-09,烟煤,燃烧,-3.5,t,申报", "amount_negative", "为负数", "is negative",
    ),
    "kWh declared as MWh": (
        f"{FIRST},2026-09,电力,购入,100000,MWh,供电", "unit_suspected", "10^3 倍", "10^3 times",
    ),
    "a period of 20 years ago": (
        f"{FIRST},2005-09,电力,购入,1,MWh,供电", "period_too_old", "早于", "is before",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", sorted(ROWS))
def test_a_bad_row_is_named_and_the_rest_goes_in(firms, sheet, case):
    row, code, zh, en = ROWS[case]
    imports.import_file(sheet("history.csv", energy(*HISTORY)), SYSTEM)
    before = stated()
    batch = imports.import_file(sheet("bad.csv", energy(row, GOOD)), SYSTEM)
    (line,) = imports.report_lines(batch, 10)
    assert (2, code, "error") == (line["row"], line["code"], line["severity"])
    assert zh in line["zh"]
    assert en in line["en"]
    assert (1, 1) == (batch.good, batch.bad)
    assert [*before, (firms[SECOND], "electricity.purchased", 7_000_000, None)] == stated()


@pytest.mark.parametrize(
    ("row", "code", "zh", "en"),
    [
        ("示例,9999,330502", "industry_unknown", "9999", "9999"),
        ("示例,3011,998877", "area_unknown", "998877", "998877"),
    ],
)
def test_an_unknown_region_or_industry_is_named(firms, sheet, row, code, zh, en):
    before = stated()
    text = f"{REGISTER}{FIRST},{row},规上,在营,2026-01-01\n"
    batch = imports.import_file(sheet("register.csv", text), SYSTEM, package="enterprises")
    (line,) = imports.report_lines(batch, 10)
    assert line["code"].endswith(code)
    assert zh in line["zh"]
    assert en in line["en"]
    assert (1, before) == (batch.bad, stated())


@pytest.mark.parametrize("value", ["0", "-5"])
def test_value_added_of_zero_or_less_is_kept_with_a_warning(firms, sheet, value):
    text = f"统一社会信用代码,期间,工业增加值,金额单位\n{FIRST},2026-09,{value},万元\n"
    batch = imports.import_file(sheet("money.csv", text), SYSTEM, package="economics")
    (line,) = imports.report_lines(batch, 10)
    assert ("value_not_positive", "warning", 1) == (line["code"], line["severity"], batch.good)
    assert "工业增加值" in line["zh"]
    assert line["en"]


def test_one_key_with_two_values_leaves_both_out(firms, sheet):
    before = stated()
    rows = [f"{FIRST},2026-09,电力,购入,{n},MWh,供电" for n in (1, 2)]
    batch = imports.import_file(sheet("twice.csv", energy(*rows, GOOD)), SYSTEM)
    lines = imports.report_lines(batch, 10)
    assert {"key_conflict"} == {line["code"] for line in lines}
    assert [2, 3] == [line["row"] for line in lines]
    assert ["数量 1 ≠ 2" in lines[0]["zh"], "数量 2 ≠ 1" in lines[1]["en"]] == [True, True]
    assert (1, 2, len(before) + 1) == (batch.good, batch.bad, len(stated()))


def mixed():
    head = f"{ENERGY}{GOOD}\n".encode()
    return head + GOOD.replace("2026-09", "2026-08").encode("gb18030")


FILES = {
    "mixed encodings": ("t.csv", mixed, "encoding_mixed", "GB18030", "GB18030"),
    "merged cells": (
        "t.xlsx", lambda: xlsx(HEADER, ROW, ROW, merge=(1, 0, 2, 0, FIRST)), "workbook_merged",
        "合并单元格", "merged cells",
    ),
    "1904 dates": (
        "t.xlsx", lambda: xlsx(HEADER, ROW, options={"date_1904": True}), "workbook_1904",
        "1904", "1,462 days",
    ),
    "a zip bomb": ("t.xlsx", zip_bomb, "workbook_bomb", "解压后有 40 MB", "was not opened"),
    "an empty file": ("t.csv", lambda: b"", "file_empty", "空", "empty"),
}  # fmt: skip


@pytest.mark.parametrize("case", sorted(FILES))
def test_a_bad_file_is_refused_whole(firms, tmp_path, case):
    name, make, code, zh, en = FILES[case]
    path = tmp_path / name
    path.write_bytes(make())
    refused(path, code, zh, en)


def test_a_file_of_300_mb_is_refused_unread(firms, tmp_path):
    path = tmp_path / "t.csv"
    with path.open("wb") as file:
        file.truncate(300 * 10**6)
    refused(path, "file_too_large", "有 300 MB", "Split it by month")


def refused(path, code, zh, en):
    before = stated()
    with pytest.raises(Problem) as caught:
        imports.import_file(path, SYSTEM, package="energy")
    assert code == caught.value.code
    assert zh in caught.value.text("zh")
    assert en in caught.value.text("en")
    batch = imports.Batch.objects.latest("created_at")
    assert ("failed", before) == (batch.state, stated())


COLUMNS = {
    "name": (registry.Enterprise, "name"), "meter": (Meter, "name"), "site": (Meter, "site"),
    "location": (Meter, "location"), "accuracy_class": (Meter, "accuracy"),
    "parent_meter": (Meter, "name"), "gateway": (Gateway, "name"),
    "account": (registry.ExternalId, "value"), "area": (registry.Area, "code"),
    "area_name": (registry.Area, "name_zh"), "parent_statutory": (registry.Area, "code"),
    "parent_management": (registry.Area, "code"), "target_subject": (registry.ExternalId, "value"),
    "equipment": (Equipment, "name"), "equipment_title": (Equipment, "title"),
    "section": (Equipment, "section"), "maker": (Equipment, "maker"),
    "model": (Equipment, "model"), "efficiency_class": (Equipment, "efficiency"),
    "nameplate": (Equipment, "nameplate"), "state_codes": (Equipment, "codes"),
    "input_meters": (Equipment, "input"), "output_meters": (Equipment, "output"),
    "parameter_meters": (Equipment, "parameters"),
}  # fmt: skip
"""field of a sheet → the column that its text ends in"""


def test_a_text_of_a_sheet_fits_the_column_that_it_ends_in():
    """PostgreSQL refuses what is longer, with an error that no reader of a sheet understands."""
    fields = {n: f for p in packages().values() for n, f in p.fields.items()}
    for name, (model, column) in COLUMNS.items():
        assert 0 < fields[name].most <= model._meta.get_field(column).max_length, name
    unbounded = {n for n, f in fields.items() if f.type in ("text", "id") and not f.most}
    assert {"note", "uci_date"} == unbounded


LONG = "长" * 61


@pytest.mark.parametrize(
    ("header", "row"),
    [("区域代码,区域名称,区域类别,行政上级,生效日期", f"990102,{LONG},区县,9901,2020-01-01"),
     ("区域代码,区域名称,区域类别,行政上级,生效日期", f"{'9' * 21},甲县,区县,9901,2020-01-01")],
)  # fmt: skip
def test_a_text_that_is_too_long_is_named_and_not_stored(firms, sheet, header, row):
    before = stated()
    batch = imports.import_file(sheet("long.csv", f"{header}\n{row}\n"), SYSTEM)
    assert "cell_too_long" in {line["code"] for line in imports.report_lines(batch, 10)}
    assert (0, before) == (batch.good, stated())
