"""Public codes, results of publications, runs."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest
from django.utils import timezone
from ninja import Query, Router

from tanma.api import schemas
from tanma.api.access import SIGNED_IN, viewer
from tanma.apps.codepages import door as codepages
from tanma.apps.codes import door as codes
from tanma.apps.people import door as people
from tanma.apps.registry import door as registry
from tanma.domain.identity import id_text, parse_public_code
from tanma.domain.numbers import EMISSION_DECIMALS, ENERGY_DECIMALS, decimal_text

router = Router(tags=["codes"])
YUAN_DECIMALS = 2
LIMIT = Query(100, ge=1, le=1000)
OFFSET = Query(0, ge=0, le=2**31 - 1)


def amount(count: int | str | None, scale: int) -> str | None:
    return None if count is None else decimal_text(int(count), scale)


@router.get("codes/{code}", response=schemas.CodeOut, auth=None, operation_id="public_code")
def public_code(request: HttpRequest, code: str) -> dict[str, Any]:
    """What anybody may read of a code; nothing more, whoever asks."""
    today = timezone.localdate()
    record = codepages.public_code(parse_public_code(code), today)
    return codepages.public_answer(record, today, demo=settings.TANMA.demo)


@router.get("results", response=schemas.ResultsOut, auth=SIGNED_IN, operation_id="results")
def results(
    request: HttpRequest, period: str = "", limit: int = LIMIT, offset: int = OFFSET
) -> dict[str, Any]:
    """Results of the publication of a period (the newest without one), of visible enterprises."""
    who = viewer(request)
    rows = people.visible(who, codes.Result.objects.filter(run=_publication(period)))
    chosen = rows.select_related("run").order_by("natural_key")
    told = codes.for_viewer(who, chosen[offset : offset + limit])
    return {"count": rows.count(), "items": [_result(r) for r in told]}


def _publication(period: str) -> codes.Run:
    if not period:
        found = codes.latest()
    else:
        of_period = codes.Run.objects.filter(state=codes.State.PUBLISHED, period=period)
        found = of_period.order_by("-number").first()
    if found is None:
        raise Http404(period or "publication")
    return found


def _result(row: codes.Result) -> dict[str, Any]:
    same = (
        "name", "industry", "area_code", "size_class", "status", "grade", "intensity", "ratio",
        "benchmark_value", "benchmark_n", "rank", "rank_of", "flags",
    )  # fmt: skip
    texts = ("reason", "data_basis", "level", "neutrality_band", "benchmark_group")
    return {
        "uid": id_text(row.subject), "uscc": row.natural_key.partition(":")[2],
        "period": row.run.period, "publication_number": row.run.number,
        **{name: getattr(row, name) for name in same},
        **{name: getattr(row, name) or None for name in texts},
        "industry_name": registry.industry_name(row.industry),
        "gross_tco2": amount(row.gross_mg, EMISSION_DECIMALS),
        "deduction_tco2": amount(row.deduction_mg, EMISSION_DECIMALS),
        "net_tco2": amount(row.net_mg, EMISSION_DECIMALS),
        "value_added_yuan": amount(row.value_added_fen, YUAN_DECIMALS),
        "output_yuan": amount(row.output_fen, YUAN_DECIMALS),
        "energy_calorific_tce": amount(row.energy_calorific_gce, ENERGY_DECIMALS),
    }  # fmt: skip


@router.get("runs", response=schemas.RunsOut, auth=SIGNED_IN, operation_id="runs")
def runs(request: HttpRequest, limit: int = LIMIT, offset: int = OFFSET) -> dict[str, Any]:
    """Evaluation runs, newest first; working material of the office."""
    who = viewer(request)
    who.require("use_desk")
    rows = people.visible(who, codes.Run.objects.order_by("-created_at"))
    return {"count": rows.count(), "items": [_run(r) for r in rows[offset : offset + limit]]}


def _run(run: codes.Run) -> dict[str, Any]:
    same = (
        "uid", "state", "scheme", "edition", "period", "known_at", "digest", "code_version",
        "notice", "summary",
    )  # fmt: skip
    return {
        **{name: getattr(run, name) for name in same},
        "publication_number": run.number, "created_at": _time(run.created_at),
        "published_at": _time(run.published_at), "preview_until": _time(run.preview_until),
    }  # fmt: skip


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else timezone.localtime(moment).isoformat(timespec="seconds")
