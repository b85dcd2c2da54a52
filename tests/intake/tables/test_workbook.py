"""XLSX and ODS: values as text, and everything that could deceive refused."""

import datetime as dt
import io
import re
import zipfile

import pytest
import xlsxwriter

from tanma.domain.messages import Problem
from tanma.intake.tables import check, read_bytes
from tanma.intake.tables import workbook as module

HEADER = ["统一社会信用代码", "期间", "项目", "流向", "数量", "单位"]
ROW = ["91990101MA0DEM001L", "2026-09", "电力", "购入", 1250.5, "MWh"]


def xlsx(*rows, before=None, merge=None, options=None) -> bytes:
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True, **(options or {})}) as book:
        if before:
            book.add_worksheet("封面").write_string(0, 0, before)
        sheet = book.add_worksheet("数据")
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        for r, row in enumerate(rows):
            for c, cell in enumerate(row):
                if isinstance(cell, dt.date):
                    sheet.write_datetime(r, c, cell, day)
                else:
                    sheet.write(r, c, cell)
        if merge:
            sheet.merge_range(*merge)
    return buffer.getvalue()


def ods(cells: str, calendar: str = "") -> bytes:
    """A small OpenDocument sheet, from the XML of its rows."""
    spaces = " ".join(
        f'xmlns:{k}="urn:oasis:names:tc:opendocument:xmlns:{v}:1.0"'
        for k, v in {"office": "office", "table": "table", "text": "text"}.items()
    )
    content = (
        f'<?xml version="1.0"?><office:document-content {spaces}><office:body>'
        f'<office:spreadsheet>{calendar}<table:table table:name="数据">{cells}</table:table>'
        "</office:spreadsheet></office:body></office:document-content>"
    )
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("META-INF/manifest.xml", '<?xml version="1.0"?><manifest/>')
        archive.writestr("content.xml", content)
    return buffer.getvalue()


def ods_row(*cells: object, formula: str = "", span: str = "") -> str:
    def one(cell: object) -> str:
        if isinstance(cell, str):
            kind = f'office:value-type="string" {span}'
            return f"<table:table-cell {kind}><text:p>{cell}</text:p></table:table-cell>"
        kind = f'office:value-type="float" office:value="{cell}" {formula}'
        return f"<table:table-cell {kind}><text:p>{cell}</text:p></table:table-cell>"

    return f"<table:table-row>{''.join(map(one, cells))}</table:table-row>"


def problem(data: bytes, name: str = "t.xlsx") -> Problem:
    with pytest.raises(Problem) as caught:
        read_bytes(data, name)
    return caught.value


def test_numbers_keep_their_digits_and_dates_their_day(known):
    rows = [HEADER, ROW, [*ROW[:1], dt.date(2026, 8, 1), *ROW[2:4], 0.1, "kWh"]]
    checked = check(read_bytes(xlsx(*rows), "t.xlsx"), known)
    assert [1250500000, 100] == checked.facts["value"].to_pylist()
    assert dt.date(2026, 8, 1) == checked.facts["valid_from"][1].as_py()
    assert "1250.5 MWh" == checked.facts["reported"][0].as_py()


def test_the_first_sheet_that_fits_is_read():
    assert "energy" == read_bytes(xlsx(HEADER, ROW, before="请填下一页"), "t.xlsx").package.name


def test_an_ods_sheet_is_read(known):
    data = ods(ods_row(*HEADER) + ods_row(*ROW))
    assert [1250500000] == check(read_bytes(data, "t.ods"), known).facts["value"].to_pylist()


@pytest.mark.parametrize("kind", ["xlsx", "ods"])
def test_a_formula_in_a_numeric_cell_leaves_its_row_out(kind, known, line):
    coal = [*ROW[:2], "烟煤", "燃烧"]
    if kind == "xlsx":
        data = xlsx(HEADER, ROW, [*coal, "=1+1", "t"])
    else:
        formula = 'table:formula="of:=1+1"'
        data = ods(ods_row(*HEADER) + ods_row(*ROW) + ods_row(*coal, 2, "t", formula=formula))
    checked = check(read_bytes(data, f"t.{kind}"), known)
    found = line(checked)
    assert (3, "cell_formula", "数量") == (found.row, found.code, found.column)
    assert "是公式的结果" in found.zh
    assert "comes from a formula" in found.en
    assert [1250500000] == checked.facts["value"].to_pylist()


