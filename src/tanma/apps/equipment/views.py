"""Pages of the equipment register: list, one device with its history, a new one, changes."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from tanma.apps.equipment import stating
from tanma.apps.equipment.forms import DeviceForm, said
from tanma.apps.equipment.models import Equipment
from tanma.apps.equipment.words import attribute_word, kind_choices, kind_word, role_word
from tanma.apps.facts import door as facts
from tanma.apps.kit.door import Column, Table, grouped, listed
from tanma.apps.metering import door as metering
from tanma.apps.people import door as people
from tanma.apps.registry import door as registry
from tanma.domain.equipment import ROLES, kinds
from tanma.domain.messages import Problem


class DeviceFilter(forms.Form):
    q = forms.CharField(label=_("编号、名称或工段"), required=False, max_length=60)
    kind = forms.ChoiceField(
        label=_("设备类别"), required=False, choices=lambda: [("", _("全部")), *kind_choices()]
    )
    role = forms.ChoiceField(
        label=_("用途"), required=False,
        choices=[("", _("全部")), ("production", _("生产设备")), ("transfer", _("输送与变配电")),
                 ("metering", _("计量")), ("test", _("检测"))],
    )  # fmt: skip
    of = forms.CharField(required=False, widget=forms.HiddenInput)


def filtered(rows: QuerySet[Equipment], wanted: dict[str, Any]) -> QuerySet[Equipment]:
    """The devices that meet every condition of the address."""
    if text := wanted.get("q", "").strip():
        rows = rows.filter(
            Q(name__icontains=text) | Q(title__icontains=text) | Q(section__icontains=text)
        )
    if kind := wanted.get("kind"):
        rows = rows.filter(kind=kind)
    if (role := wanted.get("role")) in ROLES:
        rows = rows.filter(kind__in=[k for k, v in kinds().items() if v.role == role])
    if uid := wanted.get("of"):
        rows = rows.filter(enterprise=metering.number(uid))
    return rows


@login_required
def listing(request: HttpRequest) -> HttpResponseBase:
    viewer = people.viewer(request)
    form = DeviceFilter(request.GET)
    wanted = form.cleaned_data if form.is_valid() else {}
    rows = people.visible(viewer, Equipment.objects.all())
    table = _table(filtered(rows, wanted), request)
    if (file := table.export("equipment")) is not None:
        return file
    firm = metering.enterprise_of(viewer, wanted.get("of", ""))
    context = {
        "form": form, "table": table, "firm": firm, "any": rows.exists(),
        "may": firm is not None and viewer.may("manage_meters", firm.id),
        "watch": firm and registry.link_if_there("watch:devices", firm.uid),
    }  # fmt: skip
    return render(request, "equipment/list.html", context)


def _table(rows: QuerySet[Equipment], request: HttpRequest) -> Table:
    firms = registry.Enterprise.objects.in_bulk(
        list(set(rows.values_list("enterprise", flat=True)) - {None})
    )
    columns = [
        Column("name", _("设备编号"), lambda e: e.name, sort="name", href=address),
        Column("title", _("设备名称"), lambda e: e.title or None, sort="title"),
        Column("firm", _("企业"), lambda e: str(firms.get(e.enterprise, "")) or None),
        Column("kind", _("设备类别"), lambda e: kind_word(e.kind) or None, sort="kind"),
        Column("role", _("用途"), lambda e: role_word(e.kind) or None),
        Column("section", _("所在工段"), lambda e: e.section or None, sort="section"),
        Column("rated", _("额定功率"), lambda e: float(e.rated_kw) if e.rated_kw else None,
               lambda e: grouped(e.rated_kw) if e.rated_kw else "—", unit="kW", kind="number"),
        Column("efficiency", _("能效等级"), lambda e: e.efficiency or None),
        Column("model", _("型号"), lambda e: e.model or None),
    ]  # fmt: skip
    return Table(columns, rows, request.GET, order="name", caption=_("设备台账"),
                 empty=_("没有符合条件的设备"))  # fmt: skip


def address(row: Equipment) -> str:
    return reverse("equipment:device", args=[row.uid])


def _found(request: HttpRequest, uid: str) -> tuple[people.Viewer, Equipment]:
    viewer = people.viewer(request)
    row = people.visible(viewer, Equipment.objects.filter(pk=metering.number(uid))).first()
    if row is None:
        raise Http404(uid)
    return viewer, row


@login_required
def device(request: HttpRequest, uid: str) -> HttpResponse:
    viewer, row = _found(request, uid)
    firm = registry.Enterprise.objects.filter(pk=row.enterprise or 0).first()
    meters = stating.meters_of([row])
    context = {
        "row": row, "firm": firm, "kind": kind_word(row.kind), "role": role_word(row.kind),
        "fed": [
            (attribute_word(key), [meters[u] for u in getattr(row, key).split() if u in meters])
            for key in stating.FEEDS
        ],
        "history": _history(row), "may": viewer.may("manage_meters", row.enterprise),
        "watch": firm and registry.link_if_there("watch:device", firm.uid, row.uid),
        "crumbs": _crumbs(row),
    }  # fmt: skip
    return render(request, "equipment/device.html", context)


def _crumbs(row: Equipment, last: str = "") -> list[tuple[str, str]]:
    own = address(row) if last else ""
    above = [(gettext("设备台账"), reverse("equipment:list")), (str(row), own)]
    return [*above, (last, "")] if last else above


def _history(row: Equipment) -> list[dict[str, Any]]:
    """Every statement about a device, the newest first."""
    rows = facts.facts_of(row.id)
    now = {f.seq for f in facts.current(rows)}
    shown = sorted((f for f in rows if f.item.startswith("equipment.")), key=lambda f: -f.seq)
    return [
        {"fact": f, "what": attribute_word(f.item), "text": _text(f), "current": f.seq in now,
         "author": registry.author_name(f.author), "evidence": registry.evidence_html(f.evidence)}
        for f in shown
    ]  # fmt: skip


def _text(fact: facts.Fact) -> str:
    text, key = fact.text or "", fact.item.removeprefix("equipment.")
    if key == "kind":
        return kind_word(text)
    if key not in stating.FEEDS:
        return text
    meters = stating.meters_of([Equipment(input=text)])
    return listed(str(meters.get(uid, uid)) for uid in text.split())


@login_required
def new(request: HttpRequest, uid: str) -> HttpResponse:
    """Register a device of an enterprise."""
    viewer = people.viewer(request)
    firm = metering.enterprise_of(viewer, uid)
    if firm is None:
        raise Http404(uid)
    viewer.require("manage_meters", firm.id)
    form = DeviceForm(request.POST or None, enterprise=firm.id, viewer=viewer)
    if request.method == "POST" and form.is_valid() and _register(form, firm, viewer):
        messages.success(request, gettext("设备 %s 已登记。") % form.cleaned_data["name"])
        return redirect(reverse("equipment:list") + f"?of={firm.uid}")
    context = {"form": form, "firm": firm, "crumbs": [
        (gettext("设备台账"), reverse("equipment:list")), (gettext("登记设备"), "")]}  # fmt: skip
    return render(request, "equipment/form.html", context, status=400 if form.errors else 200)


def _register(form: DeviceForm, firm: registry.Enterprise, viewer: people.Viewer) -> bool:
    given = form.cleaned_data
    try:
        stating.register(
            given["name"], metering.owner_key(firm), author=f"user:{viewer.user_id}",
            evidence=given["evidence"], since=given["since"], **form.texts(),
        )  # fmt: skip
    except Problem as problem:
        form.add_error("name", said(problem))
        return False
    return True


@login_required
def change(request: HttpRequest, uid: str) -> HttpResponse:
    """State what shall hold of a device from a day on; only what differs is stated."""
    viewer, row = _found(request, uid)
    viewer.require("manage_meters", row.enterprise)
    form = DeviceForm(
        request.POST or None, enterprise=row.enterprise or 0, viewer=viewer, device=row
    )
    if request.method == "POST" and form.is_valid():
        changes, given = form.changes(), form.cleaned_data
        stating.state(
            row.id, changes, given["since"], author=f"user:{viewer.user_id}",
            evidence=given["evidence"], deliberate=True,
        )  # fmt: skip
        messages.success(request, gettext("已记录 %s 项变更。") % len(changes))
        return redirect(address(row))
    context = {"form": form, "row": row, "crumbs": _crumbs(row, gettext("变更"))}
    return render(request, "equipment/form.html", context, status=400 if form.errors else 200)
