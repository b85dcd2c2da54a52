"""The open alarms that a viewer may see, on one page: where, over what, since when, whose turn."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms
from django.contrib.auth.decorators import login_required
from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tanma.apps.cases import door as cases
from tanma.apps.kit.door import Column, Table, badge_html, lang
from tanma.apps.live import door as live
from tanma.apps.people import door as people
from tanma.apps.registry import door as registry
from tanma.apps.watch import intensity, limits
from tanma.apps.watch.models import Alarm, Breach

AGES = {"1": _("1 天以上"), "3": _("3 天以上"), "7": _("7 天以上"), "30": _("30 天以上")}
STATES = {"open": _("待查看"), "overdue": _("已逾期")}
ANY = ("", _("全部"))


class AlarmFilter(forms.Form):
    """What the list can be narrowed by."""

    rule = forms.ChoiceField(
        label=_("类别"), required=False, choices=[ANY, *limits.RULE_WORDS.items()]
    )
    area = forms.ChoiceField(label=_("区域"), required=False)
    age = forms.ChoiceField(label=_("已持续"), required=False, choices=[ANY, *AGES.items()])
    state = forms.ChoiceField(label=_("状态"), required=False, choices=[ANY, *STATES.items()])
    q = forms.CharField(label=_("企业"), required=False, max_length=60)

    def __init__(self, data: Any, *, office: bool) -> None:
        super().__init__(data)
        if not office:  # one enterprise has one area and one name
            del self.fields["area"], self.fields["q"]
            return
        self.fields["area"].choices = registry.area_choices()  # type: ignore[attr-defined]


def filtered(rows: QuerySet[Alarm], wanted: dict[str, Any]) -> QuerySet[Alarm]:
    """The alarms that meet every condition of the address."""
    if rule := wanted.get("rule"):
        rows = rows.filter(rule=rule)
    if area := wanted.get("area"):
        rows = rows.filter(subject__in=registry.placement([area]).values("subject"))
    if age := wanted.get("age"):
        since = timezone.now() - dt.timedelta(days=int(age))
        rows = rows.filter(case__opened_at__lte=since)
    if state := wanted.get("state"):
        late = Q(case__due_at__lt=timezone.now())
        rows = rows.filter(late if state == "overdue" else Q(case__state=state))
    if text := wanted.get("q", "").strip():
        named = registry.Enterprise.objects.filter(name__icontains=text)
        rows = rows.filter(subject__in=named.values("id"))
    return rows


@login_required
def alarms(request: HttpRequest) -> HttpResponseBase:
    """Open alarms, the one that waits longest first."""
    viewer = people.viewer(request)
    form = AlarmFilter(request.GET, office=viewer.office)
    wanted = form.cleaned_data if form.is_valid() else {}
    open_ = people.visible(viewer, Alarm.objects.filter(case__closed_at=None))
    table = _table(viewer, filtered(open_, wanted), request)
    if (file := table.export("alarms")) is not None:
        return file
    context = {"form": form, "table": table, "counts": _counts(open_), "office": viewer.office}
    return render(request, "watch/alarms.html", context)


def _counts(open_: QuerySet[Alarm]) -> dict[str, int]:
    week = timezone.now() - dt.timedelta(days=7)
    return open_.aggregate(
        all=Count("case"), firms=Count("subject", distinct=True),
        late=Count("case", filter=Q(case__due_at__lt=timezone.now())),
        week=Count("case", filter=Q(case__opened_at__lte=week)),
    )  # fmt: skip


def _table(viewer: people.Viewer, rows: QuerySet[Alarm], request: HttpRequest) -> Table:
    newest = Breach.objects.filter(alarm=OuterRef("pk"), withdrawn=False).order_by("-day")
    told = rows.select_related("case").annotate(
        days=Count("breaches", filter=Q(breaches__withdrawn=False)),
        **{name: Subquery(newest.values(name)[:1]) for name in ("day", "value", "expected")},
    )
    return Table(_columns(viewer, rows), told, request.GET, order="opened",
                 caption=_("未关闭报警"), empty=_("没有符合条件的报警"))  # fmt: skip


def _columns(viewer: people.Viewer, rows: QuerySet[Alarm]) -> list[Column]:
    firms = registry.Enterprise.objects.in_bulk(list(set(rows.values_list("subject", flat=True))))
    areas, figure = registry.area_names(), _figures(viewer)

    def area(a: Any) -> str | None:
        return areas.get(firms[a.subject].area_code) if a.subject in firms else None

    return [
        Column("name", _("报警"), name, href=lambda a: cases.address(a.case)),
        Column("firm", _("企业"), lambda a: str(firms.get(a.subject, "")) or None,
               href=lambda a: reverse("watch:devices", args=[firms[a.subject].uid])
               if a.subject in firms else ""),
        Column("area", _("区域"), area),
        Column("rule", _("类别"), lambda a: str(limits.RULE_WORDS[a.rule]), sort="rule"),
        Column("state", _("状态"), lambda a: a.case.state_word, kind="plain",
               show=lambda a: badge_html(a.case.state_word, a.case.tone)),
        Column("day", _("最近超限日"), lambda a: a.day and f"{a.day}", sort="day"),
        Column("value", _("数值"), lambda a: figure(a, a.value), kind="number"),
        Column("expected", _("限值或预期"), lambda a: figure(a, a.expected), kind="number"),
        Column("unit", _("单位"), lambda a: a.case.params.get("unit")),
        Column("days", _("超限天数"), lambda a: a.days, kind="number", sort="days"),
        Column("opened", _("发现于"), lambda a: _local(a.case.opened_at, "%Y-%m-%d %H:%M"),
               sort="case__opened_at"),
        Column("due", _("办理期限"), lambda a: _local(a.case.due_at, "%Y-%m-%d"),
               lambda a: cases.due_html(a.case), kind="plain", sort="case__due_at"),
    ]  # fmt: skip


def name(alarm: Alarm) -> str:
    """The meter and its quantity, or the enterprise's carbon, in the reader's language."""
    return str(alarm.case.params["name"][lang()])


def _local(at: dt.datetime | None, form: str) -> str | None:
    return None if at is None else timezone.localtime(at).strftime(form)


def _figures(viewer: people.Viewer) -> Any:
    """A figure as text; those of carbon intensity only for whoever may see L."""
    may: dict[int, bool] = {}

    def shown(alarm: Alarm, value: float | None) -> str | None:
        if value is None:
            return None
        if alarm.rule == limits.INTENSITY:
            seen = may.setdefault(alarm.subject, intensity.may_see(viewer, alarm.subject))
            if not seen:
                return None
        return live.shown(value, 5)

    return shown
