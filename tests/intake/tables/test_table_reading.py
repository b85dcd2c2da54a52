"""Files that come in: encodings, delimiters, blank lines, empty and oversized files."""

import pytest

from tanma.domain.messages import Problem
from tanma.intake.tables import check, read, read_bytes
from tanma.intake.tables import sheet as sheets

HEADER = "统一社会信用代码,期间,项目,流向,数量,单位\n"
ROW = "91990101MA0DEM001L,2026-09,电力,购入,1250.5,MWh\n"
COAL = "91990101MA0DEM001L,2026-09,烟煤,燃烧,820,t\n"


def values(data: bytes, known) -> list[int]:
    return check(read_bytes(data, "t.csv"), known).facts["value"].to_pylist()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_encodings_and_line_ends_give_the_same(encoding, end, known):
    data = (HEADER + ROW + COAL).replace("\n", end).encode(encoding)
    assert [1250500000, 820000000] == values(data, known)


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_other_delimiters_are_found(delimiter, known):
    assert [1250500000] == values((HEADER + ROW).replace(",", delimiter).encode(), known)


def test_no_line_end_at_the_end_and_quotes_are_fine(known):
    data = HEADER + '"91990101MA0DEM001L","2026-09","电力","购入","1,250.5","MWh"'
    assert [1250500000] == values(data.encode(), known)


def test_mixed_encodings_are_refused_with_both_lines():
    data = (HEADER + ROW).encode("utf-8") + COAL.encode("gb18030")
    with pytest.raises(Problem) as caught:
        read_bytes(data, "混.csv")
    assert "encoding_mixed" == caught.value.code
    assert "第 1 行是 UTF-8，第 3 行是 GB18030" in caught.value.text("zh")
    assert "line 1 is UTF-8, line 3 is GB18030" in caught.value.text("en")


def test_neither_encoding_is_refused():
    with pytest.raises(Problem) as caught:
        read_bytes(HEADER.encode("gb18030") + b"\xff\xff\xff\n", "t.csv")
    assert "encoding_unknown" == caught.value.code


def test_utf16_is_refused_with_what_to_save_as():
    with pytest.raises(Problem) as caught:
        read_bytes((HEADER + ROW).encode("utf-16"), "t.csv")
    assert "encoding_utf16" == caught.value.code
    assert "CSV UTF-8" in caught.value.text("zh")


@pytest.mark.parametrize("data", [b"", b"\n\n  \n", b"\xef\xbb\xbf"])
def test_an_empty_file_is_refused(data):
    with pytest.raises(Problem) as caught:
        read_bytes(data, "空.csv")
    assert "file_empty" == caught.value.code
    assert "空.csv 是空的" in caught.value.text("zh")
    assert "is empty" in caught.value.text("en")


def test_a_header_without_rows_is_refused():
    with pytest.raises(Problem) as caught:
        read_bytes(HEADER.encode(), "t.csv")
    assert "file_no_rows" == caught.value.code


def test_a_file_of_300_mb_is_refused_before_it_is_read(tmp_path):
    path = tmp_path / "大.csv"
    with path.open("wb") as file:
        file.truncate(300 * 10**6)
    with pytest.raises(Problem) as caught:
        read(path)
    assert "file_too_large" == caught.value.code
    assert "有 300 MB，超过上限 200 MB" in caught.value.text("zh")
    assert "Split it by month" in caught.value.text("en")


def test_the_limit_itself_is_allowed(monkeypatch, tmp_path):
    path = tmp_path / "t.csv"
    path.write_text(HEADER + ROW, encoding="utf-8")
    monkeypatch.setattr(sheets, "SIZE_LIMIT", path.stat().st_size)
    assert "energy" == read(path).package.name


def test_other_kinds_of_file_are_refused():
    with pytest.raises(Problem) as caught:
        read_bytes(b"%PDF-1.7", "t.pdf")
    assert "file_kind" == caught.value.code
    assert "“.pdf” 不能读取" in caught.value.text("zh")


def test_blank_lines_keep_the_row_numbers(judge, line):
    checked = judge(HEADER + "\n" + ROW + ",,,,,\n\n" + COAL.replace("820", "x"))
    assert (6, "number_not_decimal") == (line(checked).row, line(checked).code)
    assert [3] == checked.facts["row"].to_pylist()


def test_rows_of_separators_only_do_not_count(judge):
    checked = judge(HEADER + ROW + ",,,,,\n" + COAL)
    assert (2, [2, 4]) == (checked.counts["rows"], checked.facts["row"].to_pylist())


def test_short_rows_are_filled_with_nothing(judge, line):
    checked = judge(HEADER + ROW + "91990101MA0DEM001L,2026-09\n")
    assert {"cell_missing": 4} == checked.report.counts()
    assert 1 == checked.counts["rejected"]


FORM = "统一社会信用代码,报告期别,能源名称,单位,年初库存量,消费量合计1-本月,期末库存量\n"
POWER = "91990101MA0DEM001L,2026-02,电力,万千瓦时,,120.5,\n"
SIGNED = "单位负责人：张三    填表人：李四,,,,,,\n"


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_a_form_with_titles_blank_rows_and_a_footer_gives_its_rows_alone(encoding, known):
    text = f"205-1 表,,,,,,\n,,,,,,\n{FORM}{POWER},,,,,,\n{SIGNED}报出日期：2026年3月5日,,,,,,\n"
    sheet = read_bytes(text.encode(encoding), "t.csv")
    assert [4] == sheet.rows.tolist()
    found = check(sheet, known)
    assert {} == found.report.counts()
    assert [1_205_000_000] == found.facts["value"].to_pylist()


def test_a_footer_between_rows_or_with_figures_is_read_as_a_row(known):
    between = read_bytes((FORM + POWER + SIGNED + POWER).encode(), "t.csv")
    assert [2, 3, 4] == between.rows.tolist()
    figures = read_bytes((FORM + POWER + "填表人,2026-02,电力,万千瓦时,,1,\n").encode(), "t.csv")
    assert [2, 3] == figures.rows.tolist()


def test_a_stock_that_a_carrier_has_not_is_refused_only_where_it_is_stated(known):
    assert {} == check(read_bytes((FORM + POWER).encode(), "t.csv"), known).report.counts()
    text = FORM + POWER.replace(",,120.5", ",7,120.5")
    wrong = check(read_bytes(text.encode(), "t.csv"), known)
    assert {"cell_flow_unsupported": 1} == wrong.report.counts()
