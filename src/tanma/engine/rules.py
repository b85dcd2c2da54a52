"""Rules that a run takes from the outside: released editions as text, named and pinned by the run.

What comes with the package is found by name. A region's own schemes, accounting editions and
factor tables travel in the plan as the text of their files, so that the run stays a pure function
of facts and plan, and its frozen files say to the last cut-off which rules they were made by.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources.abc import Traversable
from typing import Any, cast

from tanma.domain.factors.tables import Table, read_table
from tanma.domain.methods.edition import Edition, edition, read_edition
from tanma.domain.rating.loader import find, parse_scheme
from tanma.domain.rating.scheme import Scheme

SCHEME, FACTORS, EDITION = "scheme", "factors", "edition"


@dataclass(frozen=True)
class RuleText:
    """One released rule: its files as text, and the digest of them."""

    kind: str
    name: str
    edition: str
    files: tuple[tuple[str, str], ...]
    digest: str = ""


class _Held:
    """A file that lies in memory, for the loaders."""

    def __init__(self, name: str, text: str) -> None:
        self.name, self._text = name, text

    def is_file(self) -> bool:
        return True

    def read_text(self, encoding: str = "utf-8") -> str:
        return self._text

    def read_bytes(self) -> bytes:
        return self._text.encode()


def scheme_from(rule: RuleText) -> Scheme:
    """The scheme edition in a rule; a Problem says what is wrong with its file."""
    ((file, text),) = rule.files
    return _parsed(text, file)


@lru_cache(maxsize=64)
def _parsed(text: str, file: str) -> Scheme:
    return parse_scheme(text, file)


def table_from(rule: RuleText) -> Table:
    """The factor table in a rule, checked like those of the package."""
    return _read(rule.files)


@lru_cache(maxsize=64)
def _read(files: tuple[tuple[str, str], ...]) -> Table:
    held = {name.rpartition(".")[2]: _Held(name, text) for name, text in files}
    return read_table(cast(Traversable, held["csv"]), cast(Traversable, held["toml"]))


def rules_of(meta: Mapping[str, Any]) -> tuple[RuleText, ...]:
    """The rules that a frozen run names."""
    return tuple(
        RuleText(**{**rule, "files": tuple((name, text) for name, text in rule["files"])})
        for rule in meta.get("rules", ())
    )


def scheme_among(name: str, rules: Iterable[RuleText]) -> Scheme:
    """The scheme of a plan: the edition that it pins, else the one that comes with the package."""
    pinned = [r for r in rules if (r.kind, r.name) == (SCHEME, name)]
    return scheme_from(pinned[0]) if pinned else find(name)


def scheme_of(meta: Mapping[str, Any]) -> Scheme:
    """The scheme edition by which a frozen run was made."""
    return scheme_among(meta["scheme"], rules_of(meta))


def tables_among(rules: Iterable[RuleText]) -> list[Table]:
    """The factor tables that a plan adds to those of the package."""
    return [table_from(r) for r in rules if r.kind == FACTORS]


def edition_from(rule: RuleText) -> Edition:
    """The accounting edition in a rule; a Problem says what is wrong with its file."""
    ((file, text),) = rule.files
    return _declared(text, file)


@lru_cache(maxsize=64)
def _declared(text: str, file: str) -> Edition:
    return read_edition(text, file)


def edition_among(edition_id: str, rules: Iterable[RuleText]) -> Edition:
    """The edition of an account that a plan pins, else the one that comes with the package."""
    pinned = [r for r in rules if (r.kind, r.name) == (EDITION, edition_id)]
    return edition_from(pinned[0]) if pinned else edition(edition_id)


def edition_of(meta: Mapping[str, Any], edition_id: str) -> Edition:
    """The edition of an account by which a frozen run was made."""
    return edition_among(edition_id, rules_of(meta))
