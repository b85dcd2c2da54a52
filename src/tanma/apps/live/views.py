"""Live pages of one enterprise: tree and curves, the data behind them, data quality."""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Iterator
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    JsonResponse,
    StreamingHttpResponse,
)
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from tanma.apps.kit.door import Column, Table, neutral
from tanma.apps.live import curves, estimates, known, trees
from tanma.apps.live.asked import SPANS, Asked, asked
from tanma.apps.live.words import SAID, STATES, TONES, ago, amount, rate_unit, shown
from tanma.apps.metering import door as metering
from tanma.apps.people import door as people
from tanma.apps.registry import door as registry
from tanma.domain import quality

COMPARE = {"": _("不对比"), "day": _("前一天"), "week": _("前一周"), "year": _("上年同期")}
@login_required
def enterprises(request: HttpRequest) -> HttpResponseBase:
    """Enterprises that have meters; an enterprise comes to its own page at once."""
    viewer = people.viewer(request)
    own = viewer.own_subjects
    if len(own) == 1 and not viewer.office:
        firm = registry.Enterprise.objects.get(pk=next(iter(own)))
        return redirect("live:enterprise", firm.uid)
    meters = people.visible(viewer, metering.Meter.objects.all())
    listed = meters.exclude(enterprise=None).values_list("enterprise", flat=True)
    subjects = {s for s in listed if s is not None}
    rows = people.visible(viewer, registry.Enterprise.objects.filter(id__in=subjects))
    counted = _counted(subjects)
    columns = [
        Column("name", _("企业"), str, sort="name", href=address),
        Column("area", _("区域"), lambda e: registry.area_names().get(e.area_code)),
        Column("channels", _("通道"), lambda e: counted.get(e.id, 0), kind="number"),
    ]
    table = Table(columns, rows, request.GET, order="name", caption=_("有表计的企业"),
                  empty=_("还没有企业登记表计"))  # fmt: skip
    if (file := table.export("metered")) is not None:
        return file
    return render(request, "live/enterprises.html", {"table": table, "any": bool(subjects)})


def _counted(subjects: set[int]) -> dict[int, int]:
    from django.db.models import Count

    rows = registry.Channel.objects.filter(subject__in=subjects).values("subject")
    return dict(rows.annotate(n=Count("id")).values_list("subject", "n"))


def address(firm: registry.Enterprise) -> str:
    return reverse("live:enterprise", args=[firm.uid])


@login_required
def enterprise(request: HttpRequest, uid: str) -> HttpResponse:
    """The tree with its freshness on one side, the curve of what was chosen on the other."""
    a = asked(request, uid)
    context = _around(a)
    if a.chosen:
        with known.engine() as con:
            curves.points(con, a.chosen, a.window, a.pixels)
            context["behind"] = _behind(a, curves.totals(con, a.chosen, a.window))
        context |= {"spans": _spans(a), "compares": _compares(a), "curve": _curve(a)}
    return render(request, "live/enterprise.html", context)


@login_required
def tree(request: HttpRequest, uid: str) -> HttpResponse:
    """The part of the page that refreshes itself."""
    return render(request, "live/parts/tree.html", _around(asked(request, uid)))


def _around(a: Asked) -> dict[str, Any]:
    fresh = known.freshness(a.channels)
    roots = trees.grow(a.meters, a.channels, fresh)
    return {
        "a": a, "firm": a.firm, "branches": [_drawn(b, a) for r in roots for b in r.walk()],
        "counts": [(STATES[s], n, TONES[s]) for s, n in trees.counts(roots).items() if n],
        "poll": reverse("live:tree", args=[a.firm.uid]) + a.query(),
        "may": a.viewer.may("manage_meters", a.firm.id),
    }  # fmt: skip


def _drawn(branch: trees.Branch, a: Asked) -> dict[str, Any]:
    chosen = {c.id for c in a.chosen}
    own = [
        {
            "channel": c, "name": registry.item_name(c.item), "chosen": c.id in chosen,
            "fresh": f, "word": STATES[f.state], "tone": TONES[f.state],
            "age": ago(f.age_s),
            "value": amount(f.value, c.unit, 9), "kind": SAID[c.kind],
            "one": a.query(channel=str(c.id)), "more": a.query(channel=_with(a, c.id)),
        }
        for c, f in branch.leaves
    ]  # fmt: skip
    return {"meter": branch.meter, "depth": min(branch.depth, 6), "leaves": own}


def _with(a: Asked, channel: int) -> str:
    """The channels drawn, with one more, or without it where it is drawn already."""
    numbers = [c.id for c in a.chosen]
    after = [n for n in numbers if n != channel] if channel in numbers else [*numbers, channel]
    return ",".join(map(str, after)) or str(channel)


def _spans(a: Asked) -> list[tuple[Any, str, bool]]:
    return [
        (label, a.query(span=key, **{"from": "", "to": ""}), a.now and a.span == key)
        for key, (label, _length) in SPANS.items()
    ]


def _compares(a: Asked) -> list[tuple[Any, str, bool]]:
    return [(label, a.query(compare=key), a.compare == key) for key, label in COMPARE.items()]


def _curve(a: Asked) -> dict[str, Any]:
    """What the script needs to fetch and draw."""
    return {
        "url": reverse("live:points", args=[a.firm.uid]) + a.query(), "now": a.now,
        "begin": a.window.begin.timestamp() * 1000, "end": a.window.end.timestamp() * 1000,
        "zone": settings.TIME_ZONE, "waiting": gettext("正在取数…"),
        "empty": gettext("这段时间没有读数"),
    }  # fmt: skip


