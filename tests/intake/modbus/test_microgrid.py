"""Storage, inverter and grid connection point: their maps read devices of both test servers."""

from __future__ import annotations

import asyncio
import struct

import pytest
from pymodbus.simulator import DataType, SimData, SimDevice

from tanma.domain.items import items
from tanma.domain.messages import Problem
from tanma.intake.devices import DeviceMap, built_in, find, parse, templates
from tanma.intake.modbus.client import Line, ModbusDevice
from tests.intake.modbus.conftest import PyModbus

FIRST = 40070
"""Register of the model's id after a common block of 66 registers."""


def f32(value: float) -> list[int]:
    return list(struct.unpack(">HH", struct.pack(">f", value)))


def sunspec(model: int, length: int, **at: list[int]) -> PyModbus:
    """A device whose model begins at FIRST; `at` gives registers by offset: x22=[…]."""
    registers = [0] * (length + 2)
    registers[:2] = [model, length]
    for offset, values in at.items():
        place = int(offset[1:])
        registers[place : place + len(values)] = values
    data = [SimData(FIRST, values=registers, datatype=DataType.REGISTERS)]
    server = PyModbus([SimDevice(1, data)])
    server.start()
    return server


def read(port: int, device_map: DeviceMap) -> dict[str, str | None]:
    async def values() -> dict[str, str | None]:
        line = Line("127.0.0.1", port, 2.0)
        device = ModbusDevice("device", line, 1, device_map, device_map.points)
        found = device.decode(await device.read(list(device.intervals)))
        await device.close()
        return {one.point: one.text for one in found.measured}

    return asyncio.run(values())


def filled(name: str, **addresses: int) -> DeviceMap:
    """The template with the address of each point written in."""
    text = templates()[name]
    for point, address in addresses.items():
        text = text.replace(f'name = "{point}"', f'name = "{point}"\naddress = {address}')
    return parse(f"{name}.toml", text)


def test_a_sunspec_inverter_is_read():
    server = sunspec(
        113, 60, x22=f32(18_250.0), x32=f32(5_120_000.0), x40=f32(41.25), x48=[4]
    )  # fmt: skip
    expected = {
        "model_id": "113", "active_power": "18250", "generated": "5120000",
        "temperature": "41.2", "state": "4",
    }  # fmt: skip
    try:
        assert expected == read(server.port, find("sunspec-inverter-113"))
    finally:
        server.stop()


def test_what_a_sunspec_inverter_has_not_is_no_value():
    server = sunspec(113, 60, x22=f32(float("nan")), x48=[0xFFFF])
    try:
        found = read(server.port, find("sunspec-inverter-113"))
    finally:
        server.stop()
    assert (None, None) == (found["active_power"], found["state"])


def test_the_meter_of_a_connection_point_is_read():
    server = sunspec(
        213, 124, x26=f32(49.98), x28=f32(-3_200.0), x60=f32(12_000.0), x68=f32(88_000.0)
    )  # fmt: skip
    expected = {
        "model_id": "213", "frequency": "49.98", "active_power": "-3200", "exported": "12000",
        "imported": "88000",
    }  # fmt: skip
    try:
        assert expected == read(server.port, find("sunspec-meter-213"))
    finally:
        server.stop()


def test_a_filled_template_of_a_storage_system_reads_a_device_on_libmodbus(libmodbus_server):
    storage = filled("storage", charged=0, discharged=0, active_power=2, soc=9, state=9)
    found = read(libmodbus_server, storage)
    energy = f"{0x01020304 / 10:.1f}"
    assert (energy, "-0.2", "4.2", "42") == (
        found["charged"], found["active_power"], found["soc"], found["state"],
    )  # fmt: skip


def test_a_filled_template_of_a_micro_grid_reads_a_device_of_pymodbus(pymodbus_server):
    grid = filled(
        "microgrid", imported=0, exported=2, load=4, active_power=6, frequency=7, connection=8
    )  # fmt: skip
    found = read(pymodbus_server.port, grid)
    assert (f"{(100 * 65536 + 101) / 10:.1f}", "10.6", "1.07", "108") == (
        found["imported"], found["active_power"], found["frequency"], found["connection"],
    )  # fmt: skip


@pytest.mark.parametrize("name", templates())
def test_a_template_is_refused_until_its_addresses_are_filled_in(name):
    with pytest.raises(Problem) as caught:
        parse(f"{name}.toml", templates()[name])
    assert ("device_file_key_missing", "address") == (
        caught.value.code, caught.value.params["key"],
    )  # fmt: skip
    assert "缺少 “address”" in caught.value.text("zh")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("storage", {"electricity.storage.charged", "electricity.storage.discharged", "state.soc",
                     "state.power.active", "state.running"}),
        ("microgrid", {"electricity.purchased", "electricity.sold", "electricity.consumed",
                       "state.power.active", "state.frequency", "state.grid_connected"}),
    ],
)  # fmt: skip
def test_a_template_names_items_of_the_catalogue(name, expected):
    points = templates()[name].split("[[point]]")[1:]
    named = {p.partition('item = "')[2].partition('"')[0] for p in points}
    assert expected == named
    assert named <= set(items())


def test_the_maps_of_a_source_grid_load_storage_view_are_built_in():
    assert {"sunspec-inverter-113", "sunspec-meter-213"} <= set(built_in())
