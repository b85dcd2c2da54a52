"""Source, grid, load and storage of an enterprise: the balance and the devices that take part."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from tanma.apps.kit.door import Chart, Column, Series, Table, listed
from tanma.apps.live import door as live
from tanma.apps.running import asked, power
from tanma.apps.running.asked import frame, shown
from tanma.apps.running.lag import lag, length

SPANS = {"1d": (_("1 天"), 1), "7d": (_("7 天"), 7), "31d": (_("31 天"), 31)}


@login_required
def enterprise_power(request: HttpRequest, uid: str) -> HttpResponseBase:
    place = asked.enterprise_of(request, uid)
    span = request.GET.get("span", "1d")
    span = span if span in SPANS else "1d"
    # whole hours: in a part of an hour some meters have spoken and others not yet
    end = timezone.now().replace(minute=0, second=0, microsecond=0)
    window = live.Window(end - dt.timedelta(days=SPANS[span][1]), end)
    channels = place.channels
    made = power.balance(place.meters, channels, window)
    table = _moments_table(made, request)
    if (file := table.export("power-balance")) is not None:
        return file
    context = frame(place, "power") | {
        "balance": made, "left": shown(made.left), "table": table, "lag": lag(channels),
        "spans": [(label, f"?span={key}", key == span) for key, (label, _n) in SPANS.items()],
        "charts": _power_charts(made) if made.moments else [], "terms": _terms(made),
        "devices": [_device(d) for d in power.devices(channels, made.channels)],
    }  # fmt: skip
    return render(request, "running/power.html", context)


def _when(made: power.Balance, at: dt.datetime) -> str:
    """The hour or day; with a space that does not break, since columns are narrow on phones."""
    return f"{at:%m/%d}\u00a0{at:%H}:00" if made.grain == "hour" else f"{at:%Y/%m/%d}"


def _power_charts(made: power.Balance) -> list[Chart]:
    """Sources up and uses down, stacked; below it the state of charge."""
    labels = [_when(made, m.at) for m in made.moments]
    series = [
        Series(name, [_signed(m, term, sign) for m in made.moments], "kWh", digits=1)
        for term, (name, sign, _fits) in power.TERMS.items() if term in made.channels
    ]  # fmt: skip
    charts = [Chart("stacked", _("来源（正）与去向（负）"), labels, series, name="balance",
                    size="l", category_label=gettext("时间"))]  # fmt: skip
    if any(m.soc is not None for m in made.moments):
        soc = Series(_("荷电状态"), [m.soc for m in made.moments], "%", draw="line", digits=1)
        charts.append(Chart("line", _("储能荷电状态"), labels, [soc], name="soc", size="s",
                            category_label=gettext("时间")))  # fmt: skip
    return charts


def _signed(moment: power.Moment, term: str, sign: int) -> float | None:
    value = moment.kwh.get(term)
    return None if value is None else sign * value


def _terms(made: power.Balance) -> list[tuple[Any, str, str]]:
    """Name, kWh and meters of each term."""
    return [
        (name, shown(made.total(term)), listed(c.meter for c in made.channels[term]))
        for term, (name, _sign, _fits) in power.TERMS.items() if term in made.channels
    ]  # fmt: skip


def _moments_table(made: power.Balance, request: HttpRequest) -> Table:
    columns = [Column("at", _("时间"), lambda m: _when(made, m.at))]
    columns += [_term_column(term) for term in power.TERMS if term in made.channels]
    left = _("差额") if made.load_metered else _("负荷（推算）")
    columns.append(Column("left", left, lambda m: m.left, lambda m: shown(m.left), unit="kWh",
                          kind="number"))  # fmt: skip
    if any(m.soc is not None for m in made.moments):
        columns.append(Column("soc", _("荷电状态"), lambda m: m.soc, lambda m: shown(m.soc, 3),
                              unit="%", kind="number"))  # fmt: skip
    return Table(columns, made.moments[::-1], request.GET, per_page=31, caption=_("逐时平衡"))


def _term_column(term: str) -> Column:
    return Column(term, power.TERMS[term][0], lambda m: m.kwh[term], lambda m: shown(m.kwh[term]),
                  unit="kWh", kind="number")  # fmt: skip


def _device(said: dict[str, Any]) -> tuple[str, Any, str, str]:
    """Meter, quantity, newest value with unit, and its age."""
    fresh, channel = said["fresh"], said["channel"]
    if fresh is None or fresh.value is None or fresh.age_s is None:
        return channel.meter, said["name"], "—", "—"
    unit = "" if channel.unit == "1" else f" {channel.unit}"
    return channel.meter, said["name"], f"{shown(fresh.value)}{unit}", length(fresh.age_s)
