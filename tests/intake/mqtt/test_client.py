"""A real Mosquitto: TLS, users, restarts, and a process killed between receiving and committing."""

from __future__ import annotations

import asyncio
import datetime as dt
import os
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import duckdb
import pytest
from paho.mqtt.client import MQTTMessage

from tanma.intake.mqtt import client
from tanma.intake.mqtt.client import Broker, MqttReader
from tanma.intake.mqtt.decode import Template
from tanma.lake.readings import Readings
from tests.intake.mqtt.child import CHANNELS, SCOPES
from tests.intake.mqtt.conftest import publish
from tests.intake.sinks import Memory

ROOT = Path(__file__).parents[3]
START = dt.datetime(2026, 11, 20, tzinfo=dt.UTC)


def message(number: int) -> tuple[str, str]:
    """Reading `number`: one of the channels, its own quarter of an hour, its own value."""
    at = START + dt.timedelta(minutes=15 * number)
    return (
        f"t/gw/{1 + number % CHANNELS}",
        f'{{"time": "{at:%Y-%m-%dT%H:%M:%SZ}", "value": {number}.25}}',
    )


def broker_of(port: int, **said) -> Broker:
    usual = {"topic": Template("t/{gateway}/{channel}"), "client_id": "tanma-test"}
    return Broker("test", "127.0.0.1", port, **usual | said)


async def reading(broker: Broker, sink: Memory, ready, meanwhile=None) -> MqttReader:
    reader, stop = MqttReader(broker, lambda: SCOPES, sink), asyncio.Event()
    running = asyncio.create_task(reader.run(stop))
    try:
        if meanwhile:
            await meanwhile(reader)
        await sink.wait(lambda: ready(reader))
    finally:
        stop.set()
        await asyncio.wait_for(running, 10)
    return reader


def test_what_no_broker_holds_back_finds_room_or_is_counted_as_lost(monkeypatch):
    """Publishers that ask for no acknowledgement cannot fill the memory while the disk is full."""
    monkeypatch.setattr(client, "MOST_UNASKED", 2)
    reader = MqttReader(broker_of(1), lambda: SCOPES, Memory())
    for number in range(6):
        one = MQTTMessage(number, b"t/gw/1")
        one.qos = int(number >= 4)
        reader._hold(client.Arrived(one, 1))
    assert (4, 2) == (reader._arrived.qsize(), reader.health.lost)


async def connected(reader: MqttReader) -> None:
    """Until the subscription is made: a session exists from then on."""
    async with asyncio.timeout(10):
        while not reader._connection:
            await asyncio.sleep(0.02)
        await asyncio.sleep(0.2)


def session(broker: Broker) -> None:
    """Subscribe once, so that the broker keeps what is published from now on."""

    async def once() -> None:
        await reading(broker, Memory(), lambda _: True, connected)

    asyncio.run(once())


def counted(sink: Memory) -> list[int]:
    return sorted(row["value"] for row in sink.rows())


def values(numbers) -> list[int]:
    return [100 * n + 25 for n in numbers]


def test_messages_become_readings(broker):
    async def meanwhile(reader):
        await connected(reader)
        await asyncio.to_thread(publish, broker.port, [message(n) for n in range(30)])

    sink = Memory()
    reader = asyncio.run(
        reading(broker_of(broker.port), sink, lambda _: len(sink.batches) >= 30, meanwhile)
    )
    assert values(range(30)) == counted(sink)
    assert (30, 0, None) == (reader.health.taken, reader.health.refused, reader.health.error)
    assert {("mqtt-channel", "gw")} == {batch[2:] for batch in sink.batches}


def test_what_is_published_while_we_are_away_is_kept_for_us(broker):
    session(broker_of(broker.port))
    publish(broker.port, [message(n) for n in range(50)])
    sink = Memory()
    asyncio.run(reading(broker_of(broker.port), sink, lambda _: len(sink.batches) >= 50))
    assert values(range(50)) == counted(sink)


def test_nothing_is_acknowledged_while_the_sink_takes_nothing(broker):
    """The broker still has every message for the next reader."""
    session(broker_of(broker.port))
    publish(broker.port, [message(n) for n in range(40)])

    async def blocked() -> None:
        sink = Memory(broken=True)

        async def refused(reader):
            while sink.refused < 2:
                await asyncio.sleep(0.02)

        reader = await reading(broker_of(broker.port), sink, lambda _: True, refused)
        assert reader.health.failures > 0
        assert reader.health.error is not None

    asyncio.run(blocked())
    sink = Memory()
    asyncio.run(reading(broker_of(broker.port), sink, lambda _: len(sink.batches) >= 40))
    assert values(range(40)) == counted(sink)


def test_a_sink_that_recovers_gets_everything_in_order(broker):
    session(broker_of(broker.port))
    publish(broker.port, [message(n) for n in range(25)])
    sink = Memory(broken=True)

    async def repair(reader):
        while not sink.refused:
            await asyncio.sleep(0.02)
        sink.broken = False

    asyncio.run(reading(broker_of(broker.port), sink, lambda _: len(sink.batches) >= 25, repair))
    assert values(range(25)) == [row["value"] for row in sink.rows()]


def test_a_broker_that_restarts_is_found_again(broker):
    sink = Memory()

    async def restart(reader):
        await connected(reader)
        await asyncio.to_thread(publish, broker.port, [message(n) for n in range(10)])
        await sink.wait(lambda: len(sink.batches) >= 10)
        await asyncio.to_thread(broker.stop)
        await asyncio.to_thread(broker.start)
        await asyncio.to_thread(publish, broker.port, [message(n) for n in range(10, 20)])

    reader = asyncio.run(
        reading(broker_of(broker.port), sink, lambda _: len(set(counted(sink))) >= 20, restart)
    )
    assert values(range(20)) == sorted(set(counted(sink)))
    assert reader.health.failures >= 1
    assert reader.health.error is None


