"""The connections file is checked line by line, and what it names is read side by side."""

from __future__ import annotations

import asyncio
import re
import time
from pathlib import Path

import pytest

from tanma.domain.messages import Problem
from tanma.intake.connections import Connections, Running, load, parse, run_connections
from tests.intake.dlt645.meters import Meters
from tests.intake.modbus.conftest import (  # noqa: F401  fixtures
    libmodbus_server,
    pymodbus_server,
    silent_port,
    slave_program,
)
from tests.intake.mqtt.conftest import broker, publish  # noqa: F401  fixtures
from tests.intake.sinks import Memory, scope

MAP = """[device]
name_zh = "表"
name_en = "Meter"
source = "test"
evidence = "confirmed"
function = 3
interval_s = 1
[[point]]
name = "energy"
address = 0
type = "u16"
unit = "kWh"
kind = "register"
[[point]]
name = "power"
address = 1
type = "u16"
unit = "W"
kind = "gauge"
"""
FILE = """[[modbus]]
name = "hall"
host = "10.0.0.5"
gateway = "G1"
map = "meter.toml"
points = ["energy"]

[[dlt645]]
name = "board"
host = "10.0.0.6"
port = 4001
gateway = "G1"
address = "2611200001"
read = ["forward_active_total", "voltage_a"]

[[mqtt]]
name = "plant"
host = "mqtt.example.org"
tls = true
topic = "plant/{gateway}/{channel}"
username = "tanma"
password_env = "PLANT_PASSWORD"
"""


@pytest.fixture
def folder(tmp_path) -> Path:
    (tmp_path / "meter.toml").write_text(MAP, encoding="utf-8")
    (tmp_path / "secret").write_text("from a file\n", encoding="utf-8")
    return tmp_path


SECRETS = {"PLANT_PASSWORD": "geheim"}


def test_a_file_is_read_with_its_defaults(folder):
    (folder / "connections.toml").write_text(FILE, encoding="utf-8")
    found = load(folder / "connections.toml", SECRETS)
    (hall,), (board,), (plant,) = found.modbus, found.dlt645, found.mqtt
    assert 3 == len(found)
    assert ("hall", 502, 1, 3, "G1") == (
        hall.name, hall.port, hall.unit, hall.timeout_s, hall.gateway,
    )  # fmt: skip
    assert ["energy"] == [p.name for p in hall.points]
    assert {"energy": "hall/energy"} == hall.targets
    assert {
        "forward_active_total": "board/electricity.purchased", "voltage_a": "board/state.voltage.a",
    } == board.targets  # fmt: skip
    assert ("002611200001", 900) == (board.address, board.interval_s)
    assert ["00010000", "02010100"] == [i.identifier for i in board.identifiers]
    assert (8883, "tanma-plant", "plant/+/+", "geheim") == (
        plant.port, plant.client_id, plant.topic.subscription, plant.password,
    )  # fmt: skip
    assert "geheim" not in repr(found)


def test_a_connection_says_which_channels_its_points_fill(folder):
    more = 'meter = "屋顶光伏"\nchannels = { forward_active_total = "electricity.pv.generated" }\n'
    text = FILE.replace('address = "2611200001"\n', f'address = "2611200001"\n{more}')
    (board,) = parse("c.toml", text, folder, SECRETS).dlt645
    assert {
        "forward_active_total": "屋顶光伏/electricity.pv.generated",
        "voltage_a": "屋顶光伏/state.voltage.a",
    } == board.targets
    text = text.replace('"electricity.pv.generated"', '"别的表/water.total"').replace(
        'total" }', 'total", voltage_a = 17 }'
    )
    (board,) = parse("c.toml", text, folder, SECRETS).dlt645
    assert {"forward_active_total": "别的表/water.total", "voltage_a": 17} == board.targets


