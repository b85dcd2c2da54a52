"""Pages of the register: enterprises, one enterprise with its history, areas on a day."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime
from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from tanma.apps.facts import door as facts
from tanma.apps.kit.door import Column, Table, badge_html, known_time, lang, scaled, unit_name
from tanma.apps.people import door as people
from tanma.apps.registry import history, words
from tanma.apps.registry.areas import ancestors_on
from tanma.apps.registry.links import link_if_there
from tanma.apps.registry.listing import EnterpriseFilter, EnterpriseTable, filtered
from tanma.apps.registry.models import Enterprise, ExternalId
from tanma.apps.registry.standing import standings
from tanma.apps.registry.tree import Node, path_text, tree
from tanma.domain.identity import id_from_text
from tanma.domain.items import items
from tanma.domain.messages import Problem
from tanma.domain.periods import FIRST_YEAR, LAST_YEAR, Period, parse

ATTRIBUTES = ("name", "industry", "size_class", "status")
MEMBERSHIPS = {"statutory": "area.statutory", "management": "area.management"}


def _today() -> date:
    return date.today()  # noqa: DTZ011 - attributes are dated in local days


def require_office(request: HttpRequest) -> people.Viewer:
    """The viewer, who must be an official; others learn that they may not see this."""
    viewer = people.viewer(request)
    if not viewer.office:
        raise PermissionDenied("use_desk")
    return viewer


@login_required
def enterprises(request: HttpRequest) -> HttpResponseBase:
    viewer = require_office(request)
    form = EnterpriseFilter(request.GET)
    wanted = form.cleaned_data if form.is_valid() else {}
    rows = people.visible(viewer, Enterprise.objects.all())
    table = EnterpriseTable(filtered(rows, wanted) if form.is_valid() else rows.none(), request.GET)
    if (file := table.export("enterprises")) is not None:
        return file
    code = wanted.get("industry", "").split(" ")[0]
    context = {
        "form": form, "table": table, "industries": words.industry_options(), "industry": code,
        "industry_name": words.industry_name(code) if code else "",
    }  # fmt: skip
    return render(request, "registry/enterprises.html", context)


def _enterprise(request: HttpRequest, uid: str) -> tuple[people.Viewer, Enterprise]:
    """The enterprise of an address, or 404 when there is none that the viewer may see."""
    viewer = people.viewer(request)
    try:
        subject = id_from_text(uid)
    except Problem as problem:
        raise Http404(problem.text()) from None
    found = people.visible(viewer, Enterprise.objects.filter(pk=subject)).first()
    if found is None:
        raise Http404(uid)
    return viewer, found


@login_required
def enterprise(request: HttpRequest, uid: str) -> HttpResponse:
    viewer, found = _enterprise(request, uid)
    attributes = facts.Fact.objects.filter(subject=found.id, kind="attribute").order_by("seq")
    known = facts.current(history.readable(list(attributes), viewer, found.id))
    context = {
        "enterprise": found, "identifiers": _identifiers(viewer, found),
        "attributes": [(words.item_name(i), _stretches(known, i)) for i in ATTRIBUTES],
        "scale_changes": _scale_changes(known), "memberships": _memberships(known),
        "guideline": words.guideline(found.industry), "standings": _standings(found),
        "links": _links(found), "crumbs": _crumbs(viewer, found),
    }  # fmt: skip
    return render(request, "registry/enterprise.html", context)


def _crumbs(viewer: people.Viewer, found: Enterprise, last: str = "") -> list[tuple[str, str]]:
    own = reverse("registry:enterprise", args=[found.uid])
    above = [(gettext("企业"), reverse("registry:enterprises"))] if viewer.office else []
    return [*above, (str(found), own if last else ""), *([(last, "")] if last else [])]


def _identifiers(viewer: people.Viewer, found: Enterprise) -> list[ExternalId]:
    rows = people.visible(viewer, ExternalId.objects.filter(subject=found.id))
    listed = list(rows.order_by("scheme", "value"))
    for row in listed:
        row.label = words.SCHEMES.get(row.scheme, row.scheme)  # type: ignore[attr-defined]
        row.author = words.author_name(row.decided_by)  # type: ignore[attr-defined]
        row.proof = _proof(viewer, row.evidence)  # type: ignore[attr-defined]
        row.share = row.share_ppm / 1_000_000  # type: ignore[attr-defined]
    return listed


def _proof(viewer: people.Viewer, evidence: str) -> str:
    """Batches are working material of the office; others read which one it was."""
    return words.evidence_html(evidence) if viewer.office else words.evidence_text(evidence)


def _stretches(known: list[facts.Fact], item: str) -> list[tuple[str, history.Stretch]]:
    return [
        (words.attribute_text(item, s.text), s) for s in reversed(history.stretches(known, item))
    ]


def _scale_changes(known: list[facts.Fact]) -> list[tuple[str, date]]:
    """Entry to and exit from 规上, each with its day."""
    said = history.stretches(known, "size_class")
    changes = []
    for before, now in zip([None, *said], said, strict=False):
        if now.text == "above":
            changes.append((gettext("纳入规上"), now.start))
        elif before is not None and before.text == "above":
            changes.append((gettext("退出规上"), now.start))
    return changes


def _memberships(known: list[facts.Fact]) -> list[tuple[Any, list[tuple[str, history.Stretch]]]]:
    names = words.area_names()
    found = []
    for hierarchy, item in MEMBERSHIPS.items():
        rows = reversed(history.stretches(known, item))
        above = ancestors_on(_today(), hierarchy)
        shown = [(path_text(s.text, above, names), s) for s in rows]
        found.append((words.HIERARCHIES[hierarchy], shown))
    return found


def _standings(found: Enterprise) -> list[dict[str, Any]]:
    return [
        {"row": row, "basis": words.BASES.get(row.data_basis, row.data_basis)}
        for row in standings().history(found.id)
    ]


def _links(found: Enterprise) -> list[tuple[Any, str]]:
    """Pages about this enterprise in other rooms, where they are mounted."""
    wanted = [
        (_("碳账户"), link_if_there("accountpages:account", found.uid)),
        (_("能源"), link_if_there("accountpages:energy", found.uid)),
        (_("趋势与对比"), link_if_there("trends:enterprise", found.uid)),
        (_("计算依据"), link_if_there("accountpages:basis", found.uid)),
        (_("碳效码页"), link_if_there("codepages:code", found.public_code)),
        (_("数据记录"), reverse("registry:facts", args=[found.uid])),
    ]
    return [(label, href) for label, href in wanted if href]


class FactFilter(forms.Form):
    """Item, period, and the time as known on which the facts are shown."""

    item = forms.ChoiceField(label=_("数据项"), required=False)
    period = forms.CharField(
        label=_("期间"), required=False, help_text=_("如 2026-03、2026Q1、2026、2026Q1/r4")
    )
    known = forms.DateTimeField(
        label=_("截至（知悉时间）"), required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d"],
        help_text=_("只显示这一时间之前收到的数据"),
    )  # fmt: skip

    def __init__(self, data: Any, names: list[str]) -> None:
        super().__init__(data)
        listed = sorted((words.item_name(n), n) for n in names)
        self.fields["item"].choices = [  # type: ignore[attr-defined]
            ("", _("全部")),
            *((n, label) for label, n in listed),
        ]

    def clean_period(self) -> Period | None:
        text = self.cleaned_data["period"]
        try:
            return parse(text) if text else None
        except Problem as problem:
            raise forms.ValidationError(problem.text(lang())) from None

    def clean_known(self) -> datetime | None:
        moment: datetime | None = self.cleaned_data["known"]
        if moment is not None and not FIRST_YEAR <= moment.year <= LAST_YEAR:
            said = {"first": FIRST_YEAR, "last": LAST_YEAR}
            text = gettext("请填写 %(first)s 年至 %(last)s 年之间的时间。") % said
            raise forms.ValidationError(text)
        return moment

    @property
    def known_at(self) -> int | None:
        """The chosen minute as a stamp, its last microsecond included."""
        moment = self.cleaned_data.get("known")
        if moment is None:
            return None
        return int(timezone.localtime(moment).astimezone(UTC).timestamp() + 60) * 1_000_000 - 1


@login_required
def fact_history(request: HttpRequest, uid: str) -> HttpResponseBase:
    viewer, found = _enterprise(request, uid)
    viewer.require("see_figures", found.id)
    rows = history.readable(facts.facts_of(found.id), viewer, found.id)
    form = FactFilter(request.GET, sorted({f.item for f in rows}))
    chosen: list[history.Version] = []
    if form.is_valid():
        wanted = form.cleaned_data
        chosen = history.versions(
            rows, known_at=form.known_at, item=wanted["item"], period=wanted["period"]
        )
    table = Table(
        _fact_columns(), chosen, request.GET, caption=_("数据记录"),
        empty=_("没有符合条件的数据"),
    )  # fmt: skip
    if (file := table.export(f"facts-{found.uscc}")) is not None:
        return file
    context = {
        "enterprise": found, "form": form, "table": table,
        "known_at": form.known_at if form.is_valid() else None,
        "crumbs": _crumbs(viewer, found, gettext("数据记录")),
    }  # fmt: skip
    return render(request, "registry/facts.html", context)


def _fact_columns() -> list[Column]:
    zone = settings.TIME_ZONE
    return [
        Column("item", _("数据项"), lambda v: words.item_name(v.fact.item), sort=True),
        Column("from", _("起"), lambda v: v.fact.valid_from.isoformat(), sort=True, brief=True),
        Column("to", _("止（不含）"), lambda v: _end(v.fact.valid_to), sort=True),
        Column("value", _("数值"), lambda v: _value(v.fact), show=_shown, kind="number",
               brief=True),
        Column("unit", _("单位"), lambda v: _unit(v.fact), brief=True),
        Column("reported", _("报送原文"), lambda v: v.fact.reported or None,
               _one_line),
        Column("source", _("来源"), lambda v: words.source_name(v.fact.source), kind="words",
               sort=True),
        Column("stamp", _("记录于"), lambda v: known_time(v.fact.stamp, zone), sort=True),
        Column("author", _("录入"), lambda v: words.author_name(v.fact.author), sort=True),
        Column("evidence", _("凭据"), lambda v: words.evidence_text(v.fact.evidence) or None,
               kind="words"),
        Column("revision", _("来源版本"), lambda v: v.fact.revision, kind="number"),
        Column("version", _("版本"), lambda v: v.fact.version, kind="number", sort=True),
        Column("state", _("效力"), _state, show=_state_badge, kind="plain"),
    ]


def _one_line(version: history.Version) -> str | None:
    said = version.fact.reported
    return format_html('<span class="nowrap">{}</span>', said) if said else None


def _end(day: date) -> str | None:
    return None if day.year == history.OPEN_YEAR else day.isoformat()


def _unit(fact: facts.Fact) -> str | None:
    found = items().get(fact.item)
    known = found is not None and found.unit and fact.value is not None
    return unit_name(found.unit, lang()) if found and known else None


def _value(fact: facts.Fact) -> str | None:
    """All digits at the item's scale, without separators: a spreadsheet reads it back."""
    if fact.value is None:
        return fact.text
    return _digits(fact).replace(",", "")


