"""XLSX and ODS as columns of text, after a look inside the archive.

The directory of the zip is judged before anything is unpacked. Formulas, merged cells and the 1904
calendar are found in the XML, since a reader of values shows only what was last computed.
"""

from __future__ import annotations

import datetime as dt
import io
import re
import zipfile
from decimal import Decimal
from itertools import zip_longest
from typing import Any, NamedTuple
from xml.etree import ElementTree

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook

from tanma.domain.messages import Problem
from tanma.intake.tables import header
from tanma.intake.tables.grid import FOOTER, Grid
from tanma.intake.tables.packages import Package

UNPACKED_LIMIT = 1 << 30
RATIO_LIMIT = 150
_RATIO_FROM = 20 << 20
"""Entries below 20 MB unpacked may have any ratio: they cannot fill a memory."""
CELLS_LIMIT = 30_000_000
"""Readers of values lay out the whole rectangle: two cells far apart would fill a memory."""
_CELL = re.compile(
    rb'<c (?:[^>]*? )?r="([A-Z]{1,3})([0-9]+)"[^>]*?(?<!/)>(?:(?!</c>|<c ).)*?<f[ >/]', re.DOTALL
)
_ROW = re.compile(rb'<row [^>]*?r="([0-9]+)"')
_BEYOND_Z = re.compile(rb' r="([A-Z]{2,3})[0-9]+"')
_HAS_FORMULA = re.compile(rb"<f[ >/]")
_DATE_1904 = re.compile(rb'<workbookPr[^>]*date1904="(1|true)"')
_TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
_OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
_VALUES = {f"{_OFFICE}value-type", f"{_OFFICE}value", f"{_TABLE}formula"}
_SIDE_SHEETS = ("说明", "示例", "选项", "notes", "example", "lists")


class Merged(NamedTuple):
    """A range of cells that are one, counted from 0."""

    row: int
    column: int
    last_row: int
    last_column: int


def read(data: bytes, file: str, package: Package | None) -> Grid:
    """The first sheet whose header fits a package."""
    archive = _open_archive(data, file)
    try:
        _refuse_1904(archive, file)
        _refuse_vast(archive, file)
        book = CalamineWorkbook.from_filelike(io.BytesIO(data))
        names = [n for n in book.sheet_names if n.lower() not in _SIDE_SHEETS] or book.sheet_names
        sheets = [(n, book.get_sheet_by_name(n)) for n in names]
        return _first_fitting(archive, file, sheets, package)
    except (CalamineError, ElementTree.ParseError, KeyError) as error:
        raise Problem("workbook_broken", file=file, reason=str(error)) from None


def _open_archive(data: bytes, file: str) -> zipfile.ZipFile:
    """The zip, if its directory is sane: sizes and ratios are judged before unpacking."""
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except zipfile.BadZipFile as error:
        raise Problem("workbook_broken", file=file, reason=str(error)) from None
    total = sum(entry.file_size for entry in archive.infolist())
    ratio = max((_ratio(e) for e in archive.infolist()), default=0)
    if total > UNPACKED_LIMIT or ratio > RATIO_LIMIT:
        raise Problem(
            "workbook_bomb",
            file=file,
            unpacked_mb=total >> 20,
            limit_mb=UNPACKED_LIMIT >> 20,
            ratio=ratio,
            ratio_limit=RATIO_LIMIT,
        )
    _verify_sizes(archive, file)
    return archive


def _ratio(entry: zipfile.ZipInfo) -> int:
    if entry.file_size < _RATIO_FROM:
        return 0
    return entry.file_size // max(entry.compress_size, 1)


def _verify_sizes(archive: zipfile.ZipFile, file: str) -> None:
    """Unpack once in pieces: an entry that is not what the directory says fails its checksum."""
    try:
        broken = archive.testzip()
    except (zipfile.BadZipFile, EOFError, OSError, RuntimeError, NotImplementedError) as error:
        raise Problem("workbook_broken", file=file, reason=str(error)) from None
    if broken:
        raise Problem("workbook_broken", file=file, reason=broken)


