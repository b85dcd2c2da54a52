"""Source cards: where a table comes from, and what its columns mean.

Every `name.csv` has a `name.toml` beside it. A table without its card is not read; neither is a
table whose bytes differ from the checksum on the card. See docs/design/factors.md.
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from dataclasses import dataclass
from datetime import date
from importlib.resources.abc import Traversable
from typing import Any

from tanma.domain.messages import Problem

REQUIRED = (
    "kind",
    "title_zh",
    "title_en",
    "issuer",
    "document",
    "edition",
    "licence",
    "id_columns",
    "retrieved_on",
    "checksum",
    "transcribed_by",
    "checked_against_print",
    "columns",
    "evidence",
)
OPTIONAL = ("family", "note_zh", "note_en")
COLUMN_KEYS = ("type", "required", "unit")
COLUMN_TYPES = ("text", "integer", "decimal", "date", "evidence")


@dataclass(frozen=True)
class Column:
    """One column of a table. `unit` is a unit, or `@name` for the column that holds it."""

    name: str
    type: str
    required: bool
    unit: str


@dataclass(frozen=True)
class Card:
    """The source card of a table."""

    name: str
    kind: str
    family: str
    title_zh: str
    title_en: str
    issuer: str
    document: str
    edition: str
    licence: str
    id_columns: tuple[str, ...]
    retrieved_on: date
    checksum: str
    transcribed_by: str
    checked_against_print: bool
    columns: tuple[Column, ...]
    evidence: dict[str, dict[str, str]]
    note_zh: str = ""
    note_en: str = ""


def read_card(file: Traversable, csv_bytes: bytes) -> Card:
    """The checked card in `file` for a table with these bytes."""
    text = _read(file)
    data = _parse(file.name, text)
    _check_keys(file.name, text, data)
    columns = tuple(_column(file.name, text, n, c) for n, c in data.pop("columns").items())
    card = Card(
        name=file.name.removesuffix(".toml"),
        columns=columns,
        id_columns=tuple(data.pop("id_columns")),
        family=data.pop("family", ""),
        **data,
    )
    _check_checksum(file.name, text, card, csv_bytes)
    return card


def checksum(csv_bytes: bytes) -> str:
    """The checksum as it stands on a card: algorithm and hexadecimal digest of the CSV bytes."""
    return f"sha256:{hashlib.sha256(csv_bytes).hexdigest()}"


def _read(file: Traversable) -> str:
    if not file.is_file():
        raise Problem("factor_card_missing", file=file.name, table=_csv_name(file.name))
    return file.read_text(encoding="utf-8")


def _csv_name(card_name: str) -> str:
    return card_name.removesuffix(".toml") + ".csv"


def _parse(name: str, text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"line (\d+)", str(error))
        # A key written twice is reported by the parser as a value it cannot overwrite.
        raise Problem(
            "factor_card_unreadable",
            file=name,
            line=int(line[1]) if line else len(text.splitlines()),
            reason=str(error),
        ) from None


def _check_keys(name: str, text: str, data: dict[str, Any]) -> None:
    for key in data:
        if key not in REQUIRED + OPTIONAL:
            allowed = ", ".join(REQUIRED + OPTIONAL)
            raise Problem(
                "factor_card_key_unknown",
                file=name,
                line=line_of(text, key),
                key=key,
                allowed=allowed,
            )
    for key in REQUIRED:
        if key not in data:
            raise Problem("factor_card_key_missing", file=name, key=key)


def _column(card: str, text: str, name: str, spec: dict[str, Any]) -> Column:
    where = {"file": card, "line": line_of(text, name), "column": name}
    for key in spec:
        if key not in COLUMN_KEYS:
            allowed = ", ".join(COLUMN_KEYS)
            raise Problem(
                "factor_card_key_unknown",
                file=card,
                line=where["line"],
                key=f"columns.{name}.{key}",
                allowed=allowed,
            )
    if spec.get("type") not in COLUMN_TYPES:
        found, allowed = spec.get("type"), ", ".join(COLUMN_TYPES)
        raise Problem("factor_card_type_unknown", **where, found=found, allowed=allowed)
    if spec["type"] == "decimal" and not spec.get("unit"):
        raise Problem("factor_card_unit_missing", **where)
    return Column(name, spec["type"], bool(spec.get("required")), spec.get("unit", ""))


def _check_checksum(name: str, text: str, card: Card, csv_bytes: bytes) -> None:
    found = checksum(csv_bytes)
    if found != card.checksum:
        raise Problem(
            "factor_checksum_wrong",
            file=name,
            line=line_of(text, "checksum"),
            table=_csv_name(name),
            found=found,
            expected=card.checksum,
        )


def line_of(text: str, key: str) -> int:
    """The line on which a key stands, 0 when it stands nowhere."""
    found = (n for n, line in enumerate(text.splitlines(), 1) if re.match(rf'"?{key}"?\s*=', line))
    return next(found, 0)
