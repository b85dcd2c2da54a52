"""Stated limits: dated facts of channels and enterprises, and the form that states them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from typing import Any

import pyarrow as pa
from django import forms
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tanma.apps.facts import door as facts
from tanma.apps.kit.door import with_note
from tanma.apps.live import door as live
from tanma.apps.metering import door as metering
from tanma.apps.registry import door as registry
from tanma.engine.metering.alarms import LIMITS, RULES

PREFIX, INTENSITY, PROFILE = "alarm.", "intensity", "profile_percent"
OURS = Q(item__startswith=PREFIX)
LEVELS = ("greatest", "least")
RULE_WORDS: dict[str, Any] = {
    "hour_limit": _("每小时用量上限"), "day_limit": _("每日用量上限"),
    PROFILE: _("超过用量档案（%）"), "greatest": _("数值上限"), "least": _("数值下限"),
    INTENSITY: _("碳效监测估算上限"),
}  # fmt: skip


def rules_of(channel: registry.Channel, *, virtual: bool = False) -> tuple[str, ...]:
    """The rules that make sense for a channel; a virtual one has no profile of its own."""
    if channel.kind == "state":
        return ()
    if channel.kind == "gauge":
        return LEVELS
    return ("hour_limit", "day_limit") if virtual else ("hour_limit", "day_limit", PROFILE)


def virtual_of(channels: Collection[registry.Channel]) -> set[int]:
    """Those channels that are formulas over others today."""
    meters = metering.Meter.objects.filter(name__in={c.meter for c in channels})
    names = set(meters.exclude(formula="").values_list("name", flat=True))
    return {c.id for c in channels if c.meter in names}


def limits(channels: Collection[int] | None = None) -> pa.Table:
    """What is stated of channels (None: all), as the engine takes it; later spans over earlier."""
    which = Q(item__in=[PREFIX + rule for rule in RULES])
    if channels is not None:
        which &= Q(subject__in=list(channels))
    rows = facts.current(list(facts.Fact.objects.filter(which, kind="attribute")))
    said: dict[tuple[int, str], list[facts.Fact]] = {}
    for f in rows:
        said.setdefault((f.subject, f.item.removeprefix(PREFIX)), []).append(f)
    made = [
        (*key, float(f.text), begin, end)
        for key, many in said.items() for f, begin, end in _apart(many) if f.text
    ]  # fmt: skip
    names = LIMITS.names
    told = [dict(zip(names, row, strict=True)) for row in made]
    return pa.Table.from_pylist(told, schema=LIMITS)


def _apart(said: Sequence[facts.Fact]) -> list[tuple[facts.Fact, dt.date, dt.date]]:
    """Statements of one thing, none over another: the one that began last holds."""
    ordered = sorted(said, key=lambda f: (f.valid_from, facts.rank(f)))
    ends = [f.valid_from for f in ordered[1:]] + [dt.date.max]
    return [
        (f, f.valid_from, min(f.valid_to, end))
        for f, end in zip(ordered, ends, strict=True) if f.valid_from < min(f.valid_to, end)
    ]  # fmt: skip


def now(subjects: Collection[int]) -> dict[int, dict[str, str]]:
    """subject → rule → text, as stated today."""
    found = facts.attributes(subjects, OURS, timezone.localdate())
    return {
        s: {item.removeprefix(PREFIX): text for item, text in said.items() if text}
        for s, said in found.items()
    }  # fmt: skip


def state(
    subject: int, said: dict[str, str], since: dt.date, *, author: str, evidence: str
) -> None:
    """Limits of a channel or an enterprise from a day on; an empty text takes one back."""
    told = [metering.Statement(subject, PREFIX + rule, text, since) for rule, text in said.items()]
    metering.state(told, author=author, evidence=evidence, deliberate=True)


class LimitForm(forms.Form):
    """One field per rule of a channel, with what holds today."""

    since = forms.DateField(
        label=_("生效日期"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    evidence = forms.CharField(label=_("凭据"), max_length=100, help_text=_("文件、工单或说明"))

    def __init__(self, *args: Any, rules: Sequence[str], unit: str, before: dict[str, str],
                 **kwargs: Any) -> None:  # fmt: skip
        super().__init__(*args, **kwargs)
        self.before = {rule: before.get(rule, "") for rule in rules}
        for rule in rules:
            own = "" if rule == PROFILE else unit
            self.fields[rule] = forms.RegexField(
                label=with_note(RULE_WORDS[rule], own), required=False, max_length=20,
                regex=r"^-?[0-9]{1,12}(\.[0-9]{1,6})?$", help_text=_("空着即不设"),
                widget=forms.TextInput(attrs={"inputmode": "decimal"}),
            )  # fmt: skip
        self.order_fields([*rules, "since", "evidence"])
        self.initial = {**self.before, "since": timezone.localdate(), **self.initial}

    def changes(self) -> dict[str, str]:
        return {r: v for r in self.before if (v := self.cleaned_data[r]) != self.before[r]}


def unit_of(channel: registry.Channel) -> str:
    return channel.unit if channel.kind != "gauge" else live.rate_unit(channel)
