"""Pages of devices at work: whose, all of an enterprise, run time over a span, one device."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from django.contrib.auth.decorators import login_required
from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from tanma.apps.equipment import door as equipment
from tanma.apps.kit.door import Chart, Column, Series, Table, badge_html, clauses
from tanma.apps.live import door as live
from tanma.apps.metering import door as metering
from tanma.apps.people import door as people
from tanma.apps.registry import door as registry
from tanma.apps.watch import devices as work
from tanma.apps.watch import limits
from tanma.apps.watch.devices import DAY, Amount, Efficiency, Ran, Shown
from tanma.apps.watch.models import Alarm

STATE_WORDS: dict[str, Any] = {
    "run": _("运行"), "idle": _("空闲"), "stop": _("停机"), "unknown": _("未知"),
}  # fmt: skip
STATE_TONES = {"run": "good", "idle": "warn", "stop": "plain", "unknown": "plain"}
MOST_DAYS, MOST_DAYS_ALL, SHOWN_DAYS = 366, 92, 14
"""Days of run time at most: of one device, of all of an enterprise; days that a page shows."""


@login_required
def home(request: HttpRequest) -> HttpResponseBase:
    """Enterprises with devices; an enterprise comes to its own at once."""
    viewer = people.viewer(request)
    own = viewer.own_subjects
    if len(own) == 1 and not viewer.office:
        firm = registry.Enterprise.objects.get(pk=next(iter(own)))
        return redirect("watch:devices", firm.uid)
    rows = people.visible(viewer, equipment.Equipment.objects.exclude(enterprise=None))
    counted = dict(rows.values_list("enterprise").annotate(n=Count("id")))
    open_ = people.visible(viewer, Alarm.objects.filter(case__closed_at=None))
    alarms = dict(open_.values_list("subject").annotate(n=Count("case")))
    firms = people.visible(viewer, registry.Enterprise.objects.filter(id__in=counted))
    columns = [
        Column("name", _("企业"), str, sort="name",
               href=lambda e: reverse("watch:devices", args=[e.uid])),
        Column("area", _("区域"), lambda e: registry.area_names().get(e.area_code)),
        Column("devices", _("设备"), lambda e: counted.get(e.id, 0), kind="number"),
        Column("alarms", _("未关闭报警"), lambda e: alarms.get(e.id, 0), kind="number"),
    ]  # fmt: skip
    table = Table(columns, firms, request.GET, order="name", caption=_("有设备的企业"),
                  empty=_("还没有企业登记设备"))  # fmt: skip
    if (file := table.export("devices")) is not None:
        return file
    return render(request, "watch/home.html", {"table": table, "any": bool(counted)})


def _own(viewer: people.Viewer, firm: registry.Enterprise) -> list[equipment.Equipment]:
    rows = equipment.Equipment.objects.filter(enterprise=firm.id)
    return list(people.visible(viewer, rows).order_by("section", "name"))


def _count_alarms(viewer: people.Viewer, shown: Sequence[Shown]) -> None:
    rows = people.visible(viewer, Alarm.objects.filter(case__closed_at=None, channel__gt=0))
    open_ = list(rows.values_list("channel", flat=True))
    for s in shown:
        own = {c.id for c in s.feeds.all}
        s.alarms = sum(1 for channel in open_ if channel in own)


@login_required
def devices(request: HttpRequest, uid: str) -> HttpResponseBase:
    """Every device of an enterprise: state, load, freshness, energy, efficiency, alarms."""
    viewer, firm = live.firm_of(request, uid)
    shown = work.look(_own(viewer, firm))
    _count_alarms(viewer, shown)
    table = _table(firm, shown, request)
    if (file := table.export("devices")) is not None:
        return file
    states = [s.state for s in shown]
    context = {
        "firm": firm, "table": table, "any": bool(shown),
        "tiles": [(STATE_WORDS[s], states.count(s)) for s in STATE_WORDS],
        "alarms": people.visible(
            viewer, Alarm.objects.filter(subject=firm.id, case__closed_at=None)
        ).count(),
        "may": viewer.may("manage_meters", firm.id), "crumbs": crumbs(viewer, firm),
    }  # fmt: skip
    return render(request, "watch/devices.html", context)


def crumbs(
    viewer: people.Viewer, firm: registry.Enterprise, *more: tuple[str, str]
) -> list[tuple[str, str]]:
    first = [(gettext("重点设备"), reverse("watch:home"))] if viewer.office else []
    return [*first, (str(firm), reverse("watch:devices", args=[firm.uid])), *more]


def address(firm: registry.Enterprise, shown: Shown) -> str:
    return reverse("watch:device", args=[firm.uid, shown.device.uid])


def _table(firm: registry.Enterprise, shown: list[Shown], request: HttpRequest) -> Table:
    columns = [
        Column("name", _("设备"), lambda s: str(s.device), sort=True,
               href=lambda s: address(firm, s)),
        Column("section", _("工段"), lambda s: s.device.section or None, sort=True),
        Column("state", _("状态"), lambda s: str(STATE_WORDS[s.state]), show=state_html, sort=True,
               kind="plain"),
        Column("load", _("负荷率"), lambda s: s.load, show=load_html, sort=True, kind="number"),
        Column("fresh", _("最近读数"), lambda s: s.fresh.at, show=fresh_html, kind="plain"),
        Column("today", _("今日用能"), lambda s: _first(s.today), sort=True, kind="number",
               show=lambda s: amount_html(s.today)),
        Column("month", _("本月用能"), lambda s: _first(s.month), sort=True, kind="number",
               show=lambda s: amount_html(s.month)),
        Column("efficiency", _("效率"), lambda s: s.efficiency and s.efficiency.value,
               show=lambda s: efficiency_text(s.efficiency), kind="number"),
        Column("used", _("今日利用率"), lambda s: s.ran.utilisation, sort=True, kind="number",
               show=lambda s: percent(s.ran.utilisation)),
        Column("alarms", _("报警"), lambda s: s.alarms, sort=True, kind="number", show=alarms_html),
    ]  # fmt: skip
    return Table(columns, shown, request.GET, order="name", caption=_("设备监测"),
                 empty=_("没有设备"))  # fmt: skip


def _first(amounts: Sequence[Amount]) -> float | None:
    return amounts[0].now if amounts else None


def state_html(s: Shown) -> str:
    return badge_html(str(STATE_WORDS[s.state]), STATE_TONES[s.state])


def percent(share: float | None) -> str:
    return "—" if share is None else f"{share * 100:.0f} %"


def load_html(s: Shown) -> str:
    """The share of the rated power with a bar up to 120 %; the power where none is rated."""
    if s.load is None:
        return "—" if s.load_kw is None else f"{live.shown(s.load_kw, 4)} kW"
    width = f"{min(max(s.load, 0.0), 1.2) / 1.2 * 64:.0f}"
    return format_html(
        '<span class="load"><svg width="64" height="10" viewBox="0 0 64 10" aria-hidden="true">'
        '<rect class="whole" width="64" height="10" rx="5"/>'
        '<rect class="part" width="{}" height="10" rx="5"/></svg>{}</span>',
        width, percent(s.load),
    )  # fmt: skip


def fresh_html(s: Shown) -> str:
    word = badge_html(str(live.STATES[s.fresh.state]), live.TONES[s.fresh.state])
    age = live.ago(s.fresh.age_s)
    return format_html(
        '<span class="newest">{} <span class="muted small">{}</span></span>', word, age
    )


def amount_html(amounts: Sequence[Amount]) -> str:
    """The first amount with its unit, and how it compares with the same span before."""
    if not amounts or amounts[0].now is None:
        return "—"
    one = amounts[0]
    text = live.amount(one.now, one.channel.unit, 4)
    return format_html("{} <span class='muted small'>{}</span>", text, change_text(one.change))


def change_text(change: float | None) -> str:
    return "" if change is None else f"{change * 100:+.0f} %"


def efficiency_text(found: Efficiency | None) -> str:
    if found is None:
        return "—"
    return live.amount(found.value, found.unit, 3) if found.unit else percent(found.value)


def alarms_html(s: Shown) -> str:
    return badge_html(str(s.alarms), "bad") if s.alarms else "0"


def span_of(request: HttpRequest, most: int) -> tuple[dt.date, dt.date]:
    """Local days [first, end) of an address: the last week unless it says otherwise."""
    today = timezone.localdate()
    first = _day(request.GET.get("from", "")) or today - 6 * DAY
    last = _day(request.GET.get("to", "")) or today
    last = min(last, today)
    first = min(max(first, last - (most - 1) * DAY), last)
    return first, last + DAY


def _day(text: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        return None


@login_required
def runtime(request: HttpRequest, uid: str) -> HttpResponseBase:
    """Run, idle and stop time of every device over any span, and what is not known."""
    viewer, firm = live.firm_of(request, uid)
    own = _own(viewer, firm)
    first, end = span_of(request, MOST_DAYS_ALL)
    ran = work.run_days(own, first, end, timezone.now()) if own else {}
    rows = [(d, work.total(ran[d.id].values())) for d in own]
    table = _run_table(firm, rows, request)
    if (file := table.export("runtime")) is not None:
        return file
    context = {
        "firm": firm, "table": table, "any": bool(own), "first": first, "last": end - DAY,
        "most": MOST_DAYS_ALL, "chart": _run_chart([str(d) for d, _r in rows],
                                                   [r for _d, r in rows], horizontal=True),
        "crumbs": crumbs(viewer, firm, (gettext("运行时间"), "")),
    }  # fmt: skip
    return render(request, "watch/runtime.html", context)


Row = tuple[equipment.Equipment, Ran]


def _run_table(firm: registry.Enterprise, rows: list[Row], request: HttpRequest) -> Table:
    def hours(state: str) -> Column:
        return Column(state, STATE_WORDS[state], lambda r: getattr(r[1], state), sort=True,
                      show=lambda r: f"{getattr(r[1], state):,.1f}", unit="h",
                      kind="number")  # fmt: skip

    columns = [
        Column("name", _("设备"), lambda r: str(r[0]), sort=True,
               href=lambda r: reverse("watch:device", args=[firm.uid, r[0].uid])),
        Column("kind", _("设备类别"), lambda r: equipment.kind_word(r[0].kind)),
        *(hours(state) for state in STATE_WORDS),
        Column("used", _("利用率"), lambda r: r[1].utilisation, sort=True, kind="number",
               show=lambda r: percent(r[1].utilisation)),
        Column("bounds", _("上下限"), lambda r: bounds_text(r[1]), kind="number"),
    ]  # fmt: skip
    return Table(columns, rows, request.GET, order="name", caption=_("运行时间"),
                 empty=_("没有设备"))  # fmt: skip


def bounds_text(ran: Ran) -> str:
    found = ran.bounds
    return "—" if found is None else f"{found[0] * 100:.0f}–{found[1] * 100:.0f} %"


def _run_chart(names: list[str], rows: list[Ran], *, horizontal: bool = False) -> Chart:
    series = [
        Series(STATE_WORDS[s], [round(getattr(r, s), 3) for r in rows], unit="h", digits=1,
               unknown=s == "unknown")
        for s in STATE_WORDS
    ]
    return Chart(
        "stacked", gettext("运行、空闲、停机与未知时间"), names, series, horizontal=horizontal,
        category_label=gettext("设备") if horizontal else gettext("日期"), name="run",
    )  # fmt: skip


@login_required
def device(request: HttpRequest, uid: str, device: str) -> HttpResponse:
    """One device: now, its parameters, its days, its efficiency, its alarms."""
    viewer, firm = live.firm_of(request, uid)
    rows = equipment.Equipment.objects.filter(pk=metering.number(device), enterprise=firm.id)
    row = people.visible(viewer, rows).first()
    if row is None:
        raise Http404(device)
    (shown,) = work.look([row])
    _count_alarms(viewer, [shown])
    first, end = span_of(request, MOST_DAYS)
    if not request.GET.get("from"):
        first = end - SHOWN_DAYS * DAY
    ran = work.run_days([row], first, end, timezone.now())[row.id]
    context = {
        "firm": firm, "row": row, "s": shown, "kind": equipment.kind_word(row.kind),
        "state": STATE_WORDS[shown.state], "tone": STATE_TONES[shown.state],
        "load": percent(shown.load), "load_kw": live.shown(shown.load_kw, 4),
        "efficiency": efficiency_text(shown.efficiency), "ago": live.ago(shown.fresh.age_s),
        "amounts": [*_amounts(shown)], "used": percent(work.total(ran.values()).utilisation),
        "bounds": bounds_text(work.total(ran.values())), "first": first, "last": end - DAY,
        "most": MOST_DAYS, "run": _run_chart([f"{d:%m-%d}" for d in ran], list(ran.values())),
        "trend": _trend(shown, first, end), "parameters": _parameters(viewer, firm, shown),
        "alarms": _alarms(viewer, shown), "limits_kw": equipment.limits_kw(vars(row)),
        "crumbs": crumbs(viewer, firm, (str(row), "")),
    }  # fmt: skip
    return render(request, "watch/device.html", context)


def _amounts(s: Shown) -> list[dict[str, Any]]:
    """Tiles of energy and output: today and this month against the same span before."""
    spans = ((gettext("今日"), gettext("昨日同时段"), [*s.today, *s.output]),
             (gettext("本月（整日）"), gettext("上月同期"), s.month))  # fmt: skip
    return [
        {
            "label": f"{name} · {registry.item_name(a.channel.item)}",
            "value": live.shown(a.now, 5), "unit": a.channel.unit,
            "note": f"{before} {live.shown(a.before, 5)} {change_text(a.change)}".strip(),
        }
        for name, before, amounts in spans for a in amounts
    ]  # fmt: skip


def _trend(s: Shown, first: dt.date, end: dt.date) -> Chart | None:
    found = work.daily_efficiency(s.feeds, first, end)
    told = {d: e for d, e in found.items() if e is not None}
    if not told:
        return None
    unit = next(iter(told.values())).unit
    factor = 1 if unit else 100
    values = [None if e is None else e.value * factor for e in found.values()]
    series = Series(gettext("效率"), values, unit=unit or "%", draw="line", digits=3)
    return Chart("line", gettext("每日效率"), [f"{d:%m-%d}" for d in found], [series], size="s",
                 name="trend", category_label=gettext("日期"))  # fmt: skip


def _parameters(
    viewer: people.Viewer, firm: registry.Enterprise, s: Shown
) -> list[dict[str, Any]]:
    """Every channel that speaks for the device, with its newest reading and its limits."""
    stated = limits.now([c.id for c in s.feeds.all])
    curve = reverse("live:enterprise", args=[firm.uid])
    may = viewer.may("manage_meters", firm.id)
    found = []
    for c in s.feeds.all:
        f = s.freshness.get(c.id, live.NEVER)
        own = stated.get(c.id, {})
        found.append({
            "channel": c, "name": registry.item_name(c.item), "word": live.STATES[f.state],
            "tone": live.TONES[f.state], "ago": live.ago(f.age_s),
            "value": live.amount(f.value, c.unit, 7),
            "limits": clauses(f"{limits.RULE_WORDS[r]} {v}" for r, v in own.items()),
            "curve": f"{curve}?channel={c.id}",
            "set": reverse("watch:limit", args=[firm.uid, c.id])
            if may and limits.rules_of(c) else "",
        })  # fmt: skip
    return found


def _alarms(viewer: people.Viewer, s: Shown) -> list[dict[str, Any]]:
    rows = Alarm.objects.filter(channel__in=[c.id for c in s.feeds.all]).select_related("case")
    newest = people.visible(viewer, rows).order_by("-case__opened_at")[:10]
    return [{"case": a.case, "href": reverse("cases:case", args=[a.case.uid])} for a in newest]
