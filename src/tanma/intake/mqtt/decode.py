"""Topics by a template, payloads as in the HTTP door; without any network."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import msgspec

from tanma.domain.messages import Problem
from tanma.intake.http.decode import decode as decode_http
from tanma.intake.live import Scope, Taken

WHOLE, OF_CHANNEL = "http-json", "mqtt-channel"
"""Forms: a payload that names its channels; the channel, a line feed, and a payload."""
_FIELDS = ("{gateway}", "{channel}", "{meter}", "{item}")
_CHANNELS: tuple[set[str], ...] = (set(), {"{channel}"}, {"{meter}", "{item}"})
"""What a topic may say of the channel: nothing, its number, or its name in two levels."""


@dataclass(frozen=True)
class Named:
    """What a topic said; None where it says nothing of it."""

    gateway: str | None
    channel: str | None


@dataclass(frozen=True)
class Template:
    """A topic such as `plant/{gateway}/{meter}/{item}`; other levels are taken as they stand.

    `{channel}` stands for a channel's number. `+` stands for any level, `#` at the end for all that
    follow.
    """

    text: str

    def __post_init__(self) -> None:
        levels = self.text.split("/")
        named = [level for level in levels if level in _FIELDS]
        plain = "".join(level for level in levels if level not in _FIELDS)
        wrong = not self.text or set("{}") & set(plain) or len(set(named)) < len(named)
        if wrong or {*named} - {"{gateway}"} not in _CHANNELS:
            raise Problem("mqtt_topic", topic=self.text)

    @property
    def subscription(self) -> str:
        """What the broker is asked for."""
        return re.sub(r"\{\w+\}", "+", self.text)

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        levels = {"+": "[^/]*", "#": ".*"} | {f: f"(?P<{f[1:-1]}>[^/]+)" for f in _FIELDS}
        return re.compile("/".join(levels.get(x, re.escape(x)) for x in self.text.split("/")))

    def read(self, topic: str) -> Named | None:
        """What the topic says; None where it is another topic."""
        match = self._pattern.fullmatch(topic)
        if match is None:
            return None
        said = match.groupdict()
        two = f"{said['meter']}/{said['item']}" if "meter" in said else None
        return Named(said.get("gateway"), said.get("channel") or two)


def kept(channel: str | None, payload: bytes) -> tuple[bytes, str]:
    """The bytes of a message as they are kept, and the form that reads them again."""
    if channel is None:
        return payload, WHOLE
    return channel.encode() + b"\n" + payload, OF_CHANNEL


def decode(raw: bytes, form: str, scope: Scope) -> Taken:
    """Readings of a message that was kept; raises a Problem when it is none."""
    return FORMS[form](raw, scope)


def _whole(raw: bytes, scope: Scope) -> Taken:
    return decode_http(raw, WHOLE, scope)


def _of_channel(raw: bytes, scope: Scope) -> Taken:
    """One reading, a list of them or columns, all of the channel that the topic named."""
    name, _, payload = raw.partition(b"\n")
    try:
        said = msgspec.json.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Problem("mqtt_payload", channel=name.decode(), reason=error) from None
    return decode_http(msgspec.json.encode(_with_channel(name.decode(), said)), WHOLE, scope)


def _with_channel(name: str, said: object) -> object:
    # no channel has a longer number, and what is longer still is none that Python reads
    channel: str | int = int(name) if re.fullmatch(r"[0-9]{1,18}", name) else name
    if isinstance(said, dict) and isinstance(said.get("value"), list):
        return {**said, "channel": [channel] * len(said["value"])}
    rows = said if isinstance(said, list) else [said]
    named = [{**row, "channel": channel} for row in rows if isinstance(row, dict)]
    if len(named) < len(rows):
        raise Problem("mqtt_payload", channel=name, reason='{"time": …, "value": …}')
    return named


FORMS: dict[str, Callable[[bytes, Scope], Taken]] = {WHOLE: _whole, OF_CHANNEL: _of_channel}
"""Name kept beside a raw message → the decoder that reads it again."""
