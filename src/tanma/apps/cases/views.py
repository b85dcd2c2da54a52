"""The list of cases with its counts, the page of one case, and its moves."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Count, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from tanma.apps.cases import flow
from tanma.apps.cases.letters import waiting_for
from tanma.apps.cases.models import Case, word
from tanma.apps.cases.shown import address, due_html
from tanma.apps.cases.workflows import workflows
from tanma.apps.kit.door import Column, Table, badge_html, lang
from tanma.apps.metering import door as metering
from tanma.apps.people import door as people
from tanma.apps.registry import door as registry
from tanma.domain.messages import Problem

LISTED_FIRMS = 20


def waiting(request: HttpRequest) -> int:
    """Cases that are the viewer's turn."""
    viewer = people.viewer(request)
    return people.visible(viewer, Case.objects.filter(waiting_for(viewer))).count()


def _kinds() -> list[tuple[str, Any]]:
    return [("", _("全部")), *((name, word(w)) for name, w in workflows().items())]


class CaseFilter(forms.Form):
    q = forms.CharField(label=_("企业"), required=False, max_length=60)
    state = forms.ChoiceField(
        label=_("状态"), required=False,
        choices=[("", _("未关闭")), ("waiting", _("待我办理")), ("overdue", _("已逾期")),
                 ("closed", _("已关闭")), ("all", _("全部"))],
    )  # fmt: skip
    kind = forms.ChoiceField(label=_("类别"), required=False, choices=_kinds)
    of = forms.CharField(required=False, widget=forms.HiddenInput)


def filtered(
    viewer: people.Viewer, rows: QuerySet[Case], wanted: dict[str, Any]
) -> QuerySet[Case]:
    """The cases that meet every condition of the address; closed ones only when asked for."""
    state = wanted.get("state", "")
    if state == "closed":
        rows = rows.exclude(closed_at=None)
    elif state != "all":
        rows = rows.filter(closed_at=None)
    if state == "waiting":
        rows = rows.filter(waiting_for(viewer))
    if state == "overdue":
        rows = rows.filter(due_at__lt=timezone.now())
    if kind := wanted.get("kind"):
        rows = rows.filter(workflow=kind)
    if text := wanted.get("q", "").strip():
        named = registry.Enterprise.objects.filter(name__icontains=text)
        rows = rows.filter(subject__in=named.values("id"))
    if uid := wanted.get("of"):
        rows = rows.filter(subject=metering.number(uid))
    return rows


@login_required
def home(request: HttpRequest) -> HttpResponseBase:
    """Cases, worst deadline first, with how many wait; the bureau sees where they pile up."""
    viewer = people.viewer(request)
    form = CaseFilter(request.GET)
    wanted = form.cleaned_data if form.is_valid() else {}
    rows = people.visible(viewer, Case.objects.all())
    table = _table(filtered(viewer, rows, wanted), request)
    if (file := table.export("cases")) is not None:
        return file
    context = {
        "form": form, "table": table, "any": rows.exists(), "counts": _counts(rows, request),
        "firms": _piled(rows) if viewer.office else [],
    }  # fmt: skip
    return render(request, "cases/home.html", context)


def _counts(rows: QuerySet[Case], request: HttpRequest) -> dict[str, int]:
    open_ = rows.filter(closed_at=None)
    month = timezone.localtime().replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return {
        "waiting": waiting(request), "open": open_.count(),
        "overdue": open_.filter(due_at__lt=timezone.now()).count(),
        "closed": rows.filter(closed_at__gte=month).count(),
    }  # fmt: skip


def _piled(rows: QuerySet[Case]) -> list[tuple[registry.Enterprise, int]]:
    """Enterprises with the most open cases."""
    counted = (
        rows.filter(closed_at=None).values("subject").annotate(n=Count("id"))
        .order_by("-n", "subject")[:LISTED_FIRMS]
    )  # fmt: skip
    firms = registry.Enterprise.objects.in_bulk([c["subject"] for c in counted])
    return [(firms[c["subject"]], c["n"]) for c in counted if c["subject"] in firms]


def _table(rows: QuerySet[Case], request: HttpRequest) -> Table:
    firms = registry.Enterprise.objects.in_bulk(list(set(rows.values_list("subject", flat=True))))
    columns = [
        Column("title", _("事项"), lambda c: c.title, href=address),
        Column("firm", _("企业"), lambda c: str(firms.get(c.subject, "")) or None, kind="name"),
        Column("kind", _("类别"), lambda c: word(c.rules)),
        Column("state", _("状态"), lambda c: c.state_word,
               show=lambda c: badge_html(c.state_word, c.tone), kind="plain"),
        Column("opened", _("发现于"), lambda c: c.opened_at, sort="opened_at",
               show=lambda c: f"{timezone.localtime(c.opened_at):%Y-%m-%d %H:%M}"),
        Column("due", _("办理期限"), lambda c: c.due_at, sort="due_at", show=due_html,
               kind="plain"),
    ]  # fmt: skip
    return Table(columns, rows, request.GET, order="due", caption=_("预警与办理"),
                 empty=_("没有符合条件的事项"))  # fmt: skip


def _found(request: HttpRequest, uid: str) -> tuple[people.Viewer, Case]:
    viewer = people.viewer(request)
    row = people.visible(viewer, Case.objects.filter(pk=metering.number(uid))).first()
    if row is None:
        raise Http404(uid)
    return viewer, row


@login_required
def case(request: HttpRequest, uid: str, status: int = 200, note: str = "") -> HttpResponse:
    viewer, row = _found(request, uid)
    template, about = flow.panel_of(row, viewer)
    firm = registry.Enterprise.objects.filter(pk=row.subject).first()
    may = flow.moves(row, viewer)
    context = {
        "case": row, "firm": firm, "kind": word(row.rules), "due": due_html(row),
        "moves": [(m, word(m)) for m in may], "note": note,
        "noted": gettext("、").join(word(m) for m in may if m.note),
        "steps": [_told(s) for s in row.steps.select_related("case").order_by("-at", "-id")],
        "panel": template, "about": about,
        "crumbs": [(gettext("预警与办理"), reverse("cases:home")), (row.title, "")],
    }  # fmt: skip
    return render(request, "cases/case.html", context, status=status)


def _told(step: Any) -> dict[str, Any]:
    states = step.case.rules.state
    first = gettext("发起") if step.user_id else gettext("发现")
    what = step.move_word or (gettext("系统备注") if step.before else first)
    after = word(states[step.after]) if step.after in states else step.after
    by = step.by if step.user_id else gettext("系统")
    return {"at": step.at, "by": by, "what": what, "after": after, "text": step.text}


@login_required
@require_POST
def move(request: HttpRequest, uid: str) -> HttpResponse:
    """Take one move; what was wrong with it is said on the page, with the note kept."""
    viewer, row = _found(request, uid)
    note = request.POST.get("note", "")
    try:
        flow.take(row, request.POST.get("move", ""), viewer, note)
    except Problem as problem:
        messages.error(request, problem.text(lang()))
        request.method = "GET"
        return case(request, uid, 400, note)
    messages.success(request, gettext("已记录。"))
    return redirect(address(row))
