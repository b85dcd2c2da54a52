"""Asks meters over TCP, directly or through a transparent gateway to a serial line.

Only questions are sent. Meters on one line are asked one after the other; one that does not answer
costs the others its timeout, never more.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from tanma.domain.messages import Problem
from tanma.intake.dlt645.codec import (
    HAS_MORE,
    Frame,
    Stream,
    answers,
    decode,
    encode,
    more_request,
    payload,
    read_request,
)
from tanma.intake.dlt645.identifiers import Identifier, find
from tanma.intake.polling import Clock, Decoded, Measured, Targets, clock_us, collected, seen

MOST_PARTS = 16
"""Frames that one answer may have."""
_CHUNK = 4096


@dataclass
class Line:
    """One TCP connection, to a meter or to the gateway of a serial line."""

    host: str
    port: int
    timeout_s: float = 3.0
    stream: Stream = field(default_factory=Stream)
    _reader: asyncio.StreamReader | None = None
    _writer: asyncio.StreamWriter | None = None
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def ask(self, address: str, identifier: str) -> list[Frame]:
        """The frames of the answer; TimeoutError where none comes in time."""
        async with self._turn:
            try:
                frames = [await self._one(read_request(address, identifier), address, identifier)]
                while frames[-1].control & HAS_MORE and len(frames) < MOST_PARTS:
                    request = more_request(address, identifier, len(frames))
                    frames.append(await self._one(request, address, identifier))
                return frames
            except (OSError, TimeoutError, asyncio.CancelledError):
                # A late answer must not be taken for the answer to the next question.
                await self._drop()
                raise

    async def _one(self, request: bytes, address: str, identifier: str) -> Frame:
        async with asyncio.timeout(self.timeout_s):
            await self._emptied()
            reader, writer = await self._connected()
            self.stream.clear()
            writer.write(request)
            await writer.drain()
            while received := await reader.read(_CHUNK):
                for frame in self.stream.feed(received):
                    if answers(frame, address, identifier):
                        return frame
        raise ConnectionError(f"{self.host}:{self.port} closed the connection")

    async def _connected(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self._reader is None or self._writer is None or self._reader.at_eof():
            await self._drop()
            self._reader, self._writer = await asyncio.open_connection(self.host, self.port)
        return self._reader, self._writer

    async def _emptied(self) -> None:
        """Read away what came unasked: an answer given twice is none to the next question."""
        if self._reader is not None:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(0):
                    while await self._reader.read(_CHUNK):
                        pass

    async def _drop(self) -> None:
        writer, self._reader, self._writer = self._writer, None, None
        if writer is not None:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    async def close(self) -> None:
        """Close between two questions, never in the middle of another meter's."""
        async with self._turn:
            await self._drop()


@dataclass
class Dlt645Device:
    """One meter on a line."""

    name: str
    line: Line
    address: str
    identifiers: tuple[Identifier, ...]
    interval_s: int
    targets: Targets = field(default_factory=dict)
    now: Clock = clock_us
    form: str = "dlt645"

    @property
    def intervals(self) -> Mapping[str, int]:
        return {one.name: self.interval_s for one in self.identifiers}

    async def read(self, points: Sequence[str]) -> bytes:
        """The answers about these points, as they are kept.

        A meter may stay silent about what it does not have; a meter that is silent about
        everything is not there.
        """
        found: list[tuple[Identifier, int, list[Frame]]] = []
        for one in self.identifiers:
            if one.name in points:
                found.append((one, self.now(), await self._answer(one, first=not found)))
        return body(self.targets, self.interval_s, found)

    async def _answer(self, one: Identifier, *, first: bool) -> list[Frame]:
        try:
            return await self.line.ask(self.address, one.identifier)
        except TimeoutError:
            if first:
                raise
            return []

    def decode(self, raw: bytes) -> Decoded:
        return decoded(raw)

    async def close(self) -> None:
        await self.line.close()


def body(
    targets: Targets, interval_s: int, found: Iterable[tuple[Identifier, int, list[Frame]]]
) -> bytes:
    """What was read, as it is kept: per identifier the instant and the frames as they came."""
    kept = [
        {
            "name": one.name, "at_us": at_us, "interval_s": interval_s,
            "frames": [encode(frame, wake=0).hex() for frame in frames],
        }
        for one, at_us, frames in found
    ]  # fmt: skip
    names = [str(answer["name"]) for answer in kept]
    filled = {name: targets.get(name, name) for name in names}
    said = {"targets": filled, "answers": kept}
    return json.dumps(said, separators=(",", ":"), ensure_ascii=False).encode()


def decoded(raw: bytes) -> Decoded:
    """The values in a body that was kept."""
    said = json.loads(raw)
    return collected(said["targets"], ((a["name"], partial(_measured, a)) for a in said["answers"]))


def _measured(answer: dict[str, Any]) -> Measured:
    one = find(answer["name"])
    frames = [f for text in answer["frames"] for f in Stream().feed(bytes.fromhex(text))]
    if not frames:
        raise Problem("dlt645_silent", identifier=one.identifier, name=one.name)
    value = decode(one, b"".join(map(payload, frames)))
    text = None if value.number is None else f"{value.number:f}"
    return Measured(one.name, one.kind, one.unit, answer["interval_s"], answer["at_us"], text)


async def preview(
    host: str, port: int, address: str, names: Sequence[str], timeout_s: float = 3.0
) -> list[dict[str, Any]]:
    """Data items of a meter with the value just read, for the page where it is set up.

    Raises TimeoutError or OSError where the meter does not answer.
    """
    wanted = tuple(find(name) for name in names)
    device = Dlt645Device("preview", Line(host, port, timeout_s), address, wanted, 900)
    try:
        found = decoded(await device.read(names))
    finally:
        await device.close()
    return [
        {
            "point": one.name, "name_zh": one.name_zh, "unit": one.unit, "kind": one.kind,
            "identifier": one.identifier, "evidence": one.evidence,
            **seen(found, one.name),
        }
        for one in wanted
    ]  # fmt: skip
