"""Pages of the meter register: list, one meter with its history, changes, events, a new meter."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext

from tanma.apps.metering import door as metering
from tanma.apps.metering.door import KINDS, Gateway, Meter, author, decimal_text, found, today
from tanma.apps.meters import listing, words
from tanma.apps.meters.forms import (
    ChangeForm,
    ChecksForm,
    DatedForm,
    EventForm,
    MeterForm,
    said,
)
from tanma.apps.people import door as people
from tanma.apps.registry import door as registry
from tanma.domain.messages import Problem

STATED = {
    "site": "site", "parent": "parent", "location": "location", "accuracy": "class",
    "calibration_due": "calibration_due", "source": "source", "formula": "formula",
    "counts": "counts",
}  # fmt: skip
"""field → attribute of the meter"""


@login_required
def meters(request: HttpRequest) -> HttpResponseBase:
    viewer = people.viewer(request)
    form = listing.MeterFilter(request.GET)
    wanted = form.cleaned_data if form.is_valid() else {}
    rows = people.visible(viewer, Meter.objects.all())
    table = listing.MeterTable(listing.filtered(rows, wanted), request.GET)
    if (file := table.export("meters")) is not None:
        return file
    firm = metering.enterprise_of(viewer, wanted.get("of", ""))
    overdue = rows.filter(calibration_due__lt=today()).count()
    context = {
        "form": form, "table": table, "firm": firm, "overdue": overdue,
        "any": rows.exists(), "may": viewer.may("manage_meters"),
        "live": firm and registry.link_if_there("live:enterprise", firm.uid),
    }  # fmt: skip
    return render(request, "meters/meters.html", context)


def channels_of(meter: Meter) -> list[registry.Channel]:
    return list(registry.Channel.objects.filter(meter=meter.name).order_by("id"))


@login_required
def meter(request: HttpRequest, uid: str) -> HttpResponse:
    viewer, row = found(request, Meter, uid)
    channels = channels_of(row)
    firm = registry.Enterprise.objects.filter(pk=row.enterprise).first()
    source = Gateway.objects.filter(pk=metering.number(row.source.removeprefix("gateway:"))).first()
    context = {
        "meter": row, "channels": [_shown(c) for c in channels], "firm": firm,
        "parent": Meter.objects.filter(pk=row.parent).first(), "source": source or row.source,
        "children": people.visible(viewer, Meter.objects.filter(parent=row.id)).order_by("name"),
        "formula": row.formula, "events": _events(channels),
        "due": listing.due_html(row), "history": listing.history(viewer, row, channels),
        "may": viewer.may("manage_meters", row.enterprise),
        "live": firm and registry.link_if_there("live:enterprise", firm.uid),
        "crumbs": _crumbs(row),
    }  # fmt: skip
    return render(request, "meters/meter.html", context)


def _crumbs(row: Meter, last: str = "") -> list[tuple[str, str]]:
    own = listing.address(row) if last else ""
    above = [(gettext("表计"), reverse("meters:meters")), (str(row), own)]
    return [*above, (last, "")] if last else above


def _shown(channel: registry.Channel) -> dict[str, Any]:
    return {
        "row": channel, "name": registry.item_name(channel.item),
        "carrier": words.carrier_of(channel.item), "kind": KINDS[channel.kind],
        "resolution": decimal_text(1, channel.scale),
    }  # fmt: skip


def _events(channels: list[registry.Channel]) -> list[dict[str, Any]]:
    """Events of registers that hold, the newest first, with registers in the channel's unit."""
    from tanma.apps.facts import door as facts

    shown = []
    for channel in channels:
        for fact in facts.current(facts.facts_of(channel.id)):
            if fact.item.startswith("channel.event."):
                body = json.loads(fact.text or "{}")
                ends = {k: _amount(body.get(k), channel.scale) for k in ("final", "first")}
                shown.append({"channel": channel, "kind": words.EVENTS.get(body["type"], ""),
                              "at": body["at"], "evidence": fact.evidence, **ends})  # fmt: skip
    return sorted(shown, key=lambda e: e["at"], reverse=True)


def _amount(count: int | None, scale: int) -> str:
    return "—" if count is None else decimal_text(count, scale)


@login_required
def change(request: HttpRequest, uid: str) -> HttpResponse:
    """What shall hold of a meter from a day on."""
    viewer, row = found(request, Meter, uid)
    viewer.require("manage_meters", row.enterprise)
    form = ChangeForm(
        request.POST or None, meter=row, channels=channels_of(row), viewer=viewer
    )  # fmt: skip
    return _changed(request, viewer, row, form, gettext("变更"))


