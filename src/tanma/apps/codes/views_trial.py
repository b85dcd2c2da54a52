"""Trying out a draft of a rule: start it, wait, see who would move."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from tanma.apps.codes import tasks, trials
from tanma.apps.codes.models import Trial
from tanma.apps.codes.publication import latest
from tanma.apps.codes.views_run import enterprise_address, named
from tanma.apps.codes.views_runs import local, office
from tanma.apps.kit.door import Column, Table, grade_html, level_html
from tanma.apps.people.door import Viewer, visible
from tanma.apps.rules import door as rules


@never_cache
@login_required
@require_http_methods(["GET", "POST"])
def try_out(request: HttpRequest, uid: str) -> HttpResponseBase:
    """The newest trial of a draft, and the button that makes one."""
    who = office(request)
    pack = rules.pack_of(who, uid)
    if request.method == "POST":
        who.require("start_run")
        task = tasks.try_rule.enqueue(pack.pk, who.user_id or 0, who.name)
        return redirect("codes:starting", task.id)
    trial = visible(who, Trial.objects.filter(pack=pack.pk)).order_by("-at").first()
    table = _table(trial, who, request)
    if (file := table.export(f"trial-{uid}")) is not None:
        return file
    return render(request, "codes/trial.html", _about(who, pack, trial, table))


def _about(who: Viewer, pack: rules.Pack, trial: Trial | None, table: Table) -> dict[str, Any]:
    run = trial.run if trial else latest()
    context: dict[str, Any] = {
        "pack": pack, "trial": trial, "table": table, "may": who.may("start_run"),
        "run_name": named(run) if run else "",
        "stale": trial is not None and trial.digest != rules.digest_of(pack),
        "at": local(trial.at) if trial else "",
        "crumbs": [(gettext("规则起草与发布"), reverse("rules:packs")),
                   (f"{pack.name} {pack.edition}", reverse("rules:pack", args=[pack.uid])),
                   (gettext("试算"), "")],
    }  # fmt: skip
    if trial:
        context |= {name: {int(g): n for g, n in trial.summary[name].items()}
                    for name in ("before", "after")}  # fmt: skip
    return context


def _table(trial: Trial | None, who: Viewer, request: HttpRequest) -> Table:
    columns = [
        Column("name", _("企业名称"), lambda m: m.now.name, sort=True, href=enterprise_address),
        Column("industry", _("行业"), lambda m: m.now.industry, sort=True),
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
    rows = trials.moves(trial, who) if trial else []
    return Table(columns, rows, request.GET, caption=_("会变化的企业"),
                 empty=_("没有企业的等级或水平会变化"))  # fmt: skip
