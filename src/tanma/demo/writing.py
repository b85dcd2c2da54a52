"""Write one sheet of a table package: same columns, same order, same bytes every time."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv

from tanma.intake.tables.packages import load_package

Columns = Mapping[str, Sequence[Any] | np.ndarray | pa.Array]
_CREATED = dt.datetime(2026, 1, 1)  # noqa: DTZ001 - a zip entry has no zone; fixed for equal bytes


def header(package: str, columns: Sequence[str]) -> list[str]:
    """Chinese headers of the columns; a column the package lacks is a mistake of ours."""
    declared = load_package(package)
    return [declared.fields[column].zh for column in columns]


def write(path: Path, package: str, columns: Columns, encoding: str = "utf-8") -> int:
    """Write the sheet as CSV or XLSX by the suffix of the path; return its rows."""
    path.parent.mkdir(parents=True, exist_ok=True)
    titles = header(package, list(columns))
    if path.suffix == ".xlsx":
        return _write_xlsx(path, titles, columns)
    return _write_csv(path, titles, columns, encoding)


def _write_csv(path: Path, titles: list[str], columns: Columns, encoding: str) -> int:
    table = pa.table({title: _array(c) for title, c in zip(titles, columns.values(), strict=True)})
    sink = pa.BufferOutputStream()
    sink.write((",".join(titles) + "\n").encode())
    # Nothing we write holds a comma or a quote; should it ever, pyarrow refuses.
    options = pyarrow.csv.WriteOptions(include_header=False, quoting_style="none")
    pyarrow.csv.write_csv(table, sink, options)
    data = sink.getvalue()
    if encoding == "utf-8":
        path.write_bytes(data)
    else:
        path.write_bytes(data.to_pybytes().decode().encode(encoding))
    return int(table.num_rows)


def _array(values: Sequence[Any] | np.ndarray | pa.Array) -> pa.Array:
    if isinstance(values, pa.Array):
        return values
    # A missing figure is an empty cell, never "nan".
    return pa.array(values, from_pandas=True)


def _write_xlsx(path: Path, titles: list[str], columns: Columns) -> int:
    import xlsxwriter

    book = xlsxwriter.Workbook(str(path))
    book.set_properties({"created": _CREATED})
    sheet = book.add_worksheet("数据")
    sheet.write_row(0, 0, titles)
    rows = list(zip(*(_array(column).to_pylist() for column in columns.values()), strict=True))
    for number, row in enumerate(rows, start=1):
        for column, value in enumerate(row):
            if value is not None:
                sheet.write(number, column, value)
    book.close()
    return len(rows)
