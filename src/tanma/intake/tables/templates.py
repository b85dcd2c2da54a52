"""Sheets to fill: the header with help, drop-downs, and a filled example beside it."""

from __future__ import annotations

import csv
import datetime as dt
from pathlib import Path

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.utility import xl_col_to_name
from xlsxwriter.worksheet import Worksheet

from tanma.domain.items import carriers, items, metered, sources
from tanma.intake import units
from tanma.intake.tables.packages import CONVERTED, Field, Package, load_package

ROWS = 5000
"""So many rows carry the drop-downs."""


def write_template(name: str, path: str | Path, filled: bool = False) -> Path:
    """Write the template of a package as .xlsx or .csv; filled puts the example into the sheet."""
    package, target = load_package(name), Path(path)
    if target.suffix.lower() == ".csv":
        _write_csv(package, target, filled)
    else:
        _write_xlsx(package, target, filled)
    return target


def headers(package: Package) -> list[str]:
    """The header that the template prints; time columns of a wide sheet follow the others."""
    return [package.fields[c].zh for c in package.columns] + wide_headers(package)


def wide_headers(package: Package) -> list[str]:
    if package.wide is None:
        return []
    step = package.wide.template_step_minutes
    return [f"{m // 60:02d}:{m % 60:02d}" for m in range(0, 1440, step)]


def examples(package: Package) -> list[list[str]]:
    """The example rows in the order of the header."""
    names = package.columns + wide_headers(package)
    return [[row.get(n, "") for n in names] for row in package.examples]


def allowed(field: Field, package: Package) -> list[str]:
    """What a drop-down of this column offers; empty when anything may be written."""
    if field.type == "choice":
        return list(field.values.values())
    if field.type == "unit":
        return _units(package)
    lists = {
        "source": list(sources()),
        "carrier": [c.name_zh for c in carriers().values() if c.group in {"energy", "fuel"}],
        "metered": [i.name_zh for i in metered()],
        "product": [c.name_zh for c in carriers().values() if c.group == "product"],
    }
    return lists.get(field.type, [])


def _units(package: Package) -> list[str]:
    """Units of the items that the package states, or all where a column decides."""
    named = [items()[r.item] for r in package.facts if r.item and r.unit]
    dimensions = [units.units()[i.unit].dimension for i in named if i.unit] or _of_amounts()
    return [n for d in dict.fromkeys(dimensions) for n in units.spellings(d)]


def _of_amounts() -> list[str]:
    """Dimensions that a table can state: volts and bars of meters are none of them."""
    amounts = [i for i in items().values() if i.kind == "amount" and i.group != "measured"]
    said = {i.unit for i in amounts if i.flow or not i.carrier}
    stated = {u.dimension for u in units.units().values() if u.unit in said}
    return [d for d in units.dimensions() if d in stated]


def _write_csv(package: Package, path: Path, filled: bool) -> None:
    with path.open("w", newline="", encoding="utf-8-sig") as file:
        csv.writer(file).writerows([headers(package), *(examples(package) if filled else [])])


def _write_xlsx(package: Package, path: Path, filled: bool) -> None:
    options = {"strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(str(path), options) as book:
        # The date of creation would make two equal templates differ.
        book.set_properties({"title": package.title_zh, "created": dt.datetime(2026, 1, 1)})  # noqa: DTZ001
        bold: dict[str, object] = {"bold": True, "text_wrap": True}
        formats = {
            True: book.add_format({**bold, "bg_color": "#FFE9C7"}),
            False: book.add_format(bold),
        }
        text = book.add_format({"num_format": "@"})
        sheet = book.add_worksheet("填报")
        example = book.add_worksheet("示例")
        notes = book.add_worksheet("说明")
        lists = book.add_worksheet("选项")
        for target in (sheet, example):
            _header(target, package, formats, text)
        _fill(example, package)
        if filled:
            _fill(sheet, package)
        _notes(notes, package, formats[False])
        _drop_downs(sheet, lists, package)
        lists.hide()


def _header(sheet: Worksheet, package: Package, formats: dict[bool, Format], text: Format) -> None:
    for c, title in enumerate(headers(package)):
        name = package.columns[c] if c < len(package.columns) else ""
        sheet.write_string(0, c, title, formats[name in package.required])
        spec = package.fields.get(name)
        number = spec is None or spec.type in CONVERTED
        sheet.set_column(c, c, 10 if not name else 20, None if number else text)
        if spec:
            sheet.write_comment(0, c, comment(spec, name in package.required))
    sheet.freeze_panes(1, 1)


def comment(spec: Field, required: bool) -> str:
    """The help of a column in both languages."""
    must = "必填 required" if required else "选填 optional"
    return "\n".join(t for t in (spec.title_en, must, spec.help_zh, spec.help_en) if t)


def _fill(sheet: Worksheet, package: Package) -> None:
    for r, row in enumerate(examples(package), start=1):
        for c, cell in enumerate(row):
            sheet.write_string(r, c, cell)


def _notes(sheet: Worksheet, package: Package, bold: Format) -> None:
    titles = ["列", "column", "必填", "类型 type", "说明", "help"]
    rows = [titles] + [
        [s.zh, s.title_en, "是" if n in package.required else "", s.type, s.help_zh, s.help_en]
        for n, s in ((n, package.fields[n]) for n in package.columns)
    ]
    for r, row in enumerate(rows):
        for c, cell in enumerate(row):
            sheet.write_string(r, c, cell, bold if r == 0 else None)
    sheet.set_column(0, 5, 28)


def _drop_downs(sheet: Worksheet, lists: Worksheet, package: Package) -> None:
    """Drop-downs read a hidden sheet: a list inside the rule itself ends at 255 characters."""
    for c, name in enumerate(package.columns):
        values = allowed(package.fields[name], package)
        for r, value in enumerate(values):
            lists.write_string(r, c, value)
        if values:
            column = xl_col_to_name(c)
            source = f"=选项!${column}$1:${column}${len(values)}"
            rule = {"validate": "list", "source": source, "error_type": "warning",
                    "error_title": package.fields[name].zh,
                    "error_message": "请从下拉列表选择 Choose from the list"}  # fmt: skip
            sheet.data_validation(1, c, ROWS, c, rule)
