"""Routine evaluations on a page: what is due when, what was found, what it computed."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from tanma.apps.codes import door as codes
from tanma.apps.codes.door import Run, Schedule, predecessor
from tanma.apps.kit.door import period_name, rounded
from tanma.apps.people.door import visible
from tanma.apps.publications.forms import KINDS
from tanma.apps.publications.views_runs import address, lang_code, local, office, state_badge
from tanma.domain.identity import id_from_text


class ScheduleForm(forms.Form):
    """Which period, when it is due, how complete its data must be."""

    kind = forms.ChoiceField(label=_("期间类型"), choices=list(KINDS.items()))
    days_after = forms.IntegerField(
        label=_("期末后多少天"), min_value=0, max_value=codes.MOST_DAYS, initial=30
    )
    least_percent = forms.IntegerField(
        label=_("报齐企业占比不低于（%）"), min_value=0, max_value=100, initial=90,
        help_text=_("在营规上企业中，期末月份各类应报数据都已报送的占比。"),
    )  # fmt: skip


@never_cache
@login_required
@require_http_methods(["GET", "POST"])
def home(request: HttpRequest) -> HttpResponse:
    who = office(request)
    may = who.may("start_run")
    form = ScheduleForm(request.POST or None) if may else None
    if request.method == "POST":
        who.require("start_run")
        if form is not None and form.is_valid():
            codes.make_schedule(**form.cleaned_data, viewer=who)
            told = gettext("已设定。到期且数据齐备时自动计算，仍须三人办理才会发布。")
            messages.success(request, told)
            return redirect("publications:schedules")
    rows = [_shown(s) for s in visible(who, Schedule.objects.order_by("ended_at", "made_at"))]
    crumbs = [(gettext("评价与发布"), reverse("publications:runs")), (gettext("定时评价"), "")]
    context = {"rows": rows, "form": form, "may": may, "crumbs": crumbs}
    return render(request, "publications/schedules.html", context)


def _shown(schedule: Schedule) -> dict[str, Any]:
    ahead = codes.next_of(schedule, timezone.localdate())
    last = schedule.runs.order_by("-created_at").first()
    found = schedule.found_percent
    return {
        "it": schedule, "kind": KINDS[schedule.kind], "ended": local(schedule.ended_at),
        "next": period_name(ahead.period.text, lang_code()), "due": ahead.due_on,
        "looked": local(schedule.looked_at), "found": None if found is None else rounded(found, 1),
        "short": found is not None and found < schedule.least_percent,
        "last": _last(last) if last else None,
    }  # fmt: skip


def _last(run: Run) -> dict[str, Any]:
    """What a schedule computed last: counts by grade, with those of the publication before."""
    before = predecessor(run)
    return {
        "run": run, "href": address(run), "state": state_badge(run),
        "name": period_name(run.period, lang_code()),
        "counts": {int(g): n for g, n in run.summary["grades"].items()},
        "before": {int(g): n for g, n in before.summary["grades"].items()} if before else None,
        "before_name": period_name(before.period, lang_code()) if before else "",
    }  # fmt: skip


@login_required
@require_http_methods(["POST"])
def end(request: HttpRequest, uid: str) -> HttpResponse:
    who = office(request)
    found = visible(who, Schedule.objects.filter(pk=id_from_text(uid), ended_at=None)).first()
    if found is None:
        raise Http404(uid)
    codes.end_schedule(found, who)
    messages.success(request, gettext("已停止；已计算的结果保留。"))
    return redirect("publications:schedules")
