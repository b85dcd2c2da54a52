"""Trying out a draft of a rule: start it, wait, see who would move."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from tanma.apps.codes.door import Trial, published, trial_moves, try_rule
from tanma.apps.kit.door import (
    MISSING,
    Column,
    Table,
    grade_html,
    lang,
    level_html,
    percent,
    signed,
    statistics_only,
    tce,
    tonnes,
)
from tanma.apps.people.door import Viewer, visible
from tanma.apps.publications.forms import TrialForm
from tanma.apps.publications.views_run import enterprise_address, named
from tanma.apps.publications.views_runs import local, office
from tanma.apps.registry import door as registry
from tanma.apps.rules import door as rules
from tanma.domain.methods.edition import edition as shipped
from tanma.engine.accounts import MEASURE_DEFS


@never_cache
@login_required
@require_http_methods(["GET", "POST"])
def try_out(request: HttpRequest, uid: str) -> HttpResponseBase:
    """The newest trial of a draft, and the form that makes one on a publication."""
    who = office(request)
    pack = rules.pack_of(who, uid)
    trial = visible(who, Trial.objects.filter(pack=pack.pk)).order_by("-at").first()
    runs = list(visible(who, published()))
    form = TrialForm(request.POST or None, runs=[(run.uid, named(run)) for run in runs])
    if request.method == "POST":
        who.require("start_run")
        if form.is_valid():
            chosen = next(run for run in runs if run.uid == form.cleaned_data["run"])
            task = try_rule.enqueue(pack.pk, who.user_id or 0, who.name, chosen.pk)
            return redirect("publications:starting", task.id)
    table = _table(trial, who, request)
    if (file := table.export(f"trial-{uid}")) is not None:
        return file
    context = _about(who, pack, trial, table) | {"form": form if runs else None}
    return render(request, "publications/trial.html", context)


def _about(who: Viewer, pack: rules.Pack, trial: Trial | None, table: Table) -> dict[str, Any]:
    title = rules.title(pack, lang())
    context: dict[str, Any] = {
        "pack": pack, "title": title, "trial": trial, "table": table, "may": who.may("start_run"),
        "run_name": named(trial.run) if trial else "",
        "stale": trial is not None and trial.digest != rules.digest_of(pack),
        "at": local(trial.at) if trial else "",
        "crumbs": [(gettext("规则起草与发布"), reverse("rules:packs")),
                   (f"{title} {pack.edition}", reverse("rules:pack", args=[pack.uid])),
                   (gettext("试算"), "")],
    }  # fmt: skip
    if trial:
        context |= {name: {int(g): n for g, n in trial.summary[name].items()}
                    for name in ("before", "after")}  # fmt: skip
        context["totals"] = [_total(*told) for told in trial.summary.get("totals", ())]
    return context


def _total(measure: str, was: str | None, now: str | None, changed: int) -> dict[str, Any]:
    """One total of an account over the region: before, after, by how much, of how many."""
    made = MEASURE_DEFS[measure]
    name = next(t.name[lang()] for t in shipped(made.edition).totals if t.id == made.total)
    mass = measure.endswith("_mg")
    shown, unit = (tonnes, "tCO₂") if mass else (tce, "tce")
    before, after = (None if value is None else int(value) for value in (was, now))
    both = before is not None and after is not None
    rate = Fraction((after or 0) - (before or 0), before) if both and before else None
    told = [statistics_only()] * 2 if before is after is None else [shown(before), shown(after)]
    return {
        "name": name, "unit": unit, "before": told[0], "after": told[1],
        "rate": MISSING if rate is None else f"{signed(percent(rate, 2))} %", "changed": changed,
    }  # fmt: skip


def _table(trial: Trial | None, who: Viewer, request: HttpRequest) -> Table:
    columns = [
        Column("name", _("企业名称"), lambda m: m.now.name, sort=True, href=enterprise_address),
        *registry.industry_columns(lambda m: m.now.industry, sort=True),
        Column("before", _("原等级"), lambda m: m.now.grade, lambda m: grade_html(m.now.grade),
               kind="plain", sort=True),
        Column("after", _("试算等级"), lambda m: m.grade, lambda m: grade_html(m.grade),
               kind="plain", sort=True),
        Column("steps", _("变化"), lambda m: m.steps, kind="number", sort=True),
        Column("level_before", _("原水平"), lambda m: m.now.level or None,
               lambda m: level_html(m.now.level), kind="plain", sort=True),
        Column("level_after", _("试算水平"), lambda m: m.level or None,
               lambda m: level_html(m.level), kind="plain", sort=True),
    ]  # fmt: skip
    rows = trial_moves(trial, who) if trial else []
    return Table(columns, rows, request.GET, caption=_("会变化的企业"),
                 empty=_("没有企业的等级或水平会变化"))  # fmt: skip
