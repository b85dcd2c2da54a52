"""Simulated meters on one line, for the tests. Frames are put together here, byte by byte."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field


def frame(address: str, control: int, plain: bytes) -> bytes:
    pairs = [int(address[i : i + 2], 16) for i in range(0, 12, 2)]
    body = [0x68, *reversed(pairs), 0x68, control, len(plain), *((b + 0x33) % 256 for b in plain)]
    return bytes([*body, sum(body) % 256, 0x16])


@dataclass
class Meters:
    """Address → identifier → value bytes, lowest first. A TCP server plays the line."""

    values: dict[str, dict[str, bytes]]
    silent: set[str] = field(default_factory=set)
    """Addresses, or `address/identifier`, that are not answered."""
    before: bytes = b""
    """Sent before each answer: noise, a preamble, a frame of another meter."""
    echo: bool = False
    """Whether the line gives our own question back first, as two-wire converters do."""
    broken: bool = False
    """Whether checksums are wrong."""
    pieces: int = 1000
    """Bytes sent at a time."""
    parts: int = 1
    again: bool = False
    """Whether each answer comes a second time, as repeaters on a line do."""
    asked: list[tuple[str, str]] = field(default_factory=list)

    async def __aenter__(self) -> Meters:
        self.server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self.server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self.server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        buffer = b""
        try:
            while received := await reader.read(100):
                buffer = (buffer + received).lstrip(b"\xfe")
                while len(buffer) >= 12 and len(buffer) >= 12 + buffer[9]:
                    size = 12 + buffer[9]
                    question, buffer = buffer[:size], buffer[size:].lstrip(b"\xfe")
                    await self._answer(question, writer)
        except ConnectionError:
            pass
        finally:
            writer.close()

    async def _answer(self, question: bytes, writer: asyncio.StreamWriter) -> None:
        address = question[6:0:-1].hex().upper()
        plain = bytes((b - 0x33) % 256 for b in question[10:-2])
        name = plain[3::-1].hex().upper()
        self.asked.append((address, name))
        meter = next(iter(self.values)) if set(address) == {"A"} else address
        if {meter, f"{meter}/{name}"} & self.silent or meter not in self.values:
            return
        said = self.before + (question if self.echo else b"")
        said += self._said(meter, question[8], plain, name) * (1 + self.again)
        for at in range(0, len(said), self.pieces):
            writer.write(said[at : at + self.pieces])
            await writer.drain()
            await asyncio.sleep(0.001)

    def _said(self, meter: str, control: int, plain: bytes, name: str) -> bytes:
        value = self.values[meter].get(name)
        if value is None:
            return frame(meter, 0xD1, b"\x02")
        size = -(-len(value) // self.parts)
        number = plain[4] if control == 0x12 else 0
        part = value[number * size : (number + 1) * size]
        more = 0x20 if (number + 1) * size < len(value) else 0
        answer = frame(meter, control | 0x80 | more, plain[:4] + part + plain[4:5])
        return answer[:-2] + bytes([answer[-2] ^ 1, 0x16]) if self.broken else answer
