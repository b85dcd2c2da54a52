"""What stands on the page of an alarm: the days that brought it, the way to curve and limits."""

from __future__ import annotations

from typing import Any

from django.urls import reverse

from tanma.apps.cases.door import Case
from tanma.apps.live import door as live
from tanma.apps.people.door import Viewer
from tanma.apps.registry import door as registry
from tanma.apps.watch import intensity, limits
from tanma.apps.watch.models import Alarm


def panel(case: Case, viewer: Viewer) -> tuple[str, dict[str, Any]]:
    """(template, context); figures of carbon intensity only for whoever may see L."""
    alarm = Alarm.objects.filter(case=case).first()
    if alarm is None:
        return "", {}
    quiet = alarm.rule == limits.INTENSITY and not intensity.may_see(viewer, alarm.subject)
    rows = [] if quiet else [
        {"row": b, "value": live.shown(b.value, 5), "expected": live.shown(b.expected)}
        for b in alarm.breaches.order_by("-day")
    ]  # fmt: skip
    context = {
        "rule": limits.RULE_WORDS[alarm.rule], "unit": case.params.get("unit", ""), "rows": rows,
        "links": _links(alarm), "quiet": quiet,
    }  # fmt: skip
    return "watch/parts/alarm.html", context


def _links(alarm: Alarm) -> dict[str, str]:
    firm = registry.Enterprise.objects.get(pk=alarm.subject)
    if not alarm.channel:
        return {"estimate": reverse("watch:intensity", args=[firm.uid])}
    newest = alarm.breaches.order_by("-day").first()
    day = f"&from={newest.day}T00:00&to={newest.day}T23:59" if newest else ""
    return {
        "curve": reverse("live:enterprise", args=[firm.uid]) + f"?channel={alarm.channel}{day}",
        "limits": reverse("watch:limit", args=[firm.uid, alarm.channel]),
    }
