"""TOML files that people write: every mistake is told with file, line, both values and repair."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

from tanma.domain.messages import Problem

Found = dict[str, Any]
_NEAR = 3


class Key(NamedTuple):
    """One key of a table: what it may hold, in words, and the test of it."""

    allowed: str
    fits: Callable[[Any], bool]
    required: bool = False
    default: Any = None


def whole(low: int, high: int, **more: Any) -> Key:
    """A whole number."""
    return Key(f"{low} to {high}", lambda v: type(v) is int and low <= v <= high, **more)


def one_of(*choices: object, **more: Any) -> Key:
    """One of some values."""
    fits: Callable[[Any], bool] = lambda v: v in choices and not isinstance(v, bool)  # noqa: E731
    return Key(", ".join(map(str, choices)), fits, **more)


def text(**more: Any) -> Key:
    """A text that says something."""
    return Key("text", lambda v: isinstance(v, str) and bool(v.strip()), **more)


def texts(**more: Any) -> Key:
    """A list of texts."""
    fits: Callable[[Any], bool] = lambda v: (  # noqa: E731
        isinstance(v, list) and bool(v) and all(isinstance(one, str) for one in v)
    )
    return Key("list of texts", fits, **more)


def flag(**more: Any) -> Key:
    return Key("true, false", lambda v: isinstance(v, bool), **more)


@dataclass(frozen=True)
class Place:
    """One table of the file: what messages call it, and the lines it stands on."""

    file: str
    name: str
    first: int
    lines: tuple[str, ...]

    def line(self, key: str = "") -> int:
        """The line of a key, else that of the table's head."""
        spelled = re.compile(rf'\s*"?{re.escape(key)}"?\s*=')
        at = (n for n, line in enumerate(self.lines) if key and spelled.match(line))
        return self.first + next(at, 0)

    def where(self, key: str = "") -> dict[str, object]:
        return {"file": self.file, "line": self.line(key), "table": self.name}

    def called(self, name: str) -> Place:
        return Place(self.file, name, self.first, self.lines)


Tables = Mapping[str, list[tuple[Place, Found]]]
"""Name of a table → its places and contents, in the order of the file."""


def tables(file: str, source: str, single: Iterable[str], many: Iterable[str]) -> Tables:
    """The tables `[name]` and `[[name]]` of a file; nothing else may stand in it."""
    heads = {**{n: f"[{n}]" for n in single}, **{n: f"[[{n}]]" for n in many}}
    said = _parsed(file, source)
    top = Place(file, file, 1, tuple(source.splitlines()))
    known(top, said, tuple(heads), headed=True)
    found: dict[str, list[tuple[Place, Found]]] = {}
    for name, head in heads.items():
        value = said.get(name, [])
        values = [value] if isinstance(value, dict) else value
        places = _places(file, source, name, head)
        if not isinstance(values, list) or len(values) != len(places):
            raise value_problem(top, name, value, head)
        found[name] = list(zip(places, values, strict=True))
    return found


def _parsed(file: str, source: str) -> Found:
    try:
        return tomllib.loads(source)
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"line (\d+)", str(error))
        number = int(line[1]) if line else len(source.splitlines())
        raise Problem("device_file_unreadable", file=file, line=number, reason=error) from None


def _places(file: str, source: str, name: str, head: str) -> list[Place]:
    lines = source.splitlines()
    starts = [n for n, line in enumerate(lines) if line.lstrip().startswith("[")]
    spans = pairwise([*starts, len(lines)])
    own = [(s, e) for s, e in spans if "".join(lines[s].split("#")[0].split()) == head]
    return [Place(file, name, start + 1, tuple(lines[start:end])) for start, end in own]


def known(place: Place, said: Found, allowed: tuple[str, ...], *, headed: bool = False) -> None:
    """Refuse keys that are none; `headed`: they are names of tables."""
    for key in said:
        if key not in allowed:
            near = difflib.get_close_matches(key, allowed, _NEAR) or list(allowed)
            line = place.line() if not headed else _head_line(place, key)
            raise Problem(
                "device_file_key_unknown",
                **{**place.where(key), **({"line": line} if headed else {})},
                key=key,
                near=", ".join(near),
            )


def _head_line(place: Place, key: str) -> int:
    spelled = re.compile(rf"\s*(\[+\s*)?{re.escape(key)}\b")
    return next((n for n, line in enumerate(place.lines, 1) if spelled.match(line)), 1)


def checked(place: Place, said: Found, keys: Mapping[str, Key]) -> Found:
    """The values of a table with every key filled in."""
    known(place, said, tuple(keys))
    for name, key in keys.items():
        if key.required and name not in said:
            raise missing(place, name)
        if name in said and not key.fits(said[name]):
            raise value_problem(place, name, said[name], key.allowed)
    return {name: said.get(name, key.default) for name, key in keys.items()}


def missing(place: Place, key: str) -> Problem:
    return Problem("device_file_key_missing", **place.where(), key=key)


def value_problem(place: Place, key: str, value: object, allowed: str) -> Problem:
    return Problem("device_file_value", **place.where(key), key=key, value=value, allowed=allowed)


def once(places: Iterable[Place], names: Iterable[str]) -> None:
    """Refuse a name that stands twice, with both lines."""
    seen: dict[str, int] = {}
    for place, name in zip(places, names, strict=True):
        line = place.line("name")
        if name in seen:
            raise Problem(
                "device_file_twice", file=place.file, line=line, name=name, first=seen[name]
            )
        seen[name] = line
