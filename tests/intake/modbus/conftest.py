"""Devices to talk to: one on pymodbus' server, one on libmodbus, and one that never answers."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from tests.intake.apt import needed, needed_file

HERE = Path(__file__).parent


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class PyModbus:
    """pymodbus' own server in a thread of its own; `stop` and `start` as often as a test likes."""

    def __init__(self, devices: list[SimDevice]) -> None:
        self.devices, self.port = devices, free_port()
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, daemon=True).start()

    def start(self) -> None:
        self._run(self._serve())

    async def _serve(self) -> None:
        self._server = ModbusTcpServer(self.devices, address=("127.0.0.1", self.port))
        await self._server.serve_forever(background=True)

    def stop(self) -> None:
        self._run(self._server.shutdown())

    def _run(self, job) -> None:
        asyncio.run_coroutine_threadsafe(job, self._loop).result(10)


@pytest.fixture
def pymodbus_server() -> Iterator[PyModbus]:
    """Unit 1: registers 0-9 are 100 to 109. Unit 2: 0-9 are 200 to 209. Nothing else is there."""
    devices = [
        SimDevice(unit, [SimData(0, values=[unit * 100 + n for n in range(10)],
                                 datatype=DataType.REGISTERS)])
        for unit in (1, 2)
    ]  # fmt: skip
    server = PyModbus(devices)
    server.start()
    yield server
    with contextlib.suppress(Exception):
        server.stop()


@pytest.fixture(scope="session")
def slave_program(tmp_path_factory) -> Path:
    """tests/intake/modbus/slave.c, compiled."""
    gcc = needed("gcc")
    needed_file(Path("/usr/include/modbus/modbus.h"), "libmodbus-dev")
    program = tmp_path_factory.mktemp("slave") / "slave"
    sources = [str(HERE / "slave.c"), "-I/usr/include/modbus", "-lmodbus", "-o", str(program)]
    subprocess.run([gcc, "-Wall", "-Werror", "-O1", *sources], check=True)
    return program


@pytest.fixture
def libmodbus_server(slave_program) -> Iterator[int]:
    """The port of a device on libmodbus."""
    port = free_port()
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen([slave_program, str(port)], **pipes) as process:
        assert b"ready\n" == process.stdout.readline()
        yield port
        process.stdin.close()
        assert 0 == process.wait(10)


@pytest.fixture
def silent_port() -> Iterator[int]:
    """Accepts every connection and never says a word."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(20)
        yield listener.getsockname()[1]
