"""Workflows as data: states, who may move from which to which, how long each may take.

A file that does not hold together is refused when it is loaded, with file, line and repair.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Literal

import msgspec

from tanma.apps.people.door import Role
from tanma.domain.messages import Problem

SYSTEM = "system"
"""The role of what happens by itself."""
ROLES = frozenset({SYSTEM, *Role.values})


class State(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """A state in both languages; `due_days` after it was entered somebody should move on.

    `calls`: the roles that are written to when it is entered, and that see it counted;
    `late_calls`: those that are called when the deadline has passed.
    """

    zh: str
    en: str
    tone: Literal["plain", "good", "warn", "bad", "brand"] = "plain"
    due_days: int | None = None
    final: bool = False
    calls: list[str] = []
    late_calls: list[str] = []


class Move(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """A way between states, the roles that may take it, whether it needs a note."""

    name: str
    zh: str
    en: str
    from_: list[str] = msgspec.field(name="from")
    to: str
    roles: list[str]
    note: bool = False


class Workflow(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """One kind of case; `opened_by`: the roles that may open one."""

    edition: str
    zh: str
    en: str
    initial: str
    opened_by: list[str]
    state: dict[str, State]
    move: list[Move]
    name: str = ""

    def named(self, move: str) -> Move | None:
        return next((m for m in self.move if m.name == move), None)

    @property
    def final(self) -> list[str]:
        return [name for name, state in self.state.items() if state.final]


@cache
def workflows() -> Mapping[str, Workflow]:
    """Name → workflow, of every file of this folder."""
    files = sorted(resources.files(__package__).iterdir(), key=lambda f: f.name)
    texts = {f.name: f.read_text(encoding="utf-8") for f in files if f.name.endswith(".toml")}
    return MappingProxyType({f.removesuffix(".toml"): read(f, t) for f, t in texts.items()})


def read(file: str, text: str) -> Workflow:
    """One workflow, checked."""
    try:
        made = msgspec.convert(tomllib.loads(text), Workflow)
    except (msgspec.ValidationError, tomllib.TOMLDecodeError) as error:
        line = _line(text, str(error))
        raise Problem("workflow_wrong", file=file, line=line, reason=str(error)) from None
    for code, name in _faults(made):
        line = _line(text, f"`{name}`")
        raise Problem(code, file=file, line=line, name=name, known=", ".join(_known(code, made)))
    return msgspec.structs.replace(made, name=file.removesuffix(".toml"))


def _known(code: str, made: Workflow) -> list[str]:
    return sorted(ROLES) if code == "workflow_role" else list(made.state)


def _line(text: str, reason: str) -> int:
    """The line an error speaks of: by number, else where a quoted name stands, else the first."""
    if number := re.search(r"at line (\d+)", reason):
        return int(number[1])
    quoted = reason.split("`")[1::2]
    names_told = quoted[1:] if "missing" in reason else quoted  # what is missing stands nowhere
    named = [part for one in names_told for part in re.split(r"[.$\[\]]+", one)]
    for name in [n for n in named if n and not n.isdigit()]:
        for at, line in enumerate(text.splitlines(), start=1):
            if re.search(rf"\b{re.escape(name)}\b", line):
                return at
    return 1


def _faults(made: Workflow) -> Iterator[tuple[str, str]]:
    """(code of the problem, the name that is wrong)."""
    used = [made.initial, *(s for m in made.move for s in (*m.from_, m.to))]
    yield from (("workflow_state", s) for s in used if s not in made.state)
    called = [r for s in made.state.values() for r in (*s.calls, *s.late_calls)]
    roles = [*made.opened_by, *called, *(r for m in made.move for r in m.roles)]
    yield from (("workflow_role", r) for r in roles if r not in ROLES)
    names = [m.name for m in made.move]
    yield from (("workflow_move_twice", n) for n in names if names.count(n) > 1)
    ahead = {s: {m.to for m in made.move if s in m.from_} for s in made.state}
    unreached = set(made.state) - _reached({made.initial}, ahead)
    yield from (("workflow_unreached", s) for s in sorted(unreached))
    back = {s: {f for m in made.move if m.to == s for f in m.from_} for s in made.state}
    endless = set(made.state) - _reached(set(made.final), back)
    yield from (("workflow_endless", s) for s in sorted(endless))


def _reached(start: set[str], steps: Mapping[str, set[str]]) -> set[str]:
    found: set[str] = set()
    todo = set(start)
    while todo:
        found |= todo
        todo = {after for state in todo for after in steps.get(state, set())} - found
    return found
