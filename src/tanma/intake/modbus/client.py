"""Reads devices over Modbus TCP. Only the four functions that read can be sent from here."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pymodbus.client import AsyncModbusTcpClient
from pymodbus.exceptions import ModbusException

from tanma.intake.devices import DeviceMap, Point
from tanma.intake.modbus.decode import Request, body, decoded, grouped, single
from tanma.intake.polling import Clock, Decoded, Targets, clock_us, seen

READERS: Mapping[int, str] = {
    1: "read_coils",
    2: "read_discrete_inputs",
    3: "read_holding_registers",
    4: "read_input_registers",
}
REASONS = {1: "illegal function", 2: "illegal data address", 3: "illegal data value",
           4: "device failure", 6: "device busy", 10: "gateway path unavailable",
           11: "gateway target did not respond"}  # fmt: skip
"""Exception codes of Modbus."""
_NO_DEVICE = (10, 11)


@dataclass
class Line:
    """One TCP connection; the devices behind a gateway share it and ask one after the other."""

    host: str
    port: int
    timeout_s: float = 3.0
    _client: AsyncModbusTcpClient | None = None
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def ask(self, request: Request, unit: int) -> list[int] | str:
        """Registers or bits from a device, or the reason why it refuses them."""
        async with self._turn:
            try:
                async with asyncio.timeout(2 * self.timeout_s):
                    return await self._ask(request, unit)
            except (ModbusException, OSError, TimeoutError) as error:
                self._drop()
                raise TimeoutError(f"{self.host}:{self.port} unit {unit}: {error}") from error
            except asyncio.CancelledError:
                self._drop()
                raise

    async def _ask(self, request: Request, unit: int) -> list[int] | str:
        reader = getattr(await self._connected(), READERS[request.function])
        answer = await reader(request.address, count=request.count, device_id=unit)
        if answer.isError():
            code = answer.exception_code
            reason = f"{code} {REASONS.get(code, '')}".strip()
            if code in _NO_DEVICE:
                raise TimeoutError(reason)
            return reason
        said = answer.bits if request.function in (1, 2) else answer.registers
        return [int(one) for one in said[: request.count]]

    async def _connected(self) -> AsyncModbusTcpClient:
        if self._client is None or not self._client.connected:
            self._drop()
            self._client = AsyncModbusTcpClient(
                self.host, port=self.port, timeout=self.timeout_s, retries=0, reconnect_delay=0
            )
            if not await self._client.connect():
                raise ConnectionError("no connection")
        return self._client

    def _drop(self) -> None:
        """After a failure a late answer could be taken for the next one: begin anew."""
        if self._client is not None:
            self._client.close()
            self._client = None

    async def close(self) -> None:
        """Close between two questions, never in the middle of another device's."""
        async with self._turn:
            self._drop()


@dataclass
class ModbusDevice:
    """One device on a line, read by its map."""

    name: str
    line: Line
    unit: int
    map: DeviceMap
    points: tuple[Point, ...]
    targets: Targets = field(default_factory=dict)
    now: Clock = clock_us
    form: str = "modbus-tcp"

    @property
    def intervals(self) -> Mapping[str, int]:
        return {point.name: point.interval_s for point in self.points}

    async def read(self, points: Sequence[str]) -> bytes:
        """Everything that these points need, as it is kept."""
        wanted = [point for point in self.points if point.name in points]
        answers = []
        for request in grouped(wanted, self.map.max_registers, self.map.max_gap):
            answers += await self._read(request)
        return body(self.targets, answers)

    async def _read(self, request: Request) -> list[tuple[Request, int, list[int] | str]]:
        said = await self.line.ask(request, self.unit)
        if isinstance(said, str) and len(request.points) > 1:
            # One register that is not there spoils its neighbours: ask for each by itself.
            return [a for one in single(request) for a in await self._read(one)]
        return [(request, self.now(), said)]

    def decode(self, raw: bytes) -> Decoded:
        return decoded(raw)

    async def close(self) -> None:
        await self.line.close()


async def preview(
    device_map: DeviceMap, host: str, port: int = 502, unit: int = 1, timeout_s: float = 3.0
) -> list[dict[str, Any]]:
    """Every point of a map with the value just read, for the page where a device is set up.

    Raises TimeoutError where the device does not answer.
    """
    device = ModbusDevice(
        "preview", Line(host, port, timeout_s), unit, device_map, device_map.points
    )
    try:
        found = decoded(await device.read([point.name for point in device_map.points]))
    finally:
        await device.close()
    return [
        {
            "point": p.name, "name_zh": p.name_zh, "unit": p.unit, "kind": p.kind, "item": p.item,
            "interval_s": p.interval_s, "function": p.function, "address": p.address,
            **seen(found, p.name),
        }
        for p in device_map.points
    ]  # fmt: skip
