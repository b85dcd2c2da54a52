"""Data quality of meters: completeness, flags, substitution, balance, restatements."""

from __future__ import annotations

import datetime as dt
from typing import Any

import duckdb
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tanma.apps.kit.door import listed
from tanma.apps.live import known
from tanma.apps.live.asked import firm_of
from tanma.apps.live.words import shown
from tanma.apps.metering import door as metering
from tanma.apps.people import door as people
from tanma.apps.registry import door as registry
from tanma.domain import quality
from tanma.domain.items import items
from tanma.engine.metering import doubts
from tanma.lake.derived import Restatements

CAUSES = {
    "late": _("迟到"),
    "correction": _("更正"),
    "event": _("表计事件"),
    "parameter": _("参数"),
}
SHOWN_RESTATEMENTS = 100
MONTHS_BACK = 6


@login_required
def data_quality(request: HttpRequest, uid: str) -> HttpResponse:
    viewer, firm = firm_of(request, uid)
    meters = list(people.visible(viewer, metering.Meter.objects.filter(enterprise=firm.id)))
    names = [m.name for m in meters]
    channels = list(registry.Channel.objects.filter(meter__in=names).order_by("meter", "id"))
    first, end, earlier = _month(request.GET.get("month", ""))
    context: dict[str, Any] = {
        "firm": firm, "channels": channels, "month": f"{first:%Y-%m}", "months": earlier,
        "days": list(range(1, (end - first).days + 1)),
    }  # fmt: skip
    if channels:
        with known.engine() as con:
            known.days_of(con, channels, first, min(end, timezone.localdate() + dt.timedelta(1)))
            context |= {
                "calendar": _calendar(con, channels, first, end), "flags": _flags(con, channels),
                "substituted": _substituted(con, channels),
                "balance": _balance(con, channels),
                "restated": _restated(con, channels, first),
            }  # fmt: skip
    return render(request, "live/quality.html", context)


def _month(text: str) -> tuple[dt.date, dt.date, list[str]]:
    """The month asked for (this one by default), its end, and the months to choose from."""
    this = timezone.localdate().replace(day=1)
    found, month = [], this
    for _step in range(MONTHS_BACK):
        found.append(f"{month:%Y-%m}")
        month = (month - dt.timedelta(days=1)).replace(day=1)
    first = dt.date.fromisoformat(f"{text}-01") if text in found else this
    return first, (first + dt.timedelta(days=32)).replace(day=1), found


def _calendar(
    con: duckdb.DuckDBPyConnection, channels: list[registry.Channel], first: dt.date, end: dt.date
) -> list[dict[str, Any]]:
    """Per channel its days: share of expected readings that came, None where none is expected."""
    rows = con.execute("SELECT channel, day, n, expected, flagged FROM days").fetchall()
    found = {(c, d): (n, e, f) for c, d, n, e, f in rows}
    today = timezone.localdate()
    table = []
    for c in channels:
        began = min((d for n, d in found if n == c.id), default=first)
        days = [first + dt.timedelta(days=k) for k in range((end - first).days)]
        cells = [
            _cell(found.get((c.id, d)), c, told=began <= d <= today, whole=d < today) for d in days
        ]
        table.append({"channel": c, "name": registry.item_name(c.item), "cells": cells})
    return table


