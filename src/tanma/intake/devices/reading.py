"""Reads and checks the text of a device map."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation

from tanma.domain.items import items
from tanma.domain.readings import KINDS
from tanma.intake.files import (
    Found,
    Key,
    Place,
    checked,
    missing,
    once,
    one_of,
    tables,
    text,
    value_problem,
    whole,
)
from tanma.intake.units import find as find_unit

FUNCTIONS = (1, 2, 3, 4)
"""Read coils, discrete inputs, holding registers, input registers: none of them writes."""
LAST = 65_536
_NAME = re.compile(r"[a-z0-9][a-z0-9_.-]{0,63}")


def name_key(**more: bool) -> Key:
    """A name of a point or a connection."""
    fits = lambda v: isinstance(v, str) and bool(_NAME.fullmatch(v))  # noqa: E731
    return Key("letters a-z, digits, _ . -", fits, **more)


def _unit(value: object) -> bool:
    return isinstance(value, str) and find_unit(value) is not None


def _decimal(value: object) -> bool:
    try:
        return isinstance(value, str) and Decimal(value).is_finite() and Decimal(value) > 0
    except InvalidOperation:
        return False


def _integers(value: object) -> bool:
    return isinstance(value, list) and all(type(v) is int and v >= 0 for v in value)


DEVICE: Mapping[str, Key] = {
    "name_zh": text(required=True),
    "name_en": text(required=True),
    "source": text(required=True),
    "evidence": one_of("confirmed", "recalled", required=True),
    "max_registers": whole(1, 125, default=125),
    "max_gap": whole(0, 100, default=0),
}
SHARED: Mapping[str, Key] = {
    "function": one_of(*FUNCTIONS, required=True),
    "word_order": one_of("big", "little", default="big"),
    "byte_order": one_of("big", "little", default="big"),
    "interval_s": whole(1, 86_400, required=True),
}
"""Keys that may stand once for the device and differ at a point."""
POINT: Mapping[str, Key] = {
    "name": name_key(required=True),
    "name_zh": text(default=""),
    "address": whole(0, LAST - 1, required=True),
    "words": whole(1, 4),
    "resolution": Key('decimal text above 0, such as "0.01"', _decimal, default="1"),
    "digits": whole(0, 15),
    "missing": Key("list of raw values from 0", _integers, default=[]),
    "unit": Key("a unit of docs/reference/devices.md", _unit, required=True),
    "kind": one_of(*KINDS, required=True),
    "item": Key("an item of the catalogue", lambda v: v in items(), default=""),
}


def read(file: str, source: str, types: Mapping[str, int]) -> tuple[Found, list[Found]]:
    """The checked device table and the points with every key filled in."""
    found = tables(file, source, ["device"], ["point"])
    top = Place(file, file, 1, ())
    for name, said in found.items():
        if not said:
            raise missing(top, name)
    place, said_device = found["device"][0]
    keys = {**DEVICE, **{name: key._replace(required=False) for name, key in SHARED.items()}}
    device = checked(place, said_device, keys)
    shared = {name: device.pop(name) for name in SHARED}
    points = [
        _point(at.called(f"point {said.get('name', number)}"), said, shared, types)
        for number, (at, said) in enumerate(found["point"], 1)
    ]
    once([at for at, _ in found["point"]], [point["name"] for point in points])
    return device, points


def _point(place: Place, said: Found, shared: Found, types: Mapping[str, int]) -> Found:
    given = {name: value for name, value in shared.items() if value is not None}
    keys = {**POINT, **SHARED, "type": one_of(*types, required=True)}
    point = checked(place, {**given, **said}, keys)
    _check_type(place, point)
    point["words"] = types[point["type"]] or point["words"]
    if point["address"] + point["words"] > LAST:
        last = f"0 to {LAST - point['words']}"
        raise value_problem(place, "address", point["address"], last)
    point["resolution"] = Decimal(point["resolution"])
    point["missing"] = tuple(point["missing"])
    return point


def _check_type(place: Place, point: Found) -> None:
    """Keys that only make sense together."""
    kind = point["type"]
    if (kind == "bit") != (point["function"] in (1, 2)):
        key, allowed = ("function", "1, 2") if kind == "bit" else ("type", "bit")
        raise value_problem(place, key, point[key], allowed)
    if kind == "bcd" and point["words"] is None:
        raise missing(place, "words")
    for key, fits in (("words", ("bcd",)), ("digits", ("f32", "f64"))):
        if point[key] is not None and kind not in fits:
            raise value_problem(place, key, point[key], f"type = {', '.join(fits)}")
