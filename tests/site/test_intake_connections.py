"""The process beside `tanma intake`: readings in the lake, its state on the disk, a clean end."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pytest

from tanma.domain.messages import Problem
from tanma.intake.connections import Running
from tanma.intake.polling import Health
from tanma.lake.readings import Readings
from tanma.site.commands import intake
from tanma.site.intake_connections import Snapshot, command, metric_lines, save, state
from tests.intake.modbus.conftest import pymodbus_server, silent_port  # noqa: F401  fixtures

ROOT = Path(__file__).parents[2]
MAP = """[device]
name_zh = "表"
name_en = "Meter"
source = "test"
evidence = "confirmed"
function = 3
interval_s = 1
[[point]]
name = "r0"
address = 0
type = "u16"
unit = "kWh"
kind = "register"
"""


def until(ready, timeout_s=20.0):
    end = time.monotonic() + timeout_s
    while time.monotonic() < end:
        if found := ready():
            return found
        time.sleep(0.05)
    raise AssertionError("not in time")


def rows(path: Path) -> list[dict]:
    return json.loads(path.read_text()) if path.is_file() else []


def test_readings_reach_the_lake_and_the_state_the_disk(
    tmp_path, pymodbus_server, silent_port  # noqa: F811
):  # fmt: skip
    (tmp_path / "meter.toml").write_text(MAP)
    said = {"hall": pymodbus_server.port, "dead": silent_port}
    tables = [
        f'[[modbus]]\nname = "{name}"\nhost = "127.0.0.1"\nport = {port}\ngateway = "G1"\n'
        'map = "meter.toml"\ntimeout_s = 1\n'
        for name, port in said.items()
    ]
    (tmp_path / "c.toml").write_text("".join(tables))
    lake, kept = tmp_path / "lake", tmp_path / "connections.json"
    arguments = ["tests.site.reading", tmp_path / "c.toml", lake, kept]
    with subprocess.Popen(
        [sys.executable, "-m", *map(str, arguments)], cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"},
    ) as process:  # fmt: skip
        hall, dead = until(
            lambda: (found := rows(kept)) and found[0]["taken"] >= 2 and found[1]["failures"]
            and found
        )  # fmt: skip
        process.send_signal(signal.SIGTERM)
        assert 0 == process.wait(20)
    assert ("hall", "modbus", 0, "") == (
        hall["name"], hall["adapter"], hall["failures"], hall["code"],
    )  # fmt: skip
    assert ("device_unreachable", 0) == (dead["code"], dead["taken"])
    assert "没有应答" in dead["zh"]
    assert "does not answer" in dead["en"]
    readings = Readings(lake)
    readings.seal()
    now = dt.datetime.now(dt.UTC)
    hour = dt.timedelta(hours=1)
    with duckdb.connect() as con:
        readings.known(con, [1], now - hour, now + hour, readings.watermark)
        found = con.execute("SELECT value FROM readings").fetchall()
    assert len(found) >= 2
    assert {(100,)} == set(found)


def test_the_state_comes_back_and_becomes_metrics(tmp_path):
    health = Health("hall", "modbus", taken=5, lost=1)
    health.failed(Problem("dlt645_address", address="x"))
    save(Running([health]), tmp_path / "connections.json")
    (row,) = state(tmp_path)
    assert ("hall", 5, 1, 1, "dlt645_address") == (
        row["name"], row["taken"], row["lost"], row["failures"], row["code"],
    )  # fmt: skip
    lines = metric_lines(tmp_path)
    assert 'tanma_connection_taken{name="hall",adapter="modbus"} 5' in lines
    assert "# TYPE tanma_connection_lost gauge" in lines


def test_without_a_process_there_is_no_state(tmp_path):
    assert [] == state(tmp_path)
    assert [] == metric_lines(tmp_path)


def test_scopes_known_last_go_on_while_the_database_is_away(caplog):
    answers = [{"a": 1}]

    async def through() -> None:
        held = Snapshot(answers.pop)
        await held.renew()
        await held.renew()
        assert {"a": 1} == held()

    asyncio.run(through())
    assert "could not be renewed" in caplog.text


def test_nothing_is_read_before_scopes_are_known_once(caplog):
    answers = [{"a": 1}, OSError("no such table yet"), OSError("no database yet")]

    def scopes():
        answer = answers.pop()
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def through() -> None:
        held, stop = Snapshot(scopes), asyncio.Event()
        await held.first(stop, again_s=0.01)
        assert {"a": 1} == held()
        stop.set()
        await Snapshot(answers.pop).first(stop)  # told to stop it does not wait for ever

    asyncio.run(through())
    assert 3 == caplog.text.count("could not be renewed")


def test_the_command_refuses_a_wrong_file_before_it_starts(tmp_path):
    assert intake._reading(None) is None
    (tmp_path / "c.toml").write_text("[[modbus]]\n")
    with pytest.raises(Problem) as caught:
        intake._reading(tmp_path / "c.toml")
    assert "device_file_key_missing" == caught.value.code


def test_the_command_names_the_process(tmp_path):
    (tmp_path / "meter.toml").write_text(MAP)
    file = tmp_path / "c.toml"
    file.write_text('[[modbus]]\nname="a"\nhost="h"\ngateway="g"\nmap="meter.toml"\n')
    assert command(file) == intake._reading(file)
    assert "tanma.site.intake_connections" in command(file)
