"""Frames of DL/T 645-2007, both ways, without any network.

`FE FE FE FE 68 A0…A5 68 C L DATA CS 16`: the address is 12 BCD digits, lowest byte first; every
data byte travels with 33H added; CS is the sum of all bytes from the first 68H on, modulo 256.
Identifiers and values are BCD, lowest byte first. The layout is written from knowledge of the
standard and public programs, its print was not read; so are the meanings of the error bits.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal

from tanma.domain.messages import Problem
from tanma.intake.dlt645.identifiers import Identifier

START, END, WAKE = 0x68, 0x16, 0xFE
OFFSET = 0x33
READ, READ_MORE = 0x11, 0x12
ANSWER, HAS_MORE, REFUSED = 0x80, 0x20, 0x40
HEAD, TAIL = 10, 2
MOST_DATA = 200
"""Bytes of data that a reading frame may carry."""
ANY_ADDRESS = "A" * 12
"""Answered by every meter: only for a line with a single one."""
TIME_BYTES = 5
"""A demand is followed by the minute it occurred at: mm hh DD MM YY."""


@dataclass(frozen=True)
class Frame:
    """One frame. `data` is without the 33H that travels on each byte."""

    address: str
    control: int
    data: bytes

    @property
    def identifier(self) -> str:
        """The identifier at the head of the data, as printed: DI3 DI2 DI1 DI0."""
        return self.data[3::-1].hex().upper() if len(self.data) >= 4 else ""


@dataclass(frozen=True)
class Value:
    """What a meter said under one identifier: None where it marks the value as not available."""

    identifier: Identifier
    number: Decimal | None
    occurred: str = ""


def encode(frame: Frame, wake: int = 4) -> bytes:
    """The bytes of a frame, with the FEH that wake up an old line in front."""
    address = bytes.fromhex(frame.address)[::-1]
    data = bytes((byte + OFFSET) % 256 for byte in frame.data)
    body = bytes([START, *address, START, frame.control, len(data)]) + data
    return bytes([WAKE] * wake) + body + bytes([sum(body) % 256, END])


def read_request(address: str, identifier: str) -> bytes:
    """The question for one identifier. This module has no frame that writes to a meter."""
    return encode(Frame(address, READ, bytes.fromhex(identifier)[::-1]))


def more_request(address: str, identifier: str, sequence: int) -> bytes:
    """The question for the next part of an answer that said it has more."""
    return encode(Frame(address, READ_MORE, bytes.fromhex(identifier)[::-1] + bytes([sequence])))


def padded(address: str) -> str:
    """A meter address as 12 digits; `AAAAAAAAAAAA` stands for any."""
    text = address.strip().upper()
    if text == ANY_ADDRESS or (text.isascii() and text.isdecimal() and 0 < len(text) <= 12):
        return text.zfill(12)
    raise Problem("dlt645_address", address=address)


@dataclass
class Stream:
    """Bytes as they come off a line, cut into frames; garbage and broken frames are counted."""

    garbage: int = 0
    broken: int = 0
    _waiting: bytes = field(default=b"")

    def feed(self, received: bytes) -> list[Frame]:
        """The frames completed by these bytes."""
        self._waiting += received
        return list(self._frames())

    def clear(self) -> None:
        """Forget a half-received frame, as before a new question."""
        self.garbage += len(self._waiting)
        self._waiting = b""

    def _frames(self) -> Iterator[Frame]:
        at = keep = 0
        buffer = self._waiting
        first_open = None
        while (at := buffer.find(START, at)) >= 0:
            size = _size(buffer[at:])
            if size is None and first_open is None:
                first_open = at
            if size:
                frame = _parsed(buffer[at : at + size])
                if frame:
                    self._count(buffer[keep:at])
                    at = keep = at + size
                    first_open = None
                    yield frame
                    continue
                self.broken += 1
            at += 1
        end = len(buffer) if first_open is None else first_open
        self._count(buffer[keep:end])
        self._waiting = buffer[end:]

    def _count(self, skipped: bytes) -> None:
        self.garbage += len(skipped.replace(bytes([WAKE]), b""))


def _size(candidate: bytes) -> int | None:
    """Bytes of the frame that may start here: 0 where none can, None while too few came."""
    if len(candidate) > 7 and candidate[7] != START:
        return 0
    if len(candidate) < HEAD:
        return None
    if candidate[9] > MOST_DATA:
        return 0
    size = HEAD + candidate[9] + TAIL
    return size if len(candidate) >= size else None


def _parsed(body: bytes) -> Frame | None:
    if body[-1] != END or sum(body[:-2]) % 256 != body[-2]:
        return None
    data = bytes((byte - OFFSET) % 256 for byte in body[HEAD:-TAIL])
    return Frame(body[6:0:-1].hex().upper(), body[8], data)


def answers(frame: Frame, address: str, identifier: str) -> bool:
    """Whether a frame is the answer to the question: from that meter, about that identifier."""
    right_meter = address in (ANY_ADDRESS, frame.address)
    asked = frame.control & 0x1F in (READ, READ_MORE) and bool(frame.control & ANSWER)
    refused = bool(frame.control & REFUSED)
    return right_meter and asked and (refused or frame.identifier == identifier)


def payload(frame: Frame) -> bytes:
    """The bytes behind the identifier; an answer that refuses raises with the meter's reason."""
    if frame.control & REFUSED:
        reason = frame.data[0] if frame.data else 0
        raise Problem("dlt645_refused", address=frame.address, error=f"{reason:02X}H")
    tail = 1 if frame.control & 0x1F == READ_MORE else 0
    return frame.data[4 : len(frame.data) - tail]


def decode(identifier: Identifier, data: bytes) -> Value:
    """The value under an identifier as an exact decimal.

    Bytes that are all FFH say that the meter has no value; any other byte that is not BCD is
    refused, as is a length other than that of the table.
    """
    expected = identifier.bytes + (TIME_BYTES if identifier.occurred else 0)
    if len(data) != expected:
        raise Problem(
            "dlt645_length", identifier=identifier.identifier, found=len(data), expected=expected
        )
    number, when = data[: identifier.bytes], data[identifier.bytes :]
    occurred = _minute(when) if identifier.occurred else ""
    if set(number) == {0xFF}:
        return Value(identifier, None, occurred)
    return Value(identifier, _number(identifier, number), occurred)


def _number(identifier: Identifier, data: bytes) -> Decimal:
    top = data[-1]
    negative = identifier.signed and bool(top & 0x80)
    digits = (bytes([top & 0x7F if identifier.signed else top]) + data[-2::-1]).hex()
    if not digits.isdecimal():
        raise Problem(
            "dlt645_not_bcd", identifier=identifier.identifier, bytes=data[::-1].hex(" ").upper()
        )
    size = Decimal(int(digits)).scaleb(-identifier.decimals)
    return -size if negative else size


def _minute(data: bytes) -> str:
    """`YY-MM-DD hh:mm` as the meter's clock said it; empty where it never occurred."""
    year, month, day, hour, minute = (f"{byte:02X}" for byte in data[::-1])
    return "" if month == "00" else f"{year}-{month}-{day} {hour}:{minute}"
