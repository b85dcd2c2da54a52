"""The estimated account of a month, of an enterprise and of a region, beside what was declared."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from tanma.apps.inventories import door as inventories
from tanma.apps.kit.door import Chart, Column, Series, Table, listed, percent
from tanma.apps.live import door as live
from tanma.apps.live.door import Account, Closed, Line
from tanma.apps.registry import door as registry
from tanma.apps.running import asked
from tanma.apps.running.asked import SHOWN, Place, frame, shown
from tanma.apps.running.lag import lag
from tanma.apps.running.reconciled import Row, reconciled
from tanma.domain.items import items
from tanma.domain.messages import Problem
from tanma.engine.accounts import CODE
from tanma.engine.disclosure import few, least


@login_required
def enterprise_account(request: HttpRequest, uid: str) -> HttpResponseBase:
    return _account(request, asked.enterprise_of(request, uid))


@login_required
def region_account(request: HttpRequest) -> HttpResponseBase:
    return _account(request, asked.region_of(request))


def _account(request: HttpRequest, place: Place) -> HttpResponseBase:
    today = asked.now()
    month = asked.month_of(request, today)
    running = month == today.replace(day=1)
    found = live.account(place.subjects, month, today)
    shut = Closed() if found is None or place.firm else live.withheld(found)
    left_out = _left_out(place, running=running)
    table = _lines_table(lines_of(found), request, left_out, shut, today)
    if (file := table.export(f"estimate-{month:%Y-%m}")) is not None:
        return file
    context = frame(place, "account") | {
        "month": month, "running": running, "found": found, "table": table,
        "months": [(f"{m:%Y-%m}", m == month) for m in asked.months(today)],
        "lag": lag(place.channels if place.firm else None),
        "tiles": _tiles(found, shut, running=running), "chart": _days_chart(found, shut),
        "editions": live.edition_links(found.by) if found and found.by else [],
        "hidden": bool(shut.keys), "least": least(),
        "poll": place.address("account", f"?month={month:%Y-%m}"),
        "unmetered": _unmetered(place, found) if place.firm else [],
    }  # fmt: skip
    if not running:
        context |= _reconciliation(request, place, month, {x.item: x for x in lines_of(found)})
    part = "running/parts/account.html" if request.headers.get("HX-Request") else ""
    return render(request, part or "running/account.html", context)


def lines_of(found: Account | None) -> list[Line]:
    """What counts, and what is shown beside it."""
    return [x for x in (found.lines if found else ()) if x.counts or x.item in SHOWN]


def _tiles(
    found: Account | None, shut: Closed, *, running: bool
) -> list[tuple[Any, str, str]]:
    if found is None:
        return []
    label = _("本月估算排放") if running else _("当月估算排放")
    told = [
        (label, found.total(), "tCO₂", live.TOTAL),
        (_("直接排放"), found.total(direct=True), "tCO₂", live.DIRECT),
        (_("间接排放"), found.total(direct=False), "tCO₂", live.INDIRECT),
        (_("综合能耗（当量值，有系数的部分）"), found.coal_tce, "tce", live.COAL),
    ]
    return [
        (name, live.not_public() if shut.has(key) else shown(value), unit)
        for name, value, unit, key in told
    ]


def _category(line: Line) -> str:
    if not line.counts:
        return gettext("不计排放")
    return gettext("直接") if line.direct else gettext("间接")


def _left_out(place: Place, *, running: bool) -> set[str]:
    """Columns that say nothing here: today of a past month, the number of one enterprise."""
    return {key for key, idle in (("firms", place.firm), ("today", not running)) if idle}


def _lines_table(
    lines: Sequence[Line], request: HttpRequest, left_out: set[str], shut: Closed, today: dt.date
) -> Table:
    none = gettext("没有因子，不估算")

    def kept(value: Any, line: Line, day: dt.date | None = None) -> Any:
        return live.not_public() if shut.has(line.item, day) else value

    columns = [
        Column("item", _("排放源"), lambda x: registry.item_name(x.item)),
        Column("kind", _("类别"), _category),
        Column("amount", _("用量"), lambda x: kept(x.amount, x),
               lambda x: kept(shown(x.amount, 6), x), kind="number"),
        Column("unit", _("单位"), lambda x: x.unit),
        Column("today", _("今日"), lambda x: kept(x.today, x, today),
               lambda x: kept(shown(x.today, 6), x, today), kind="number"),
        Column("co2", _("监测估算值"), lambda x: kept(x.co2_t, x),
               lambda x: kept(shown(x.co2_t), x), unit="tCO₂", kind="number"),
        Column("factor", _("因子"), lambda x: x.factor or (none if x.counts else "")),
        Column("covered", _("采集完整率"), lambda x: None if x.covered is None else 100 * x.covered,
               lambda x: percent(x.covered), unit="%", kind="number"),
        Column("substituted", _("其中替代"), lambda x: kept(x.substituted, x),
               lambda x: kept(shown(x.substituted), x), kind="number"),
        Column("firms", _("企业"), lambda x: live.how_many(x.enterprises), kind="number"),
    ]  # fmt: skip
    wanted = [c for c in columns if c.key not in left_out]
    return Table(wanted, list(lines), request.GET, caption=_("按排放源"),
                 empty=_("这个月还没有按日计算的用量"))  # fmt: skip


def _days_chart(found: Account | None, shut: Closed) -> Chart | None:
    """Estimated emission of each day, by source."""
    valued = [d for d in (found.days if found else ()) if d.mg is not None]
    told = {(d.item, d.day): d.co2_t for d in valued}
    if not told:
        return None
    days = sorted({day for _, day in told})
    series = [
        Series(registry.item_name(item),
               [None if shut.has(item, day) else told.get((item, day)) for day in days],
               "tCO₂", digits=3)
        for item in sorted({item for item, _ in told})
    ]  # fmt: skip
    labels = [f"{day:%m-%d}" for day in days]
    return Chart("stacked", _("逐日监测估算值"), labels, series, category_label=gettext("日期"),
                 name="estimated-days")  # fmt: skip


def _unmetered(place: Place, found: Account | None) -> list[str]:
    """Carriers that the newest publication counts and no meter gives."""
    assert place.firm is not None
    try:
        newest = inventories.newest(place.firm.id, str(place.firm))
        (frozen,) = inventories.opened(place.viewer, place.firm.id, str(place.firm), newest.run_id)
    except Problem:
        return []
    counted = inventories.account(frozen, CODE).counted("code_gross")
    metered = {x.item for x in found.lines} if found else set()
    used = {e.bound.item for e, weight in counted if weight > 0 and e.posted}
    return [registry.item_name(i) for i in sorted(used - metered)]


def _reconciliation(
    request: HttpRequest, place: Place, month: dt.date, lines: Mapping[str, Line]
) -> dict[str, Any]:
    made = reconciled(place.subjects, month)
    rows = [r for r in made.rows if place.firm or _open(r, lines.get(r.item))]
    return {
        "reconciled": rows, "beside": _beside_table(rows, request),
        "undeclared": [registry.item_name(i) for i in made.undeclared],
        "declared_alone": [registry.item_name(i) for i in made.unmetered],
    }  # fmt: skip


def _open(row: Row, line: Line | None) -> bool:
    """Enough enterprises stand behind a row, and behind what it lacks of the line above it."""
    lacking = 0 if line is None else line.enterprises - row.enterprises
    return not few(row.enterprises) and not (lacking > 0 and few(lacking))


def _beside_table(rows: list[Row], request: HttpRequest) -> Table:
    columns = [
        Column("item", _("品种"), lambda r: registry.item_name(r.item)),
        Column("unit", _("单位"), lambda r: items()[r.item].unit),
        Column("metered", _("表计"), lambda r: r.metered, lambda r: shown(r.metered, 7),
               kind="number"),
        Column("declared", _("申报"), lambda r: r.declared, lambda r: shown(r.declared, 7),
               kind="number"),
        Column("gap", _("差额"), lambda r: r.gap, lambda r: shown(r.gap), kind="number"),
        Column("share", _("差额占申报"), lambda r: None if r.share is None else 100 * r.share,
               lambda r: percent(r.share), unit="%", kind="number"),
        Column("gap_t", _("差额折排放"), _gap_t, lambda r: shown(_gap_t(r)),
               unit="tCO₂", kind="number"),
        Column("firms", _("企业"), lambda r: r.enterprises, kind="number"),
        Column("whole", _("其中整月有读数"), lambda r: r.whole, kind="number"),
        Column("source", _("申报来源"),
               lambda r: listed(registry.source_name(s) for s in r.sources)),
    ]  # fmt: skip
    return Table(columns, rows, request.GET, prefix="r-", exports=(), caption=_("与申报数的核对"),
                 empty=_("这个月还没有同时有表计和申报的品种"))  # fmt: skip


def _gap_t(row: Row) -> float | None:
    if row.metered_t is None or row.declared_t is None:
        return None
    return row.metered_t - row.declared_t
