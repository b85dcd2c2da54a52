"""Ready-made beginnings for a gateway: its own channel, address and token filled in."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils.translation import gettext

from tanma.apps.metering.door import point
from tanma.apps.registry import door as registry
from tanma.intake.devices import built_in

QUARTER_MIN = 15
NAMED = 2
"""Channels of a gateway that beginnings name."""


@dataclass(frozen=True)
class Snippet:
    """Text to copy, under its title."""

    key: str
    title: str
    text: str


def all_of(
    channels: Sequence[registry.Channel], token: str, gateway: str, signing_key: str | None = None
) -> list[Snippet]:
    """One beginning per way in; without a channel there is nothing to send yet.

    `signing_key`: of a gateway that must sign, empty where it is not told again. Such a one has one
    way, the client, which signs.
    """
    if not channels:
        return []
    shown = token or gettext("<密钥>")
    first = channels[0]
    if signing_key is not None:
        text = client(first, shown, signing_key or gettext("<签名密钥>"))
        return [Snippet("client", gettext("客户端 tanma/client.py（自动签名）"), text)]
    return [
        Snippet("curl", gettext("命令行 curl"), curl(first, shown)),
        Snippet("python", gettext("Python（标准库）"), python(first, shown)),
        Snippet("columns", gettext("一次多条：JSON 列"), columns(channels[:NAMED])),
        Snippet("mqtt", gettext("MQTT（connections.toml 与发布命令）"), mqtt(first, gateway)),
        Snippet("modbus", gettext("Modbus TCP（connections.toml）"), modbus(first, gateway)),
    ]


def address() -> str:
    """Where gateways send readings; an operator tells the public one."""
    told = settings.TANMA
    return told.intake_url or f"http://{told.intake_host}:{told.intake_port}"


def row(channel: registry.Channel, back: int = 0) -> dict[str, Any]:
    """A reading that this channel would take now: an instant, or the quarter-hour just over."""
    now = datetime.now(ZoneInfo(channel.zone)).replace(second=0, microsecond=0)
    end = now - timedelta(minutes=now.minute % QUARTER_MIN + back * QUARTER_MIN)
    value = float(f"{1 + 0.25:.{min(channel.scale, 2)}f}")
    start = end - timedelta(minutes=QUARTER_MIN)
    if channel.kind != "interval":
        return {"channel": channel.id, "time": end.isoformat(), "value": value}
    return {"channel": channel.id, "time": start.isoformat(), "end": end.isoformat(),
            "value": value}  # fmt: skip


def curl(channel: registry.Channel, token: str) -> str:
    body = json.dumps([row(channel)], ensure_ascii=False)
    return (
        f"curl -X POST {address()}/v1/readings \\\n"
        f"  -H 'Authorization: Bearer {token}' \\\n"
        "  -H 'Content-Type: application/json' \\\n"
        f"  -d '{body}'"
    )


def python(channel: registry.Channel, token: str) -> str:
    body = json.dumps([row(channel)], ensure_ascii=False)
    return (
        "import json, urllib.request\n\n"
        f"readings = {body}\n"
        "request = urllib.request.Request(\n"
        f'    "{address()}/v1/readings", json.dumps(readings).encode(),\n'
        f'    {{"Authorization": "Bearer {token}", "Content-Type": "application/json"}},\n'
        ")\n"
        "print(urllib.request.urlopen(request).read().decode())"
    )


def client(channel: registry.Channel, token: str, signing_key: str) -> str:
    body = json.dumps([row(channel)], ensure_ascii=False)
    return (
        "from tanma.client import Client\n\n"
        f'client = Client("{address()}", "{token}", spool="/var/lib/gateway/spool",\n'
        f'                signing_key="{signing_key}")\n'
        f"client.send({body})"
    )


def columns(channels: Sequence[registry.Channel]) -> str:
    """The body of a request with several readings, and what may stand for a number."""
    rows = [row(c) for c in channels]
    names = [point(c.meter, c.item) for c in channels]
    body: dict[str, Any] = {"channel": names, "time": [r["time"] for r in rows]}
    if any("end" in r for r in rows):
        body["end"] = [r.get("end") for r in rows]
    body["value"] = [r["value"] for r in rows]
    return json.dumps(body, ensure_ascii=False, indent=1)


def mqtt(channel: registry.Channel, gateway: str) -> str:
    """A broker that `tanma intake --connections` reads, and a message for it."""
    body = json.dumps([row(channel)], ensure_ascii=False)
    return (
        '[[mqtt]]\nname = "plant"\nhost = "mqtt.example.org"\ntls = true\n'
        f'topic = "tanma/{{gateway}}"\n\n'
        f"# mosquitto_pub -h mqtt.example.org -p 8883 -q 1 -t tanma/{gateway} -m '{body}'"
    )


def modbus(channel: registry.Channel, gateway: str) -> str:
    """A device that `tanma intake --connections` asks; its points fill the meter's channels."""
    device = next(iter(built_in()))
    return (
        '[[modbus]]\nname = "device"\nhost = "192.0.2.10"\nport = 502\n'
        f'gateway = "{gateway}"\nmeter = "{channel.meter}"\nmap = "{device}"\n'
    )
