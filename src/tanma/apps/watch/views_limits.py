"""Limits of channels and of the enterprise, and the running estimate of carbon intensity."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext

from tanma.apps.live import door as live
from tanma.apps.metering import door as metering
from tanma.apps.people import door as people
from tanma.apps.registry import door as registry
from tanma.apps.watch import intensity, limits
from tanma.apps.watch.devices import DAY
from tanma.apps.watch.intensity import Estimate
from tanma.apps.watch.views import change_text, crumbs


@login_required
def limit_list(request: HttpRequest, uid: str) -> HttpResponse:
    """Channels of an enterprise with the limits that hold today."""
    viewer, firm = live.firm_of(request, uid)
    meters = metering.Meter.objects.filter(enterprise=firm.id)
    names = people.visible(viewer, meters).values("name")
    channels = [
        c for c in registry.Channel.objects.filter(meter__in=names).order_by("meter", "id")
        if limits.rules_of(c)
    ]  # fmt: skip
    virtual = limits.virtual_of(channels)
    stated = limits.now([c.id for c in channels])
    may = viewer.may("manage_meters", firm.id)
    rows = [
        {
            "channel": c, "name": registry.item_name(c.item), "unit": limits.unit_of(c),
            "limits": [(limits.RULE_WORDS[r], v) for r, v in stated.get(c.id, {}).items()],
            "href": reverse("watch:limit", args=[firm.uid, c.id]) if may else "",
            "virtual": c.id in virtual,
        }
        for c in channels
    ]  # fmt: skip
    context = {"firm": firm, "rows": rows, "virtual": bool(virtual),
               "crumbs": crumbs(viewer, firm, (gettext("限值"), ""))}  # fmt: skip
    return render(request, "watch/limits.html", context)


@login_required
def limit(request: HttpRequest, uid: str, number: int) -> HttpResponse:
    """State the limits of one channel from a day on; number 0 is the enterprise itself."""
    viewer, firm = live.firm_of(request, uid)
    viewer.require("manage_meters", firm.id)
    channel = _channel(firm, number)
    subject = channel.id if channel else firm.id
    virtual = bool(channel and limits.virtual_of([channel]))
    rules = limits.rules_of(channel, virtual=virtual) if channel else (limits.INTENSITY,)
    if not channel and not intensity.may_see(viewer, firm.id):
        raise PermissionDenied("see_statistical")
    form = limits.LimitForm(
        request.POST or None, rules=rules, unit=limits.unit_of(channel) if channel else "t/万元",
        before=limits.now([subject]).get(subject, {}),
    )  # fmt: skip
    if request.method == "POST" and form.is_valid():
        limits.state(
            subject, form.changes(), form.cleaned_data["since"],
            author=f"user:{viewer.user_id}", evidence=form.cleaned_data["evidence"],
        )  # fmt: skip
        messages.success(request, gettext("限值已记录，涉及的日期将重新判断。"))
        return redirect(reverse("watch:limits" if channel else "watch:intensity", args=[firm.uid]))
    title = f"{channel.meter} · {registry.item_name(channel.item)}" if channel else str(firm)
    above = (gettext("限值"), reverse("watch:limits", args=[firm.uid]))
    context = {"form": form, "firm": firm, "title": title, "channel": channel,
               "virtual": virtual,
               "crumbs": crumbs(viewer, firm, above, (title, ""))}  # fmt: skip
    return render(request, "watch/limit.html", context, status=400 if form.errors else 200)


def _channel(firm: registry.Enterprise, number: int) -> registry.Channel | None:
    """A channel of this enterprise; None for the enterprise itself."""
    if not number:
        return None
    meters = metering.Meter.objects.filter(enterprise=firm.id).values("name")
    found = registry.Channel.objects.filter(pk=number, meter__in=meters).first()
    if found is None or not limits.rules_of(found):
        raise Http404(str(number))
    return found


@login_required
def intensity_page(request: HttpRequest, uid: str) -> HttpResponse:
    """The estimate of the running quarter beside the published L and the industry's."""
    viewer, firm = live.firm_of(request, uid)
    if not intensity.may_see(viewer, firm.id):
        raise PermissionDenied("see_statistical")
    found = intensity.estimate(firm.id)
    result = intensity.published(viewer, firm.id)
    bound = limits.now([firm.id]).get(firm.id, {}).get(limits.INTENSITY, "")
    value = found.intensity
    context = {
        "firm": firm, "e": found, "value": live.shown(value, 4), "result": result,
        "co2": live.shown(found.co2_t, 4), "per_day": live.shown(found.per_day_t, 4),
        "last": found.until - DAY,
        "period": _period(found), "lines": _lines(found), "bound": bound,
        "over": bool(bound) and value is not None and value > float(bound),
        "industry": registry.industry_text(result.benchmark_group) if result else "",
        "uncounted": [registry.item_name(i) for i in found.uncounted],
        "against": _against(None if found.uncounted else value, result),
        "products": _products(found),
        "may": viewer.may("manage_meters", firm.id),
        "crumbs": crumbs(viewer, firm, (gettext("碳效诊断"), "")),
    }  # fmt: skip
    return render(request, "watch/intensity.html", context)


def _period(e: Estimate) -> dict[str, str] | None:
    """Which value added the estimate uses: its span, source and rate."""
    if e.rate is None:
        return None
    return {
        "span": f"{e.rate.first} – {e.rate.end - DAY}",
        "source": registry.source_name(e.rate.source),
        "rate": live.shown(e.rate.per_day / intensity.YUAN_PER_10K, 4),
    }


def _lines(e: Estimate) -> list[dict[str, str]]:
    return [
        {"name": registry.item_name(m.item), "amount": f"{live.shown(m.amount, 5)} {m.unit}",
         "co2": live.shown(m.co2_t, 4), "days": live.shown(m.days, 3), "factor": m.factor}
        for m in e.metered
    ]  # fmt: skip


def _against(value: float | None, result: Any) -> list[tuple[str, str, str]]:
    """(what, figure, how the estimate compares) for the published L and the industry's mean."""
    if result is None:
        return []
    pairs = ((gettext("已发布碳效值"), result.intensity),
             (gettext("行业平均"), result.benchmark_value))  # fmt: skip
    return [
        (name, live.shown(figure, 4),
         change_text(value / figure - 1) if value is not None and figure else "")
        for name, figure in pairs
    ]  # fmt: skip


def _products(e: Estimate) -> list[tuple[str, str, str]]:
    found = ((p, e.per_product(p)) for p in e.products)
    return [
        (registry.item_name(p.item), live.shown(v, 4), f"{p.first} – {p.end - DAY}")
        for p, v in found if v is not None
    ]  # fmt: skip
