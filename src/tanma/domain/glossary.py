"""The one glossary: every name of a quantity and every JSON field, in Chinese and English.

`glossary.csv` has one row per name: `name, zh, en, symbol, unit, defined` (where its meaning is
settled). A test refuses names of quantities and fields that are not in it.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass, fields
from functools import cache
from importlib import resources


@dataclass(frozen=True)
class Term:
    """One name with its words, symbol and unit, and where it is defined."""

    name: str
    zh: str
    en: str
    symbol: str
    unit: str
    defined: str


@cache
def terms() -> dict[str, Term]:
    """Name → term, in the order of the table; a name twice is a mistake of the table."""
    text = (resources.files("tanma.domain") / "glossary.csv").read_text(encoding="utf-8")
    columns = [f.name for f in fields(Term)]
    found: dict[str, Term] = {}
    for row in csv.DictReader(text.splitlines()):
        if list(row) != columns or row["name"] in found:
            raise ValueError(f"glossary.csv: {row}")
        found[row["name"]] = Term(**row)
    return found


def page() -> str:
    """The reference page, ending with a line break."""
    lines = [
        "# 术语 Glossary",
        "",
        "由 `src/tanma/domain/glossary.csv` 生成，请勿手改。Generated; do not edit by hand.",
        "",
        "| 名称 name | 中文 | English | 符号 symbol | 单位 unit | 定义处 defined in |",
        "|---|---|---|---|---|---|",
    ]
    lines += [
        f"| `{t.name}` | {t.zh} | {t.en} | {t.symbol} | {t.unit} | `{t.defined}` |"
        for t in terms().values()
    ]
    return "\n".join(lines) + "\n"
