"""Dated tables with source cards: read, checked, and offered as rows and columns.

The rules of the form stand in docs/design/factors.md. Everything that looks wrong is refused when
loading, with file, line and repair; nothing is guessed.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from itertools import pairwise

import pyarrow as pa

from tanma.domain.factors.cards import Card, Column, read_card
from tanma.domain.messages import Problem

OPEN_END = date(9999, 12, 31)
"""An empty `valid_to` means that no end is known."""

_DECIMAL = re.compile(r"-?\d+(\.\d+)?")
_RATIO = re.compile(r"(-?\d+(?:\.\d+)?)/([1-9]\d*(?:\.\d+)?)")
_SCOPE = ("key", "parameter", "kind", "region", "set_id")
"""Two rows with the same scope may not be valid on the same day."""

EVIDENCE_ORDER = ("recalled", "confirmed_1", "confirmed_2")
"""Marks of table rows, weakest first."""

Row = dict[str, str]


@dataclass(frozen=True, eq=False)
class Table:
    """A checked table: its card, its rows as text, and the line on which each row stands.

    It is read once and is itself alone, so that what was made of it can be kept by it.
    """

    card: Card
    rows: tuple[Row, ...]
    lines: tuple[int, ...]


@dataclass(frozen=True)
class TableInfo:
    """What a page or a list says about a table without printing its rows."""

    name: str
    kind: str
    family: str
    title_zh: str
    title_en: str
    issuer: str
    document: str
    edition: str
    licence: str
    retrieved_on: date
    checksum: str
    checked_against_print: bool
    note_zh: str
    note_en: str
    row_count: int
    evidence_counts: dict[str, int]
    evidence_legend: dict[str, dict[str, str]]
    columns: tuple[Column, ...]


def number(text: str) -> float:
    """The binary64 value of a value's text: decimal digits, or an exact ratio such as 44/12."""
    ratio = _RATIO.fullmatch(text)
    return float(ratio[1]) / float(ratio[2]) if ratio else float(text)


def read_table(file: Traversable, card_file: Traversable) -> Table:
    """The table in `file` with the card in `card_file`, checked; a Problem says what is wrong."""
    data = file.read_bytes()
    card = read_card(card_file, data)
    rows, lines = _read_rows(file.name, card, data)
    table = Table(card, tuple(rows), tuple(lines))
    for row, line in zip(rows, lines, strict=True):
        _check_cells(file.name, line, card, row)
    _check_ids(file.name, table)
    _check_overlap(file.name, table)
    return table


def read_folder(folder: Traversable) -> dict[str, Table]:
    """Every table of a folder by name; a card without a table is refused as well."""
    files = {f.name: f for f in folder.iterdir()}
    for name in sorted(files):
        if name.endswith(".toml") and name.removesuffix(".toml") + ".csv" not in files:
            raise Problem("factor_table_missing", file=name)
    return {
        name.removesuffix(".csv"): read_table(
            files[name], folder / (name.removesuffix(".csv") + ".toml")
        )
        for name in sorted(files)
        if name.endswith(".csv")
    }


def _read_rows(file: str, card: Card, data: bytes) -> tuple[list[Row], list[int]]:
    reader = csv.reader(io.StringIO(data.decode("utf-8")), strict=True)
    header = next(reader, [])
    _check_header(file, card, header)
    rows, lines = [], []
    for cells in reader:
        if len(cells) != len(header):
            raise Problem(
                "factor_cells_wrong",
                file=file,
                line=reader.line_num,
                found=len(cells),
                expected=len(header),
            )
        rows.append(dict(zip(header, cells, strict=True)))
        lines.append(reader.line_num)
    return rows, lines


def _check_header(file: str, card: Card, header: list[str]) -> None:
    declared = [c.name for c in card.columns]
    for name, count in Counter(header).items():
        if name not in declared:
            allowed = ", ".join(declared)
            raise Problem("factor_column_unknown", file=file, column=name, allowed=allowed)
        if count > 1:
            raise Problem("factor_column_twice", file=file, column=name)
    for name in declared:
        if name not in header:
            raise Problem("factor_column_missing", file=file, column=name)


