"""`tanma factors`: the tables of factors and reference data, with source and evidence mark."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable

HELP = "List factor and reference tables, or the values of one with source and evidence"


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("table", nargs="?", metavar="TABLE", help="name of a table")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="one JSON object per line")
    form.add_argument("--markdown", action="store_true", help="the reference page of all tables")


def run(args: argparse.Namespace) -> int:
    from tanma.domain.factors.page import page

    if args.markdown:
        print(page(), end="")
        return 0
    lines = _table_lines(args.table, args.json) if args.table else _overview_lines(args.json)
    for line in lines:
        print(line)
    return 0


def _overview_lines(as_json: bool) -> Iterable[str]:
    from dataclasses import asdict

    from tanma.domain.factors.tables import tables

    for info in tables():
        if as_json:
            yield json.dumps(asdict(info), ensure_ascii=False, default=str)
        else:
            unsure = info.evidence_counts.get("recalled", 0)
            yield f"{info.name:<20}{info.row_count:>5}  {info.title_zh}  {info.title_en}"
            yield f"{'':<27}未确认 unconfirmed {unsure} · {info.document} · {info.licence}"


def _table_lines(name: str, as_json: bool) -> Iterable[str]:
    from tanma.domain.factors.tables import table

    found = table(name)
    for row in found.rows:
        if as_json:
            yield json.dumps(row, ensure_ascii=False)
        elif found.card.kind == "factors":
            yield _factor_line(row)
        else:
            yield "  ".join(filter(None, row.values()))


def _factor_line(row: dict[str, str]) -> str:
    from tanma.domain.factors.tables import evidence_of

    marks = {"confirmed_2": "✓✓", "confirmed_1": "✓ ", "recalled": "? "}
    validity = f"{row['valid_from']} – {row['valid_to'] or '…'}"
    unsure = "?" if row["dates_evidence"] == "recalled" else " "
    value = f"{row['value']} {row['unit']}"
    mark = marks[evidence_of(row)]
    return f"{mark} {row['id']:<46} {value:<24} {validity}{unsure} {row['document']}"