def test_points_of_the_same_item_belong_to_meters_of_their_own(folder):
    more = 'unit = "kW"\nkind = "gauge"\nitem = "state.power.active"\n'
    two = "".join(
        f'[[point]]\nname = "{n}"\naddress = {a}\ntype = "u16"\n{more}' for a, n in enumerate("ab")
    )
    (folder / "meter.toml").write_text(MAP + two, encoding="utf-8")
    text = FILE.replace('points = ["energy"]', 'points = ["energy", "a", "b"]')
    (hall,) = parse("c.toml", text, folder, SECRETS).modbus
    assert {
        "energy": "hall/energy", "a": "hall.a/state.power.active", "b": "hall.b/state.power.active",
    } == hall.targets  # fmt: skip
    named = text.replace("points =", 'channels = { a = "state.power.reactive" }\npoints =')
    (hall,) = parse("c.toml", named, folder, SECRETS).modbus
    assert ["hall.a/state.power.reactive", "hall.b/state.power.active"] == [
        hall.targets[p] for p in "ab"
    ]


def test_two_points_never_fill_one_channel(folder):
    same = 'channels = { voltage_a = "electricity.purchased" }\n'
    text = FILE.replace('address = "2611200001"\n', f'address = "2611200001"\n{same}')
    with pytest.raises(Problem) as caught:
        parse("c.toml", text, folder, SECRETS)
    assert ("connections_twice", 14) == (caught.value.code, caught.value.params["line"])
    assert "board/electricity.purchased" in caught.value.text("zh")
    assert "fill the same channel" in caught.value.text("en")


def test_a_password_may_stand_in_a_file_beside(folder):
    text = FILE.replace('password_env = "PLANT_PASSWORD"', 'password_file = "secret"')
    assert "from a file" == parse("c.toml", text, folder, {}).mqtt[0].password


@pytest.mark.parametrize(
    ("before", "after", "code", "line", "words"),
    [
        ('map = "meter.toml"\n', "", "device_file_key_missing", 1, ("“map”", "'map'")),
        ("[[dlt645]]", "[[dlt654]]", "device_file_key_unknown", 8, ("dlt645", "dlt645")),
        ("port = 4001", "port = 0", "device_file_value", 11, ("1 to 65535", "1 to 65535")),
        ('name = "board"', 'name = "hall"', "device_file_twice", 9, ("第 2 行", "line 2")),
        ('"voltage_a"', '"volts"', "device_file_value", 14, ("voltage_a", "voltage_a")),
        ('password_env = "PLANT_PASSWORD"', 'password = "x"', "device_file_key_unknown", 22,
         ("password_env", "password_file")),
        ('"PLANT_PASSWORD"', '"NOWHERE"', "connections_secret", 22, ("NOWHERE", "NOWHERE")),
        ('password_env = "PLANT_PASSWORD"', 'password_file = "gone"', "connections_secret", 22,
         ("gone", "gone")),
        ("plant/{gateway}/{channel}", "plant/{channel}", "device_file_key_missing", 16,
         ("“gateway”", "'gateway'")),
        ("tls = true", 'tls = "yes"', "device_file_value", 19, ("true, false", "true, false")),
        ("{channel}", "{channels}", "mqtt_topic", None, ("{channels}", "{channels}")),
        ('["energy"]', '["watt"]', "device_point_unknown", None, ("energy", "energy")),
        ("meter.toml", "gone.toml", "device_map_absent", None, ("eastron", "eastron")),
        ('"2611200001"', '"12X"', "dlt645_address", None, ("12X", "12X")),
        ("[[modbus]]", "[modbus]", "device_file_value", None, ("[[modbus]]", "[[modbus]]")),
    ],
)  # fmt: skip
def test_a_wrong_file_is_refused(folder, before, after, code, line, words):
    assert before in FILE
    with pytest.raises(Problem) as caught:
        parse("c.toml", FILE.replace(before, after), folder, SECRETS)
    assert (code, line) == (caught.value.code, line and caught.value.params["line"])
    for language, word in zip(("zh", "en"), words, strict=True):
        assert word in caught.value.text(language)


def test_a_secret_that_is_missing_is_named_but_never_shown(folder):
    with pytest.raises(Problem) as caught:
        parse("c.toml", FILE.replace("PLANT", "OTHER"), folder, {**SECRETS})
    assert "geheim" not in caught.value.text("zh") + caught.value.text("en")


@pytest.mark.parametrize("text", ["", "# nothing\n"])
def test_a_file_that_connects_nothing_is_told(folder, text):
    with pytest.raises(Problem) as caught:
        parse("c.toml", text, folder)
    assert "connections_empty" == caught.value.code
    assert "dlt645" in caught.value.text("zh")
    assert "dlt645" in caught.value.text("en")


