"""Kinds of equipment and the thresholds that tell running from idling; codes of run states."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Literal

import msgspec

from tanma.domain.messages import Problem

ROLES = ("production", "transfer", "metering", "test")
STATES = ("run", "idle", "stop")
CODES: Mapping[str, tuple[int, ...]] = MappingProxyType({"run": (1,), "idle": (2,), "stop": (0,)})
"""Codes of a state channel where the device states none: our own choice, as in `state.running`."""


class Kind(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """What sort of thing a device is; the shares are of its rated power [%]."""

    zh: str
    en: str
    role: Literal["production", "transfer", "metering", "test"]
    idle_percent: float
    run_percent: float


@cache
def kinds() -> Mapping[str, Kind]:
    """Id → kind, in the order of the table."""
    text = (resources.files(__package__) / "kinds.toml").read_text(encoding="utf-8")
    return MappingProxyType(read_kinds(text))


def read_kinds(text: str) -> dict[str, Kind]:
    """The table, checked: no unknown key, idling begins below running."""
    try:
        found = msgspec.convert(tomllib.loads(text), dict[str, Kind])
    except (msgspec.ValidationError, tomllib.TOMLDecodeError) as error:
        raise Problem("equipment_kinds", reason=str(error)) from None
    for name, kind in found.items():
        if not 0 < kind.idle_percent < kind.run_percent <= 100:
            said = f"{name}: 0 < {kind.idle_percent} < {kind.run_percent} <= 100"
            raise Problem("equipment_kinds", reason=said)
    return found


def codes(text: str) -> dict[str, tuple[int, ...]]:
    """State → codes of a text such as `run=1,3 idle=2 stop=0`; nothing said: the defaults.

    Every state may have codes of its own, none of them twice; a code that none has is unknown.
    """
    if not text.strip():
        return dict(CODES)
    found: dict[str, tuple[int, ...]] = {}
    for part in text.replace(";", " ").replace("；", " ").split():
        state, _, listed = part.partition("=")
        numbers = listed.replace("，", ",").split(",")
        if state not in STATES or state in found or not all(n.isdigit() for n in numbers):
            raise Problem("equipment_codes", text=text)
        found[state] = tuple(int(n) for n in numbers)
    every = [n for numbers in found.values() for n in numbers]
    if len(every) != len(set(every)):
        raise Problem("equipment_codes", text=text)
    return found


def split_names(text: str) -> list[str]:
    """Names of meters as people list them: with 、 , ; or spaces between."""
    for sign in "、,，;；":
        text = text.replace(sign, " ")
    return list(dict.fromkeys(text.split()))
