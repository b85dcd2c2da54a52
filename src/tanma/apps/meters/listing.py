"""The list of meters: filters in the address, table; the history of a meter."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.db.models import Q, QuerySet
from django.http import QueryDict
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from tanma.apps.facts import door as facts
from tanma.apps.kit.door import Column, Table, badge_html, listed
from tanma.apps.metering.door import KINDS, Meter, number, today
from tanma.apps.meters import words
from tanma.apps.people.door import Viewer
from tanma.apps.registry import door as registry


class MeterFilter(forms.Form):
    q = forms.CharField(label=_("表计或位置"), required=False, max_length=60)
    item = forms.ChoiceField(
        label=_("计量项目"), required=False, choices=lambda: [("", _("全部")), *words.quantities()]
    )
    due = forms.ChoiceField(
        label=_("检定"), required=False,
        choices=[("", _("全部")), ("overdue", _("已过期")), ("soon", _("90 天内到期"))],
    )  # fmt: skip
    virtual = forms.ChoiceField(
        label=_("类别"), required=False,
        choices=[("", _("全部")), ("no", _("实体表")), ("yes", _("虚拟表"))],
    )  # fmt: skip
    of = forms.CharField(required=False, widget=forms.HiddenInput)


def filtered(rows: QuerySet[Meter], wanted: dict[str, Any]) -> QuerySet[Meter]:
    """The meters that meet every condition of the address."""
    if text := wanted.get("q", "").strip():
        rows = rows.filter(Q(name__icontains=text) | Q(location__icontains=text))
    if item := wanted.get("item"):
        counted = registry.Channel.objects.filter(item=item)
        rows = rows.filter(name__in=counted.values("meter"))
    if due := wanted.get("due"):
        ahead = 0 if due == "overdue" else 90
        from datetime import timedelta

        rows = rows.filter(calibration_due__lt=today() + timedelta(days=ahead))
    if virtual := wanted.get("virtual"):
        rows = rows.exclude(formula="") if virtual == "yes" else rows.filter(formula="")
    if uid := wanted.get("of"):
        rows = rows.filter(enterprise=number(uid))
    return rows


class MeterTable(Table):
    """Meters with their channels and enterprises, which are fetched once for all rows."""

    def __init__(self, rows: QuerySet[Meter], query: QueryDict) -> None:
        names = list(rows.values_list("name", flat=True))
        self.channels: dict[str, list[registry.Channel]] = {}
        for start in range(0, len(names), 5000):
            part = names[start : start + 5000]
            for channel in registry.Channel.objects.filter(meter__in=part).order_by("id"):
                self.channels.setdefault(channel.meter, []).append(channel)
        firms = set(rows.values_list("enterprise", flat=True)) - {None}
        self.firms = registry.Enterprise.objects.in_bulk(list(firms)) if firms else {}
        above = Meter.objects.filter(id__in=rows.exclude(parent=None).values("parent"))
        self.parents = dict(above.values_list("id", "name"))
        super().__init__(
            self._columns(), rows, query, order="name", caption=_("表计"),
            empty=_("没有符合条件的表计"),
        )  # fmt: skip

    def _of(self, row: Meter) -> list[registry.Channel]:
        return self.channels.get(row.name, [])

    def _columns(self) -> list[Column]:
        of = self._of
        return [
            Column("name", _("表计"), str, sort="name", href=address),
            Column("enterprise", _("企业"),
                   lambda m: str(self.firms.get(m.enterprise, "")) or None),
            Column("items", _("计量项目"),
                   lambda m: listed(registry.item_name(c.item) for c in of(m)) or None),
            Column("numbers", _("通道"), lambda m: listed(str(c.id) for c in of(m)) or None),
            Column("kind", _("数据形式"),
                   lambda m: listed(dict.fromkeys(str(KINDS[c.kind]) for c in of(m)))
                   or None),
            Column("multiplier", _("倍率"),
                   lambda m: listed(dict.fromkeys(c.multiplier for c in of(m))) or None,
                   kind="number"),
            Column("parent", _("上级表计"), lambda m: self.parents.get(m.parent)),
            Column("location", _("位置"), lambda m: m.location or m.site or None, sort="location"),
            Column("accuracy", _("准确度"), lambda m: m.accuracy or None),
            Column("due", _("检定到期"), lambda m: m.calibration_due, sort="calibration_due",
                   show=due_html, kind="plain"),
        ]  # fmt: skip


def address(meter: Meter) -> str:
    return reverse("meters:meter", args=[meter.uid])


def due_html(meter: Meter) -> str:
    """The day on which calibration ends; a past one is marked in words."""
    if meter.calibration_due is None:
        return "—"
    text = meter.calibration_due.isoformat()
    if meter.calibration_due >= today():
        return text
    return badge_html(gettext("%s 已过期") % text, "bad")


@dataclass(frozen=True)
class Said:
    """One version of a statement about a meter or one of its channels."""

    fact: facts.Fact
    what: str
    channel: str
    text: str
    current: bool

    @property
    def author(self) -> str:
        return registry.author_name(self.fact.author)

    @property
    def evidence(self) -> str:
        return registry.evidence_html(self.fact.evidence)


def history(viewer: Viewer, meter: Meter, channels: Iterable[registry.Channel]) -> list[Said]:
    """Every statement about a meter and its channels, the newest first."""
    own = {c.id: registry.item_name(c.item) for c in channels}
    rows = [f for subject in (meter.id, *own) for f in facts.facts_of(subject)]
    current = {f.seq for f in facts.current(rows)}
    shown = [
        Said(f, words.attribute_name(f.item), own.get(f.subject, ""), _text(f), f.seq in current)
        for f in sorted(rows, key=lambda f: -f.seq)
    ]
    return (
        shown if viewer.may("manage_meters", meter.enterprise) else [s for s in shown if s.current]
    )


def _text(fact: facts.Fact) -> str:
    text = fact.text or ""
    if fact.item == "meter.parent":
        return str(Meter.objects.filter(pk=number(text)).first() or text)
    if fact.item == "channel.meter":
        return str(Meter.objects.filter(pk=number(text)).first() or text)
    if fact.item == "channel.item":
        return registry.item_name(text)
    if fact.item == "channel.kind":
        return str(KINDS.get(text, text))
    return text