@login_required
def checks(request: HttpRequest, uid: str, number: int) -> HttpResponse:
    """What the checks of a channel compare with, and the method of substitution, from a day on."""
    viewer, row = found(request, Meter, uid)
    viewer.require("manage_meters", row.enterprise)
    channel = next((c for c in channels_of(row) if c.id == number), None)
    if channel is None:
        raise Http404(number)
    form = ChecksForm(request.POST or None, channel=channel)
    return _changed(request, viewer, row, form, gettext("质量参数与替代"), channel)


def _changed(
    request: HttpRequest, viewer: people.Viewer, row: Meter, form: DatedForm, heading: str,
    channel: registry.Channel | None = None,
) -> HttpResponse:  # fmt: skip
    """Filled in, shown with what holds today, then confirmed."""
    given = request.method == "POST"
    changes = form.changes() if given and form.is_valid() else None
    if changes and request.POST.get("confirmed"):
        _state(form, changes, row, viewer)
        messages.success(request, gettext("已记录 %s 项变更。") % len(changes))
        return redirect(listing.address(row))
    labels = {name: field.label for name, field in form.fields.items()}
    context = {
        "meter": row, "form": form, "nothing": changes == [], "heading": heading,
        "changes": [(labels[n], b or "—", a or "—") for n, b, a in changes or []],
        "channel": channel and registry.item_name(channel.item),
        "crumbs": _crumbs(row, heading),
    }  # fmt: skip
    status = 400 if given and form.errors else 200
    return render(request, "meters/change.html", context, status=status)


def _state(
    form: DatedForm, changes: list[tuple[str, str, str]], row: Meter, viewer: people.Viewer
) -> None:
    since = form.cleaned_data["valid_from"]
    statements = []
    for name, _before, after in changes:
        subject, item = row.id, f"meter.{STATED.get(name, '')}"
        if name not in STATED:
            key, _, number = name.rpartition("_")
            subject, item = int(number), f"channel.{key}"
        statements.append(metering.Statement(subject, item, after, since))
    evidence = form.cleaned_data["evidence"]
    metering.state(statements, author=author(viewer), evidence=evidence, deliberate=True)


@login_required
def event(request: HttpRequest, uid: str) -> HttpResponse:
    """Record that a register was exchanged, rolled over or was reset."""
    viewer, row = found(request, Meter, uid)
    viewer.require("manage_meters", row.enterprise)
    channels = [c for c in channels_of(row) if c.kind == "register"]
    form = EventForm(request.POST or None, channels=channels)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        metering.record_event(
            int(given["channel"]), given["kind"], given["at"], author=author(viewer),
            evidence=given["evidence"], final=given.get("final_count"),
            first=given.get("first_count"),
        )  # fmt: skip
        messages.success(request, gettext("事件已记录，涉及的日期将重新计算。"))
        return redirect(listing.address(row))
    context = {"meter": row, "form": form, "channels": channels,
               "crumbs": _crumbs(row, gettext("表计事件"))}  # fmt: skip
    return render(request, "meters/event.html", context, status=400 if form.errors else 200)


@login_required
def new_meter(request: HttpRequest, uid: str) -> HttpResponse:
    """Register a meter of an enterprise by hand; `gateway` in the address becomes its source."""
    viewer = people.viewer(request)
    firm = metering.enterprise_of(viewer, uid)
    if firm is None:
        raise Http404(uid)
    viewer.require("manage_meters", firm.id)
    gateway = metering.seen(viewer, Gateway, request.GET.get("gateway", ""))
    form = MeterForm(request.POST or None, enterprise=firm.id, viewer=viewer)
    if request.method == "POST" and form.is_valid() and _register(form, firm, gateway, viewer):
        messages.success(request, gettext("表计 %s 已登记。") % form.cleaned_data["meter"])
        if gateway is not None:
            return redirect("gateways:connect_meters", gateway.uid)
        return redirect("meters:meters")
    context = {"form": form, "firm": firm, "gateway": gateway}
    return render(request, "meters/new.html", context, status=400 if form.errors else 200)


def _register(
    form: MeterForm, firm: registry.Enterprise, gateway: Gateway | None, viewer: people.Viewer
) -> bool:
    given = form.cleaned_data
    about = {"author": author(viewer), "evidence": given["evidence"]}
    declared = metering.Declared(
        given["meter"], given["item"], given["kind"], given["unit"], given["resolution"],
        given["since"], form.dated(),
    )  # fmt: skip
    attributes = form.of_meter() | {"source": gateway.source if gateway else ""}
    try:
        metering.register_meter(
            given["meter"], metering.owner_key(firm), since=given["since"], **about, **attributes
        )
        metering.declare([declared], **about)
    except Problem as problem:
        form.add_error("meter", said(problem))
        return False
    return True
