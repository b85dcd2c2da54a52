"""What was refused comes back as the same sheet with reasons, safe to open, fit to send again."""

import csv

import pytest
from python_calamine import CalamineWorkbook

from tanma.intake.tables import check, read, safe_cell, write_rejects
from tanma.intake.tables.rejects import REASON

CODE = "91990101MA0DEM001L"
HEADER = "统一社会信用代码,期间,项目,流向,数量,单位,备注\n"
TEXT = (
    HEADER
    + f"{CODE},2026-09,电力,购入,1,kWh,好\n"
    + f"{CODE},2026-09,烟煤,燃烧,-3,t,=1+1\n"
    + f"{CODE},2026-09,烟媒,燃烧,x,t,\n"
)


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("=1+1", "'=1+1"),
        ("+cmd", "'+cmd"),
        ("-1+2", "'-1+2"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\tx", "'\tx"),
        (" =1", "' =1"),
        ("-3.5", "-3.5"),
        ("+3", "+3"),
        ("甲-乙", "甲-乙"),
        ("", ""),
    ],
)
def test_no_text_is_taken_for_a_formula(text, safe):
    assert safe == safe_cell(text)


def test_bad_rows_come_back_with_their_reasons(judge, tmp_path):
    path = tmp_path / "退回.csv"
    assert 2 == write_rejects(judge(TEXT), path)
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    assert [*HEADER.strip().split(","), REASON] == rows[0]
    assert [CODE, "2026-09", "烟煤", "燃烧", "-3", "t", "'=1+1"] == rows[1][:-1]
    assert "[数量] 第 3 行：数量：“-3” 为负数" in rows[1][-1]
    assert "Row 3: 数量: '-3' is negative" in rows[1][-1]
    assert 2 == rows[2][-1].count("第 4 行")


def test_the_sheet_can_be_corrected_and_sent_again(judge, known, tmp_path):
    path = tmp_path / "退回.csv"
    write_rejects(judge(TEXT), path)
    text = path.read_text(encoding="utf-8-sig").replace(",-3,", ",3,").replace("烟媒", "焦炭")
    path.write_text(text.replace(",x,", ",4,"), encoding="utf-8-sig")
    again = check(read(path), known)
    assert {} == again.report.counts()
    expected = {"fuel.bituminous.burnt", "fuel.coke.burnt"}
    assert expected == set(again.facts["item"].to_pylist())


def test_the_sheet_can_be_a_workbook(judge, tmp_path):
    path = tmp_path / "退回.xlsx"
    write_rejects(judge(TEXT), path)
    rows = CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python()
    assert REASON == rows[0][-1]
    assert ["'=1+1", "-3"] == [rows[1][6], rows[1][4]]


def test_nothing_refused_gives_only_the_header(judge, tmp_path):
    good = TEXT.splitlines()[:2]
    assert 0 == write_rejects(judge("\n".join(good)), tmp_path / "r.csv")
