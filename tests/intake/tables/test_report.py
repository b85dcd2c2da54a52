"""The row report: columns while it is made, words when it is read."""

import json

from tanma.domain.messages import catalogue, render

HEADER = "统一社会信用代码,期间,项目,流向,数量,单位\n"
CODE = "91990101MA0DEM001L"


def test_the_report_is_a_table_with_its_parameters(judge):
    checked = judge(HEADER + f"{CODE},2026-09,电力,购入,-1,kWh\nx,2026-09,电力,购入,1,kWh\n")
    table = checked.report.table()
    expected = [(2, "数量", "-1", "amount_negative"), (3, "统一社会信用代码", "x", "uscc_length")]
    columns = ("row", "column", "value", "code")
    assert expected == [tuple(r[c] for c in columns) for r in table.to_pylist()]
    params = json.loads(table["params"][1].as_py())
    assert {"field": "统一社会信用代码", "text": "x", "length": 1} == params
    assert "有 1 位，应为 18 位" in render("uscc_length", "zh", params)


def test_a_unit_that_several_amounts_of_a_row_need_is_told_once(judge):
    head = "统一社会信用代码,报告期别,能源名称,计量单位,购进量本月,消费量合计本月,期末库存量,"
    head += "消费量合计1-本月\n"
    checked = judge(head + f"{CODE},2026-10,烟煤,公里,12,11,3,118\n")
    told = checked.report.table().to_pylist()
    assert [("计量单位", "cell_unit_mismatch")] == [(r["column"], r["code"]) for r in told]
    assert {"cell_unit_mismatch": 1} == checked.report.counts()


def test_lines_come_by_row_and_can_be_limited(judge):
    body = "".join(f"{CODE},2026-{m:02d},电力,购入,-{m},kWh\n" for m in range(1, 10))
    lines = list(judge(HEADER + body).report.lines(limit=3))
    assert [2, 3, 4] == [x.row for x in lines]


def test_a_faultless_sheet_has_an_empty_report(judge):
    report = judge(HEADER + f"{CODE},2026-09,电力,购入,1,kWh\n").report
    assert (0, [], {}) == (report.table().num_rows, list(report.lines()), report.reasons())


def test_many_faults_are_reported_each_with_its_row(judge):
    body = "".join(f"{n},2026-09,电力,购入,1,kWh\n" for n in range(5000))
    checked = judge(HEADER + body)
    assert {"uscc_length": 5000} == checked.report.counts()
    assert list(range(2, 5002)) == checked.report.table()["row"].to_pylist()


def test_braces_in_a_cell_do_not_break_the_text(judge, line):
    found = line(judge(HEADER + f"{CODE},2026-09,电力,购入,{{row}},kWh\n"))
    assert "“{row}” 不是十进制数" in found.zh


def test_every_text_of_intake_says_what_to_do():
    """A text of one sentence states a fault and leaves its reader alone."""
    own = [c for c in catalogue() if c.startswith(("cell_", "file_", "header_", "workbook_"))]
    assert len(own) > 20
    for code in own:
        assert 2 <= sum(catalogue()[code]["zh"].count(mark) for mark in "。：，"), code