def _digits(fact: facts.Fact) -> str:
    found = items().get(fact.item)
    return scaled(fact.value, found.scale if found else 0)


def _shown(version: history.Version) -> str | None:
    fact = version.fact
    if fact.value is not None:
        return _digits(fact)
    return words.attribute_text(fact.item, fact.text) if fact.text else fact.text


def _state(version: history.Version) -> str:
    if version.withdrawn:
        return gettext("已撤回")
    return gettext("现行") if version.current else gettext("已被取代")


def _state_badge(version: history.Version) -> str:
    tone = "warn" if version.withdrawn else "good" if version.current else "plain"
    return badge_html(_state(version), tone)


class DayForm(forms.Form):
    day = forms.DateField(
        label=_("日期"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )


@login_required
def areas(request: HttpRequest) -> HttpResponse:
    """Both hierarchies on a day; enterprises are counted as they lie today."""
    viewer = require_office(request)
    form = DayForm(request.GET)
    asked = form.cleaned_data["day"] if form.is_valid() else None
    day = asked or _today()
    counts = _area_counts(viewer) if day == _today() else {}
    context = {
        "form": form, "day": day, "counted": bool(counts),
        "trees": [
            (label, [_listed(n) for root in tree(day, h, counts.get(h)) for n in root.walk()])
            for h, label in words.HIERARCHIES.items()
        ],
        "list_url": reverse("registry:enterprises"),
        "now": datetime.now(UTC),
    }  # fmt: skip
    return render(request, "registry/areas.html", context)


def _listed(node: Node) -> dict[str, Any]:
    area = node.area
    return {
        "indent": node.indent, "depth": node.depth, "code": area.code, "count": node.count,
        "name": words.area_name(area), "kind": words.kind_name(area.kind),
    }  # fmt: skip


def _area_counts(viewer: people.Viewer) -> dict[str, Counter[str]]:
    rows = people.visible(viewer, Enterprise.objects.all())
    pairs = rows.values_list("area_code", "management_code")
    found: dict[str, Counter[str]] = {"statutory": Counter(), "management": Counter()}
    for statutory, management in pairs.iterator(chunk_size=5000):
        found["statutory"][statutory] += 1
        found["management"][management] += 1
    return found