def _name(channel: registry.Channel) -> str:
    return f"{channel.meter} · {registry.item_name(channel.item)}"


@login_required
def points(request: HttpRequest, uid: str) -> JsonResponse:
    """Points of the chosen channels, and of the same channels before where compared."""
    a = asked(request, uid)
    series = []
    with known.engine() as con:
        found = curves.points(con, a.chosen, a.window, a.pixels) if a.chosen else {}
        series += [_series(a, c, found[c.id]) for c in a.chosen]
        meter = curves.measured(con, a.chosen, a.window, a.pixels) if a.chosen else {}
        series += [_series(a, c, meter[c.id], gettext("实测"), "measured")
                   for c in a.chosen if c.id in meter]  # fmt: skip
        if a.compare and a.chosen:
            back = curves.COMPARED[a.compare]
            before = curves.points(con, a.chosen, a.window.back(back), a.pixels)
            shift = back.total_seconds() * 1000
            series += [
                _series(a, c, _moved(before[c.id], shift), COMPARE[a.compare], "before")
                for c in a.chosen
            ]
    begin, end = (m.timestamp() * 1000 for m in (a.window.begin, a.window.end))
    return JsonResponse({"begin": begin, "end": end, "series": series})


def _moved(found: list[Any], by_ms: float) -> list[Any]:
    """Points of an earlier span laid over the present one."""
    return [[at + by_ms, value] for at, value in found]


def _series(
    a: Asked, channel: registry.Channel, found: list[Any], beside: Any = "", drawn: str = "used"
) -> dict[str, Any]:
    """A curve: what totals take (`used`), what the meter said (`measured`), or one `before`."""
    name = _name(channel) + (f" · {beside}" if beside else "")
    return {"name": name, "unit": rate_unit(channel), "points": found, "drawn": drawn,
            "of": a.chosen.index(channel)}  # fmt: skip


def _behind(a: Asked, found: dict[str, Any]) -> dict[str, Any]:
    """The table behind the curve, sums, and the estimate of carbon."""
    form = {"hour": "%m-%d %H:00", "day": "%Y-%m-%d", "month": "%Y-%m"}[found["grain"]]
    today = dt.datetime.now(ZoneInfo(settings.TIME_ZONE)).date()
    totals = [found["sums"].get(c.id) for c in a.chosen]
    said = [(c.item, t, c.unit) for c, t in zip(a.chosen, totals, strict=True)]
    valued = estimates.of_amounts(said, today)
    tiles = [
        {"name": _name(c), "total": shown(total), "unit": c.unit,
         "level": c.kind in known.LEVELS, "note": _note(found, c.id),
         "co2": shown(worth.co2_t if worth else None, 4),
         "factor": estimates.factors(worth.factors) if worth else ""}
        for c, total, worth in zip(a.chosen, totals, valued, strict=True)
    ]  # fmt: skip
    return {
        "heads": [(_name(c), c.unit) for c in a.chosen], "tiles": tiles,
        "rows": [(at.strftime(form), [(shown(v), (at, c.id) in found["marked"])
                  for c, v in zip(a.chosen, values, strict=True)]) for at, values in found["rows"]],
        "export": reverse("live:export", args=[a.firm.uid]) + a.query(),
    }  # fmt: skip


def _note(found: dict[str, Any], channel: int) -> str:
    """What a total holds: the amounts that totals take, how much of them a method put there."""
    said = [gettext("所选时段用量")]
    if (share := found["replaced"].get(channel)) is not None:
        said.append(gettext("所涉各日合计中按声明方法替代 %s%%") % f"{share * 100:.1f}")
    if left_out := found["left_out"].get(channel):
        said.append(gettext("按声明方法剔除 %s 个区间") % left_out)
    return gettext("；").join(said)


@login_required
def export(request: HttpRequest, uid: str) -> StreamingHttpResponse:
    """Every interval of the span as CSV, with its flags in words."""
    a = asked(request, uid)
    answer = StreamingHttpResponse(_lines(a), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = 'attachment; filename="readings.csv"'
    return answer


def _lines(a: Asked) -> Iterator[str]:
    yield "\ufeff"
    if settings.TANMA.demo:
        yield gettext("演示数据") + "\r\n"
    yield _row(
        [gettext("表计"), gettext("计量项目"), gettext("开始时间"), gettext("结束时间"),
         gettext("用量"), gettext("实测用量"), gettext("数值"), gettext("单位"),
         gettext("质量标志")]
    )  # fmt: skip
    zone = ZoneInfo(settings.TIME_ZONE)
    by_number = {c.id: c for c in a.chosen}
    if not a.chosen:
        return
    with known.engine() as con:
        curves.points(con, a.chosen, a.window, a.pixels)
        own = ", ".join(map(str, by_number))
        rows = con.execute(
            f"""SELECT channel, at_us, until_us, amount, measured_amount, value, flags
                FROM points WHERE channel IN ({own}) ORDER BY channel, at_us"""
        )
        while part := rows.fetchmany(2000):
            for number, at, until, *said, flags in part:
                c = by_number[number]
                times = (dt.datetime.fromtimestamp(t / 1e6, zone).isoformat() for t in (at, until))
                yield _row([c.meter, c.item, *times, *said, c.unit, flag_words(flags)])


def _row(cells: list[Any]) -> str:
    out = io.StringIO()
    csv.writer(out).writerow(map(neutral, cells))
    return out.getvalue()


def flag_words(flags: int | None) -> str:
    english = registry.item_name("water.total").startswith("Water")
    named = [f for f in quality.flags().values() if (flags or 0) & f.mask]
    return "; ".join(f.name_en if english else f.name_zh for f in named)