def _check_cells(file: str, line: int, card: Card, row: Row) -> None:
    for column in card.columns:
        text = row[column.name]
        where = {"file": file, "line": line, "column": column.name}
        if text:
            _check_text(where, column, card, text)
            _check_unit(where, column, row)
        elif column.name == "unit":
            raise Problem("factor_unit_missing", **where, value=row.get("value", ""))
        elif column.required:
            raise Problem("factor_cell_missing", **where)
    _check_order(file, line, row)


def _check_text(where: dict[str, object], column: Column, card: Card, text: str) -> None:
    if text != text.strip():
        raise Problem("factor_cell_spaces", **where, value=text)
    if column.type == "evidence" and text not in card.evidence:
        allowed = ", ".join(card.evidence)
        raise Problem("factor_evidence_unknown", **where, value=text, allowed=allowed)
    if column.type in {"decimal", "integer"} and not _is_number(text, column.type):
        raise Problem("factor_value_wrong", **where, value=text)
    if column.type == "date" and not _is_date(text):
        raise Problem("factor_date_wrong", **where, value=text)


def _is_number(text: str, kind: str) -> bool:
    if kind == "integer":
        return text.isascii() and text.isdecimal()
    return bool(_DECIMAL.fullmatch(text) or _RATIO.fullmatch(text))


