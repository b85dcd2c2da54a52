"""The state of the lake for whoever operates it: a page, and the same for Prometheus."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext

from tanma.apps.kit.door import lang
from tanma.apps.live import known
from tanma.apps.live.words import ago
from tanma.apps.people import door as people
from tanma.lake.status import metrics as as_prometheus
from tanma.lake.status import status

MEGA = 1024 * 1024


@login_required
def lake(request: HttpRequest) -> HttpResponse:
    people.viewer(request).require("see_lake")
    found = status(known.lake())
    tables = [
        (name, size["files"], size["rows"], round(size["bytes"] / MEGA, 2), size["bytes_per_row"])
        for name, size in sorted(found["tables"].items())
    ]
    language = lang()
    damaged = [one[language] for one in found["damaged"]]
    context = {"found": found, "tables": tables, "tiles": _tiles(found), "damaged": damaged}
    return render(request, "live/lake.html", context)


def _tiles(found: dict[str, Any]) -> list[tuple[str, Any, str, str]]:
    """(label, value, unit, note) of what an operator asks first."""
    complete, held = found["completeness"], found["held_keys"]
    waiting = [(gettext("因文件损坏等待"), held, gettext("通道·日"), "")] if held else []
    return [
        *waiting,
        (gettext("水位线"), ago(found["freshness_s"]), "", _at(found["watermark_us"])),
        (gettext("已整理至"), ago(found["settled_age_s"]), "", _at(found["settled_us"])),
        (gettext("待封存读数"), found["backlog_rows"], gettext("条"), ""),
        (gettext("待计算"), found["dirty_keys"], gettext("通道·日"), _at(found["derived_us"])),
        (gettext("近 7 日完整率"), None if complete is None else f"{complete * 100:.1f}", "%", ""),
        (gettext("每条读数"), found["bytes_per_reading"], gettext("字节"), ""),
    ]  # fmt: skip


def _at(stamp_us: int | None) -> str:
    if not stamp_us:
        return ""
    moment = dt.datetime.fromtimestamp(stamp_us / 1e6, dt.UTC)
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"


def metrics(request: HttpRequest) -> HttpResponse:
    """Prometheus text, for a session or a bearer key of somebody who may see the lake."""
    if not _may_scrape(request):
        answer = HttpResponse(status=401)
        answer["WWW-Authenticate"] = "Bearer"
        return answer
    text = as_prometheus(status(settings.TANMA.lake))
    return HttpResponse(text, content_type="text/plain; version=0.0.4; charset=utf-8")


def _may_scrape(request: HttpRequest) -> bool:
    given = request.headers.get("Authorization", "")
    if given.startswith("Bearer "):
        user = people.user_of_token(given.removeprefix("Bearer ").strip())
        return user is not None and people.viewer_of(user.username).may("see_lake")
    return people.viewer(request).may("see_lake")
