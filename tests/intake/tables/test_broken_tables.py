"""Every kind of bad row: the code, the words in both languages, and the good row kept."""

from pathlib import Path

import pytest

from tanma.intake.tables import check, read

FOLDER = Path(__file__).parents[2] / "broken" / "tables"

FAULTS = {
    "uscc_check": (
        "uscc_check",
        "校验位是 A，按前 17 位应为 L",
        "check character A, the first 17 give L",
    ),
    "uscc_length": ("uscc_length", "有 17 位，应为 18 位", "has 17 characters, expected 18"),
    "uscc_format": ("uscc_format", "含有不允许的字符", "characters that are not allowed"),
    "fuel_unknown": (
        "cell_carrier_unknown",
        "没有能源或物料 “烟媒”，相近的有：烟煤",
        "near ones: 烟煤",
    ),
    "fuel_ambiguous": (
        "cell_carrier_ambiguous",
        "（process.in_limestone）、",
        "(process.in_limestone), ",
    ),
    "flow_unsupported": (
        "cell_flow_unsupported",
        "“水” 没有流向 “燃烧”。该项目可用的流向：用量。",
        "has no flow '燃烧'. Flows of this carrier: total.",
    ),
    "unit_unknown": ("cell_unit_unknown", "不认识单位 “车”", "unit '车' is not known"),
    "unit_mismatch": (
        "cell_unit_mismatch",
        "单位 “万立方米” 不能用于烟煤：燃烧。可用：克、千克、吨",
        "does not fit Bituminous coal, burnt",
    ),
    "source_unknown": (
        "cell_source_unknown",
        "来源 “听说” 未登记。可用：企业名录、供电企业、",
        "Use one of: registry (",
    ),
    "flow_unknown": (
        "cell_choice_unknown",
        "“送人” 不在可选值中。可选：购入、售出",
        "Choose one of",
    ),
    "negative_energy": ("amount_negative", "“-3.5” 为负数", "'-3.5' is negative"),
    "not_a_number": ("number_not_decimal", "“约三吨” 不是十进制数", "is not a decimal number"),
    "too_fine": (
        "number_too_fine",
        "有 8 位小数，该项目最多保留 6 位",
        "has 8 decimals, this item keeps 6",
    ),
    "too_large": ("number_too_large", "超出可保存的范围", "is out of range"),
    "period_unknown": ("cell_period_unknown", "“去年九月” 不是能识别的期间", "is not a period"),
    "period_20_years_old": ("period_too_old", "“2006-09” 早于 2006-11-01", "is before 2006-11-01"),
    "period_future": ("period_future", "“2027-09” 晚于 2026-11-20", "has not happened yet"),
    "cell_missing": ("cell_missing", "项目 为空", "项目 is empty"),
    "row_too_wide": ("row_too_wide", "多于表头的 7 列", "more cells than the 7 columns"),
}


def test_every_broken_file_has_a_case():
    assert {*FAULTS, "key_conflict"} == {f.stem for f in FOLDER.glob("*.csv")}


@pytest.mark.parametrize("name", sorted(FAULTS))
def test_a_bad_row_is_named_and_the_good_row_kept(name, known, line):
    code, zh, en = FAULTS[name]
    checked = check(read(FOLDER / f"{name}.csv"), known)
    found = line(checked)
    assert (3, code, "error") == (found.row, found.code, found.severity)
    assert zh in found.zh
    assert en in found.en
    assert found.zh.startswith("第 3 行：")
    assert found.en.startswith("Row 3: ")
    assert [1250500000] == checked.facts["value"].to_pylist()


def test_rows_that_contradict_each_other_are_both_left_out(known):
    """Same key in other words: 2026年9月 is 2026-09, electricity is 电力, grid is 供电."""
    checked = check(read(FOLDER / "key_conflict.csv"), known)
    lines = list(checked.report.lines())
    assert [(2, "key_conflict"), (3, "key_conflict")] == [(x.row, x.code) for x in lines]
    assert "与第 3 行键相同而内容不同（数量 " in lines[0].zh
    assert "same key as row 2 and different content (数量 " in lines[1].en
    assert 0 == checked.facts.num_rows
