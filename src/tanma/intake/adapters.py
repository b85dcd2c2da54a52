"""The one register of adapters: what can be connected, how well it stands, and where it begins.

`forms` are the names kept beside raw bodies; `decode` reads any of them again, so that a batch that
was kept can be decoded anew without its device.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from types import MappingProxyType
from typing import Any

from tanma.domain.messages import Problem
from tanma.intake.http.bodies import expand
from tanma.intake.live import Scope, Taken

BUILT, PLANNED = "built", "planned"


@dataclass(frozen=True)
class Adapter:
    """One way in. `entry` is `module:name` of what runs it; empty while it is planned."""

    name: str
    label_zh: str
    label_en: str
    status: str
    entry: str = ""
    section: str = ""
    """Its table in a connections file; empty: it is no connection that we open."""
    forms: Mapping[str, str] = field(default_factory=dict)
    """Form of a raw body → `module:function` that decodes it."""

    def label(self, lang: str) -> str:
        return self.label_zh if lang == "zh" else self.label_en

    def load(self) -> Any:
        """What `entry` names; a Problem where it is not built."""
        if not self.entry:
            raise Problem("adapter_not_built", name=self.name, known=", ".join(built()))
        return _named(self.entry)


_HTTP = "tanma.intake.http.decode:FORMS"
_MQTT = "tanma.intake.mqtt.decode:FORMS"
_ALL = (
    Adapter("tables", "数据表导入", "Table files", BUILT, "tanma.intake.tables:read"),
    Adapter(
        "http", "HTTP 推送（JSON、Arrow）", "HTTP push (JSON, Arrow)", BUILT,
        "tanma.intake.http.service:Service", forms={"http-json": _HTTP, "http-arrow": _HTTP},
    ),
    Adapter(
        "mqtt", "MQTT", "MQTT", BUILT, "tanma.intake.mqtt.client:MqttReader", "mqtt",
        {"mqtt-channel": _MQTT},
    ),
    Adapter(
        "modbus", "Modbus TCP", "Modbus TCP", BUILT, "tanma.intake.modbus.client:ModbusDevice",
        "modbus", {"modbus-tcp": "tanma.intake.modbus.decode:decoded"},
    ),
    Adapter(
        "dlt645", "DL/T 645-2007 电能表", "DL/T 645-2007 electricity meters", BUILT,
        "tanma.intake.dlt645.poll:Dlt645Device", "dlt645",
        {"dlt645": "tanma.intake.dlt645.poll:decoded"},
    ),
    Adapter("cjt188", "CJ/T 188 水气热表", "CJ/T 188 water, gas, heat meters", PLANNED),
    Adapter("hj212", "HJ 212 污染源在线监测", "HJ 212 emission monitoring", PLANNED),
    Adapter("iec104", "IEC 60870-5-104", "IEC 60870-5-104", PLANNED),
    Adapter("opcua", "OPC UA", "OPC UA", PLANNED),
)  # fmt: skip
ADAPTERS: Mapping[str, Adapter] = MappingProxyType({one.name: one for one in _ALL})
"""Name → adapter."""


def built() -> dict[str, Adapter]:
    """The adapters that work today."""
    return {name: one for name, one in ADAPTERS.items() if one.status == BUILT}


def find(name: str) -> Adapter:
    """An adapter by name; a Problem lists those that are built."""
    if name not in ADAPTERS:
        raise Problem("adapter_unknown", name=name, known=", ".join(built()))
    return ADAPTERS[name]


def decode(raw: bytes, form: str, scope: Scope) -> Taken:
    """Readings of a raw body that was kept, decoded again as its form says.

    A signed body is kept as it was sent, with its coding in the form: `http-json+gzip`.
    """
    form, _, encoding = form.partition("+")
    raw = expand(raw, encoding)
    found = next((one.forms[form] for one in ADAPTERS.values() if form in one.forms), None)
    if found is None:
        known = ", ".join(sorted(form for one in ADAPTERS.values() for form in one.forms))
        raise Problem("adapter_form_unknown", form=form, known=known)
    decoder = _named(found)
    if isinstance(decoder, Mapping):
        taken: Taken = decoder[form](raw, scope)
        return taken
    return _polled(decoder, raw, scope)


def _polled(decoder: Callable[[bytes], Any], raw: bytes, scope: Scope) -> Taken:
    from tanma.intake.polling import taken_of

    return taken_of(decoder(raw), scope)


def _named(entry: str) -> Any:
    module, _, name = entry.partition(":")
    return getattr(import_module(module), name)
