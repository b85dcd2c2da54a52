"""Pages of gateways, and the way from nothing to the first value seen."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from tanma.apps.gateways import channel_list, listing, maps, snippets
from tanma.apps.gateways.channel_list import ArrivedTable, ChannelFilter, ChannelTable
from tanma.apps.gateways.forms import GatewayForm, MapForm, SigningForm
from tanma.apps.kit.door import lang
from tanma.apps.metering import door as metering
from tanma.apps.metering.door import Gateway, author, found
from tanma.apps.meters.door import said
from tanma.apps.people import door as people
from tanma.apps.registry import door as registry
from tanma.domain.messages import Problem
from tanma.intake.devices import DeviceMap, built_in
from tanma.lake.heard import heard

QUICK_S, SLOW_S = 2, 15
"""Seconds between two looks at what arrived; many channels are looked at less often."""
SUGGESTED = 20
"""Enterprises that a search offers."""


def steps(current: int) -> list[tuple[Any, str, str]]:
    """The stepper of the way: what is done, what is next."""
    labels = (
        gettext("选择企业与网关"), gettext("保存密钥"), gettext("登记表计"), gettext("测试读数"),
    )  # fmt: skip
    states = ["done"] * current + ["current"] + ["todo"] * (len(labels) - current - 1)
    return [(label, state, "") for label, state in zip(labels, states, strict=False)]


@login_required
def gateway_list(request: HttpRequest) -> HttpResponseBase:
    viewer = people.viewer(request)
    rows = people.visible(viewer, Gateway.objects.all())
    table = listing.gateway_table(rows, request.GET, heard(settings.TANMA.lake))
    if (file := table.export("gateways")) is not None:
        return file
    context = {"table": table, "any": rows.exists(), "may": viewer.may("manage_meters")}
    return render(request, "gateways/gateways.html", context)


@login_required
def gateway(request: HttpRequest, uid: str) -> HttpResponseBase:
    _viewer, row = found(request, Gateway, uid)
    context = _shown(request, row) | _listed(request, row)
    if (file := context["table"].export("channels")) is not None:
        return file
    return render(request, "gateways/gateway.html", context)


def _listed(request: HttpRequest, row: Gateway) -> dict[str, Any]:
    """The channels that a gateway may write, as the address asks for them."""
    form = ChannelFilter(request.GET)
    rows = metering.channels_of(row)
    wanted = form.cleaned_data if form.is_valid() else {}
    return {"filter": form, "table": ChannelTable(channel_list.filtered(rows, wanted), request.GET)}


def _shown(
    request: HttpRequest, row: Gateway, token: str = "", signing_key: str = ""
) -> dict[str, Any]:
    """What every page of a gateway knows; `token` and `signing_key` are told in one answer."""
    channels = metering.channels_of(row).order_by("id")
    first = list(channels[: snippets.NAMED])
    viewer = people.viewer(request)
    key = row.keys.filter(ended_at=None).first()
    return {
        "gateway": row, "token": token, "signing_key": signing_key, "key": key,
        "sign_form": SigningForm(), **_heard(row),
        "firm": registry.Enterprise.objects.filter(pk=row.subject or 0).first(),
        "channels": channels.count(),
        "snippets": snippets.all_of(first, token, row.uid, signing_key if key else None),
        "may": viewer.may("manage_meters", row.subject),
        "steps": steps(1) if token else None,
        "crumbs": [(gettext("网关"), reverse("gateways:gateways")), (str(row), "")],
    }  # fmt: skip


@never_cache
@login_required
def connect(request: HttpRequest) -> HttpResponse:
    """Step one: the enterprise and a name for its gateway; the answer shows the token once."""
    viewer = people.viewer(request)
    viewer.require("manage_meters")
    firm = metering.enterprise_of(viewer, request.GET.get("of", ""))
    form = GatewayForm(request.POST or None)
    if request.method == "POST" and firm is not None and form.is_valid():
        viewer.require("manage_meters", firm.id)
        told = _created(form, firm, author(viewer))
        return render(request, "gateways/gateway.html", _shown(request, *told))
    query = request.GET.get("q", "").strip()
    rows = people.visible(viewer, registry.Enterprise.objects.order_by("name"))
    context = {
        "firm": firm, "form": form, "q": query, "steps": steps(0),
        "matches": registry.filtered(rows, {"q": query})[:SUGGESTED] if query else [],
    }  # fmt: skip
    return render(request, "gateways/connect.html", context)


def _created(form: GatewayForm, firm: registry.Enterprise, by: str) -> tuple[Gateway, str, str]:
    """A new gateway, its token, and the key by which it signs; empty where it does not."""
    given = form.cleaned_data
    row, token = metering.create_gateway(given["name"], firm.id, author=by)
    return row, token, metering.sign_by_secret(row, author=by) if given["sign"] else ""


@never_cache
@login_required
@require_POST
def sign(request: HttpRequest, uid: str) -> HttpResponse:
    """Another signing key, told in this one answer where it is a secret, or none any more."""
    viewer, row = found(request, Gateway, uid)
    viewer.require("manage_meters", row.subject)
    form = SigningForm(request.POST)
    key = _signed_from_now(form, row, author(viewer)) if form.is_valid() else ""
    context = _shown(request, row, signing_key=key)
    if form.errors:
        context["sign_form"] = form
    status = 400 if form.errors else 200
    return render(request, "gateways/gateway.html", context, status=status)


def _signed_from_now(form: SigningForm, row: Gateway, by: str) -> str:
    """Do what the form says; the secret to be told, if there is one."""
    how = form.cleaned_data["how"]
    if how == form.SECRET:
        return metering.sign_by_secret(row, author=by)
    if how == form.END:
        metering.end_signing(row)
        return ""
    try:
        metering.sign_by_public_key(row, form.cleaned_data["public_key"], author=by)
    except Problem as problem:
        form.add_error("public_key", said(problem))
    return ""


@never_cache
@login_required
@require_POST
def renew(request: HttpRequest, uid: str) -> HttpResponse:
    """A new token, shown in this one answer; the one before ends."""
    viewer, row = found(request, Gateway, uid)
    viewer.require("manage_meters", row.subject)
    return render(request, "gateways/gateway.html", _shown(request, row, metering.renew_token(row)))


@login_required
@require_POST
def revoke(request: HttpRequest, uid: str) -> HttpResponse:
    viewer, row = found(request, Gateway, uid)
    viewer.require("manage_meters", row.subject)
    metering.revoke(row)
    messages.success(request, gettext("网关已停用，它的密钥不再有效。"))
    return redirect("gateways:gateway", row.uid)


@login_required
def connect_meters(request: HttpRequest, uid: str) -> HttpResponse:
    """Step three: which channels the gateway writes, and a way to add more."""
    viewer, row = found(request, Gateway, uid)
    viewer.require("manage_meters", row.subject)
    given = request.POST if request.method == "POST" else None
    form = MapForm(given, initial={"map": request.GET.get("map", "")})
    if given is not None and row.subject and form.is_valid() and _mapped(form, row, viewer):
        messages.success(request, gettext("设备 %s 的通道已登记。") % form.cleaned_data["meter"])
        return redirect("gateways:connect_meters", row.uid)
    chosen = built_in().get(request.GET.get("map", ""))
    more = {"steps": steps(2), "form": form, "map": chosen, "maps": built_in().values(),
            "points": _points(chosen)}  # fmt: skip
    context = _shown(request, row) | more
    if given is None:
        context |= _listed(request, row)
    status = 400 if form.errors else 200
    return render(request, "gateways/connect_meters.html", context, status=status)


def _mapped(form: MapForm, row: Gateway, viewer: people.Viewer) -> bool:
    given = form.cleaned_data
    firm = registry.Enterprise.objects.get(pk=row.subject or 0)
    about = {"author": author(viewer), "evidence": given["evidence"]}
    try:
        owner = metering.owner_key(firm)
        maps.register(built_in()[given["map"]], given["meter"], owner, row, **about)
    except Problem as problem:
        form.add_error("meter", said(problem))
        return False
    return True


def _points(device: DeviceMap | None) -> list[dict[str, Any]]:
    """The points of a map as a table."""
    return [
        {"point": p, "item": registry.item_name(p.item), "scale": maps.scale_of(p),
         "kind": metering.KINDS[p.kind], "order": f"{p.word_order}/{p.byte_order}"}
        for p in (device.points if device else ())
    ]  # fmt: skip


@login_required
def connect_test(request: HttpRequest, uid: str) -> HttpResponseBase:
    """Step four: wait until the first value of each channel is seen."""
    _viewer, row = found(request, Gateway, uid)
    arrived = _arrived(request, row)
    if (file := arrived["table"].export("arrived")) is not None:
        return file
    context = _shown(request, row) | {**arrived, "steps": _last(arrived)}
    return render(request, "gateways/connect_test.html", context)


def _last(arrived: dict[str, Any]) -> list[tuple[Any, str, str]]:
    """The stepper of step four: done when every channel was heard."""
    return steps(3 if arrived["waiting"] or not arrived["channels"] else 4)


@login_required
def connect_poll(request: HttpRequest, uid: str) -> HttpResponse:
    """The part of step four that asks again."""
    _viewer, row = found(request, Gateway, uid)
    arrived = _arrived(request, row)
    context = {"gateway": row, **_heard(row), **arrived, "steps": _last(arrived), "again": True}
    return render(request, "gateways/parts/arrived.html", context)


def _heard(row: Gateway) -> dict[str, Any]:
    found = heard(settings.TANMA.lake).get(row.uid, listing.NOT_HEARD)
    return {"heard": found, "seen": listing.seen_html(row, found),
            "refusals": listing.refusals(found, lang())}  # fmt: skip


def _arrived(request: HttpRequest, row: Gateway) -> dict[str, Any]:
    """How many channels still wait for a reading, and a page of them with what they said."""
    rows = metering.channels_of(row)
    numbers = list(rows.values_list("id", flat=True))
    since = row.created_at - metering.LOOK_BACK
    silent = len(numbers) - metering.heard_of(numbers, since)
    poll = request.GET.copy()
    poll.pop("export", None)
    return {
        "channels": len(numbers), "waiting": silent, "poll": poll.urlencode(),
        "every_s": QUICK_S if len(numbers) <= channel_list.SLICE else SLOW_S,
        "table": ArrivedTable(rows, request.GET, since),
    }  # fmt: skip
