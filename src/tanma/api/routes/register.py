"""Enterprises, areas and facts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from django.http import Http404, HttpRequest
from django.utils import timezone
from ninja import Query, Router

from tanma.api import schemas
from tanma.api.access import SIGNED_IN, viewer
from tanma.api.routes.codes import YUAN_DECIMALS, amount
from tanma.apps.areas.door import frozen
from tanma.apps.codes import door as codes
from tanma.apps.facts import door as facts
from tanma.apps.kit.door import statistics_only
from tanma.apps.people import door as people
from tanma.apps.registry import door as registry
from tanma.domain.identity import id_from_text
from tanma.domain.items import items as catalogue
from tanma.domain.numbers import EMISSION_DECIMALS, decimal_text
from tanma.domain.periods import parse
from tanma.engine.disclosure import closed_areas, few
from tanma.engine.untold import Untold

router = Router(tags=["register"], auth=SIGNED_IN)
LIMIT = Query(100, ge=1, le=1000)
OFFSET = Query(0, ge=0, le=2**31 - 1)
KNOWN_AT = Query(None, ge=0, le=2**63 - 1)
OPEN_YEAR = 9999


@router.get("enterprises", response=schemas.EnterprisesOut, operation_id="enterprises")
def enterprises(
    request: HttpRequest, q: str = "", industry: str = "", area: str = "",
    limit: int = LIMIT, offset: int = OFFSET,
) -> dict[str, Any]:  # fmt: skip
    """Enterprises that the caller may see, by name."""
    rows = people.visible(viewer(request), registry.Enterprise.objects.all())
    rows = registry.filtered(rows, {"q": q, "industry": industry, "area": area})
    chosen = list(rows.order_by("name", "id")[offset : offset + limit])
    said = registry.standings().of([e.id for e in chosen])
    items = [_enterprise(e, said.get(e.id)) for e in chosen]
    return {"count": rows.count(), "items": items}


def _enterprise(row: registry.Enterprise, said: registry.Standing | None) -> dict[str, Any]:
    same = (
        "uid", "uscc", "public_code", "name", "name_en", "industry", "area_code",
        "management_code", "size_class", "status",
    )  # fmt: skip
    return {
        **{name: getattr(row, name) for name in same},
        "industry_name": registry.industry_name(row.industry),
        "period": said.period if said else None,
        "grade": said.grade if said else None,
        "level": said.level if said else None,
    }


def _visible(request: HttpRequest, uid: str) -> tuple[people.Viewer, registry.Enterprise]:
    who = viewer(request)
    rows = registry.Enterprise.objects.filter(pk=id_from_text(uid))
    found = people.visible(who, rows).first()
    if found is None:
        raise Http404(uid)
    return who, found


@router.get("enterprises/{uid}", response=schemas.EnterpriseOut, operation_id="enterprise")
def enterprise(request: HttpRequest, uid: str) -> dict[str, Any]:
    """One enterprise by its identifier."""
    _who, found = _visible(request, uid)
    return _enterprise(found, registry.standings().of([found.id]).get(found.id))


@router.get("enterprises/{uid}/facts", response=schemas.FactsOut, operation_id="facts")
def facts_of(
    request: HttpRequest, uid: str, item: str = "", period: str = "",
    known_at: int | None = KNOWN_AT, limit: int = LIMIT, offset: int = OFFSET,
) -> dict[str, Any]:  # fmt: skip
    """Every version of every fact of an enterprise, as known at a time (µs since 1970 UTC)."""
    who, found = _visible(request, uid)
    who.require("see_figures", found.id)
    rows = registry.readable(facts.facts_of(found.id), who, found.id)
    span = parse(period) if period else None
    chosen = registry.versions(rows, known_at=known_at, item=item, period=span)
    return {"count": len(chosen), "items": [_fact(v) for v in chosen[offset : offset + limit]]}


def _fact(version: registry.Version) -> dict[str, Any]:
    fact = version.fact
    same = (
        "seq", "item", "kind", "valid_from", "text", "reported", "source", "revision",
        "data_class", "author", "evidence", "version", "stamp",
    )  # fmt: skip
    about = catalogue().get(fact.item)
    return {
        **{name: getattr(fact, name) for name in same},
        "valid_to": None if fact.valid_to.year == OPEN_YEAR else fact.valid_to,
        "value": None
        if fact.value is None
        else decimal_text(fact.value, about.scale if about else 0),
        "unit": about.unit if about and fact.value is not None else None,
        "current": version.current,
    }


@router.get("areas", response=list[schemas.AreaOut], operation_id="areas")
def areas(request: HttpRequest, hierarchy: str = "statutory") -> list[dict[str, Any]]:
    """Areas of a hierarchy as of today, with the carbon consumption index of the publication.

    For officials, and the areas of their office alone. Where fewer enterprises than the index rule
    demands stand behind a sum, it is not given, nor what would tell it by subtraction: it would be
    a single enterprise's figure.
    """
    who = viewer(request)
    who.require("use_desk")
    run = codes.latest()
    rows = people.visible(who, codes.AreaResult.objects.filter(run=run, hierarchy=hierarchy))
    figures = {r.area_code: r.figures for r in rows}
    nodes = _with_parents(registry.tree(timezone.localdate(), hierarchy), None)
    own, shut = _inside_own(who, timezone.localdate()), _shut(nodes, figures)
    untold = frozen(run).untold if run else None
    return [
        _area(node.area, parent, hierarchy, run, figures.get(node.area.code, {}),
              shut=node.area.code in shut, untold=untold)
        for parent, node in nodes if own(node.area.code)
    ]  # fmt: skip


def _shut(
    nodes: list[tuple[str | None, registry.Node]], figures: dict[str, dict[str, Any]]
) -> frozenset[str]:
    """Areas whose sums are not given, since few enterprises stand behind them."""
    parents = {node.area.code: parent or "" for parent, node in nodes}
    size = {code: (f.get("enterprises") or 0, int(f.get("net_mg") or 0))
            for code, f in figures.items()}  # fmt: skip
    return closed_areas(parents, size)


def _inside_own(who: people.Viewer, day: date) -> Callable[[str], bool]:
    """Whether an area lies in one of the official's own, in either hierarchy."""
    above = [registry.ancestors_on(day, h) for h in ("statutory", "management")]

    def inside(code: str) -> bool:
        chains = [code, *(a for tree in above for a in tree.get(code, []))]
        return any(not top or top in chains for top in who.area_codes)

    return inside