def _is_date(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _check_unit(where: dict[str, object], column: Column, row: Row) -> None:
    if column.unit.startswith("@") and not row.get(column.unit[1:]):
        raise Problem("factor_unit_missing", **where, value=row[column.name])


def _check_order(file: str, line: int, row: Row) -> None:
    start, end = row.get("valid_from"), row.get("valid_to")
    if start and end and end <= start:
        raise Problem("factor_validity_reversed", file=file, line=line, start=start, end=end)


def _check_ids(file: str, table: Table) -> None:
    seen: dict[tuple[str, ...], int] = {}
    for row, line in zip(table.rows, table.lines, strict=True):
        key = tuple(row[c] for c in table.card.id_columns)
        if key in seen:
            raise Problem(
                "factor_id_duplicate", file=file, line=line, id="/".join(key), first=seen[key]
            )
        seen[key] = line


def _check_overlap(file: str, table: Table) -> None:
    if table.card.kind != "factors":
        return
    spans = sorted(
        (tuple(row[c] for c in _SCOPE), row["valid_from"], row["valid_to"] or "9999-12-31", line)
        for row, line in zip(table.rows, table.lines, strict=True)
    )
    for (scope, start, end, line), (scope2, start2, _, line2) in pairwise(spans):
        if scope == scope2 and start2 < end:
            raise Problem(
                "factor_validity_overlap",
                file=file,
                line=line2,
                other_line=line,
                scope=" ".join(filter(None, scope)),
                start=start2,
                other_start=start,
                other_end=end,
            )


def check_beside(table: Table, others: Iterable[Table]) -> None:
    """A table of a region may add rows: no id and no day of a scope that another table holds."""
    file = f"{table.card.name}.csv"
    same = [t for t in others if t.card.family == table.card.family]
    ids = {row["id"]: t.card.name for t in same for row in t.rows}
    for row, line in zip(table.rows, table.lines, strict=True):
        if row["id"] in ids:
            raise Problem(
                "factor_id_elsewhere", file=file, line=line, id=row["id"], table=ids[row["id"]]
            )
        for other in (r for t in same for r in t.rows if _overlaps(row, r)):
            raise Problem(
                "factor_overlap_elsewhere",
                file=file,
                line=line,
                scope=" ".join(filter(None, (row[c] for c in _SCOPE))),
                start=row["valid_from"],
                id=other["id"],
                other_start=other["valid_from"],
                other_end=other["valid_to"] or "…",
            )


def _overlaps(one: Row, other: Row) -> bool:
    """Whether two rows of one scope are valid on the same day."""
    if any(one[c] != other[c] for c in _SCOPE):
        return False
    end, other_end = (r["valid_to"] or OPEN_END.isoformat() for r in (one, other))
    return one["valid_from"] < other_end and other["valid_from"] < end


@cache
def library() -> dict[str, Table]:
    """Every table that comes with the package, factors first, then reference data."""
    factors = read_folder(resources.files("tanma.domain.factors") / "data")
    reference = read_folder(resources.files("tanma.domain.reference") / "data")
    return {**factors, **reference}


def table(name: str) -> Table:
    """One table by name; a Problem lists the names when there is none."""
    found = library().get(name)
    if found is None:
        raise Problem("factor_table_unknown", name=name, allowed=", ".join(library()))
    return found


def tables() -> list[TableInfo]:
    """What every table is, from its card, with the number of rows by evidence mark."""
    return [info(t) for t in library().values()]


def rows(name: str) -> list[Row]:
    """The rows of a table as text with the printed digits, in the order of the file."""
    return [dict(r) for r in table(name).rows]


def evidence_of(row: Row) -> str:
    """The evidence mark of a row, whatever its column is called."""
    return row.get("evidence") or row.get("map_evidence") or "recalled"


def info(table: Table) -> TableInfo:
    """What a table is, from its card."""
    card = table.card
    counts = Counter(evidence_of(r) for r in table.rows)
    shared = TableInfo.__dataclass_fields__.keys() & Card.__dataclass_fields__.keys()
    return TableInfo(
        **{name: getattr(card, name) for name in shared},
        row_count=len(table.rows),
        evidence_counts={e: counts[e] for e in card.evidence if counts[e]},
        evidence_legend=card.evidence,
    )


def factor_rows(tables: Iterable[Table] | None = None) -> Iterator[tuple[str, Row]]:
    """(family, row) of every factor table, in the order of the files."""
    for one in library().values() if tables is None else tables:
        if one.card.kind == "factors":
            yield from ((one.card.family, row) for row in one.rows)
            if one.card.family == "fuel":
                yield from (
                    ("fuel", coal_row(row)) for row in one.rows if row["parameter"] == "ncv"
                )


def coal_row(ncv: Row) -> Row:
    """The standard coal coefficient that follows from a calorific value: NCV ÷ 29.3076 GJ/tce.

    It is a quotient of two rows, kept as a ratio, and no better known than the weaker of them.
    """
    coal = next(r for r in table("constants").rows if r["key"] == "kgce_ncv")
    marks = {ncv["evidence"], coal["evidence"]}
    return {
        **ncv,
        "id": f"{ncv['id']}/{coal['key']}",
        "parameter": "tce_from_ncv",
        "value": f"{ncv['value']}/{coal['value']}",
        "unit": ncv["unit"].replace("GJ/", "tce/"),
        "printed": "",
        "document": f"{ncv['document']} ÷ {coal['document']}",
        "evidence": next(e for e in EVIDENCE_ORDER if e in marks),
    }


FACTOR_SCHEMA = pa.schema(
    [
        ("row_id", pa.string()),
        ("family", pa.string()),
        ("key", pa.string()),
        ("parameter", pa.string()),
        ("kind", pa.string()),
        ("region", pa.string()),
        ("data_year", pa.int16()),
        ("valid_from", pa.date32()),
        ("valid_to", pa.date32()),
        ("published_on", pa.date32()),
        ("value", pa.float64()),
        ("value_text", pa.string()),
        ("unit", pa.string()),
        ("set_id", pa.string()),
        ("evidence", pa.string()),
        ("dates_evidence", pa.string()),
        ("source", pa.string()),
        ("name_zh", pa.string()),
        ("name_en", pa.string()),
    ]
)


def factor_table(tables: Iterable[Table] | None = None) -> pa.Table:
    """All factors in long form, one value per row, for registering with an engine."""
    records = [_record(family, row) for family, row in factor_rows(tables)]
    return pa.Table.from_pylist(records, schema=FACTOR_SCHEMA)


def _record(family: str, row: Row) -> dict[str, object]:
    same = ("key", "parameter", "kind", "region", "unit", "set_id", "evidence", "dates_evidence")
    return {
        **{name: row[name] for name in (*same, "name_zh", "name_en")},
        "row_id": row["id"],
        "family": family,
        "data_year": int(row["data_year"]) if row["data_year"] else None,
        "valid_from": day(row["valid_from"]),
        "valid_to": day(row["valid_to"]) or OPEN_END,
        "published_on": day(row["published_on"]),
        "value": number(row["value"]),
        "value_text": row["value"],
        "source": row["document"],
    }


def day(text: str) -> date | None:
    """The date that a cell holds, None when it is empty."""
    return date.fromisoformat(text) if text else None