def test_a_formula_is_found_behind_blank_cells_of_its_row(known, line):
    """A blank formatted cell closes itself; the formula after it must not be laid at its door."""
    buffer = io.BytesIO(xlsx(HEADER, [*ROW[:4], "=1+1", "MWh"]))
    parts = zipfile.ZipFile(buffer)
    sheet = parts.read("xl/worksheets/sheet1.xml").decode()
    blank = re.sub(r'<c r="C2"[^>]*>.*?</c>', '<c r="C2" s="1"/>', sheet)
    assert blank != sheet
    again = io.BytesIO()
    with zipfile.ZipFile(again, "w") as archive:
        for name in parts.namelist():
            body = blank.encode() if name.endswith("sheet1.xml") else parts.read(name)
            archive.writestr(name, body)
    lines = list(check(read_bytes(again.getvalue(), "t.xlsx"), known).report.lines())
    assert ["cell_missing", "cell_formula"] == [x.code for x in lines]


def test_a_formula_in_a_text_cell_is_only_its_text(known):
    data = xlsx([*HEADER, "备注"], [*ROW, '="甲"&"乙"'])
    assert {} == check(read_bytes(data, "t.xlsx"), known).report.counts()


def test_merged_cells_in_the_data_are_refused_with_their_rows():
    found = problem(xlsx(HEADER, ROW, ROW, merge=(1, 0, 2, 0, "91990101MA0DEM001L")))
    assert "workbook_merged" == found.code
    assert "工作表 “数据” 第 2 至 3 行有合并单元格" in found.text("zh")
    assert "merged cells in rows 2 to 3" in found.text("en")


def test_a_merged_title_above_the_header_does_no_harm():
    data = xlsx(["能源表"], HEADER, ROW, merge=(0, 0, 0, 5, "能源表"))
    assert [3] == read_bytes(data, "t.xlsx").rows.tolist()


def test_a_merged_line_below_the_data_does_no_harm():
    text = "单位负责人：张三 填表人：李四"
    data = xlsx(HEADER, ROW, [text], merge=(2, 0, 2, 5, text))
    assert [2] == read_bytes(data, "t.xlsx").rows.tolist()


def form(*rows) -> bytes:
    """A form with a title and a header of two rows, as statistics print it."""
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True}) as book:
        sheet = book.add_worksheet("205-1")
        sheet.merge_range(0, 0, 0, 7, "能源购进、消费与库存")
        for column, text in enumerate(["统一社会信用代码", "报告期别", "能源名称", "计量单位"]):
            sheet.merge_range(1, column, 2, column, text)
        for first, text in ((4, "购进量"), (6, "消费量合计")):
            sheet.merge_range(1, first, 1, first + 1, text)
            sheet.write_row(2, first, ["本月", "1-本月"])
        for r, row in enumerate(rows, 3):
            sheet.write_row(r, 0, row)
    return buffer.getvalue()


def test_a_header_of_two_rows_is_read_as_one(known):
    row = ["91990101MA0DEM001L", "2026-10", "烟煤", "吨", 12, 120, 11.5, 118]
    sheet = read_bytes(form(row, row[:4]), "205-1.xlsx")
    assert "form_205_1" == sheet.package.name
    assert [4, 5] == sheet.rows.tolist()
    assert "消费量合计1-本月" == sheet.title("consumption_cumulative")
    assert {} == check(read_bytes(form(row), "205-1.xlsx"), known).report.counts()


def test_a_merge_below_a_header_of_two_rows_is_still_refused():
    row = ["91990101MA0DEM001L", "2026-10", "烟煤", "吨", 12, 120, 11.5, 118]
    data = form(row, row)
    with zipfile.ZipFile(io.BytesIO(data)) as book:
        inside = {n: book.read(n) for n in book.namelist()}
    part = "xl/worksheets/sheet1.xml"
    first = b'<mergeCell ref="A1'
    inside[part] = inside[part].replace(first, b'<mergeCell ref="A4:A5"/>' + first)
    assert "workbook_merged" == problem(archive(inside), "t.xlsx").code


