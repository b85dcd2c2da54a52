"""`tanma device` prints what a device says, and ends with 1 where a point could not be read."""

from __future__ import annotations

import asyncio
import threading

import pytest

from tanma.site.cli import main
from tests.intake.dlt645.meters import Meters
from tests.intake.modbus.conftest import pymodbus_server, silent_port  # noqa: F401  fixtures

MAP = """[device]
name_zh = "表"
name_en = "Meter"
source = "test"
evidence = "confirmed"
function = 3
interval_s = 60
[[point]]
name = "energy"
name_zh = "电量"
address = 4
type = "u16"
resolution = "0.1"
unit = "kWh"
kind = "register"
"""
ABSENT = MAP.split("[[point]]")[1].replace("energy", "other").replace("= 4", "= 40")


@pytest.fixture
def meter(tmp_path):
    (tmp_path / "meter.toml").write_text(MAP, encoding="utf-8")
    return str(tmp_path / "meter.toml")


def test_a_modbus_device_is_printed(meter, pymodbus_server, capsys):  # noqa: F811
    port = str(pymodbus_server.port)
    assert 0 == main(["device", meter, "127.0.0.1", "--port", port, "--unit", "2"])
    assert ["energy", "20.4", "kWh", "电量"] == capsys.readouterr().out.split()


def test_a_point_that_is_not_there_is_told(tmp_path, meter, pymodbus_server, capsys):  # noqa: F811
    (tmp_path / "meter.toml").write_text(f"{MAP}[[point]]{ABSENT}", encoding="utf-8")
    port = str(pymodbus_server.port)
    assert 1 == main(["device", meter, "127.0.0.1", "--port", port, "--lang", "en"])
    said = capsys.readouterr().out
    assert "10.4 kWh" in said
    assert "illegal data address" in said


def test_a_silent_device_is_told_with_what_to_do(meter, silent_port, capsys):  # noqa: F811
    port = str(silent_port)
    assert 2 == main(["device", meter, "127.0.0.1", "--port", port, "--timeout", "0.2"])
    said = capsys.readouterr().err
    assert "没有应答" in said
    assert "does not answer" in said


def test_a_meter_is_printed(capsys):
    """The meter plays in a loop of its own; the command has one, too."""
    loop, started, port = asyncio.new_event_loop(), threading.Event(), []

    async def play() -> None:
        values = {"000000000001": {"00010000": bytes.fromhex("78563412")}}
        async with Meters(values) as meters:
            port.append(str(meters.port))
            started.set()
            await asyncio.sleep(5)

    threading.Thread(target=loop.run_until_complete, args=(play(),), daemon=True).start()
    assert started.wait(5)
    command = ["device", "dlt645", "127.0.0.1", "--port", port[0], "--timeout", "1"]
    assert 0 == main([*command, "--read", "forward_active_total"])
    assert "123456.78 kWh" in capsys.readouterr().out


def test_a_template_is_printed_to_be_filled_in(capsys):
    assert 0 == main(["device", "storage"])
    assert 'item = "state.soc"' in capsys.readouterr().out


def test_without_an_address_only_templates_can_be_printed(capsys):
    assert 2 == main(["device", "eastron-sdm630"])
    said = capsys.readouterr().err
    assert "storage" in said
    assert "点表模板" in said
