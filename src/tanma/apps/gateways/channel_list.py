"""The channels that a gateway may write: filters in the address, pages, all of them as a file."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.conf import settings
from django.core.paginator import Page
from django.db.models import Q, QuerySet
from django.http import QueryDict
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from tanma.apps.kit.door import Column, Table, badge_html, known_time, lang, scaled, unit_name
from tanma.apps.metering.door import STATES, TONES, Newest, newest, point, state_of
from tanma.apps.registry import door as registry

SLICE = 2000
"""Channels whose newest readings are looked up at a time."""


class ChannelFilter(forms.Form):
    q = forms.CharField(label=_("测点、计量项目或通道号"), required=False, max_length=60)
    device = forms.CharField(label=_("表计"), required=False, max_length=60)
    state = forms.ChoiceField(
        label=_("状态"), required=False,
        choices=[("", _("全部")), *((s, STATES[s]) for s in ("fresh", "late", "silent")),
                 ("none", _("近 3 天无数据"))],
    )  # fmt: skip


def filtered(rows: QuerySet[registry.Channel], wanted: dict[str, Any]) -> (
    QuerySet[registry.Channel]
):  # fmt: skip
    """The channels that meet every condition of the address."""
    if text := wanted.get("q", "").strip():
        named = [item for item in rows.values_list("item", flat=True).distinct()
                 if text.lower() in f"{item} {registry.item_name(item)}".lower()]  # fmt: skip
        said = Q(meter__icontains=text) | Q(item__in=named)
        rows = rows.filter(said | Q(pk=int(text)) if _is_number(text) else said)
    if device := wanted.get("device", "").strip():
        rows = rows.filter(meter__icontains=device)
    if state := wanted.get("state"):
        found = _states(rows)
        rows = rows.filter(pk__in=[number for number, own in found.items() if own == state])
    return rows


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 19


def _states(rows: Iterable[registry.Channel]) -> dict[int, str]:
    return {c.id: _state(c, own) for c, own in _with_newest(list(rows))}


def _with_newest(
    channels: Sequence[registry.Channel], since: dt.datetime | None = None
) -> Iterator[tuple[registry.Channel, Newest | None]]:
    for start in range(0, len(channels), SLICE):
        part = channels[start : start + SLICE]
        found = newest(part, since)
        yield from ((c, found.get(c.id)) for c in part)


def _state(channel: registry.Channel, own: Newest | None) -> str:
    if own is None:
        return "none"
    return state_of(channel, (dt.datetime.now(dt.UTC) - own.at).total_seconds())


class ChannelTable(Table):
    """Channels with their newest readings, looked up for the rows that are shown."""

    def __init__(
        self, rows: QuerySet[registry.Channel], query: QueryDict, since: dt.datetime | None = None
    ) -> None:
        self.since = since
        self.newest: dict[int, Newest | None] = {}
        super().__init__(
            self._columns(), rows, query, order="number", caption=_("可写的通道"),
            empty=_("没有符合条件的通道"),
        )  # fmt: skip

    def cells(self, page: Page[Any]) -> list[list[Any]]:
        self._look(page.object_list)
        return super().cells(page)

    def _all_rows(self) -> Iterable[registry.Channel]:
        rows = list(self.ordered())
        self._look(rows)
        return rows

    def _look(self, rows: Iterable[registry.Channel]) -> None:
        self.newest |= {c.id: own for c, own in _with_newest(list(rows), self.since)}

    def _at(self, channel: registry.Channel) -> str | None:
        own = self.newest[channel.id]
        zone = ZoneInfo(settings.TIME_ZONE)
        return None if own is None else f"{own.at.astimezone(zone):%Y-%m-%d %H:%M:%S}"

    def _columns(self) -> list[Column]:
        def state(c: registry.Channel) -> str:
            return _state(c, self.newest[c.id])

        return [
            *_named(),
            Column("interval", _("采集间隔"), lambda c: c.interval_s, unit="s", kind="number",
                   sort="interval_s"),
            Column("at", _("最近读数"), self._at),
            Column("state", _("状态"), lambda c: str(STATES[state(c)]), kind="plain",
                   show=lambda c: badge_html(str(STATES[state(c)]), TONES[state(c)])),
        ]  # fmt: skip


class ArrivedTable(ChannelTable):
    """The first value of each channel, seen arriving."""

    def _columns(self) -> list[Column]:
        def value(c: registry.Channel) -> str | None:
            own = self.newest[c.id]
            return None if own is None else own.value

        def shown(c: registry.Channel) -> str:
            own = self.newest[c.id]
            return gettext("等待第一个读数…") if own is None else scaled(own.count, own.scale)

        def received(c: registry.Channel) -> str:
            own = self.newest[c.id]
            return known_time(None if own is None else own.received_us, settings.TIME_ZONE)

        return [
            *_named(), Column("value", _("最新读数"), value, kind="number", show=shown),
            Column("at", _("读数时间"), self._at), Column("received", _("接收时间"), received),
        ]  # fmt: skip


def _named() -> list[Column]:
    """Which channel, of what, in which unit."""
    return [
        Column("number", _("通道号"), lambda c: c.id, sort="id", kind="number", show=_plain),
        Column("point", _("测点名"), lambda c: point(c.meter, c.item), sort="meter"),
        Column("item", _("计量项目"), lambda c: registry.item_name(c.item), sort="item"),
        Column("unit", _("单位"), lambda c: "" if c.unit == "1" else unit_name(c.unit, lang())),
    ]  # fmt: skip


def _plain(channel: registry.Channel) -> str:
    """A number that names something has no thousands."""
    return str(channel.id)
