"""A CSV file of amounts as a table of exact integers, for `tanma rate`."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import pyarrow as pa

from tanma.domain.messages import Problem
from tanma.domain.numbers import parse_amount
from tanma.domain.periods import parse as parse_period

REQUIRED = ("id", "group", "numerator", "denominator")
OPTIONAL = (
    "period", "member", "weight", "fallback_numerator", "fallback_denominator", "uncertainty",
)  # fmt: skip
_MEMBER = {"1": True, "true": True, "0": False, "false": False}
_LARGEST_EXPONENT = 40


@dataclass(frozen=True)
class RatingFile:
    """The table to rate, the decimals its counts carry, and columns that were not read."""

    table: pa.Table
    numerator_scale: int
    denominator_scale: int
    weight_scale: int
    ignored: tuple[str, ...]


@dataclass(frozen=True)
class Sheet:
    """The cells of a file by column, with the line number of each row."""

    file: str
    columns: dict[str, list[str]]
    lines: list[int]

    def cells(self, name: str) -> list[str]:
        return self.columns[name]


def read_rating_file(path: Path) -> RatingFile:
    """Read a file; every cell is either exact or refused with its row."""
    sheet = _sheet(path.name, _text(path))
    _check_ids(sheet)
    _check_periods(sheet)
    numerator_scale = _scale(sheet, "numerator", "fallback_numerator")
    denominator_scale = _scale(sheet, "denominator", "fallback_denominator")
    scales = {
        "numerator": numerator_scale,
        "fallback_numerator": numerator_scale,
        "denominator": denominator_scale,
        "fallback_denominator": denominator_scale,
        "weight": _scale(sheet, "weight"),
    }
    given = {name: sheet.cells(name) for name in ("id", "group", "period") if name in sheet.columns}
    columns: dict[str, Any] = {n: pa.array(cells, pa.string()) for n, cells in given.items()}
    for name, scale in scales.items():
        if name in sheet.columns:
            columns[name] = pa.array(_amounts(sheet, name, scale), pa.int64())
    if "member" in sheet.columns:
        columns["member"] = pa.array(_members(sheet), pa.bool_())
    if "uncertainty" in sheet.columns:
        columns["uncertainty"] = pa.array(_uncertainties(sheet), pa.float64())
    _check_weights(sheet, columns.get("weight"))
    ignored = tuple(name for name in sheet.columns if name not in REQUIRED + OPTIONAL)
    return RatingFile(
        pa.table(columns), numerator_scale, denominator_scale, scales["weight"], ignored
    )


def _text(path: Path) -> str:
    """UTF-8 with or without byte order mark, else GB18030."""
    try:
        data = path.read_bytes()
    except OSError as error:
        reason = error.strerror or str(error)
        raise Problem("rating_file_unreadable", file=path.name, reason=reason) from None
    if b"\0" in data:
        raise Problem("rating_file_unreadable", file=path.name, reason="not a text file")
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise Problem("rating_file_unreadable", file=path.name, reason="neither UTF-8 nor GB18030")


def _sheet(file: str, text: str) -> Sheet:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = [cell.strip().lower() for cell in next(reader, [])]
        found = [(reader.line_num, [c.strip() for c in row]) for row in reader if any(row)]
    except csv.Error as error:
        reason = f"line {reader.line_num}: {error}"
        raise Problem("rating_file_unreadable", file=file, reason=reason) from None
    _check_header(file, header)
    if not found:
        raise Problem("rating_file_empty", file=file)
    for line, row in found:
        if len(row) != len(header):
            wide = {"found": len(row), "expected": len(header)}
            raise Problem("rating_row_ragged", file=file, row=line, **wide)
    columns = {name: [row[i] for _, row in found] for i, name in enumerate(header)}
    return Sheet(file, columns, [line for line, _ in found])


def _check_header(file: str, header: Sequence[str]) -> None:
    if not any(header):
        raise Problem("rating_file_empty", file=file)
    for name in header:
        if header.count(name) > 1:
            raise Problem("rating_column_twice", file=file, column=name)
    missing = [name for name in REQUIRED if name not in header]
    if missing:
        raise Problem(
            "rating_column_missing",
            file=file,
            missing=", ".join(missing),
            needed=", ".join(REQUIRED),
            found=", ".join(header),
        )


def _check_ids(sheet: Sheet) -> None:
    """Every row has an id and a group; an id stands once per period."""
    periods = sheet.columns.get("period") or [""] * len(sheet.lines)
    first: dict[tuple[str, str], int] = {}
    for name in ("id", "group"):
        for line, cell in zip(sheet.lines, sheet.cells(name), strict=True):
            if not cell:
                raise Problem("rating_cell_empty", file=sheet.file, row=line, column=name)
    for line, key in zip(sheet.lines, zip(periods, sheet.cells("id"), strict=True), strict=True):
        if key in first:
            where = {"file": sheet.file, "row": line, "first": first[key]}
            raise Problem("rating_id_twice", id=key[1], period=key[0], **where)
        first[key] = line


def _check_periods(sheet: Sheet) -> None:
    for line, cell in zip(sheet.lines, sheet.columns.get("period", ()), strict=False):
        try:
            if cell:
                parse_period(cell)
        except Problem as problem:
            reasons = {"reason_zh": problem.text("zh"), "reason_en": problem.text("en")}
            raise Problem("rating_cell_wrong", file=sheet.file, row=line, **reasons) from None


def _scale(sheet: Sheet, *names: str) -> int:
    """The decimals needed to keep every cell of these columns exact; trailing zeros need none."""
    present = [name for name in names if name in sheet.columns]
    return max((_decimals(cell) for name in present for cell in sheet.cells(name)), default=0)


def _decimals(cell: str) -> int:
    if cell.isdecimal():
        return 0
    try:
        number = Decimal(cell.rstrip("0") if "." in cell and cell[-1] == "0" else cell)
    except InvalidOperation:
        return 0
    exponent = number.as_tuple().exponent
    return min(max(0, -exponent), _LARGEST_EXPONENT) if isinstance(exponent, int) else 0


def _amounts(sheet: Sheet, name: str, scale: int) -> list[int | None]:
    rows = zip(sheet.lines, sheet.cells(name), strict=True)
    return [_amount(sheet.file, line, cell, name, scale) if cell else None for line, cell in rows]


def _amount(file: str, line: int, cell: str, name: str, scale: int) -> int:
    try:
        return parse_amount(cell, scale, name)
    except Problem as problem:
        reasons = {"reason_zh": problem.text("zh"), "reason_en": problem.text("en")}
        raise Problem("rating_cell_wrong", file=file, row=line, **reasons) from None


def _members(sheet: Sheet) -> list[bool]:
    members = []
    for line, cell in zip(sheet.lines, sheet.cells("member"), strict=True):
        if cell.lower() not in _MEMBER:
            raise Problem("rating_member_wrong", file=sheet.file, row=line, value=cell)
        members.append(_MEMBER[cell.lower()])
    return members


def _uncertainties(sheet: Sheet) -> list[float | None]:
    """Relative standard uncertainties; they only feed probabilities, so binary64 will do."""
    scale = _scale(sheet, "uncertainty")
    counts = zip(sheet.lines, _amounts(sheet, "uncertainty", scale), strict=True)
    found = [(line, count if count is None else count / 10**scale) for line, count in counts]
    for line, value in found:
        if value is not None and not 0 <= value < 1:
            raise Problem("rating_uncertainty_wrong", file=sheet.file, row=line, value=f"{value:g}")
    return [value for _, value in found]


def _check_weights(sheet: Sheet, weights: pa.Array | None) -> None:
    if weights is None:
        return
    for line, cell, count in zip(
        sheet.lines, sheet.cells("weight"), weights.to_pylist(), strict=True
    ):
        if count is None:
            raise Problem("rating_cell_empty", file=sheet.file, row=line, column="weight")
        if count <= 0:
            raise Problem("rating_weight_not_positive", file=sheet.file, row=line, value=cell)
