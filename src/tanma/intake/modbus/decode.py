"""Registers to values, and points to few requests; without any network."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from functools import partial
from typing import Any

import numpy as np

from tanma.domain.messages import Problem
from tanma.intake.devices import BITS, FLOATS, Point
from tanma.intake.polling import Decoded, Measured, Targets, collected

MAX_BITS = 2000
"""Bits that one request may ask for; registers: `max_registers` of the map."""


@dataclass(frozen=True)
class Request:
    """One question: registers or bits from `address` on, and the points that lie in them."""

    function: int
    address: int
    count: int
    points: tuple[Point, ...]


def grouped(points: Iterable[Point], max_registers: int, max_gap: int = 0) -> list[Request]:
    """Points in few requests: neighbours together, across at most `max_gap` unused registers."""
    requests: list[Request] = []
    for point in sorted(points, key=lambda p: (p.function, p.address)):
        limit = MAX_BITS if point.function in BITS else max_registers
        last = requests[-1] if requests else None
        if last and _joins(last, point, limit, max_gap):
            count = max(last.count, point.end - last.address)
            points_of = (*last.points, point)
            requests[-1] = Request(last.function, last.address, count, points_of)
        else:
            requests.append(Request(point.function, point.address, point.words, (point,)))
    return requests


def _joins(last: Request, point: Point, limit: int, max_gap: int) -> bool:
    near = point.address <= last.address + last.count + max_gap
    fits = point.end - last.address <= limit
    return last.function == point.function and near and fits


def single(request: Request) -> list[Request]:
    """The same points asked for one by one: a device refuses a span that holds a hole."""
    return [Request(request.function, p.address, p.words, (p,)) for p in request.points]


def value(point: Point, registers: Sequence[int]) -> str | None:
    """The value of a point as exact decimal text in its unit; None where the device has none.

    Integers are multiplied by the resolution. A float is the shortest decimal that gives it back,
    or rounded half-even to `digits` where the map states them. NaN and infinity are no value.
    """
    raw = _bytes(point, registers)
    number = _float(point, raw) if point.type in FLOATS else Decimal(_integer(point, raw))
    if number is None or (point.missing and int.from_bytes(raw, "big") in point.missing):
        return None
    return f"{number * point.resolution:f}"


def _bytes(point: Point, registers: Sequence[int]) -> bytes:
    """The bytes of a value, highest first."""
    words = [register.to_bytes(2, "big") for register in registers]
    if point.byte_order == "little":
        words = [word[::-1] for word in words]
    return b"".join(words[::-1] if point.word_order == "little" else words)


def _integer(point: Point, raw: bytes) -> int:
    if point.type == "bcd":
        digits = raw.hex()
        if not digits.isdecimal():
            raise Problem("modbus_not_bcd", point=point.name, bytes=raw.hex(" ").upper())
        return int(digits)
    return int.from_bytes(raw, "big", signed=point.type.startswith("i"))


def _float(point: Point, raw: bytes) -> Decimal | None:
    (number,) = struct.unpack(">f" if point.type == "f32" else ">d", raw)
    if not np.isfinite(number):
        return None
    shortest = Decimal(str(np.float32(number) if point.type == "f32" else number))
    if point.digits is None:
        return shortest
    return shortest.quantize(Decimal(1).scaleb(-point.digits), ROUND_HALF_EVEN)


def body(targets: Targets, answers: Iterable[tuple[Request, int, list[int] | str]]) -> bytes:
    """What was read, as it is kept: per request the instant, the registers, and its points.

    Points stand in it with all that decoding needs, and with the channels that they fill.
    """
    answers = list(answers)
    points = [point.name for request, *_ in answers for point in request.points]
    kept = [
        {
            "function": request.function, "address": request.address, "at_us": at_us,
            "points": [_kept(point) for point in request.points],
            **({"fault": said} if isinstance(said, str) else {"registers": said}),
        }
        for request, at_us, said in answers
    ]  # fmt: skip
    filled = {name: targets[name] for name in points if name in targets}
    said = {"targets": filled, "answers": kept}
    return json.dumps(said, separators=(",", ":"), ensure_ascii=False).encode()


def decoded(raw: bytes) -> Decoded:
    """The values in a body that was kept."""
    said = json.loads(raw)
    points = ((a, p) for a in said["answers"] for p in map(_point, a["points"]))
    return collected(said["targets"], ((p.name, partial(_measured, a, p)) for a, p in points))


def _measured(answer: dict[str, Any], point: Point) -> Measured:
    if "fault" in answer:
        raise Problem(
            "modbus_refused", point=point.name, function=answer["function"], address=point.address,
            reason=answer["fault"],
        )  # fmt: skip
    first = point.address - answer["address"]
    text = value(point, answer["registers"][first : first + point.words])
    return Measured(point.name, point.kind, point.unit, point.interval_s, answer["at_us"], text)


_LEFT_OUT = {"name_zh", "item", "function"}


def _kept(point: Point) -> dict[str, Any]:
    said = {name: v for name, v in asdict(point).items() if name not in _LEFT_OUT}
    return said | {"resolution": str(point.resolution)}


def _point(said: dict[str, Any]) -> Point:
    kept = said | {"resolution": Decimal(said["resolution"]), "missing": tuple(said["missing"])}
    return Point(name_zh="", item="", function=0, **kept)