def archive(inside: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as book:
        for name, body in inside.items():
            book.writestr(name, body)
    return buffer.getvalue()


def test_merged_cells_of_ods_are_refused():
    span = 'table:number-rows-spanned="2"'
    data = ods(ods_row(*HEADER) + ods_row(*ROW, span=span) + ods_row(*ROW))
    assert "workbook_merged" == problem(data, "t.ods").code


def test_1904_dates_are_refused():
    found = problem(xlsx(HEADER, ROW, options={"date_1904": True}))
    assert "workbook_1904" == found.code
    assert "1904 日期系统" in found.text("zh")
    assert "1,462 days" in found.text("en")


def test_1904_dates_of_ods_are_refused():
    calendar = (
        "<table:calculation-settings><table:null-date "
        'table:date-value="1904-01-01"/></table:calculation-settings>'
    )
    assert "workbook_1904" == problem(ods(ods_row(*HEADER), calendar), "t.ods").code


def zip_bomb() -> bytes:
    """40 MB of blanks in 40 kB."""
    buffer = io.BytesIO(xlsx(HEADER, ROW))
    with zipfile.ZipFile(buffer, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/bomb.xml", b" " * (40 << 20))
    return buffer.getvalue()


def test_a_zip_bomb_is_refused_before_it_is_unpacked(monkeypatch):
    """It is refused by the directory of the archive; nothing is read."""
    data = zip_bomb()
    monkeypatch.setattr(zipfile.ZipFile, "read", None)
    monkeypatch.setattr(zipfile.ZipFile, "testzip", None)
    found = problem(data)
    assert "workbook_bomb" == found.code
    assert "解压后有 40 MB" in found.text("zh")
    assert "was not opened" in found.text("en")


def test_two_cells_far_apart_are_refused_before_they_are_laid_out():
    """The rectangle of A1 and XFD1048576 has 17 thousand million cells."""
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True}) as book:
        sheet = book.add_worksheet()
        sheet.write(0, 0, "统一社会信用代码")
        sheet.write(1048575, 16383, 1)
    found = problem(buffer.getvalue())
    assert "workbook_vast" == found.code
    assert "跨 1048576 行 × 16384 列" in found.text("zh")
    assert "Delete what lies outside the data" in found.text("en")


def test_a_cell_repeated_a_million_times_is_refused():
    cell = (
        '<table:table-row table:number-rows-repeated="1000000"><table:table-cell '
        'office:value-type="float" office:value="1" table:number-columns-repeated="1000"/>'
        "</table:table-row>"
    )
    assert "workbook_vast" == problem(ods(ods_row(*HEADER) + cell), "t.ods").code


def test_entities_that_swell_are_refused():
    """Ten levels of ten: the parser stops at its own limit of swelling."""
    levels = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 10))
    bomb = f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e0 "{"a" * 100}">{levels}]><x>&e9;</x>'
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("content.xml", bomb)
    assert "workbook_broken" == problem(buffer.getvalue(), "t.ods").code


def test_a_directory_that_lies_about_sizes_is_found_out():
    """The size in the directory made small: what unpacks then fails its checksum."""
    buffer = io.BytesIO(xlsx(HEADER, ROW))
    with zipfile.ZipFile(buffer, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb.xml", b" " * (4 << 20))
    size = (4 << 20).to_bytes(4, "little")
    data = buffer.getvalue().replace(size, (64).to_bytes(4, "little"))
    assert "workbook_broken" == problem(data).code


@pytest.mark.parametrize("data", [b"PK\x03\x04 and then nothing", xlsx(HEADER, ROW)[:-200]])
def test_a_broken_workbook_is_refused(data):
    found = problem(data)
    assert "workbook_broken" == found.code
    assert "已损坏" in found.text("zh")
    assert str(found.params["reason"]) not in found.text("zh")
    assert str(found.params["reason"]) in found.text("en")


def test_a_zip_that_is_no_workbook_is_refused():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("hello.txt", "hello")
    assert "workbook_broken" == problem(buffer.getvalue()).code


def test_an_empty_workbook_is_refused():
    assert "file_empty" == problem(xlsx()).code


MOMENT = dt.datetime(2026, 9, 1, 0, 15)  # noqa: DTZ001 (cells know no zone)


def test_cells_become_plain_text():
    expected = ["TRUE", "12000000000000000000", "0.00001", "2026-09-01 00:15:00", "08:30", "a"]
    cells = [True, 1.2e19, 1e-5, MOMENT, dt.time(8, 30), " a "]
    assert expected == [module._text(c).replace("True", "TRUE") for c in cells]