def _refuse_1904(archive: zipfile.ZipFile, file: str) -> None:
    book, content = (_member(archive, name) for name in ("xl/workbook.xml", "content.xml"))
    if _DATE_1904.search(book) or b'table:null-date table:date-value="1904' in content:
        raise Problem("workbook_1904", file=file)


def _member(archive: zipfile.ZipFile, name: str) -> bytes:
    return archive.read(name) if name in archive.namelist() else b""


def _refuse_vast(archive: zipfile.ZipFile, file: str) -> None:
    """Sheets whose used rectangle is far larger than any table of ours."""
    parts = [n for n in archive.namelist() if re.fullmatch(r"xl/worksheets/[^/]+\.xml", n)]
    spans = [_span_xlsx(archive.read(part)) for part in parts]
    if content := _member(archive, "content.xml"):
        spans += _spans_ods(content)
    for rows, columns in spans:
        if rows * columns > CELLS_LIMIT:
            raise Problem("workbook_vast", file=file, rows=rows, columns=columns, limit=CELLS_LIMIT)


def _span_xlsx(xml: bytes) -> tuple[int, int]:
    rows = max((int(m[1]) for m in _ROW.finditer(xml)), default=0)
    beyond = {m[1] for m in _BEYOND_Z.finditer(xml)}
    return rows, max((_position(c.decode()) + 1 for c in beyond), default=26)


def _spans_ods(content: bytes) -> list[tuple[int, int]]:
    """Repeated cells count as often as they repeat, if they hold anything."""
    spans = []
    for table in ElementTree.fromstring(content).iter(f"{_TABLE}table"):
        rows = columns = 0
        for row in table.iter(f"{_TABLE}table-row"):
            width = sum(_repeat(c, "columns") for c in row if len(c) or c.attrib.keys() & _VALUES)
            columns = max(columns, width)
            rows += _repeat(row, "rows") if width else 0
        spans.append((rows, columns))
    return spans


def _repeat(element: ElementTree.Element, what: str) -> int:
    return int(element.get(f"{_TABLE}number-{what}-repeated", "1"))


def _first_fitting(
    archive: zipfile.ZipFile,
    file: str,
    sheets: list[tuple[str, CalamineSheet]],
    package: Package | None,
) -> Grid:
    problem: Problem | None = None
    for name, sheet in sheets:
        cells = [[_text(c) for c in row] for row in sheet.to_python(skip_empty_area=False)]
        if not any(any(row) for row in cells):
            continue
        formulas, merged = _inside(archive, name)
        cells = _one_header(cells, merged)
        try:
            top, found = header.find(cells[: header.HEADER_ROWS], package)
        except Problem as error:
            problem = problem or error
            continue
        _refuse_merged(file, name, [m for m in merged if not _is_note(cells, m)], top)
        return Grid.of_rows(cells[top], cells[top + 1 :], top + 2, found, formulas)
    raise problem or Problem("file_empty", file=file)


def _text(cell: Any) -> str:
    """A cell as text; numbers as their shortest decimal, times as ISO."""
    if isinstance(cell, bool) or not isinstance(cell, int | float):
        return _text_of_other(cell)
    return format(Decimal(repr(cell)).normalize(), "f")


def _text_of_other(cell: Any) -> str:
    if isinstance(cell, dt.datetime):
        midnight = cell.time() == dt.time(0)
        return cell.date().isoformat() if midnight else cell.isoformat(" ", "seconds")
    if isinstance(cell, dt.date):
        return cell.isoformat()
    if isinstance(cell, dt.time):
        return cell.isoformat("minutes")
    return str(cell).strip()


