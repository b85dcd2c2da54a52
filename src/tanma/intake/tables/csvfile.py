"""CSV as columns of text: encoding, delimiter and row numbers settled, nothing interpreted.

The usual file is read by pyarrow in one go. Files with blank or ragged lines go through the slower
reader of the standard library, so that every row keeps the number an editor shows.
"""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv

from tanma.domain.messages import Problem
from tanma.intake.tables import header
from tanma.intake.tables.grid import Grid
from tanma.intake.tables.packages import Package

_BOM = b"\xef\xbb\xbf"
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_HAN_UTF8 = re.compile(rb"[\xe4-\xe9][\x80-\xbf]{2}")


@dataclass(frozen=True)
class _Top:
    """What the first lines tell: delimiter, row and names of the header, and its package."""

    delimiter: str
    row: int
    names: list[str]
    found: header.Match


def utf8(data: bytes, file: str) -> bytes:
    """The same text in UTF-8 without a mark; GB18030 is converted, a mixture refused."""
    if data.startswith(_UTF16):
        raise Problem("encoding_utf16", file=file)
    body = data.removeprefix(_BOM)
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        return _from_gb18030(body, file)
    return body


def _from_gb18030(body: bytes, file: str) -> bytes:
    odd_line, gb_line = _lines_of_each_encoding(body)
    if odd_line and gb_line:
        raise Problem("encoding_mixed", file=file, utf8_line=odd_line, gb_line=gb_line)
    try:
        return body.decode("gb18030").encode("utf-8")
    except UnicodeDecodeError:
        raise Problem("encoding_unknown", file=file, line=gb_line) from None


def _lines_of_each_encoding(body: bytes) -> tuple[int, int]:
    """Numbers of the first line that is surely UTF-8 and of the first that is not."""
    as_utf8 = other = 0
    for number, line in enumerate(body.split(b"\n"), start=1):
        if line.isascii():
            continue
        try:
            line.decode("utf-8")
        except UnicodeDecodeError:
            other = other or number
        else:
            # Two bytes of GB can pass for UTF-8 by chance; a Han character of three hardly can.
            as_utf8 = as_utf8 or (number if _HAN_UTF8.search(line) else 0)
        if as_utf8 and other:
            break
    return as_utf8, other


def read(data: bytes, file: str, package: Package | None) -> Grid:
    """The grid of a CSV file with its header found and matched.

    Text that pyarrow takes as it is needs no second look; only what it refuses is decoded here.
    """
    try:
        return _fast(_body(data), file, package)
    except (pa.ArrowInvalid, UnicodeDecodeError):
        text = utf8(data, file)
    try:
        return _fast(_body(text), file, package)
    except pa.ArrowInvalid:
        return _slow(_body(text), file, package)


def _body(data: bytes) -> memoryview:
    """The bytes between the mark and the last line's end, without a copy."""
    start = len(_BOM) if data.startswith(_BOM) else 0
    tail = data[-4096:]
    return memoryview(data)[start : len(data) - len(tail) + len(tail.rstrip(b"\r\n \t"))]


def _top(text: memoryview, file: str, package: Package | None) -> _Top:
    if not len(text):
        raise Problem("file_empty", file=file)
    delimiter, head = _delimiter(text)
    row, found = header.find(head, package)
    return _Top(delimiter, row, head[row], found)


def _delimiter(text: memoryview) -> tuple[str, list[list[str]]]:
    """The delimiter that gives the widest row at the top, and the top rows read with it."""
    lines = bytes(text[:65536]).split(b"\n")[: header.HEADER_ROWS]
    rows = [line.decode("utf-8").removesuffix("\r") for line in lines[: max(1, len(lines) - 1)]]
    readings = [(d, list(csv.reader(rows, delimiter=d))) for d in (",", "\t", ";")]
    return max(readings, key=lambda pair: max(map(len, pair[1]), default=0))


def _fast(text: memoryview, file: str, package: Package | None) -> Grid:
    top = _top(text, file, package)
    columns = [str(i) for i in range(len(top.names))]
    quoted = b'"' in bytes(text[:65536]) or b'"' in text.obj  # type: ignore[operator]
    table = pacsv.read_csv(
        pa.py_buffer(text),
        read_options=pacsv.ReadOptions(column_names=columns, skip_rows=top.row + 1),
        # A blank line is refused here, so that the slow reader can number the rows after it.
        parse_options=pacsv.ParseOptions(
            delimiter=top.delimiter, newlines_in_values=quoted, ignore_empty_lines=len(columns) == 1
        ),
        convert_options=pacsv.ConvertOptions(
            column_types=dict.fromkeys(columns, pa.string()), strings_can_be_null=False
        ),
    )
    first = top.row + 2
    rows = np.arange(first, first + table.num_rows, dtype=np.int64)
    grid = Grid(top.names, [c.combine_chunks() for c in table.columns], rows, top.found)
    return grid.without_blank_rows()


def _slow(text: memoryview, file: str, package: Package | None) -> Grid:
    top = _top(text, file, package)
    lines = io.StringIO(bytes(text).decode("utf-8"), newline="")
    cells = [row for n, row in enumerate(csv.reader(lines, delimiter=top.delimiter)) if n > top.row]
    return Grid.of_rows(top.names, cells, top.row + 2, top.found)
