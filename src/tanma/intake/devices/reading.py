"""Reads and checks the text of a device map; every mistake is told with its line."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple

from tanma.domain.items import items
from tanma.domain.messages import Problem
from tanma.domain.readings import KINDS
from tanma.intake.units import find as find_unit

FUNCTIONS = (1, 2, 3, 4)
"""Read coils, discrete inputs, holding registers, input registers: none of them writes."""
ORDERS = ("big", "little")
EVIDENCE = ("confirmed", "recalled")
LAST = 65_536
_NAME = re.compile(r"[a-z0-9][a-z0-9_.-]{0,63}")

Found = dict[str, Any]


class Key(NamedTuple):
    """One key of a map: what it may hold, in words, and the test of it."""

    allowed: str
    fits: Callable[[Any], bool]
    required: bool = False
    default: Any = None


def _whole(low: int, high: int) -> Callable[[Any], bool]:
    return lambda value: type(value) is int and low <= value <= high


def _one_of(*choices: object) -> Callable[[Any], bool]:
    return lambda value: value in choices and not isinstance(value, bool)


def _text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _name(value: object) -> bool:
    return isinstance(value, str) and bool(_NAME.fullmatch(value))


def _unit(value: object) -> bool:
    return isinstance(value, str) and find_unit(value) is not None


def _decimal(value: object) -> bool:
    try:
        return isinstance(value, str) and Decimal(value).is_finite() and Decimal(value) > 0
    except InvalidOperation:
        return False


def _integers(value: object) -> bool:
    return isinstance(value, list) and all(type(v) is int and v >= 0 for v in value)


def _named(*choices: object) -> str:
    return ", ".join(map(str, choices))


DEVICE: Mapping[str, Key] = {
    "name_zh": Key("text", _text, required=True),
    "name_en": Key("text", _text, required=True),
    "source": Key("text: document the registers come from", _text, required=True),
    "evidence": Key(_named(*EVIDENCE), _one_of(*EVIDENCE), required=True),
    "max_registers": Key("1 to 125", _whole(1, 125), default=125),
    "max_gap": Key("0 to 100", _whole(0, 100), default=0),
}
SHARED: Mapping[str, Key] = {
    "function": Key(_named(*FUNCTIONS), _one_of(*FUNCTIONS), required=True),
    "word_order": Key(_named(*ORDERS), _one_of(*ORDERS), default="big"),
    "byte_order": Key(_named(*ORDERS), _one_of(*ORDERS), default="big"),
    "interval_s": Key("whole seconds, 1 to 86400", _whole(1, 86_400), required=True),
}
"""Keys that may stand once for the device and differ at a point."""
POINT: Mapping[str, Key] = {
    "name": Key("letters a-z, digits, _ . -", _name, required=True),
    "name_zh": Key("text", _text, default=""),
    "address": Key(f"0 to {LAST - 1}", _whole(0, LAST - 1), required=True),
    "words": Key("1 to 4", _whole(1, 4)),
    "resolution": Key('decimal text above 0, such as "0.01"', _decimal, default="1"),
    "digits": Key("0 to 15", _whole(0, 15)),
    "missing": Key("list of raw values from 0", _integers, default=[]),
    "unit": Key("a unit of docs/reference/devices.md", _unit, required=True),
    "kind": Key(_named(*KINDS), _one_of(*KINDS), required=True),
    "item": Key("an item of the catalogue", lambda v: v in items(), default=""),
}  # fmt: skip


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
        at = (n for n, text in enumerate(self.lines) if key and spelled.match(text))
        return self.first + next(at, 0)

    def where(self, key: str = "") -> dict[str, object]:
        return {"file": self.file, "line": self.line(key), "table": self.name}


def read(file: str, text: str, types: Mapping[str, int]) -> tuple[Found, list[Found]]:
    """The checked device table and the points with every key filled in."""
    said = _toml(file, text)
    place, places = _places(file, text)
    top = Place(file, file, 1, tuple(text.splitlines()))
    _known(top, said, ("device", "point"))
    for key in ("device", "point"):
        if not said.get(key):
            raise Problem("device_map_key_missing", **top.where(), key=key)
    keys = {**DEVICE, **{name: key._replace(required=False) for name, key in SHARED.items()}}
    device = _checked(place, said["device"], keys)
    shared = {name: device.pop(name) for name in SHARED}
    points = [_point(at, one, shared, types) for at, one in zip(places, said["point"], strict=True)]
    _once(places, points)
    return device, points


def _toml(file: str, text: str) -> Found:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"line (\d+)", str(error))
        number = int(line[1]) if line else len(text.splitlines())
        raise Problem("device_map_unreadable", file=file, line=number, reason=error) from None


def _places(file: str, text: str) -> tuple[Place, list[Place]]:
    lines = text.splitlines()
    heads = [n for n, line in enumerate(lines) if line.lstrip().startswith("[")]
    found: dict[str, list[Place]] = {"[device]": [], "[[point]]": []}
    for start, end in zip(heads, [*heads[1:], len(lines)], strict=True):
        head = "".join(lines[start].split("#")[0].split())
        if head in found:
            name = f"point {len(found[head]) + 1}" if head == "[[point]]" else "device"
            found[head].append(Place(file, name, start + 1, tuple(lines[start:end])))
    nowhere = Place(file, "device", 1, ())
    return (found["[device]"] or [nowhere])[0], found["[[point]]"]


def _known(place: Place, said: Found, allowed: tuple[str, ...]) -> None:
    for key in said:
        if key not in allowed:
            near = difflib.get_close_matches(key, allowed, 1) or list(allowed)
            raise Problem(
                "device_map_key_unknown", **place.where(key), key=key, near=", ".join(near)
            )


def _checked(place: Place, said: Found, keys: Mapping[str, Key]) -> Found:
    _known(place, said, tuple(keys))
    for name, key in keys.items():
        if key.required and name not in said:
            raise Problem("device_map_key_missing", **place.where(), key=name)
        if name in said and not key.fits(said[name]):
            raise Problem(
                "device_map_value",
                **place.where(name),
                key=name,
                value=said[name],
                allowed=key.allowed,
            )
    return {name: said.get(name, key.default) for name, key in keys.items()}


def _point(place: Place, said: Found, shared: Found, types: Mapping[str, int]) -> Found:
    named = Place(place.file, f"point {said.get('name', place.name[6:])}", place.first, place.lines)
    kinds = Key(_named(*types), _one_of(*types), required=True)
    given = {name: value for name, value in shared.items() if value is not None}
    point = _checked(named, {**given, **said}, {**POINT, **SHARED, "type": kinds})
    _check_type(named, point)
    point["words"] = types[point["type"]] or point["words"]
    if point["address"] + point["words"] > LAST:
        last = LAST - point["words"]
        raise Problem(
            "device_map_value", **named.where("address"), key="address", value=point["address"],
            allowed=f"0 to {last}",
        )  # fmt: skip
    point["resolution"] = Decimal(point["resolution"])
    point["missing"] = tuple(point["missing"])
    return point


def _check_type(place: Place, point: Found) -> None:
    """Keys that only make sense together."""
    bit, bcd, real = (point["type"] in t for t in (("bit",), ("bcd",), ("f32", "f64")))
    if bit != (point["function"] in (1, 2)):
        allowed = "bit" if not bit else "1, 2"
        key = "function" if bit else "type"
        raise Problem(
            "device_map_value", **place.where(key), key=key, value=point[key], allowed=allowed
        )
    if bcd and point["words"] is None:
        raise Problem("device_map_key_missing", **place.where(), key="words")
    for key, fits in (("words", bcd), ("digits", real)):
        if point[key] is not None and not fits:
            raise Problem(
                "device_map_key_unknown",
                **place.where(key),
                key=key,
                near=f"type = {point['type']}",
            )


def _once(places: list[Place], points: list[Found]) -> None:
    seen: dict[str, int] = {}
    for place, point in zip(places, points, strict=True):
        name, line = point["name"], place.line("name")
        if name in seen:
            raise Problem(
                "device_map_twice", file=place.file, line=line, name=name, first=seen[name]
            )
        seen[name] = line