def test_a_broker_that_is_not_there_yet_is_waited_for(broker):
    broker.stop()
    sink = Memory()

    async def late(reader):
        while not reader.health.failures:
            await asyncio.sleep(0.02)
        assert "mqtt_broker" == reader.health.error.code
        assert f"127.0.0.1:{broker.port}" in reader.health.error.text("zh")
        assert f"127.0.0.1:{broker.port}" in reader.health.error.text("en")
        await asyncio.to_thread(broker.start)
        await connected(reader)
        await asyncio.to_thread(publish, broker.port, [message(1)])

    asyncio.run(reading(broker_of(broker.port), sink, lambda _: sink.batches, late))
    assert values([1]) == counted(sink)


@pytest.mark.parametrize(
    ("topic", "payload", "code"),
    [
        ("t/gw/1", "no json", "mqtt_payload"),
        ("t/nobody/1", '{"time": "2026-11-20T00:00:00Z", "value": 1}', "device_gateway"),
        ("t/gw/1", "[]", "http_body_empty"),
        (f"t/gw/{'9' * 5000}", "7", "mqtt_payload"),
    ],
)
def test_what_can_never_be_read_is_told_and_does_not_come_back(broker, topic, payload, code):
    session(broker_of(broker.port))
    publish(broker.port, [(topic, payload), message(3)])
    sink = Memory()
    reader = asyncio.run(reading(broker_of(broker.port), sink, lambda _: sink.batches))
    assert values([3]) == counted(sink)
    assert (1, code) == (reader.health.refused, reader.health.error.code)
    publish(broker.port, [message(4)])
    again = Memory()
    asyncio.run(reading(broker_of(broker.port), again, lambda _: again.batches))
    assert values([4]) == counted(again)


def test_a_gateway_outside_the_list_is_refused(broker):
    one = broker_of(broker.port, gateways=("other",))
    session(one)
    publish(broker.port, [message(1)])
    sink = Memory()
    reader = asyncio.run(
        reading(one, sink, lambda r: r.health.refused, lambda r: _until(lambda: r.health.refused))
    )
    assert [] == sink.batches
    assert "device_gateway" == reader.health.error.code


async def _until(ready) -> None:
    async with asyncio.timeout(10):
        while not ready():
            await asyncio.sleep(0.02)


def test_user_and_password(guarded):
    login = {"username": "meter", "password": "geheim"}
    session(broker_of(guarded.port, **login))
    publish(guarded.port, [message(1)], user=("meter", "geheim"))
    sink = Memory()
    asyncio.run(reading(broker_of(guarded.port, **login), sink, lambda _: sink.batches))
    assert values([1]) == counted(sink)
    assert "geheim" not in repr(broker_of(guarded.port, **login))


def test_a_wrong_password_is_told(guarded):
    wrong = broker_of(guarded.port, username="meter", password="falsch")
    sink = Memory()
    reader = asyncio.run(
        reading(wrong, sink, lambda r: True, lambda r: _until(lambda: r.health.failures))
    )
    assert "mqtt_broker" == reader.health.error.code
    assert "authori" in reader.health.error.text("en").lower()


def test_tls_with_an_authority_of_our_own(encrypted, authority):
    ca = authority / "ca.crt"
    one = broker_of(encrypted.port, tls=True, ca_file=str(ca))
    session(one)
    publish(encrypted.port, [message(7)], ca=ca)
    sink = Memory()
    asyncio.run(reading(one, sink, lambda _: sink.batches))
    assert values([7]) == counted(sink)


@pytest.mark.parametrize("ca", ["other.crt", None])
def test_a_certificate_that_is_not_trusted_is_refused(encrypted, authority, ca):
    one = broker_of(encrypted.port, tls=True, ca_file=str(authority / ca) if ca else "")
    reader = asyncio.run(
        reading(one, Memory(), lambda r: True, lambda r: _until(lambda: r.health.failures))
    )
    assert 0 == reader._connection
    assert "mqtt_broker" == reader.health.error.code


def child(port: int, folder: Path, when: str, readings: int) -> int:
    """Run tests/intake/mqtt/child.py to its end; its exit code."""
    command = [sys.executable, "-m", "tests.intake.mqtt.child", str(port), str(folder), when]
    done = subprocess.run(
        [*command, str(readings)], cwd=ROOT, timeout=60, check=False,
        env={**os.environ, "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"},
    )  # fmt: skip
    return done.returncode


def stored(folder: Path) -> Counter[int]:
    """Every reading as known now, after de-duplication, by its value."""
    readings = Readings(folder)
    readings.seal()
    with duckdb.connect() as con:
        end = START + dt.timedelta(days=400)
        readings.known(con, None, START - dt.timedelta(days=1), end, readings.watermark)
        rows = con.execute("SELECT channel, start_utc, value FROM readings").fetchall()
    assert len(rows) == len({row[:2] for row in rows})
    return Counter(row[2] for row in rows)


@pytest.mark.kill
@pytest.mark.parametrize("when", ["before", "after"])
def test_killed_between_receiving_and_acknowledging_nothing_is_lost_or_doubled(
    broker, tmp_path, when
):
    lake, number = tmp_path / "lake", 150
    session(broker_of(broker.port))
    publish(broker.port, [message(n) for n in range(number)])
    assert -signal.SIGKILL == child(broker.port, lake, when, number)
    assert -signal.SIGKILL == child(broker.port, lake, when, number)
    first = sum(stored(lake).values())
    assert first < number
    assert 0 == child(broker.port, lake, "never", number - first)
    assert Counter(values(range(number))) == stored(lake)
