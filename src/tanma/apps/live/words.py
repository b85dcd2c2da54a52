"""Freshness, ages, rates and figures of readings in the reader's language."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from tanma.apps.kit.door import lang, unit_name
from tanma.apps.live import known
from tanma.apps.metering import door as metering
from tanma.apps.registry import door as registry
from tanma.engine.disclosure import few, least

STATES, TONES = metering.STATES, metering.TONES
SAID: dict[str, Any] = {**metering.KINDS, "register": _("表底数")}
"""What the newest reading of a channel is: where its register stands, an amount, a level."""
RATES = {"kWh": "kW", "MWh": "MW", "kvarh": "kvar"}
"""The unit of an amount per hour where it has a name of its own."""


def ago(seconds: float | None) -> str:
    """How long ago, in the largest unit that gives at least one."""
    if seconds is None:
        return "—"
    for size, word in ((86400, gettext("%s 天前")), (3600, gettext("%s 小时前")),
                       (60, gettext("%s 分钟前"))):  # fmt: skip
        if seconds >= size:
            return word % int(seconds // size)
    return gettext("%s 秒前") % max(int(seconds), 0)


def rate_unit(channel: registry.Channel) -> str:
    if channel.kind in known.LEVELS:
        return channel.unit
    return RATES.get(channel.unit, f"{channel.unit}/h")


def shown(value: float | None, digits: int = 6) -> str:
    """A figure with so many significant digits; whole ones are never cut."""
    if value is None:
        return "—"
    return f"{value:,.0f}" if abs(value) >= 10 ** (digits - 1) else f"{value:,.{digits}g}"


def amount(value: float | None, unit: str, digits: int = 6) -> str:
    """A figure with its unit as people write it; states and counts have none."""
    if value is None:
        return shown(None)
    named = "" if unit in ("1", "count") else unit_name(unit, lang())
    return f"{shown(value, digits)} {named}".strip()


def not_public() -> str:
    """What stands where a figure of an area is withheld."""
    return gettext("不公开")


def how_many(enterprises: int) -> int | str:
    """How many enterprises stand behind a figure; few of them are only called few."""
    return gettext("不足 %(n)d") % {"n": least()} if few(enterprises) else enterprises
