"""Real data sets that can be loaded: who made them, under which licence, and their exact bytes.

A card is a TOML file of this folder. Files are used only when their SHA-256 is that of the card,
whether they came from the card's address or from a folder.
"""

from __future__ import annotations

import hashlib
import tomllib
import urllib.error
import urllib.request
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path

from tanma.domain.messages import Problem

TIMEOUT_S = 60


@dataclass(frozen=True)
class DataFile:
    """One file of a data set; without an address it is taken from a folder only."""

    name: str
    bytes: int
    sha256: str
    address: str = ""


@dataclass(frozen=True)
class Card:
    """What is known of a data set."""

    id: str
    title_zh: str
    title_en: str
    authors: str
    origin: str
    licence: str
    loader: str
    files: tuple[DataFile, ...]


@cache
def cards() -> dict[str, Card]:
    """Every data set by id."""
    folder = resources.files(__package__)
    found = (f for f in folder.iterdir() if f.name.endswith(".toml"))
    return {
        (card := _card(f.name.removesuffix(".toml"), f.read_text("utf-8"))).id: card
        for f in sorted(found, key=lambda f: f.name)
    }


def _card(card_id: str, text: str) -> Card:
    said = tomllib.loads(text)
    files = tuple(DataFile(**file) for file in said.pop("files"))
    return Card(id=card_id, files=files, **said)


def find(card_id: str) -> Card:
    """The card of that id; a Problem lists the known ones."""
    if card_id not in cards():
        raise Problem("dataset_unknown", name=card_id, known=", ".join(cards()))
    return cards()[card_id]


def taken(card: Card, place: Path) -> dict[str, Path]:
    """The files of a data set from a folder, or from the file itself; their digests checked."""
    found = {}
    for file in card.files:
        path = place if place.is_file() and len(card.files) == 1 else place / file.name
        if not path.is_file():
            raise Problem("dataset_file_missing", name=card.id, path=path)
        check(card, file, path)
        found[file.name] = path
    return found


def check(card: Card, file: DataFile, path: Path) -> None:
    """A Problem when the bytes are not those of the card."""
    with path.open("rb") as opened:
        digest = hashlib.file_digest(opened, "sha256").hexdigest()
    if digest != file.sha256:
        raise Problem(
            "dataset_digest", name=card.id, path=path, expected=file.sha256, found=digest,
            expected_bytes=file.bytes, found_bytes=path.stat().st_size,
        )  # fmt: skip


def fetched(card: Card, into: Path) -> dict[str, Path]:
    """The files from their public addresses, kept in a folder; what is there already is not asked
    for again."""
    into.mkdir(parents=True, exist_ok=True)
    for file in card.files:
        if not file.address:
            needed = ", ".join(f.name for f in card.files)
            raise Problem("dataset_no_address", name=card.id, origin=card.origin, files=needed)
        path = into / file.name
        if not path.is_file():
            _download(card, file, path)
    return taken(card, into)


def _download(card: Card, file: DataFile, path: Path) -> None:
    """At most the bytes that the card names, checked before they take their name."""
    part = path.with_suffix(".part")
    try:
        with urllib.request.urlopen(file.address, timeout=TIMEOUT_S) as answer:
            part.write_bytes(answer.read(file.bytes + 1))
    except (urllib.error.URLError, OSError) as error:
        raise Problem(
            "dataset_unreachable", name=card.id, address=file.address, reason=str(error)
        ) from error
    try:
        check(card, file, part)
        part.rename(path)
    finally:
        part.unlink(missing_ok=True)
