"""Runs and publications for the office: the list, and starting a new one."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods
from django_tasks import default_task_backend
from django_tasks.exceptions import TaskResultDoesNotExist

from tanma.apps.codes.door import Run, State, compute_run, number_of
from tanma.apps.kit.door import Column, Table, badge_html, known_time, lang, period_name, scaled
from tanma.apps.people.door import Viewer, viewer, visible
from tanma.apps.publications.forms import RunFilter, StartForm, last_quarter
from tanma.domain.identity import id_from_text
from tanma.domain.messages import Problem

TONES = {
    State.COMPUTED: "plain", State.REVIEWED: "brand", State.CHECKED: "brand",
    State.PUBLISHED: "good", State.REJECTED: "bad", State.WITHDRAWN: "warn",
}  # fmt: skip
STATE_WORDS = {
    State.COMPUTED: _("已计算"), State.REVIEWED: _("已初审"), State.CHECKED: _("已复核，预览中"),
    State.PUBLISHED: _("已发布"), State.REJECTED: _("已退回"), State.WITHDRAWN: _("已撤回"),
}  # fmt: skip


def office(request: HttpRequest) -> Viewer:
    who = viewer(request)
    who.require("use_desk")
    return who


def run_of(who: Viewer, uid: str) -> Run:
    """A run this viewer may see, by the id in the address."""
    try:
        return visible(who, Run.objects.select_related("supersedes")).get(pk=id_from_text(uid))
    except (Run.DoesNotExist, Problem) as missing:
        raise Http404(uid) from missing


def state_badge(run: Run) -> Any:
    return badge_html(str(STATE_WORDS[State(run.state)]), TONES[State(run.state)])


@login_required
@require_GET
def runs(request: HttpRequest) -> HttpResponseBase:
    who = office(request)
    table = _runs_table(who, request)
    if (file := table.export("publications")) is not None:
        return file
    context = {
        "table": table, "filters": RunFilter(request.GET), "may_start": who.may("start_run"),
        "crumbs": [(gettext("评价与发布"), "")],
    }  # fmt: skip
    return render(request, "publications/runs.html", context)


def _runs_table(who: Viewer, request: HttpRequest) -> Table:
    rows, query, words = visible(who, Run.objects.all()), request.GET, lang_code()
    for field, key in (("state", "state"), ("period_kind", "kind")):
        if value := query.get(key, ""):
            rows = rows.filter(**{field: value})
    if text := query.get("period", "").strip():
        rows = rows.filter(period__startswith=text)
    columns = [
        Column("period", _("期间"), lambda r: r.period,
               lambda r: period_name(r.period, words), href=address, sort="period_end"),
        Column("state", _("状态"), lambda r: str(STATE_WORDS[State(r.state)]), state_badge,
               kind="plain", sort="state"),
        Column("number", _("发布编号"), number_of, sort="number"),
        Column("enterprises", _("参评企业"), lambda r: r.summary["enterprises"],
               lambda r: scaled(r.summary["enterprises"], 0), kind="number"),
        Column("graded", _("已定级"), lambda r: r.summary["graded"],
               lambda r: scaled(r.summary["graded"], 0), kind="number"),
        Column("known", _("数据截至"), lambda r: known_time(r.known_at, zone())),
        Column("created", _("计算时间"), lambda r: local(r.created_at), sort="created_at"),
        Column("published", _("发布时间"), lambda r: local(r.published_at), sort="published_at"),
        Column("edition", _("规则版本"), lambda r: r.edition, lambda r: one_line(r.edition)),
        Column("digest", _("数据摘要"), lambda r: r.digest,
               lambda r: one_line(short_digest(r.digest))),
    ]  # fmt: skip
    return Table(
        columns, rows, query, order="-created", caption=_("评价与发布"), empty=_("还没有评价")
    )


def one_line(text: str) -> str:
    return format_html('<span class="nowrap">{}</span>', text)


def short_digest(digest: str) -> str:
    """sha256:a94f7e6873c8… → a94f7e6873c8…; the whole one stands on the page of the run."""
    return digest.partition(":")[2][:12] + "…"


def address(run: Run) -> str:
    return reverse("publications:run", args=[run.uid])


def zone() -> str:
    return timezone.get_default_timezone_name()


def local(moment: Any) -> str | None:
    return f"{timezone.localtime(moment):%Y-%m-%d %H:%M}" if moment else None


def lang_code() -> str:
    return "en" if lang() == "en" else "zh-hans"


@never_cache
@login_required
@require_http_methods(["GET", "POST"])
def start(request: HttpRequest) -> HttpResponse:
    who = viewer(request)
    who.require("start_run")
    last = last_quarter(timezone.localdate())
    form = StartForm(request.POST or None, initial={"kind": "rolling", "period": last})
    if request.method == "POST" and form.is_valid():
        task = compute_run.enqueue(form.cleaned_data["period"], who.user_id or 0, who.name)
        return redirect("publications:starting", task.id)
    crumbs = [(gettext("评价与发布"), reverse("publications:runs")), (gettext("开始评价"), "")]
    return render(request, "publications/start.html", {"form": form, "crumbs": crumbs})


@never_cache
@login_required
@require_GET
def starting(request: HttpRequest, task: str) -> HttpResponse:
    """How far a computation is; the part that is asked for again and again is the bar alone."""
    who = viewer(request)
    who.require("start_run")
    try:
        found = default_task_backend.get_result(task)
    except (TaskResultDoesNotExist, ValidationError, ValueError) as missing:
        raise Http404(task) from missing
    context = _progress(found) | {
        "crumbs": [(gettext("评价与发布"), reverse("publications:runs")), (gettext("正在计算"), "")]
    }
    part = bool(getattr(request, "htmx", False))
    return render(request, f"publications/{'parts/progress' if part else 'starting'}.html", context)


def _progress(task: Any) -> dict[str, Any]:
    """waiting, running, done with the run's address, or failed with what to do."""
    if not task.is_finished:
        waiting = task.started_at is None
        note = gettext("排队中") if waiting else gettext("正在计算，全区域通常几秒到几分钟")
        return {"note": note, "poll": reverse("publications:starting", args=[task.id])}
    outcome = task.return_value if task.status.value == "SUCCESSFUL" else {}
    if "run" in (outcome or {}):
        return {"run_address": reverse("publications:run", args=[outcome["run"]])}
    if "trial" in (outcome or {}):
        return {"run_address": reverse("publications:try_out", args=[outcome["trial"]])}
    unknown = gettext("计算没有完成，原因已记入服务日志。请联系系统管理员。")
    return {"problem": (outcome or {}).get(lang(), unknown)}
