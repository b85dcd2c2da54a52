"""Real exchanges with pymodbus' server and with libmodbus; mbpoll reads the same registers."""

from __future__ import annotations

import asyncio
import re
import subprocess
import time

import pytest

from tanma.intake.devices import parse
from tanma.intake.modbus.client import READERS, Line, ModbusDevice, preview
from tests.intake.apt import needed

HEAD = """[device]
name_zh = "表"
name_en = "Meter"
source = "slave.c"
evidence = "confirmed"
function = 3
interval_s = 60
"""


def point(name: str, address: int, kind: str, more: str = "") -> str:
    return f"""
[[point]]
name = "{name}"
address = {address}
type = "{kind}"
unit = "kWh"
kind = "register"
{more}
"""


LIBMODBUS = parse(
    "slave.toml",
    HEAD
    + point("double", 0, "u32")
    + point("negative", 2, "i16")
    + point("volts", 3, "f32")
    + point("large", 5, "u64")
    + point("last", 9, "u16", 'resolution = "0.1"')
    + point("input", 100, "u32", "function = 4")
    + point("switch", 3, "bit", "function = 1"),
)
PYMODBUS = parse("py.toml", HEAD + "".join(point(f"r{n}", n, "u16") for n in range(10)))


async def values(device: ModbusDevice) -> dict[str, str | None]:
    found = device.decode(await device.read(list(device.intervals)))
    await device.close()
    return {one.point: one.text for one in found.measured}


def device(port: int, device_map=PYMODBUS, unit: int = 1, timeout_s: float = 2.0) -> ModbusDevice:
    line = Line("127.0.0.1", port, timeout_s)
    return ModbusDevice("device", line, unit, device_map, device_map.points)


def test_only_reading_functions_are_known():
    assert {1, 2, 3, 4} == set(READERS)
    assert all(name.startswith("read_") for name in READERS.values())


def test_libmodbus_gives_every_type(libmodbus_server):
    expected = {
        "double": str(0x01020304), "negative": "-2", "volts": "231.4", "large": "12345678901",
        "last": "4.2", "input": "123456", "switch": "1",
    }  # fmt: skip
    assert expected == asyncio.run(values(device(libmodbus_server, LIBMODBUS)))


@pytest.mark.parametrize(
    ("arguments", "point"),
    [
        (["-t", "4:int", "-B", "-r", "0"], "double"),
        (["-t", "4:float", "-B", "-r", "3"], "volts"),
        (["-t", "4", "-r", "9"], "last"),
        (["-t", "3:int", "-B", "-r", "100"], "input"),
        (["-t", "0", "-r", "3"], "switch"),
    ],
)
def test_mbpoll_reads_the_same(libmodbus_server, arguments, point):
    """The referee: another program's own reading of the same registers."""
    common = ["-m", "tcp", "-p", str(libmodbus_server), "-0", "-1", "-q", "-c", "1"]
    command = [needed("mbpoll"), *common, *arguments, "127.0.0.1"]
    said = subprocess.run(command, capture_output=True, text=True, timeout=20, check=True).stdout
    (referee,) = re.findall(r"^\[\d+\]:\s+(\S+)", said, re.MULTILINE)
    ours = asyncio.run(values(device(libmodbus_server, LIBMODBUS)))[point]
    scale = 10 if point == "last" else 1
    assert float(referee) == pytest.approx(float(ours) * scale)


def test_pymodbus_units_are_told_apart(pymodbus_server):
    port = pymodbus_server.port
    assert {f"r{n}": str(100 + n) for n in range(10)} == asyncio.run(values(device(port)))
    assert {f"r{n}": str(200 + n) for n in range(10)} == asyncio.run(values(device(port, unit=2)))


def test_neighbours_go_in_one_request(pymodbus_server, monkeypatch):
    asked = []
    real = Line._ask

    async def counted(self, request, unit):
        asked.append((request.address, request.count))
        return await real(self, request, unit)

    monkeypatch.setattr(Line, "_ask", counted)
    asyncio.run(values(device(pymodbus_server.port)))
    assert [(0, 10)] == asked


def test_a_register_that_is_not_there_does_not_spoil_its_neighbours(pymodbus_server):
    device_map = parse("m.toml", HEAD + point("there", 9, "u16") + point("absent", 10, "u16"))
    one = device(pymodbus_server.port, device_map)
    found = one.decode(asyncio.run(one.read(["there", "absent"])))
    assert {"there": "109"} == {m.point: m.text for m in found.measured}
    (fault,) = found.faults
    assert ("absent", "modbus_refused") == (fault.point, fault.problem.code)
    assert "地址 10" in fault.problem.text("zh")
    assert "illegal data address" in fault.problem.text("en")


def test_a_silent_device_times_out(silent_port):
    started = time.monotonic()
    with pytest.raises(TimeoutError):
        asyncio.run(values(device(silent_port, timeout_s=0.3)))
    assert time.monotonic() - started < 3


def test_a_port_that_nobody_listens_on_is_an_os_error(silent_port):
    from tests.intake.modbus.conftest import free_port

    with pytest.raises((OSError, TimeoutError)):
        asyncio.run(values(device(free_port(), timeout_s=0.3)))


def test_a_device_answers_again_after_it_was_away(pymodbus_server):
    async def through() -> None:
        one = device(pymodbus_server.port, timeout_s=0.5)
        await one.read(["r0"])
        await asyncio.to_thread(pymodbus_server.stop)
        with pytest.raises((OSError, TimeoutError)):
            await one.read(["r0"])
        await asyncio.to_thread(pymodbus_server.start)
        found = one.decode(await one.read(["r0"]))
        assert "100" == found.measured[0].text

    asyncio.run(through())


def test_devices_behind_one_gateway_take_turns(pymodbus_server):
    async def together() -> list[str | None]:
        line = Line("127.0.0.1", pymodbus_server.port, 2)
        devices = [ModbusDevice(f"u{u}", line, u, PYMODBUS, PYMODBUS.points) for u in (1, 2)] * 5
        bodies = await asyncio.gather(*(d.read(["r0"]) for d in devices))
        await line.close()
        return [d.decode(b).measured[0].text for d, b in zip(devices, bodies, strict=True)]

    assert ["100", "200"] * 5 == asyncio.run(together())


def test_a_preview_shows_values_and_problems(pymodbus_server):
    device_map = parse("m.toml", HEAD + point("there", 9, "u16") + point("absent", 10, "u16"))
    rows = asyncio.run(preview(device_map, "127.0.0.1", pymodbus_server.port))
    assert [("there", "109", True), ("absent", None, False)] == [
        (row["point"], row["value"], row["problem"] is None) for row in rows
    ]
    assert rows[0]["at_us"] > 1_700_000_000_000_000


def test_a_preview_of_a_silent_device_is_told(silent_port):
    with pytest.raises(TimeoutError):
        asyncio.run(preview(PYMODBUS, "127.0.0.1", silent_port, timeout_s=0.3))
