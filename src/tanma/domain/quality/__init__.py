"""Checks on readings: a flag tells, it never overwrites.

`flags.csv` is the catalogue (one bit each), `parameters.csv` what a check compares with, per
carrier, `methods.csv` how flagged amounts may be replaced where somebody declares it. The defaults
are our own choice, as the card `quality.toml` says. Convention: docs/design/readings.md §3.
"""

from __future__ import annotations

import csv
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from types import MappingProxyType

from tanma.domain.messages import Problem

PREFIX = "channel.flag."
"""A channel's own parameter is the dated fact `channel.flag.<parameter>`."""
METHOD, REPLACED = "substitution", "substitution_flags"
"""Parameters that declare a method of substitution and the flags that it answers to."""


@dataclass(frozen=True)
class Flag:
    """One mark. `scope`: `interval` is set on an interval, `day` on a channel's day."""

    flag: str
    bit: int
    name_zh: str
    name_en: str
    scope: str
    note_zh: str
    note_en: str

    @property
    def mask(self) -> int:
        return 1 << self.bit


@dataclass(frozen=True)
class Parameter:
    """What a flag compares with, for one carrier or for all that have none of their own ("")."""

    parameter: str
    flag: str
    carrier: str
    value: int
    unit: str
    name_zh: str
    name_en: str


@dataclass(frozen=True)
class Method:
    """How flagged amounts are left out or replaced, where it is declared."""

    method: str
    name_zh: str
    name_en: str
    note_zh: str
    note_en: str


def _rows(name: str) -> list[dict[str, str]]:
    text = (resources.files(__package__) / name).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


@cache
def flags() -> Mapping[str, Flag]:
    """Name → flag, in order of bits."""
    made = [Flag(**{**row, "bit": int(row["bit"])}) for row in _rows("flags.csv")]  # type: ignore[arg-type]
    return MappingProxyType({f.flag: f for f in made})


@cache
def parameters() -> tuple[Parameter, ...]:
    """Every parameter and carrier with its default."""
    rows = _rows("parameters.csv")
    return tuple(Parameter(**{**r, "value": int(r["value"])}) for r in rows)  # type: ignore[arg-type]


@cache
def methods() -> Mapping[str, Method]:
    """Name → method of substitution; `none` is the default."""
    return MappingProxyType({r["method"]: Method(**r) for r in _rows("methods.csv")})


@cache
def card() -> dict[str, str]:
    """The source card: where the defaults come from."""
    return tomllib.loads((resources.files(__package__) / "quality.toml").read_text("utf-8"))


def names() -> tuple[str, ...]:
    """The parameters without their carriers, in the order of the table."""
    return tuple(dict.fromkeys(p.parameter for p in parameters()))


def default(parameter: str, carrier: str = "") -> int:
    """The default of a carrier; of all carriers where it has none of its own."""
    found = {p.carrier: p.value for p in parameters() if p.parameter == parameter}
    if not found:
        raise Problem("quality_parameter", parameter=parameter, allowed=", ".join(names()))
    return found.get(carrier, found[""])


def mask(wanted: Iterable[str]) -> int:
    """The bits of some flags together."""
    bits = 0
    for name in wanted:
        if name not in flags():
            raise Problem("quality_flag", flag=name, allowed=", ".join(flags()))
        bits |= flags()[name].mask
    return bits


def flags_of(bits: int) -> list[Flag]:
    """The flags that a number stands for."""
    return [f for f in flags().values() if bits & f.mask]


def check(parameter: str, text: str) -> None:
    """Refuse what cannot be a channel's own parameter: unknown name, method, flag or number."""
    if parameter == METHOD:
        if text not in methods():
            raise Problem("quality_method", method=text, allowed=", ".join(methods()))
    elif parameter == REPLACED:
        mask(filter(None, text.split("|")))
    elif parameter not in names():
        allowed = ", ".join((*names(), METHOD, REPLACED))
        raise Problem("quality_parameter", parameter=parameter, allowed=allowed)
    elif not text.isdigit() or len(text) > 15:
        raise Problem("quality_number", parameter=parameter, text=text)