def _cell(
    day: tuple[int, int | None, int] | None, c: registry.Channel, *, told: bool, whole: bool
) -> dict[str, Any]:
    """A day before the first reading of the month, or after today, says nothing; of today counts
    what has passed of it."""
    if not told:
        return {"look": "future", "text": ""}
    came, expected, flagged = day or (0, None, 0)
    wanted = expected or (86_400 // c.interval_s if c.interval_s else None)
    if wanted is None:
        return {"look": "some" if came else "future", "text": str(came) if came else ""}
    if not whole:
        now = timezone.localtime()
        wanted = max(wanted * (now.hour * 60 + now.minute) // 1440, 1)
    share = min(came / wanted, 1.0)
    look = "full" if share >= 1 else "part" if share > 0 else "none"
    mark = "*" if flagged else ""
    return {"look": look, "text": f"{int(share * 100)}{mark}"}


def _flags(
    con: duckdb.DuckDBPyConnection, channels: list[registry.Channel]
) -> list[dict[str, Any]]:
    """Per flag: what it means, days and channels that carry it."""
    english = registry.item_name("water.total").startswith("Water")
    names = {c.id: c.meter for c in channels}
    found = []
    for flag in quality.flags().values():
        rows = con.execute(
            f"SELECT channel, count(*) FROM days WHERE flags & {flag.mask} <> 0 GROUP BY channel"
        ).fetchall()
        if rows:
            found.append({
                "name": flag.name_en if english else flag.name_zh,
                "note": flag.note_en if english else flag.note_zh,
                "days": sum(n for _, n in rows),
                "where": listed(sorted({names[c] for c, _ in rows})),
            })  # fmt: skip
    return found


def _substituted(
    con: duckdb.DuckDBPyConnection, channels: list[registry.Channel]
) -> list[dict[str, Any]]:
    """Channels of which something was replaced or spread, with share and declared method."""
    rows = con.execute(
        """SELECT channel, sum(milli), sum(substituted_milli), sum(spread_milli) FROM days
           GROUP BY channel HAVING sum(substituted_milli) <> 0 OR sum(spread_milli) <> 0"""
    ).fetchall()
    by_number = {c.id: c for c in channels}
    said = metering.attributes([c for c, *_ in rows])
    methods, english = quality.methods(), registry.item_name("water.total").startswith("Water")
    found = []
    for number, total, replaced, spread in rows:
        c = by_number[number]
        declared = said.get(number, {}).get(f"{quality.PREFIX}{quality.METHOD}", "none")
        method = methods.get(declared)
        found.append({
            "channel": c, "name": registry.item_name(c.item), "unit": c.unit,
            "replaced": _amount(replaced, c), "spread": _amount(spread, c),
            "share": replaced / total if total else None,
            "spread_share": spread / total if total else None,
            "method": (method.name_en if english else method.name_zh) if method else declared,
        })  # fmt: skip
    return found


def _amount(milli: int | None, c: registry.Channel) -> str:
    return shown(None if milli is None else int(milli) / 1000 / 10**c.scale)


def _balance(
    con: duckdb.DuckDBPyConnection, channels: list[registry.Channel]
) -> list[dict[str, Any]]:
    """Parents against the sum of their children, over the days on which all of them are known."""
    doubts.balance(con, "days")
    rows = con.execute(
        """SELECT b.channel, sum(own) FILTER (lacking = 0)::DOUBLE / any_value(den),
                  sum(children) FILTER (lacking = 0)::DOUBLE / any_value(den),
                  count(*) FILTER (flagged), count(*) FILTER (lacking > 0),
                  (SELECT count(*) FROM metering_channels c
                   WHERE c.parent_channel = b.channel AND c.formula IS NULL)
           FROM balances b JOIN metering_ratios USING (channel) GROUP BY ALL ORDER BY b.channel"""
    ).fetchall()
    by_number = {c.id: c for c in channels}
    found = []
    for number, own, children, flagged, lacking, parts in rows:
        item = items()[by_number[number].item]
        whole, total = (None if v is None else v / 10**item.scale for v in (own, children))
        found.append({
            "parent": by_number[number], "name": registry.item_name(item.item), "unit": item.unit,
            "whole": shown(whole), "parts": shown(total), "n": parts, "flagged": flagged,
            "lacking": lacking, "gap": shown(whole - total) if whole is not None else "—",
            "share": (whole - total) / whole if whole else None,
        })  # fmt: skip
    return found


def _restated(
    con: duckdb.DuckDBPyConnection, channels: list[registry.Channel], first: dt.date
) -> list[dict[str, Any]]:
    """Days of this month and later that came out otherwise when late facts arrived."""
    wanted = known.months(first, first + dt.timedelta(days=62))
    Restatements(known.lake()).view(con, wanted)
    by_number = {c.id: c for c in channels}
    numbers = ", ".join(str(c) for c in by_number)
    rows = con.execute(
        f"""SELECT channel, day, before_milli, after_milli, cause, stamp FROM restated
            WHERE channel IN ({numbers}) ORDER BY stamp DESC, day LIMIT {SHOWN_RESTATEMENTS}"""
    ).fetchall()
    return [
        {
            "channel": by_number[c], "day": day, "before": _amount(before, by_number[c]),
            "after": _amount(after, by_number[c]), "unit": by_number[c].unit,
            "cause": CAUSES.get(cause, cause), "stamp": stamp,
        }
        for c, day, before, after, cause, stamp in rows
    ]  # fmt: skip
