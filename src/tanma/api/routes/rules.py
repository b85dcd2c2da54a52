"""Factors, schemes, and rating a table with a scheme."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

import pyarrow as pa
from django.http import HttpRequest
from ninja import Query, Router

from tanma.api import schemas
from tanma.api.access import SIGNED_IN
from tanma.apps.rules.door import rows, tables
from tanma.apps.rules.door import schemes as known_schemes
from tanma.domain.factors.tables import evidence_of
from tanma.domain.messages import Problem
from tanma.domain.numbers import parse_amount
from tanma.domain.periods import parse
from tanma.domain.rating import Scheme, find
from tanma.domain.rating.scheme import Band

router = Router(tags=["rules"])
LIMIT = Query(100, ge=1, le=1000)
OFFSET = Query(0, ge=0, le=2**31 - 1)
MOST_DECIMALS = 18
"""Beyond these no count of 64 bits has a digit left before the point."""
SHOWN = 40
SAME = (
    "id", "name_zh", "name_en", "parameter", "value", "unit", "document", "valid_from",
    "dates_evidence", "note",
)  # fmt: skip


@router.get("factors", response=schemas.FactorsOut, auth=None, operation_id="factors")
def factors(
    request: HttpRequest, name: str = Query("", alias="table"), q: str = "",
    limit: int = LIMIT, offset: int = OFFSET,
) -> dict[str, Any]:  # fmt: skip
    """Values of the factor tables with source and evidence mark; `recalled` is unconfirmed."""
    known = tables()
    names = [name] if name else [i.name for i in known]
    kinds = {i.name for i in known if i.kind == "factors"}
    if name and name not in {i.name for i in known}:
        rows(name)  # says which there are
    wanted = q.strip().casefold()
    found = [
        {
            "table": n, **{f: r[f] for f in SAME}, "valid_to": r["valid_to"] or None,
            "evidence": evidence_of(r),
        }
        for n in names if n in kinds
        for r in rows(n) if any(wanted in v.casefold() for v in r.values())
    ]  # fmt: skip
    return {"count": len(found), "items": found[offset : offset + limit]}


@router.get("schemes", response=list[schemas.SchemeOut], auth=None, operation_id="schemes")
def schemes(request: HttpRequest) -> list[dict[str, Any]]:
    """The rating schemes with cut-offs as printed, sources and evidence marks."""
    return [_scheme(s) for s in known_schemes()]


def _scheme(scheme: Scheme) -> dict[str, Any]:
    neutrality = scheme.neutrality.bands if scheme.neutrality else ()
    return {
        "id": scheme.id, "edition": scheme.edition, "title_zh": scheme.title.zh,
        "title_en": scheme.title.en, "evidence": scheme.evidence,
        "valid_from": scheme.valid_from, "valid_to": scheme.valid_to,
        "levels": _bands(scheme.intensity.bands), "grades": _bands(scheme.ratio.bands),
        "neutrality_bands": _bands(neutrality),
        "sources": [
            {"title": s.title, "kind": s.kind, "carries": s.carries, "evidence": s.evidence}
            for s in scheme.sources
        ],
    }  # fmt: skip


def _bands(bands: Sequence[Band]) -> list[dict[str, Any]]:
    return [
        {
            "id": b.id, "name_zh": b.zh, "name_en": b.en, "upper": b.upper_text or None,
            "inclusive": b.inclusive,
        }
        for b in bands
    ]  # fmt: skip


@router.post(
    "rate", response=schemas.RateOut, auth=SIGNED_IN, operation_id="rate", exclude_unset=True
)
def rate(request: HttpRequest, body: schemas.RateIn) -> dict[str, Any]:
    """Grade rows with a scheme; nothing is stored. The twin of `tanma rate`."""
    from tanma.engine.rating import rate as rate_table

    scheme = find(body.scheme, schemes=known_schemes())
    for period in {r.period for r in body.rows} - {""}:
        parse(period)
    columns: dict[str, Any] = {
        "id": pa.array([r.id for r in body.rows], pa.string()),
        "group": pa.array([r.group for r in body.rows], pa.string()),
        "period": pa.array([r.period for r in body.rows], pa.string()),
    }
    scales: dict[str, int] = {}
    for name in ("numerator", "denominator", "weight"):
        given = [getattr(r, name) for r in body.rows]
        if name != "weight" or any(v is not None for v in given):
            columns[name], scales[name] = exact_column(name, given)
    rated = rate_table(
        pa.table(columns), scheme, numerator_scale=scales["numerator"],
        denominator_scale=scales["denominator"],
    )  # fmt: skip
    names = [name for name in schemas.RatedOut.model_fields if name in rated.column_names]
    marks = {"scheme": scheme.id, "edition": scheme.edition, "evidence": scheme.evidence}
    return {**marks, "rows": rated.select(names).to_pylist()}


def exact_column(name: str, values: Sequence[int | str | None]) -> tuple[pa.Array, int]:
    """Amounts as counts at the smallest scale that keeps every one exact, and that scale."""
    scale = max((_decimals(row, name, v) for row, v in enumerate(values, 1)), default=0)
    counts = [None if v is None else parse_amount(str(v), scale, name) for v in values]
    return pa.array(counts, pa.int64()), scale


def _decimals(row: int, name: str, value: int | str | None) -> int:
    if value is None or isinstance(value, int):
        return 0
    try:
        exponent = Decimal(value.strip()).as_tuple().exponent
    except InvalidOperation:
        exponent = "n"
    if not isinstance(exponent, int) or abs(exponent) > MOST_DECIMALS:
        raise Problem("api_amount_wrong", row=row, field=name, value=value[:SHOWN])
    return max(0, -exponent)
