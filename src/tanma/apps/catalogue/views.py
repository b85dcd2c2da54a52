"""Pages about the data as a whole: catalogue, sources, tax and power, missing reports."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from tanma.apps.catalogue import classes, compare, reminders
from tanma.apps.catalogue.models import Reminder
from tanma.apps.imports.door import Batch, official, state_html, titled, when
from tanma.apps.kit.door import (
    Column,
    Table,
    known_time,
    lang,
    listed,
    percent,
    period_name,
    scaled,
)
from tanma.apps.people import door as people
from tanma.apps.registry import door as registry
from tanma.domain.items import items, sources
from tanma.domain.messages import Problem
from tanma.domain.periods import Period, parse, quarter_of
from tanma.lake.known import Snapshot

SHOWN_BATCHES = 20
SEARCHED_BATCHES = 500
QUARTERS = 12


def named(one: classes.DataClass) -> str:
    return one.en if lang() == "en" else one.zh


def share(value: float | Fraction | None) -> str | None:
    return None if value is None else percent(float(value))


def _arrived(row: classes.Arrival) -> str:
    return known_time(row.stamp, settings.TIME_ZONE)


@login_required
def catalogue(request: HttpRequest) -> HttpResponseBase:
    """Every class of data, its owner, and how far the last period is reported."""
    official(request)
    rows, bases = _with_readings(classes.arrivals()), classes.legal_bases()
    columns = [
        Column("name", _("数据类"), lambda r: named(r.data), href=_page_of, sort=True),
        Column("owner", _("提供部门"), lambda r: r.owner, href=_source_of, sort=True),
        Column("frequency", _("频率"), lambda r: str(classes.FREQUENCIES[r.data.frequency])),
        Column("legal", _("法定依据"), lambda r: str(bases.get(r.data.id, gettext("未录入")))),
        Column("stamp", _("最近到达"), lambda r: r.stamp, _arrived,
               sort=True, brief=True),
        Column("last", _("最近期间"), lambda r: r.last and f"{r.last:%Y-%m}", sort=True),
        Column("rows", _("条数"), lambda r: r.rows, lambda r: f"{r.rows:,}", kind="number",
               sort=True),
        Column("reported", _("已报 / 应报"), lambda r: r.reported, _reported, unit=_("家"),
               kind="number"),
        Column("completeness", _("完整率"), lambda r: r.completeness,
               lambda r: share(r.completeness), unit="%", kind="number", sort=True,
               brief=True),
    ]  # fmt: skip
    table = Table(columns, rows, request.GET, per_page=100, caption=_("数据目录"))
    if (file := table.export("catalogue")) is not None:
        return file
    arrived = sum(1 for r in rows if r.rows)
    context = {"table": table, "arrived": arrived, "total": len(rows)}
    return render(request, "catalogue/home.html", context)


def _with_readings(rows: list[classes.Arrival]) -> list[classes.Arrival]:
    """Readings lie in the lake, not in the facts: what came through any door, and when."""
    lake = Snapshot(settings.TANMA.lake)
    files = [*lake.landing, *lake.lying_tail(), *lake.readings]
    if not files:
        return rows
    stamp = max(f.most.get("stamp", 0) for f in files) or lake.watermark
    day = datetime.fromtimestamp(stamp / 1e6, ZoneInfo(settings.TIME_ZONE)).date()
    kept = sum(f.rows for f in files)
    return [
        classes.Arrival(r.data, kept, stamp, day) if r.data.id == "readings" else r for r in rows
    ]


def _page_of(row: classes.Arrival) -> str:
    return reverse("catalogue:class", args=[row.data.id])


def _source_of(row: classes.Arrival) -> str:
    return reverse("catalogue:source", args=[row.data.owner])


def _reported(row: classes.Arrival) -> str | None:
    return None if row.expected is None else f"{row.reported:,} / {row.expected:,}"


@login_required
def source(request: HttpRequest, source: str) -> HttpResponseBase:
    """One source: its classes and last batches, and its figures beside those of other sources."""
    viewer = official(request)
    if source not in sources():
        raise Http404
    table = _reconciled(request, source)
    if (file := table.export(f"reconcile-{source}")) is not None:
        return file
    known = sources()[source]
    title = known.name_en if lang() == "en" else known.name_zh
    crumbs = [(gettext("数据目录"), reverse("catalogue:home")), (title, "")]
    newest = people.visible(viewer, Batch.objects.order_by("-created_at"))[:SEARCHED_BATCHES]
    mine = [
        {"batch": b, "when": when(b), "title": titled(b.package), "state": state_html(b)}
        for b in newest
        if source in b.sources
    ][:SHOWN_BATCHES]
    context = {
        "title": title, "owner": classes.owner_name(source), "crumbs": crumbs, "batches": mine,
        "table": table,
        "classes": [named(c) for c in classes.classes() if c.owner == source],
    }  # fmt: skip
    return render(request, "catalogue/source.html", context)


def _reconciled(request: HttpRequest, source: str) -> Table:
    def amount(name: str) -> Callable[[compare.Reconciled], str]:
        return lambda r: scaled(getattr(r, name), r.scale)

    columns = [
        Column("month", _("起始月"), lambda r: f"{r.month:%Y-%m}", sort=True),
        Column("item", _("项目"), lambda r: registry.item_name(r.item), sort=True),
        Column("unit", _("单位"), lambda r: items()[r.item].unit),
        Column("value", _("本来源合计"), amount("value"), kind="number"),
        Column("other", _("另一来源"), lambda r: registry.source_name(r.other), sort=True),
        Column("other_value", _("另一来源合计"), amount("other_value"), kind="number"),
        Column("difference", _("相差"), lambda r: r.difference, lambda r: share(r.difference),
               unit="%", kind="number", sort=True),
        Column("firms", _("可比企业"), lambda r: r.firms, unit=_("家"), kind="number", sort=True),
        Column("different", _("相差超过 1 %"), lambda r: r.different, unit=_("家"), kind="number",
               sort=True),
    ]  # fmt: skip
    empty = _("没有别的来源报送同一企业的同一项目")
    rows = compare.reconcile(source)
    return Table(columns, rows, request.GET, caption=_("对账"), empty=empty)


def named_quarters() -> list[tuple[str, str]]:
    """Periods to choose from, each with its name."""
    return [(q, period_name(q, lang())) for q in recent_quarters()]


def recent_quarters(count: int = QUARTERS) -> list[str]:
    """Quarters that have ended, the newest first."""
    last = quarter_of(timezone.localdate()).previous()
    found = [last]
    while len(found) < count:
        found.append(found[-1].previous())
    return [p.text for p in found]


class PeriodForm(forms.Form):
    period = forms.CharField(label=_("期间"), required=False, max_length=20)

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        named = named_quarters()
        self.fields["period"].widget = forms.Select(choices=named)


def chosen_period(request: HttpRequest) -> Period:
    try:
        return parse(request.GET.get("period") or recent_quarters(1)[0])
    except Problem:
        raise Http404 from None


def _visible_firms(viewer: people.Viewer, subjects: Any) -> dict[int, registry.Enterprise]:
    rows = people.visible(viewer, registry.Enterprise.objects.all())
    wanted = set(subjects)
    return {firm.id: firm for firm in rows if firm.id in wanted}


@login_required
def mismatch(request: HttpRequest) -> HttpResponseBase:
    """税电数据: enterprises whose power and turnover do not go together."""
    viewer = official(request)
    period = chosen_period(request)
    pairs = compare.pairs(period)
    found = compare.mismatches(pairs)
    firms = _visible_firms(viewer, (pair.subject for pair, _rule in found))
    rows = [(firms[p.subject], p, r) for p, r in found if p.subject in firms]
    columns = [
        Column("name", _("企业"), lambda r: str(r[0]), href=lambda r: _firm(r[0]), sort=True),
        Column("code", _("统一社会信用代码"), lambda r: r[0].uscc),
        Column("rule", _("情形"), lambda r: r[2].en if lang() == "en" else r[2].zh, sort=True),
        _figure("power", _("用电"), "kWh", lambda r: r[1].power_kwh),
        _change("power_change", _("用电同比"), lambda r: r[1].power_change),
        _figure("turnover", _("计税营业额"), _("元"), lambda r: r[1].turnover_yuan),
        _change("turnover_change", _("营业额同比"), lambda r: r[1].turnover_change),
    ]
    table = Table(columns, rows, request.GET, caption=_("税电不符"), empty=_("没有发现不符"))
    if (file := table.export(f"mismatch-{period.text}")) is not None:
        return file
    rules = classes.mismatch_rules()
    context = {
        "table": table, "period": period, "rules": rules, "language": lang(),
        "form": PeriodForm({"period": period.text}), "compared": compare.comparable(pairs),
        "before": period.year_before(),
    }  # fmt: skip
    return render(request, "catalogue/mismatch.html", context)


def _figure(key: str, label: Any, unit: Any, value: Callable[[Any], Fraction | None]) -> Column:
    def show(row: Any) -> str | None:
        found = value(row)
        return None if found is None else f"{float(found):,.0f}"

    return Column(key, label, value, show, unit=unit, kind="number", sort=True)


def _change(key: str, label: Any, value: Callable[[Any], Fraction | None]) -> Column:
    return Column(key, label, value, lambda r: share(value(r)), unit="%", kind="number", sort=True)


def _firm(firm: registry.Enterprise) -> str:
    return registry.link_if_there("registry:enterprise", firm.uid)


@login_required
def missing(request: HttpRequest) -> HttpResponseBase:
    """催报: who owes which reports for a period; remind them, and see who has read it."""
    viewer = official(request)
    period = chosen_period(request)
    owed = classes.missing(period)
    firms = _visible_firms(viewer, owed)
    owed = {subject: found for subject, found in owed.items() if subject in firms}
    if request.method == "POST":
        n = reminders.remind(owed, period.text, viewer)
        text = ngettext("已催报 %(n)s 家。", "已催报 %(n)s 家。", n) % {"n": f"{n:,}"}
        messages.success(request, text)
        return redirect(f"{reverse('catalogue:missing')}?period={period.text}")
    table = _owed(request, viewer, period, [(firms[s], c) for s, c in owed.items()])
    if (file := table.export(f"missing-{period.text}")) is not None:
        return file
    context = {
        "table": table, "period": period, "form": PeriodForm({"period": period.text}),
        "count": len(owed), "may": viewer.may("decide"),
    }  # fmt: skip
    return render(request, "catalogue/missing.html", context)


def _owed(request: HttpRequest, viewer: people.Viewer, period: Period, rows: list[Any]) -> Table:
    sent: dict[int, Reminder] = {}
    mine = people.visible(viewer, Reminder.objects.filter(period=period.text))
    for reminder in mine.order_by("created_at"):
        sent[reminder.subject] = reminder

    areas = registry.area_names()

    def state(row: Any) -> str | None:
        reminder = sent.get(row[0].id)
        if reminder is None:
            return None
        day = timezone.localtime(reminder.created_at).strftime("%Y-%m-%d")
        return day + (gettext(" 已读") if reminder.seen_at else gettext(" 未读"))

    columns = [
        Column("name", _("企业"), lambda r: str(r[0]), href=lambda r: _firm(r[0]), sort=True),
        Column("code", _("统一社会信用代码"), lambda r: r[0].uscc, sort=True),
        Column("area", _("区域"), lambda r: areas.get(r[0].area_code, r[0].area_code), sort=True),
        Column("size", _("规模"), lambda r: size_word(r[0].size_class), sort=True),
        Column("owed", _("缺报"), lambda r: listed(reminders.names(r[1], lang()))),
        Column("sent", _("催报"), state, sort=True),
    ]
    empty = _("没有缺报的企业")
    return Table(columns, rows, request.GET, order="name", caption=_("缺报企业"), empty=empty)


def size_word(size_class: str) -> str:
    return {"above": gettext("规上"), "below": gettext("规下")}.get(size_class, "")
