"""Value added by the income approach: declared against the sum of its parts."""

import pytest

CODE = "91990101MA0DEM001L"
HEAD = "uscc,period,value_added,劳动者报酬,生产税净额,固定资产折旧,营业盈余,money_unit\n"


def row(*cells: str) -> str:
    return HEAD + f"{CODE},2026Q3,{','.join(cells)},万元\n"


@pytest.mark.parametrize(
    "cells",
    [
        ("", "900", "310.5", "620", "1100"),
        ("2930.5", "900", "310.5", "620", "1100"),
        ("2950", "900", "310.5", "620", "1100"),
        ("2930.5", "", "", "", ""),
        ("2930.5", "900", "", "", ""),
        ("", "", "", "", ""),
    ],
)
def test_a_sum_within_one_per_cent_a_total_alone_or_nothing_is_fine(cells, judge):
    assert {} == judge(row(*cells)).report.counts()


def test_a_declared_total_that_differs_is_kept_with_both_values(judge, line):
    checked = judge(row("3000", "900", "310.5", "620", "1100"))
    found = line(checked)
    assert ("parts_differ", "warning", "3000") == (found.code, found.severity, found.value)
    assert "申报 30000000 yuan，各项之和为 29305000 yuan，相差超过 1%" in found.zh
    assert "declared 30000000 yuan, the parts add up to 29305000 yuan" in found.en
    assert 5 == checked.facts.num_rows


def test_missing_parts_without_a_total_leave_no_value_added(judge, line):
    found = line(judge(row("", "900", "310.5", "", "1100")))
    assert ("parts_incomplete", "warning") == (found.code, found.severity)
    assert "（劳动者报酬、生产税净额、固定资产折旧、营业盈余）没有填全" in found.zh
    assert "Fill in the missing parts" in found.en


def test_a_column_that_is_not_there_is_a_missing_part(judge, line):
    text = f"uscc,period,劳动者报酬,生产税净额,money_unit\n{CODE},2026Q3,1,1,万元\n"
    assert "parts_incomplete" == line(judge(text)).code


def test_a_loss_larger_than_the_rest_is_named_by_its_sum(judge, line):
    found = line(judge(row("", "900", "310.5", "620", "-2000")))
    assert ("parts_not_positive", "-1695000") == (found.code, found.value)
    assert "之和为 -1695000 yuan，不大于 0" in found.zh
    assert "no grade on value added follows" in found.en


def test_the_finance_form_is_checked_too(judge, line):
    text = (
        "统一社会信用代码,报告期,营业收入1-本月,劳动者报酬1-本月,金额单位\n"
        f"{CODE},2026-03,100,10,万元\n"
    )
    assert "parts_incomplete" == line(judge(text)).code


def output(value: str, total: str, *parts: str) -> str:
    head = HEAD.replace("value_added,", "output_value,value_added,")
    return head + f"{CODE},2026Q3,{value},{total},{','.join(parts or ('',) * 4)},万元\n"


@pytest.mark.parametrize(
    "text", [output("100", "3000"), output("100", "", "900", "300", "700", "1100")]
)
def test_value_added_above_output_is_kept_with_both_values(judge, line, text):
    checked = judge(text)
    found = line(checked)
    assert ("total_above_ceiling", "warning", "30000000") == (
        found.code, found.severity, found.value,
    )  # fmt: skip
    assert "增加值 30000000 yuan 大于总产值 1000000 yuan" in found.zh
    assert "above the output of 1000000 yuan" in found.en
    assert checked.facts.num_rows > 1


@pytest.mark.parametrize("text", [output("3000", "3000"), output("", "3000"), output("100", "")])
def test_value_added_within_output_or_without_one_is_fine(judge, text):
    assert {} == judge(text).report.counts()
