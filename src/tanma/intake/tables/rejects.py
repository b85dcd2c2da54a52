"""What was refused, as the same sheet with a reason, ready to be corrected and sent again."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import numpy as np
import pyarrow as pa
import xlsxwriter

from tanma.intake.tables.checking import Checked

REASON = "原因 reason"
_DANGEROUS = ("=", "+", "-", "@", "\t", "\r")
_PLAIN_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?")


def safe_cell(text: str) -> str:
    """A text that no spreadsheet takes for a formula: leading = + - @ get an apostrophe.

    A plain negative number is left as it is, so that a corrected sheet can be read again.
    """
    if text.lstrip(" ").startswith(_DANGEROUS) and not _PLAIN_NUMBER.fullmatch(text.strip()):
        return "'" + text
    return text


def write_rejects(checked: Checked, path: str | Path) -> int:
    """Write the refused rows with their reasons to a .csv or .xlsx; returns how many there are."""
    at = np.flatnonzero(checked.rejected)
    reasons = checked.report.reasons()
    grid = checked.sheet.grid
    columns = [c.take(pa.array(at)).to_pylist() for c in grid.columns]
    columns.append([reasons[i] for i in at.tolist()])
    rows = [[safe_cell(c or "") for c in row] for row in zip(*columns, strict=True)]
    header = [safe_cell(h) for h in [*grid.header, REASON]]
    if Path(path).suffix.lower() == ".xlsx":
        _write_xlsx(Path(path), header, rows)
    else:
        _write_csv(Path(path), header, rows)
    return len(rows)


def _write_csv(path: Path, header: list[str], rows: list[list[str]]) -> None:
    # The mark tells spreadsheets that the file is UTF-8.
    with path.open("w", newline="", encoding="utf-8-sig") as file:
        csv.writer(file).writerows([header, *rows])


def _write_xlsx(path: Path, header: list[str], rows: list[list[str]]) -> None:
    with xlsxwriter.Workbook(str(path), {"strings_to_formulas": False}) as book:
        sheet = book.add_worksheet("填报")
        for r, cells in enumerate([header, *rows]):
            for c, text in enumerate(cells):
                sheet.write_string(r, c, text)
