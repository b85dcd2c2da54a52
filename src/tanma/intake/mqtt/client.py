"""Reads a broker: persistent session, QoS 1, and a PUBACK only after the durable commit.

The network thread hands messages to the event loop; there they are decoded and given to the sink
in the order they came, as many together as the broker leaves unacknowledged. While the sink takes
nothing, nothing is acknowledged and the broker holds the rest back. A message that can never be
read (broken JSON, unknown gateway) is acknowledged, counted and told: it would come back for ever.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import ssl
from dataclasses import dataclass, field
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from tanma.domain.messages import Problem
from tanma.intake.live import AsyncSink, Scopes, Taken, noted
from tanma.intake.mqtt.decode import Named, Template, decode, kept
from tanma.intake.polling import (
    FIRST_WAIT_S,
    LONGEST_WAIT_S,
    NOTED_REFUSALS,
    Health,
    clock_us,
    message_id,
    scope_of,
)

log = logging.getLogger(__name__)

TOGETHER = 100
"""Messages given to the sink at a time; a broker leaves 20 or so unacknowledged."""
MOST_UNASKED = 10_000
"""Messages of QoS 0 that wait in memory while the sink takes nothing."""
KEEPALIVE_S = 30


@dataclass(frozen=True)
class Broker:
    """Where and as whom to connect, and what to listen to."""

    name: str
    host: str
    port: int
    client_id: str
    topic: Template
    gateway: str = ""
    """The gateway of all messages where the topic names none."""
    gateways: tuple[str, ...] = ()
    """Gateways that a topic may name; empty: every live one."""
    username: str = ""
    password: str = field(default="", repr=False)
    tls: bool = False
    ca_file: str = ""
    cert_file: str = ""
    key_file: str = ""


@dataclass(frozen=True)
class Arrived:
    """A message, and the connection it came over: only there can it be acknowledged."""

    message: paho.MQTTMessage
    connection: int


class MqttReader:
    """One connection to a broker, until `stop`."""

    def __init__(self, broker: Broker, scopes: Scopes, sink: AsyncSink) -> None:
        self.broker, self.health = broker, Health(broker.name, "mqtt")
        self._scopes, self._sink = scopes, sink
        self._connection = 0
        self._arrived: asyncio.Queue[Arrived] = asyncio.Queue()
        self._client = self._made()

    def _made(self) -> paho.Client:
        client = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id=self.broker.client_id,
            clean_session=False,
            manual_ack=True,
        )
        if self.broker.username:
            client.username_pw_set(self.broker.username, self.broker.password)
        if self.broker.tls:
            client.tls_set_context(_tls(self.broker))
        client.reconnect_delay_set(int(FIRST_WAIT_S), int(LONGEST_WAIT_S))
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_connect_fail = self._on_connect_fail
        client.on_subscribe = self._on_subscribe
        client.on_message = self._on_message
        return client

    async def run(self, stop: asyncio.Event) -> None:
        """Read until `stop`; the broker keeps what comes later for the next time."""
        self._loop = asyncio.get_running_loop()
        self._client.connect_async(self.broker.host, self.broker.port, KEEPALIVE_S)
        self._client.loop_start()
        handing = asyncio.create_task(self._hand_on())
        try:
            await stop.wait()
        finally:
            handing.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await handing
            # A clean DISCONNECT leaves the session, with all that is unacknowledged, at the broker.
            self._client.disconnect()
            await asyncio.to_thread(self._client.loop_stop)

    async def _hand_on(self) -> None:
        while True:
            arrived = [await self._arrived.get()]
            while not self._arrived.empty() and len(arrived) < TOGETHER:
                arrived.append(self._arrived.get_nowait())
            await self._durable(arrived)

    async def _durable(self, arrived: list[Arrived]) -> None:
        """All of them in order; those after one that the sink did not take wait for it."""
        wait = FIRST_WAIT_S
        while arrived:
            done = await asyncio.gather(*map(self._take, arrived), return_exceptions=True)
            failed = [(a, d) for a, d in zip(arrived, done, strict=True) if d is not None]
            if not failed:
                return
            arrived = [a for a, _ in failed]
            self.health.failed(_problem(failed[0][1], self.broker))
            await asyncio.sleep(wait)
            wait = min(wait * 2, LONGEST_WAIT_S)

    async def _take(self, arrived: Arrived) -> None:
        said = self._read(arrived.message)
        if said is not None and said[0].table.num_rows:
            taken, raw, form, gateway = said
            receipt = await self._sink.accept(
                taken.table,
                raw=raw,
                form=form,
                source=gateway,
                message_id=message_id("mqtt", _whole(arrived.message)),
                note=noted(taken.refused, NOTED_REFUSALS),
            )
            self.health.taken += 0 if receipt.duplicate else taken.table.num_rows
            self.health.last_us = clock_us()
        self._acknowledge(arrived)

    def _read(self, message: paho.MQTTMessage) -> tuple[Taken, bytes, str, str] | None:
        """A message as readings; None, counted and told, where it can never be read."""
        try:
            named = self.broker.topic.read(message.topic) or Named(None, None)
            gateway = self._gateway(named.gateway or self.broker.gateway)
            raw, form = kept(named.channel, bytes(message.payload))
            scope = scope_of(gateway, self._scopes())
            taken = decode(raw, form, scope)
        except Exception as error:
            # Reading is a pure function: what fails once fails each time, and would hold up all.
            if not isinstance(error, Problem):
                log.exception("%s: %s", self.broker.name, message.topic)
            self.health.refused += 1
            self.health.failed(_problem(error, self.broker))
            return None
        self.health.refused += len(taken.refused)
        return taken, raw, form, gateway

    def _gateway(self, named: str) -> str:
        if self.broker.gateways and named not in self.broker.gateways:
            raise Problem("device_gateway", gateway=named)
        return named

    def _acknowledge(self, arrived: Arrived) -> None:
        # After a reconnect the number may be another message's; the broker sends this one again.
        if arrived.connection == self._connection:
            self._client.ack(arrived.message.mid, arrived.message.qos)

    def _on_connect(self, client: paho.Client, _: Any, flags: Any, reason: Any, *rest: Any) -> None:
        if reason.is_failure:
            self._tell(str(reason))
            return
        self._connection += 1
        self.health.error = None
        client.subscribe(self.broker.topic.subscription, qos=1)

    def _on_disconnect(self, client: Any, _: Any, flags: Any, reason: Any, *rest: Any) -> None:
        # Before a connection stood, its refusal has been told already.
        if reason.is_failure and self.health.error is None:
            self._tell(str(reason))
        self._connection += 1

    def _on_connect_fail(self, client: paho.Client, _: Any) -> None:
        self._tell("no connection")

    def _on_subscribe(self, client: Any, _: Any, mid: int, reasons: Any, *rest: Any) -> None:
        for reason in reasons:
            if reason.is_failure:
                self._tell(f"{self.broker.topic.subscription}: {reason}")

    def _on_message(self, client: paho.Client, _: Any, message: paho.MQTTMessage) -> None:
        arrived = Arrived(message, self._connection)
        self._loop.call_soon_threadsafe(self._hold, arrived)

    def _hold(self, arrived: Arrived) -> None:
        """What is sent without acknowledgement no broker holds back: it finds room or is lost."""
        if arrived.message.qos == 0 and self._arrived.qsize() >= MOST_UNASKED:
            self.health.lost += 1
        else:
            self._arrived.put_nowait(arrived)

    def _tell(self, reason: str) -> None:
        self.health.failed(_problem(OSError(reason), self.broker))


def _problem(error: BaseException, broker: Broker) -> Problem:
    if isinstance(error, Problem):
        return error
    return Problem("mqtt_broker", host=broker.host, port=broker.port, reason=error)


def _whole(message: paho.MQTTMessage) -> bytes:
    return message.topic.encode() + b"\n" + message.payload


def _tls(broker: Broker) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=broker.ca_file or None)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if broker.cert_file:
        context.load_cert_chain(broker.cert_file, broker.key_file or None)
    return context
