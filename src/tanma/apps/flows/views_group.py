"""Sites of an enterprise and members of its group: one view, exact sums, what is missing named."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pyarrow as pa
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from tanma.apps.facts import door as facts
from tanma.apps.flows import gathering, sites, spans, words
from tanma.apps.flows.gathering import Gathered, gather
from tanma.apps.flows.pages import offers, today
from tanma.apps.flows.views import address, found_firm
from tanma.apps.inventories import door as inventories
from tanma.apps.kit.door import Column, Table, lang, listed, scaled, tce, tonnes, unit_name
from tanma.apps.live import door as live
from tanma.apps.metering import door as metering
from tanma.apps.people import door as people
from tanma.apps.registry import door as registry
from tanma.domain.balances import Whole, balances, summed, whole
from tanma.domain.items import items
from tanma.domain.numbers import ENERGY_DECIMALS


@dataclass(frozen=True)
class Member:
    """A member of a group over the span; without any amount it is missing, not zero."""

    firm: registry.Enterprise | None
    sums: Whole | None
    mg: int | None
    gaps: int

    @property
    def told(self) -> bool:
        return self.sums is not None


@login_required
def group(request: HttpRequest, uid: str) -> HttpResponseBase:
    """Sites by their meters, members by what is stated and metered of them."""
    viewer = people.viewer(request)
    firm = found_firm(viewer, uid)
    members = [firm, *people.visible(viewer, registry.members(firm)).order_by("name")]
    seen = [m for m in members if viewer.may("see_figures", m.id)]
    with live.engine() as con:
        con.register("known", _stated(viewer, seen))
        newest = gathering.newest(con, "known") or today()
        span, wrong = spans.asked(request.GET, newest)
        every = registry.members_on(firm, span.last)
        members = [firm, *people.visible(viewer, every).order_by("name")]
        seen = [m for m in members if viewer.may("see_figures", m.id)]
        con.register("known", _stated(viewer, seen))
        made = gather(con, "known", [m.id for m in seen], span)
    own = [m for m in made.measured if m.point.subject == firm.id]
    places = metering.attributes([m.point.meter.id for m in own], span.last)
    found = sites.sites(own, sites.registered(firm, span.last), places)
    told = [_member(m, made) for m in seen]
    tables = {"sites": _site_table(found, request), "members": _member_table(told, request)}
    for name, table in tables.items():
        if (file := table.export(f"{name}-{firm.uscc}-{span.first}-{span.last}")) is not None:
            return file
    head = registry.head_of(firm)
    context: dict[str, Any] = {
        "firm": firm, "span": span, "span_name": span.name(lang()), "wrong": wrong,
        "offers": offers(request, span, newest), "sites": found, "tables": tables,
        "members": told, "silent_sites": sum(s.missing for s in found),
        "unseen": every.count() + 1 - len(seen),
        "missing": sum(not m.told for m in told), "head": head, "chosen": None,
        "given": bool(firm.group_uscc) and firm.group_consent == firm.group_uscc,
        "may_consent": viewer.may("consent", firm.id),
        "gaps": words.gap_texts(made.gaps, {m.id: m.name for m in seen}),
    }  # fmt: skip
    return render(request, "flows/group.html", context)


@login_required
@require_POST
def consent(request: HttpRequest, uid: str) -> HttpResponse:
    """A member lets the head of its group see its figures, or no longer."""
    viewer = people.viewer(request)
    firm = found_firm(viewer, uid)
    viewer.require("consent", firm.id)
    given = request.POST.get("given") == "yes"
    if firm.group_uscc:
        registry.consent(firm, given=given, on=today(), author=f"user:{viewer.user_id}")
        registry.project()
        said = gettext("已同意所属集团查看本企业的数字。") if given else gettext("已收回同意。")
        messages.success(request, said)
    return redirect("flows:group", uid=uid)


def _stated(viewer: people.Viewer, firms: list[registry.Enterprise]) -> pa.Table:
    """What the viewer may know of each of some enterprises, as of now."""
    now = facts.watermark()
    return pa.concat_tables(
        [
            inventories.StoredFacts(viewer.may("see_statistical", f.id)).known(
                f.id, list(items()), now
            )
            for f in firms
        ]
    )


def _member(firm: registry.Enterprise, made: Gathered) -> Member:
    flows = made.flows.get(firm.id) or []
    if not flows:
        return Member(firm, None, None, 0)
    carbon = summed(made.mg[firm.id]) if firm.id in made.mg else None
    gaps = sum(g.subject == firm.id for g in made.gaps)
    return Member(firm, whole(balances(flows)), carbon, gaps)


def _all(told: list[Member]) -> Member:
    """The sum of the members that are known; missing with any figure that is."""
    known = [m for m in told if m.sums is not None]
    parts = [m.sums for m in known if m.sums is not None]
    used = {r: summed(p.used[r] for p in parts) for r in (parts[0].used if parts else ())}
    sums = Whole(
        summed(p.supplied for p in parts), used, summed(p.loss for p in parts),
        summed(p.difference for p in parts),
    )  # fmt: skip
    return Member(None, sums if parts else None, summed(m.mg for m in known), 0)


def _gce(value: int | None) -> float | None:
    return None if value is None else value / 10**ENERGY_DECIMALS


def _member_table(told: list[Member], request: HttpRequest) -> Table:
    def supplied(m: Member) -> int | None:
        return m.sums.supplied if m.sums else None

    def rest(m: Member) -> int | None:
        return m.sums.difference if m.sums else None

    def state(m: Member) -> str:
        if m.firm is None:
            return ""
        if not m.told:
            return gettext("缺数")
        return gettext("%(n)d 项不完整") % {"n": m.gaps} if m.gaps else gettext("完整")

    columns = [
        Column("name", _("企业"), lambda m: m.firm.name if m.firm else gettext("合计"), href=_flow),
        Column("supplied", _("供入"), lambda m: _gce(supplied(m)), lambda m: tce(supplied(m)),
               unit="tce", kind="number"),
        Column("sold", _("外售"), lambda m: _gce(m.sums.used["sold"]) if m.sums else None,
               lambda m: tce(m.sums.used["sold"]) if m.sums else None, unit="tce", kind="number"),
        Column("difference", _("未分摊"), lambda m: _gce(rest(m)), lambda m: tce(rest(m)),
               unit="tce", kind="number"),
        Column("carbon", _("碳排放估算"), lambda m: None if m.mg is None else m.mg / 10**9,
               lambda m: tonnes(m.mg), unit="tCO₂", kind="number"),
        Column("state", _("数据"), state),
    ]  # fmt: skip
    both = [*told, _all(told)] if len(told) > 1 else told
    return Table(columns, both, request.GET, prefix="m-", per_page=200, caption=_("成员企业"))


def _flow(member: Member) -> str:
    return address(member.firm) if member.firm else ""


def _site_table(found: list[sites.Site], request: HttpRequest) -> Table:
    whole_site = sites.total(found)
    shown = [i for i in whole_site.counts if i in items()]

    def name(s: sites.Site) -> str:
        if s is whole_site:
            return gettext("合计")
        plain = gettext("未写厂区的表计") if s.code == sites.MAIN else s.code
        return f"{s.code} {s.name}" if s.name else plain

    def state(s: sites.Site) -> str:
        if s is whole_site and (n := sum(x.missing for x in found)):
            return gettext("%(n)d 个厂区缺数") % {"n": n}
        if s.missing:
            return gettext("缺数")
        return gettext("%(n)d 个通道没有读数") % {"n": s.silent} if s.silent else gettext("完整")

    columns = [
        Column("site", _("厂区"), name),
        Column("zone", _("时区"), lambda s: listed(sorted(s.zones))),
        *(_item_column(item) for item in shown),
        Column("coal", _("当量值"), lambda s: _gce(_supply(s)), lambda s: tce(_supply(s)),
               unit="tce", kind="number"),
        Column("carbon", _("监测估算值"), lambda s: None if s.carbon is None else s.carbon / 10**9,
               lambda s: tonnes(s.carbon), unit="tCO₂", kind="number"),
        Column("state", _("数据"), state),
    ]  # fmt: skip
    both = [*found, whole_site] if len(found) > 1 else found
    return Table(columns, both, request.GET, prefix="s-", per_page=200, caption=_("厂区"))


def _supply(site: sites.Site) -> int | None:
    """Standard coal of what was bought or burnt."""
    told = [v for item, v in site.gce.items() if item.endswith((".purchased", ".burnt"))]
    return summed(told) if told else None


def _item_column(item: str) -> Column:
    scale, unit = items()[item].scale, unit_name(items()[item].unit, lang())
    return Column(
        item, registry.item_name(item),
        lambda s: None if item not in s.counts else s.counts[item] / 10**scale,
        lambda s: scaled(s.counts.get(item), scale), unit=unit, kind="number",
    )  # fmt: skip