def test_a_file_that_is_not_there_is_told(folder):
    with pytest.raises(Problem) as caught:
        load(folder / "gone.toml")
    assert "connections_absent" == caught.value.code
    assert "gone.toml" in caught.value.text("zh")
    assert "gone.toml" in caught.value.text("en")


SCOPES = {
    "hash": scope(
        "G1",
        [
            (1, "hall/energy", "register", "kWh", 0, 1),
            (2, "hall/power", "gauge", "kW", 3, 1),
            (3, "other/energy", "register", "kWh", 0, 1),
            (4, "board/electricity.purchased", "register", "kWh", 2, 1),
            (5, "p", "gauge", "kW", 1, 60),
            (6, "dead/energy", "register", "kWh", 0, 1),
        ],
    )
}


def test_everything_is_read_side_by_side_past_a_silent_device(
    folder, pymodbus_server, silent_port, broker  # noqa: F811
):  # fmt: skip
    """Two Modbus devices, one that never answers, a meter and a broker, for a few seconds."""

    async def through() -> None:
        values = {"000000000001": {"00010000": bytes.fromhex("50010000")}}
        async with Meters(values) as meters:
            text = f"""
[[modbus]]
name = "dead"
host = "127.0.0.1"
port = {silent_port}
gateway = "G1"
map = "meter.toml"
timeout_s = 1
[[modbus]]
name = "hall"
host = "127.0.0.1"
port = {pymodbus_server.port}
gateway = "G1"
map = "meter.toml"
[[modbus]]
name = "other"
host = "127.0.0.1"
port = {pymodbus_server.port}
unit = 2
gateway = "G1"
map = "meter.toml"
points = ["energy"]
[[dlt645]]
name = "board"
host = "127.0.0.1"
port = {meters.port}
gateway = "G1"
address = "1"
read = ["forward_active_total"]
interval_s = 1
[[mqtt]]
name = "plant"
host = "127.0.0.1"
port = {broker.port}
topic = "t/{{gateway}}/{{channel}}"
"""
            sink, stop, running = Memory(), asyncio.Event(), Running()
            connections = parse("c.toml", text, folder)
            task = asyncio.create_task(
                run_connections(connections, lambda: SCOPES, sink, stop, running)
            )
            await sink.wait(lambda: all(len(sink.values(n)) >= 2 for n in (1, 2, 3, 4)))
            message = ("t/G1/5", '{"time": "2026-11-20T04:00:00Z", "value": 1.5}')
            await asyncio.to_thread(publish, broker.port, [message])
            await sink.wait(lambda: sink.values(5))
            stop.set()
            started = time.monotonic()
            await asyncio.wait_for(task, 12)
            assert time.monotonic() - started < 11
            assert {100} == set(sink.values(1))
            assert {101} == set(sink.values(2))
            assert {200} == set(sink.values(3))
            assert {150} == set(sink.values(4))
            assert [15] == sink.values(5)
            assert [] == sink.values(6)
            failed = {health.name: health.failures for health in running.health}
            assert failed.pop("dead") > 0
            assert {"hall": 0, "other": 0, "board": 0, "plant": 0} == failed

    asyncio.run(through())


def test_a_mistake_of_ours_does_not_end_a_connection(folder, monkeypatch, caplog):
    from tanma.intake import connections as module

    monkeypatch.setattr(module, "LONGEST_WAIT_S", 0.01)
    calls = []

    async def wrong(device, outbox, stop):
        calls.append(device.name)
        if len(calls) < 3:
            raise KeyError("a mistake")
        stop.set()

    monkeypatch.setattr(module, "run_device", wrong)
    found = parse("c.toml", FILE, folder, SECRETS)
    running = Running()
    only = Connections(modbus=found.modbus)
    asyncio.run(run_connections(only, lambda: SCOPES, Memory(), asyncio.Event(), running))
    assert ["hall"] * 3 == calls
    (health,) = running.health
    assert (2, "connection_failed") == (health.failures, health.error.code)
    assert "重新开始" in health.error.text("zh")
    assert "a mistake" in health.error.text("en")
    assert re.search("KeyError", caplog.text)
