"""What pollers share: when to read, which instant a reading carries, and handing it on durably.

A device is read when an interval of its points ends. A reading that comes within a tenth of its
interval (at most 10 s) carries the end of the interval as its instant, a later one its own second.
Every device has its own task; a failure is tried again after 1, 2, 4 … 60 s, and nothing waits for
another device. Readings wait in memory while the sink refuses them.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import logging
import struct
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Context, Decimal
from typing import Protocol

import numpy as np
import pyarrow as pa

from tanma.domain.messages import Problem
from tanma.domain.readings import INSTANT
from tanma.intake.live import AsyncSink, Refusal, Said, Scope, Scopes, Taken, noted, taken
from tanma.intake.units import find, ratio

log = logging.getLogger(__name__)

SECOND_US = 1_000_000
TOLERANCE_US = 10 * SECOND_US
FIRST_WAIT_S, LONGEST_WAIT_S = 1.0, 60.0
WAITING_BATCHES = 1_000
"""Batches that one device keeps in memory while the sink refuses them; then the oldest is lost."""
NOTED_REFUSALS = 100
_EXACT = Context(prec=60)

Clock = Callable[[], int]
Targets = Mapping[str, str | int]


@dataclass(frozen=True)
class Measured:
    """One value as a device said it; `text` is None where the device says that it has none."""

    point: str
    kind: str
    unit: str
    interval_s: int
    at_us: int
    text: str | None


@dataclass(frozen=True)
class Fault:
    """A point that could not be read, with the reason; the others of its device are."""

    point: str
    problem: Problem


@dataclass(frozen=True)
class Decoded:
    """What one reading of a device gave: values, and points that could not be read.

    `targets`: point → the channel it fills, by number or as `meter/item`.
    """

    targets: Targets
    measured: tuple[Measured, ...]
    faults: tuple[Fault, ...] = ()


def collected(targets: Targets, points: Iterable[tuple[str, Callable[[], Measured]]]) -> Decoded:
    """Each point read for itself: what cannot be read is a fault beside the rest."""
    measured: list[Measured] = []
    faults: list[Fault] = []
    for name, read in points:
        try:
            measured.append(read())
        except Problem as problem:
            faults.append(Fault(name, problem))
        except (ArithmeticError, LookupError, ValueError, struct.error) as error:
            # too few registers, a number of 40 digits: it would come back for ever
            reason = str(error) or type(error).__name__
            faults.append(Fault(name, Problem("device_point", point=name, reason=reason)))
    return Decoded(targets, tuple(measured), tuple(faults))


def seen(found: Decoded, point: str) -> dict[str, object]:
    """The value of a point with its instant, or the problem: for a preview."""
    value = next((m for m in found.measured if m.point == point), None)
    problem = next((f.problem for f in found.faults if f.point == point), None)
    return {
        "value": value.text if value else None,
        "at_us": value.at_us if value else None,
        "problem": problem,
    }


class Device(Protocol):
    """One device behind an adapter. `read` gives bytes that `decode` reads without the device."""

    name: str
    form: str

    @property
    def intervals(self) -> Mapping[str, int]:
        """Point → seconds."""

    async def read(self, points: Sequence[str]) -> bytes: ...

    def decode(self, raw: bytes) -> Decoded: ...

    async def close(self) -> None: ...


@dataclass
class Health:
    """How a connection is doing, for pages and metrics."""

    name: str
    adapter: str
    last_us: int = 0
    taken: int = 0
    refused: int = 0
    absent: int = 0
    failures: int = 0
    waiting: int = 0
    lost: int = 0
    error: Problem | None = None

    def failed(self, problem: Problem) -> None:
        self.failures += 1
        if self.error is None or self.error.code != problem.code:
            log.warning("%s: %s", self.name, problem)
        self.error = problem


def clock_us() -> int:
    return time.time_ns() // 1000


def instants(measured: Measured) -> tuple[int, int]:
    """Start and end [µs] of a reading: an interval is the last one that ended."""
    interval = measured.interval_s * SECOND_US
    slot = measured.at_us - measured.at_us % interval
    if measured.kind == "interval":
        return slot - interval, slot
    late = measured.at_us - slot
    near = late <= min(TOLERANCE_US, interval // 10)
    at = slot if near else measured.at_us - measured.at_us % SECOND_US
    return at, at


def converted(text: str, unit: str, target: str) -> str | None:
    """A value in another unit of the same dimension, exact; None where there is no way."""
    source, wanted = find(unit), find(target)
    step = ratio(source, wanted) if source and wanted else None
    if step is None:
        return None
    if step == 1:
        return text
    scaled = _EXACT.multiply(Decimal(text), Decimal(step.numerator))
    return f"{_EXACT.divide(scaled, Decimal(step.denominator)):f}"


def taken_of(decoded: Decoded, scope: Scope) -> Taken:
    """What was measured as readings of the channels that the points fill, in their units.

    A unit that does not fit the channel's is refused; a value that the device does not have is no
    reading, and no withdrawal either.
    """
    names, starts, ends, values, index = [], [], [], [], []
    refused = []
    for number, one in enumerate(decoded.measured):
        name = decoded.targets.get(one.point, one.point)
        place = scope.places.get(name)
        unit = one.unit if place is None else scope.unit[place]
        text = one.text and converted(one.text, one.unit, unit)
        if text is None:
            if one.text is not None:
                params = {"channel": name, "unit": one.unit, "expected": unit}
                refused.append(Refusal(number, "device_unit", params))
            continue
        start, end = instants(one)
        names.append(name)
        starts.append(start)
        ends.append(end)
        values.append(text)
        index.append(number)
    start_utc, end_utc = (pa.array(c, pa.int64()).view(INSTANT) for c in (starts, ends))
    columns = Said(names, start_utc, pa.array(values, pa.string()), end_utc)
    found = taken(columns, scope, np.array(index, np.int64))
    return Taken(found.table, (*refused, *found.refused))


@dataclass
class Outbox:
    """Batches of one device on their way to the sink; nothing leaves before it is durable."""

    device: Device
    gateway: str
    scopes: Scopes
    sink: AsyncSink
    health: Health
    _waiting: deque[bytes] = field(default_factory=lambda: deque(maxlen=WAITING_BATCHES))

    def put(self, raw: bytes) -> None:
        if len(self._waiting) == WAITING_BATCHES:
            self.health.lost += 1
        self._waiting.append(raw)
        self.health.waiting = len(self._waiting)

    async def send(self) -> None:
        """Hand everything on that waits, oldest first; raises where the sink takes nothing."""
        while self._waiting:
            await self._deliver(self._waiting[0])
            self._waiting.popleft()
            self.health.waiting = len(self._waiting)

    async def _deliver(self, raw: bytes) -> None:
        scope = scope_of(self.gateway, self.scopes())
        decoded = self.device.decode(raw)
        found = taken_of(decoded, scope)
        if found.table.num_rows:
            await self.sink.accept(
                found.table,
                raw=raw,
                form=self.device.form,
                source=scope.source,
                message_id=message_id(self.device.form, raw),
                note=noted(found.refused, NOTED_REFUSALS),
            )
        self.health.taken += found.table.num_rows
        self.health.refused += len(found.refused)
        self.health.absent += sum(m.text is None for m in decoded.measured)
        self._tell(decoded.faults, found.refused)

    def _tell(self, faults: Sequence[Fault], refused: Sequence[Refusal]) -> None:
        for fault in faults:
            self.health.failed(fault.problem)
        for one in refused[:1]:
            log.warning("%s: %s", self.health.name, one.text("en"))


def message_id(form: str, content: bytes) -> str:
    """The name of a message that has none: what it says.

    It ends in a letter: a name that ends in a number would be taken for the sender's own numbering.
    """
    return f"{form}:{hashlib.sha256(content).hexdigest()}h"


def scope_of(gateway: str, scopes: Mapping[str, Scope]) -> Scope:
    """What a gateway may write, by its id; refused where it has no live token or must sign.

    Only what is pushed over HTTP carries a signature: no other way in may pass one by.
    """
    found = next((scope for scope in scopes.values() if scope.source == gateway), None)
    if found is None:
        raise Problem("device_gateway", gateway=gateway)
    if found.keys:
        raise Problem("device_gateway_signs", gateway=gateway)
    return found


async def run_device(
    device: Device, outbox: Outbox, stop: asyncio.Event, now: Clock = clock_us
) -> None:
    """Read one device until `stop`: at once, then whenever an interval of a point ends."""
    due, at, wait = set(device.intervals), now(), FIRST_WAIT_S
    while at := await _reached(at, device, stop, now):
        due |= {p for p, s in device.intervals.items() if at % (s * SECOND_US) == 0}
        try:
            if due:
                outbox.put(await device.read(sorted(due)))
                due, outbox.health.last_us = set(), now()
            await outbox.send()
            outbox.health.error, wait = None, FIRST_WAIT_S
            at = next_slot(device.intervals.values(), now())
        except (OSError, TimeoutError, Problem) as error:
            problem = error if isinstance(error, Problem) else _unreachable(device, error)
            outbox.health.failed(problem)
            await device.close()
            if due:  # what was read before waits for the sink, not for the device
                await _sent(outbox)
            at, due = _again(device, due, now(), wait)
            wait = min(wait * 2, LONGEST_WAIT_S)
    await device.close()
    await _sent(outbox)


async def _sent(outbox: Outbox) -> None:
    """Hand on what waits; where the sink takes nothing it goes on waiting."""
    with contextlib.suppress(OSError, TimeoutError, Problem):
        await outbox.send()


def next_slot(intervals: Iterable[int], now_us: int) -> int:
    """The next end of an interval [µs]."""
    return min((now_us // (s * SECOND_US) + 1) * s * SECOND_US for s in intervals)


def _again(device: Device, due: set[str], now_us: int, wait_s: float) -> tuple[int, set[str]]:
    """When to try again, with the points whose intervals end until then."""
    at = now_us + int(wait_s * SECOND_US)
    ended = {
        p for p, s in device.intervals.items()
        if now_us // (s * SECOND_US) != at // (s * SECOND_US)
    }  # fmt: skip
    return at, due | ended


def _unreachable(device: Device, error: Exception) -> Problem:
    return Problem(
        "device_unreachable", device=device.name, reason=str(error) or type(error).__name__
    )


async def _reached(at: int, device: Device, stop: asyncio.Event, now: Clock) -> int:
    """The instant that was waited for; 0 where `stop` came first.

    A clock that is set back would make it hours: the next end of an interval is never passed over.
    """
    while not stop.is_set():
        if at <= now():
            return at
        at = min(at, next_slot(device.intervals.values(), now()))
        with contextlib.suppress(TimeoutError):
            wait_s = min((at - now()) / SECOND_US, LONGEST_WAIT_S)
            await asyncio.wait_for(stop.wait(), max(wait_s, 0.001))
    return 0
