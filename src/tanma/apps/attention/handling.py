"""Warnings: an official opens a case about an enterprise of the attention list; who handles it
there is told by the workflow `attention`."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import F

from tanma.apps.attention import listing
from tanma.apps.cases import door as cases
from tanma.apps.codes import door as codes
from tanma.apps.kit.door import lang, period_name, significant
from tanma.apps.people.door import Viewer, visible
from tanma.apps.registry import door as registry
from tanma.domain.identity import id_from_text, id_text

WORKFLOW = "attention"


def standing_for(who: Viewer, run: codes.Run, subjects: Collection[int]) -> dict[int, cases.Case]:
    """Subject → its open case, else the newest one about the period of this run."""
    rows = visible(who, cases.Case.objects.filter(workflow=WORKFLOW, subject__in=list(subjects)))
    return {
        c.subject: c for c in rows.order_by(F("closed_at").asc(nulls_last=True))
        if c.closed_at is None or c.params["of"] == run.period
    }  # fmt: skip


@transaction.atomic
def warn(who: Viewer, run: codes.Run, wanted: Collection[int], note: str = "") -> tuple[int, int]:
    """Open a case for items of a run's list; how many were opened and how many had one."""
    rows = visible(who, codes.Result.objects.filter(run=run, subject__in=list(wanted)))
    seen = set(rows.values_list("subject", flat=True))
    chosen = [i for i in listing.listed(run) if i.subject in seen]
    subjects = {i.subject for i in chosen}
    if not cases.may_open(WORKFLOW, subjects, who) >= subjects:
        raise PermissionDenied(WORKFLOW)
    held = standing_for(who, run, subjects)
    for item in chosen:
        if item.subject not in held:
            key = id_text(item.subject)
            cases.open_case(WORKFLOW, item.subject, key, _said(run, item), who, note)
    return len(subjects - set(held)), len(held)


def _said(run: codes.Run, item: listing.Item) -> cases.Said:
    """The title: period and reasons; which publication it was stays with it."""
    texts = {lang: listing.reason_texts(item.reasons, lang) for lang in ("zh", "en")}
    params = {
        "period": {lang: period_name(run.period, lang) for lang in texts},
        "reasons": {"zh": "；".join(texts["zh"]), "en": "; ".join(texts["en"])},
        "of": run.period, "run": run.uid,
    }  # fmt: skip
    return cases.Said("attention_warning", params)


def _reasons(case: cases.Case) -> str:
    return str(case.params["reasons"][lang()])


def panel(case: cases.Case, viewer: Viewer) -> tuple[str, dict[str, Any]]:
    """What the publication said and what the newest one says, for whoever may see it."""
    firm = registry.Enterprise.objects.get(pk=case.subject)
    runs = [codes.Run.objects.get(pk=id_from_text(case.params["run"]))]
    newest = codes.published(runs[0].period_kind).filter(scheme=runs[0].scheme).first()
    if newest is not None and newest != runs[0]:
        runs.append(newest)
    rows = {
        r.run_id: r
        for r in codes.for_viewer(viewer, visible(viewer, codes.Result.objects.filter(
            run__in=runs, subject=case.subject)).select_related("run"))
    }  # fmt: skip
    known = viewer.may("see_figures", firm.id) and viewer.may("see_statistical", firm.id)
    told = [
        {"run": run, "row": rows[run.id], "level": rows[run.id].level or None,
         "ratio": codes.why_not_compared(rows[run.id]) or significant(rows[run.id].ratio, 3)}
        for run in runs if run.id in rows
    ]  # fmt: skip
    context = {"firm": firm, "told": told, "known": known, "reasons_text": _reasons(case)}
    return "attention/parts/warning.html", context
