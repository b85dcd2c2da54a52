"""What the pages of flows share: picture, table, sums, spans and units to choose from."""

from __future__ import annotations

import datetime as dt
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import gettext

from tanma.apps.flows import drawing, spans, words
from tanma.apps.flows.gathering import Gathered
from tanma.apps.flows.spans import Span
from tanma.apps.kit.door import lang, listed, period_name
from tanma.apps.registry import door as registry
from tanma.domain.balances import balances, whole


def today() -> dt.date:
    return dt.datetime.now(ZoneInfo(settings.TIME_ZONE)).date()


def page(request: HttpRequest, made: Gathered, name: str) -> dict[str, Any]:
    """What every page of flows shows of them."""
    parts = balances(made.all())
    sums = whole(parts)
    chosen = drawing.view(request.GET.get("show", ""), (b.carrier for b in parts))
    notes = {
        item: listed(registry.source_name(s) for s in said)
        for (_, item), said in made.sources.items()
    }
    found = drawing.rows(parts, sums, notes)
    return {
        "name": name, "span": made.span, "span_name": made.span.name(lang()),
        "whole": sums, "picture": drawing.picture(parts, chosen, made.below), "chosen": chosen,
        "table": drawing.table(found, request.GET), "gaps": words.gap_texts(made.gaps),
        "shows": shows(request, [b.carrier for b in parts], chosen.show),
        "inferred": any(b.inferred for b in parts), "any": bool(parts),
        "uncoal": [words.carrier_name(b.carrier) for b in parts if b.difference_gce is None],
    }  # fmt: skip


def query(request: HttpRequest, **changes: str) -> str:
    kept = {k: v for k in ("period", "from", "to", "show") if (v := request.GET.get(k, ""))}
    return "?" + urlencode({k: v for k, v in (kept | changes).items() if v})


def shows(request: HttpRequest, carriers: list[str], now: str) -> list[tuple[str, str, bool]]:
    """Standard coal or one carrier in its own unit."""
    named = [(drawing.COAL, gettext("折标准煤")), *((c, words.carrier_name(c)) for c in carriers)]
    return [(label, query(request, show=key), key == now) for key, label in named]


def offers(request: HttpRequest, span: Span, newest: dt.date) -> list[tuple[str, str, bool]]:
    """Spans a click away."""
    keep = f"&show={request.GET['show']}" if request.GET.get("show") else ""
    found = []
    for text in spans.offered(newest, today()):
        given = dict(part.split("=") for part in text.split("&"))
        there, _wrong = spans.asked(given, newest)
        label = period_name(there.period, lang()) if there.period else (
            gettext("昨天") if "to" not in given else gettext("近 7 天"))  # fmt: skip
        same = (there.first, there.end) == (span.first, span.end)
        found.append((label, f"?{text}{keep}", same))
    return found

