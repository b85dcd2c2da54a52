"""Topics by a template, payloads as in the HTTP door; without any network."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

import msgspec

from tanma.domain.messages import Problem
from tanma.intake.http.decode import decode as decode_http
from tanma.intake.live import Scope, Taken

WHOLE, OF_POINT = "http-json", "mqtt-point"
"""Forms: a payload that names its channels; the point's name, a line feed, and a payload."""
_FIELDS = ("{gateway}", "{point}")


@dataclass(frozen=True)
class Template:
    """A topic such as `plant/{gateway}/{point}/up`; other levels are taken as they stand.

    `+` stands for any level, `#` at the end for all that follow.
    """

    text: str

    def __post_init__(self) -> None:
        levels = self.text.split("/")
        named = [level for level in levels if level in _FIELDS]
        plain = "".join(level for level in levels if level not in _FIELDS)
        if not self.text or set("{}") & set(plain) or len(set(named)) < len(named):
            raise Problem("mqtt_topic", topic=self.text)

    @property
    def subscription(self) -> str:
        """What the broker is asked for."""
        return re.sub(r"\{\w+\}", "+", self.text)

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        levels = {"+": "[^/]*", "#": ".*", "{gateway}": "(?P<gateway>[^/]+)",
                  "{point}": "(?P<point>[^/]+)"}  # fmt: skip
        return re.compile("/".join(levels.get(x, re.escape(x)) for x in self.text.split("/")))

    def read(self, topic: str) -> Mapping[str, str] | None:
        """What the topic says of gateway and point; None where it is another topic."""
        found = self._pattern.fullmatch(topic)
        return found.groupdict() if found else None


def kept(point: str | None, payload: bytes) -> tuple[bytes, str]:
    """The bytes of a message as they are kept, and the form that reads them again."""
    if point is None:
        return payload, WHOLE
    return point.encode() + b"\n" + payload, OF_POINT


def decode(raw: bytes, form: str, scope: Scope) -> Taken:
    """Readings of a message that was kept; raises a Problem when it is none."""
    return FORMS[form](raw, scope)


def _whole(raw: bytes, scope: Scope) -> Taken:
    return decode_http(raw, WHOLE, scope)


def _of_point(raw: bytes, scope: Scope) -> Taken:
    """One reading, a list of them or columns, all of the point that the topic named."""
    name, _, payload = raw.partition(b"\n")
    try:
        said = msgspec.json.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Problem("mqtt_payload", point=name.decode(), reason=error) from None
    return decode_http(msgspec.json.encode(_with_channel(name.decode(), said)), WHOLE, scope)


def _with_channel(point: str, said: object) -> object:
    if isinstance(said, dict) and isinstance(said.get("value"), list):
        return {**said, "channel": [point] * len(said["value"])}
    rows = said if isinstance(said, list) else [said]
    named = [{**row, "channel": point} for row in rows if isinstance(row, dict)]
    if len(named) < len(rows):
        raise Problem("mqtt_payload", point=point, reason='{"time": …, "value": …}')
    return named


FORMS: dict[str, Callable[[bytes, Scope], Taken]] = {WHOLE: _whole, OF_POINT: _of_point}
"""Name kept beside a raw message → the decoder that reads it again."""