def _with_parents(
    nodes: list[registry.Node], parent: str | None
) -> list[tuple[str | None, registry.Node]]:
    found: list[tuple[str | None, registry.Node]] = []
    for node in nodes:
        found.append((parent, node))
        found += _with_parents(node.children, node.area.code)
    return found


def _area(
    area: registry.Area, parent: str | None, hierarchy: str, run: codes.Run | None,
    figures: dict[str, Any], *, shut: bool, untold: Untold | None,
) -> dict[str, Any]:  # fmt: skip
    kinds = [k for k in ("money", "energy") if untold and untold.has(k, hierarchy, area.code)]
    shown = {} if shut else figures
    if "money" in kinds:
        shown = {k: v for k, v in shown.items() if not k.endswith("_fen")}
    if "energy" in kinds:
        shown = {k: v for k, v in shown.items() if not k.endswith(("_mg", "_gce"))}
    indexed = not shut and not kinds and not few(figures.get("index_n") or 0)
    return {
        "code": area.code, "name": str(area), "name_en": area.name_en, "kind": area.kind,
        "hierarchy": hierarchy, "parent": parent, "period": run.period if run else None,
        "enterprises": figures.get("enterprises"), "coded": figures.get("coded"),
        "net_tco2": amount(shown.get("net_mg"), EMISSION_DECIMALS),
        "output_yuan": amount(shown.get("output_fen"), YUAN_DECIMALS),
        "index": carbon_index(figures.get("index_mg"), figures.get("index_output_fen"))
        if indexed else None,
        "index_n": figures.get("index_n"), "withheld": statistics_only() if kinds else None,
    }  # fmt: skip


def carbon_index(emission_mg: str | None, output_fen: str | None) -> float | None:
    """碳耗指数 [t CO2 per 10⁴ yuan]: Σ emission ÷ Σ output value of the indexed enterprises."""
    if emission_mg is None or not output_fen or int(output_fen) == 0:
        return None
    tonnes = int(emission_mg) / 10**EMISSION_DECIMALS
    return tonnes / (int(output_fen) / 10 ** (YUAN_DECIMALS + 4))
