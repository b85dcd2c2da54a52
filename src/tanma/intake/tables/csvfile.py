"""CSV as columns of text: encoding, delimiter and row numbers settled, nothing interpreted.

The usual file is read by pyarrow in one go. Files with blank or ragged lines go through the slower
reader of the standard library, so that every row keeps the number an editor shows.
"""

from __future__ import annotations

import csv
import io
import re

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
    """The grid of a CSV file with its header found and matched."""
    text = utf8(data, file).rstrip(b"\r\n \t")
    if not text:
        raise Problem("file_empty", file=file)
    delimiter, head = _delimiter(text)
    top, found = header.find(head, package)
    names = head[top]
    if not _has_blank_lines(text, delimiter.encode() * (len(names) - 1)):
        try:
            return _fast(text, delimiter, top, names, found)
        except pa.ArrowInvalid:
            pass
    return _slow(text, delimiter, top, names, found)


def _has_blank_lines(text: bytes, empty_cells: bytes) -> bool:
    blank = (b"", empty_cells)
    return any(b"\n" + cells + end in text for cells in blank for end in (b"\n", b"\r\n"))


def _delimiter(text: bytes) -> tuple[str, list[list[str]]]:
    """The delimiter that gives the widest row at the top, and the top rows read with it."""
    top = text[:65536].decode("utf-8", errors="ignore")
    lines = [line for line, _ in zip(io.StringIO(top), range(header.HEADER_ROWS), strict=False)]
    readings = [(d, list(csv.reader(lines, delimiter=d))) for d in (",", "\t", ";")]
    return max(readings, key=lambda pair: max(map(len, pair[1]), default=0))


def _fast(
    text: bytes, delimiter: str, top: int, names: list[str], found: header.Match
) -> Grid:
    columns = [str(i) for i in range(len(names))]
    table = pacsv.read_csv(
        pa.py_buffer(text),
        read_options=pacsv.ReadOptions(column_names=columns, skip_rows=top + 1),
        parse_options=pacsv.ParseOptions(delimiter=delimiter, newlines_in_values=b'"' in text),
        convert_options=pacsv.ConvertOptions(
            column_types=dict.fromkeys(columns, pa.string()), strings_can_be_null=False
        ),
    )
    rows = np.arange(top + 2, top + 2 + table.num_rows, dtype=np.int64)
    return Grid(names, [c.combine_chunks() for c in table.columns], rows, found)


def _slow(
    text: bytes, delimiter: str, top: int, names: list[str], found: header.Match
) -> Grid:
    reader = csv.reader(io.StringIO(text.decode("utf-8"), newline=""), delimiter=delimiter)
    cells = [row for n, row in enumerate(reader) if n > top]
    return Grid.of_rows(names, cells, top + 2, found)
