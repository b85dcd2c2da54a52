"""The energy flow of an area: exact sums of its enterprises, closed against telling of one."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from typing import Any

import duckdb
import pyarrow as pa
from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from tanma.apps.flows import area as sums
from tanma.apps.flows import drawing, gathering, spans, words
from tanma.apps.flows.pages import offers, today
from tanma.apps.kit.door import Column, Table, known_time, lang, tce
from tanma.apps.live import door as live
from tanma.apps.people import door as people
from tanma.apps.registry import door as registry
from tanma.domain.balances import IN, Balance, Flow
from tanma.domain.numbers import ENERGY_DECIMALS
from tanma.engine.disclosure import least
from tanma.lake.facts import FactsMirror, Pinned

KINDS = ("park", "new_area", "trusteeship")
"""Kinds of areas that the way in offers; any other area opens by its address."""


def _members(viewer: people.Viewer, code: str) -> list[int] | None:
    """Enterprises of an area as of today; None where the viewer may not see them all."""
    every = registry.placement([code]).values("subject")
    return _all_seen(viewer, registry.Enterprise.objects.filter(id__in=every))


def _all_seen(
    viewer: people.Viewer, rows: QuerySet[registry.Enterprise]
) -> list[int] | None:
    mine = people.visible(viewer, rows)
    if not viewer.office or mine.count() != rows.count():
        return None
    return list(mine.values_list("id", flat=True))


def areas(viewer: people.Viewer) -> list[tuple[str, str]]:
    """Parks and new areas whose enterprises the viewer may all see: name and address."""
    if not viewer.office:
        return []
    rows = registry.Area.objects.filter(kind__in=KINDS).order_by("code")
    return [
        (a.name_zh, reverse("flows:area", args=[a.code]))
        for a in rows if _members(viewer, a.code)
    ]  # fmt: skip


@login_required
def area(request: HttpRequest, code: str) -> HttpResponseBase:
    """Carrier by role, as picture and table."""
    viewer = people.viewer(request)
    if not viewer.office:
        raise PermissionDenied("area")
    place = get_object_or_404(registry.Area, code=code)
    members = _members(viewer, code)
    if members is None:
        raise PermissionDenied(code)
    mirror = FactsMirror(settings.TANMA.lake).pin()
    with live.engine() as con:
        newest = _known(con, mirror, members) or today()
        span, wrong = spans.asked(request.GET, newest)
        lay = registry.Enterprise.objects.filter(id__in=_placed(con, code, span.last))
        members = _all_seen(viewer, lay)
        if members is None:
            raise PermissionDenied(code)
        _known(con, mirror, members)
        made = gathering.gather(con, "known", members, span, fresh=False)
        closed = _closed(con, viewer)
    cells = sums.matrix(made, closed)
    shut = sums.hidden(cells)
    table = _table(cells, shut, request)
    if (file := table.export(f"flows-{code}-{span.first}-{span.last}")) is not None:
        return file
    told = [s for s, flows in made.flows.items() if flows]
    context: dict[str, Any] = {
        "place": place, "span": span, "span_name": span.name(lang()), "wrong": wrong,
        "chosen": drawing.view("", ()), "table": table, "offers": offers(request, span, newest),
        "picture": drawing.picture(_open(cells, shut), drawing.view("", ())), "any": bool(cells),
        "members": len(members), "told": len(told), "least": least(),
        "hidden": len(shut), "known_at": known_time(mirror.watermark, settings.TIME_ZONE),
    }  # fmt: skip
    return render(request, "flows/area.html", context)


def _placed(con: duckdb.DuckDBPyConnection, code: str, day: dt.date) -> list[int]:
    """Who lay in an area on a day, as results of a period that ends with it say."""
    inside = registry.inside_on(code, day)
    con.register("inside", pa.table({
        "item": pa.array([item for item, _ in inside], pa.string()),
        "text": pa.array([area for _, area in inside], pa.string()),
    }))  # fmt: skip
    rows = con.execute(
        """SELECT DISTINCT subject FROM (
             SELECT subject, item,
                    arg_max(text, (valid_from, coalesce(revision, 0), stamp, seq)) AS text
             FROM facts_known
             WHERE kind = 'attribute' AND item IN ('area.statutory', 'area.management')
                   AND valid_from <= ? AND valid_to > ?
             GROUP BY subject, item
           ) SEMI JOIN inside USING (item, text)""", [day, day],
    ).fetchall()  # fmt: skip
    return [subject for (subject,) in rows]


def _closed(con: duckdb.DuckDBPyConnection, viewer: people.Viewer) -> list[int]:
    """Members with energy for statistics alone that neither a basis nor consent opens."""
    rows = con.execute(
        """SELECT DISTINCT subject FROM known WHERE data_class = 'statistical_only'
           AND regexp_matches(item, '^(electricity|heat|fuel)[.]')"""
    ).fetchall()
    return [subject for (subject,) in rows if not viewer.may("see_statistical", subject)]


def _known(
    con: duckdb.DuckDBPyConnection, mirror: Pinned, members: Collection[int]
) -> dt.date | None:
    """Table `known`: the mirrored amounts of the members; the newest month they speak of."""
    ids = pa.table({"subject": pa.array(sorted(members), pa.int64())})
    con.register("members_here", ids)
    mirror.relation(con, mirror.watermark, "facts_known")
    con.execute(
        """CREATE OR REPLACE TEMP TABLE known AS
        FROM facts_known SEMI JOIN members_here USING (subject) WHERE kind <> 'attribute'"""
    )
    return gathering.newest(con, "known")


def _open(cells: sums.Matrix, shut: Collection[tuple[str, str]]) -> list[Balance]:
    """Balances of the carriers of which every cell is shown: what the picture can draw."""
    closed = {carrier for carrier, _ in shut}
    carriers = dict.fromkeys(carrier for carrier, _ in cells if carrier not in closed)
    return [
        Balance(carrier, tuple(
            Flow(carrier, role, "", cell.gce, cell.gce,
                 gettext("分项计量") if role == "metered" else "")
            for (of, role), cell in cells.items() if of == carrier and role != "difference"
        ))
        for carrier in carriers if carrier
    ]  # fmt: skip


def _table(
    cells: sums.Matrix, shut: Collection[tuple[str, str]], request: HttpRequest
) -> Table:
    """One row per carrier, the largest supply first, and the row of all.

    Carriers with a hidden cell come last by name: their place would tell their size.
    """
    closed = {carrier for carrier, _ in shut}
    order: dict[str, int] = {}
    for (carrier, role), cell in cells.items():
        order[carrier] = order.get(carrier, 0) - (cell.gce if role in IN else 0)
    carriers = sorted(
        (c for c in order if c), key=lambda c: (c in closed, 0 if c in closed else order[c], c)
    )
    used = [r for r in sums.COLUMNS if any(role == r for _, role in cells)]
    columns = [
        Column("carrier", _("能源品种"),
               lambda c: words.carrier_name(c) if c else gettext("合计")),
        *(_column(role, cells, shut) for role in used),
        Column("enterprises", _("家数"), lambda c: _most(c, cells), kind="number"),
    ]  # fmt: skip
    listed = [*carriers, sums.TOTAL] if carriers else []
    return Table(columns, listed, request.GET, per_page=100, caption=_("能源平衡表"),
                 empty=_("这段时间没有能源数据"))  # fmt: skip


def _column(role: str, cells: sums.Matrix, shut: Collection[tuple[str, str]]) -> Column:
    label = words.DIFFERENCE if role == "difference" else words.ROLES[role]

    def value(carrier: str) -> float | str | None:
        if (carrier, role) in shut:
            return live.not_public()
        cell = cells.get((carrier, role))
        return None if cell is None else cell.gce / 10**ENERGY_DECIMALS

    def show(carrier: str) -> str | None:
        if (carrier, role) in shut:
            return live.not_public()
        cell = cells.get((carrier, role))
        return None if cell is None else tce(cell.gce)

    return Column(role, label, value, show, unit="tce", kind="number")


def _most(carrier: str, cells: sums.Matrix) -> int | str:
    """How many enterprises use a carrier; few of them are only called few."""
    most = max(c.enterprises for (of, _), c in cells.items() if of == carrier)
    return live.how_many(most)