def _one_header(cells: list[list[str]], merged: list[Merged]) -> list[list[str]]:
    """A header of two rows, tied by cells merged downwards, as one: 购进量 over 本月 → 购进量本月.

    The upper row is left empty, so that rows keep their numbers.
    """
    tied = (m.row for m in merged if m.last_row == m.row + 1 < header.HEADER_ROWS)
    top = next(tied, None)
    if top is None or top + 1 >= len(cells):
        return cells
    upper, lower = list(cells[top]), cells[top + 1]
    for m in merged:
        if m.row == m.last_row == top:
            upper[m.column : m.last_column + 1] = [upper[m.column]] * (m.last_column - m.column + 1)
    joined = [f"{a}{b}" for a, b in zip_longest(upper, lower, fillvalue="")]
    return [*cells[:top], [], joined, *cells[top + 2 :]]


def _is_note(cells: list[list[str]], merged: Merged) -> bool:
    """Whether a merged range is a line about the form, as they stand below its data."""
    row, column = merged.row, merged.column
    inside = row == merged.last_row < len(cells) and column < len(cells[row])
    return inside and FOOTER.match(cells[row][column]) is not None


def _refuse_merged(file: str, sheet: str, merged: list[Merged], top: int) -> None:
    """Merged titles and headers do no harm; below they hide values."""
    for m in merged:
        if m.last_row > top:
            rows = {"row": m.row + 1, "last": m.last_row + 1}
            raise Problem("workbook_merged", file=file, sheet=sheet, **rows)


def _inside(
    archive: zipfile.ZipFile, sheet: str
) -> tuple[frozenset[tuple[int, int]], list[Merged]]:
    """((row number, position) of formulas, merged ranges)."""
    if "content.xml" in archive.namelist():
        return _inside_ods(archive, sheet)
    xml = archive.read(_sheet_part(archive, sheet))
    formulas = frozenset[tuple[int, int]]()
    if _HAS_FORMULA.search(xml):
        hits = _CELL.finditer(xml)
        formulas = frozenset((int(m.group(2)), _position(m.group(1).decode())) for m in hits)
    ranges = re.findall(rb'<mergeCell ref="([A-Z]+)([0-9]+):([A-Z]+)([0-9]+)"', xml)
    return formulas, [
        Merged(int(top) - 1, _position(left.decode()), int(bottom) - 1, _position(right.decode()))
        for left, top, right, bottom in ranges
    ]


def _position(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number - 1


def _sheet_part(archive: zipfile.ZipFile, sheet: str) -> str:
    """The archive member that holds a sheet, by workbook.xml and its relations."""
    book = ElementTree.fromstring(archive.read("xl/workbook.xml"))
    link = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
    ids = {e.get("name"): e.get(link) for e in book.iter() if e.tag.endswith("}sheet")}
    rels = ElementTree.fromstring(archive.read("xl/_rels/workbook.xml.rels"))
    targets = {e.get("Id"): e.get("Target", "") for e in rels}
    target = targets[ids[sheet]]
    return target.lstrip("/") if target.startswith("/") else f"xl/{target}"


def _inside_ods(
    archive: zipfile.ZipFile, sheet: str
) -> tuple[frozenset[tuple[int, int]], list[Merged]]:
    root = ElementTree.fromstring(archive.read("content.xml"))
    formulas: set[tuple[int, int]] = set()
    merged: list[Merged] = []
    tables = [t for t in root.iter(f"{_TABLE}table") if t.get(f"{_TABLE}name") == sheet]
    row_index = 0
    for row in (r for t in tables for r in t.iter(f"{_TABLE}table-row")):
        position = 0
        for cell in row:
            repeat = _repeat(cell, "columns")
            if cell.get(f"{_TABLE}formula"):
                formulas.update((row_index + 1, position + i) for i in range(min(repeat, 1000)))
            spans = [int(cell.get(f"{_TABLE}number-{s}-spanned", "1")) for s in ("rows", "columns")]
            if max(spans) > 1:
                last = row_index + spans[0] - 1
                merged.append(Merged(row_index, position, last, position + spans[1] - 1))
            position += repeat
        row_index += _repeat(row, "rows")
    return frozenset(formulas), merged
