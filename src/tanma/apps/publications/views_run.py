"""One run for the office: counts, moves, review by three persons, objections, digest, uncoded."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tanma.apps.accountpages import door as accountpages
from tanma.apps.codes import door as codes
from tanma.apps.codes.door import (
    MOVES,
    REASONS,
    Moved,
    Objection,
    Result,
    Run,
    State,
    files_of,
    moved,
    number_of,
    predecessor,
    why_not_compared,
    word,
)
from tanma.apps.kit.door import (
    Column,
    Table,
    grade_html,
    known_time,
    lang,
    listed,
    period_name,
    significant,
)
from tanma.apps.people.door import Viewer, viewer, visible
from tanma.apps.publications.forms import NoteForm, UncodedFilter
from tanma.apps.publications.six_steps import six_steps
from tanma.apps.publications.views_runs import (
    address,
    lang_code,
    local,
    office,
    run_of,
    state_badge,
    zone,
)
from tanma.apps.registry import door as registry
from tanma.apps.rules import door as rules
from tanma.domain.identity import id_from_text, id_text
from tanma.domain.messages import Problem
from tanma.engine.rules import edition_of

ACTION_WORDS = {
    "compute": _("计算"), "review": _("初审通过"), "check": _("复核通过，开始预览"),
    "publish": _("发布"), "reject": _("退回"), "withdraw": _("撤回"),
}  # fmt: skip
CONSEQUENCES = {
    "review": _("初审通过后，由另一位同事复核。"),
    "check": _("复核通过后，企业可以预览自己的结果并提出异议；异议期满、异议全部答复后才能发布。"),
    "publish": _("发布后不能修改，编号和摘要随之固定，公众扫码即可看到新的等级。"),
    "reject": _("退回后本次结果作废，需要更正数据后重新计算。"),
    "withdraw": _("撤回后扫码页显示公告，等级退回到上一次发布；本次发布仍可查阅。"),
}
CAUSE_WORDS = {
    "排放量变化": _("排放量变化"), "增加值变化": _("增加值变化"), "行业变化": _("行业变化"),
    "比较对象变化": _("比较对象变化"), "行业平均变化": _("行业平均变化"),
    "赋码状态变化": _("赋码状态变化"),
}  # fmt: skip


@never_cache
@login_required
@require_GET
def run(request: HttpRequest, uid: str) -> HttpResponseBase:
    who = office(request)
    chosen = run_of(who, uid)
    before = predecessor(chosen)
    rows = moved(who, chosen, before)
    table = _moves_table(rows, request)
    if (file := table.export(f"moves-{uid}")) is not None:
        return file
    context = _about(chosen) | {
        "before": before, "before_name": named(before) if before else "",
        "counts_before": _counts(before) if before else None, "refused": _refused(who, chosen),
        "six": six_steps(chosen), "moves": table, "moved": len(rows),
        "actions": _actions(who, chosen),
        "objections": _objections(who, chosen),
    }  # fmt: skip
    return render(request, "publications/run.html", context)


def _about(run: Run) -> dict[str, Any]:
    """What a run says of itself, whoever looks."""
    scheme = rules.scheme(run.scheme, run.edition)
    return {
        "run": run, "state": state_badge(run), "number": number_of(run),
        "scheme_title": word(scheme.title) if scheme else run.scheme,
        "meta": files_of(run).meta, "methods": _methods(run),
        "stepper": _stepper(run), "counts": _counts(run),
        "supersedes_name": named(run.supersedes) if run.supersedes else "",
        "reasons": _reasons(run), "steps": _steps(run), "edition": run.edition,
        "known_at": known_time(run.known_at, zone()), "crumbs": crumbs(run),
    }  # fmt: skip


def _methods(run: Run) -> list[str]:
    """The accounting editions that a run used, by their titles."""
    meta = files_of(run).meta
    return [edition_of(meta, name).title[lang()] for name in meta["editions"]]


def named(run: Run) -> str:
    """Period and number: a restated period has several publications."""
    name, number = period_name(run.period, lang_code()), number_of(run)
    return gettext("%(period)s（%(number)s）") % {"period": name, "number": number or "—"}


REFUSED_SHOWN = 50


def _refused(who: Viewer, run: Run) -> dict[str, Any]:
    """What was reported for the period and not used, of enterprises that the viewer may see."""
    files = files_of(run)
    if "refused" not in files.names:
        return {}
    rows = files.table("refused").to_pylist()
    keys = {r["natural_key"] for r in rows}
    seen = visible(who, Result.objects.filter(run=run, natural_key__in=keys))
    names = dict(seen.values_list("natural_key", "name"))
    whole = "" in who.area_codes
    own = [r for r in rows if r["natural_key"] in names or (whole and not r["natural_key"])]
    shown = own[:REFUSED_SHOWN]
    notes = accountpages.refused_notes(shown)
    return {"n": len(own), "rows": [
        (names.get(r["natural_key"], ""), note) for r, note in zip(shown, notes, strict=True)
    ]}  # fmt: skip


def crumbs(run: Run, *more: Any) -> list[tuple[Any, str]]:
    here = address(run) if more else ""
    start = [(gettext("评价与发布"), reverse("publications:runs"))]
    return [*start, (period_name(run.period, lang_code()), here), *((m, "") for m in more)]


def _counts(run: Run) -> dict[int, int]:
    return {int(g): n for g, n in run.summary["grades"].items()}


def _reasons(run: Run) -> list[tuple[str, int, str]]:
    """(why there is no code, how many, list of them)."""
    page = reverse("publications:uncoded", args=[run.uid])
    return [
        (str(REASONS.get(reason, reason)), count, f"{page}?reason={reason}")
        for reason, count in run.summary["reasons"].items()
    ]


def _actions(who: Viewer, run: Run) -> list[tuple[str, str, str]]:
    """(action, word, look of the button) that this viewer may take now."""
    looks = {"reject": "btn-danger", "withdraw": "btn-danger"}
    return [
        (action, str(ACTION_WORDS[action]), looks.get(action, "btn-primary"))
        for action, move in MOVES.items()
        if run.state in move.sources and who.may(move.permission)
    ]


STAGES = [
    ("compute", _("计算")), ("review", _("初审")), ("check", _("复核")), ("publish", _("发布")),
]  # fmt: skip
REACHED = {State.COMPUTED: 1, State.REVIEWED: 2, State.CHECKED: 3, State.PUBLISHED: 4,
           State.WITHDRAWN: 4}  # fmt: skip


def _stepper(run: Run) -> list[tuple[Any, str, str]]:
    taken = {s.action: s for s in run.steps.all()}
    reached = REACHED.get(State(run.state), len([a for a, _w in STAGES if a in taken]))
    stages = []
    for index, (action, told) in enumerate(STAGES):
        after = "failed" if run.state == State.REJECTED else "current"
        state = "done" if index < reached else after if index == reached else "todo"
        step = taken.get(action)
        stages.append((told, state, f"{step.by} {local(step.at)}" if step else ""))
    return stages


def _steps(run: Run) -> list[dict[str, Any]]:
    return [
        {
            "word": ACTION_WORDS.get(s.action, s.action),
            "by": s.by,
            "at": local(s.at),
            "note": s.note,
        }
        for s in run.steps.order_by("at", "pk")
    ]


def _objections(who: Viewer, run: Run) -> list[dict[str, Any]]:
    """Objections this viewer may see, with the name of the enterprise and whether to answer."""
    said = visible(who, Objection.objects.filter(run=run)).select_related("user", "answered_by")
    names = dict(Result.objects.filter(run=run).filter(
        subject__in=[o.subject for o in said]).values_list("subject", "name"))  # fmt: skip
    return [
        {"it": o, "uid": id_text(o.id), "name": names.get(o.subject, ""),
         "open": o.answered_at is None and who.may("decide", o.subject)}
        for o in said.order_by("at")
    ]  # fmt: skip


def _moves_table(rows: list[Moved], request: HttpRequest) -> Table:
    unit = _("吨/万元")
    columns = [
        Column("name", _("企业名称"), lambda m: m.now.name, sort=True, href=enterprise_address),
        Column("uscc", _("编号"), lambda m: m.now.natural_key.partition(":")[2]),
        Column("before", _("原等级"), lambda m: m.before.grade,
               lambda m: grade_html(m.before.grade), kind="plain", sort=True),
        Column("now", _("现等级"), lambda m: m.now.grade, lambda m: grade_html(m.now.grade),
               kind="plain", sort=True),
        Column("steps", _("变化"), lambda m: m.steps, kind="number", sort=True),
        Column("l_before", _("原碳效值"), lambda m: m.before.intensity,
               lambda m: significant(m.before.intensity), unit=unit, kind="number"),
        Column("l_now", _("现碳效值"), lambda m: m.now.intensity,
               lambda m: significant(m.now.intensity), unit=unit, kind="number"),
        Column("k_before", _("原比值"), lambda m: m.before.ratio,
               lambda m: significant(m.before.ratio), kind="number",
               why=lambda m: why_not_compared(m.before)),
        Column("k_now", _("现比值"), lambda m: m.now.ratio, lambda m: significant(m.now.ratio),
               kind="number", why=lambda m: why_not_compared(m.now)),
        Column("causes", _("原因"), lambda m: listed(str(CAUSE_WORDS[c]) for c in m.causes)),
    ]  # fmt: skip
    return Table(
        columns, rows, request.GET, prefix="m-", per_page=25, caption=_("等级变化"),
        empty=_("没有等级变化，或没有可比的上一次发布"),
    )  # fmt: skip


def enterprise_address(row: Any) -> str:
    subject = row.now.subject if isinstance(row, Moved) else row.subject
    return reverse("registry:enterprise", args=[id_text(subject)])


@never_cache
@login_required
@require_http_methods(["GET", "POST"])
def take(request: HttpRequest, uid: str, action: str) -> HttpResponse:
    """Say what a step means, then take it, with a note."""
    who = office(request)
    chosen = run_of(who, uid)
    if action not in MOVES:
        raise Http404(action)
    who.require(MOVES[action].permission)
    if request.method == "POST":
        return _taken(request, chosen, action)
    context = {
        "run": chosen,
        "action": action,
        "word": ACTION_WORDS[action],
        "consequence": CONSEQUENCES[action],
        "form": NoteForm(),
        "crumbs": crumbs(chosen, ACTION_WORDS[action]),
    }
    return render(request, "publications/take.html", context)


def _taken(request: HttpRequest, run: Run, action: str) -> HttpResponse:
    try:
        codes.take(run.pk, action, viewer(request), note=request.POST.get("text", ""))
    except Problem as problem:
        messages.error(request, problem.text(lang()))
    else:
        done = gettext("已办理：%(word)s") % {"word": ACTION_WORDS[action]}
        messages.success(request, done)
    return redirect("publications:run", run.uid)


@login_required
@require_POST
def verify(request: HttpRequest, uid: str) -> HttpResponse:
    """Compute every digest of the run again from its files."""
    chosen = run_of(office(request), uid)
    files = files_of(chosen)
    try:
        files.verify()
    except Problem as problem:
        messages.error(request, problem.text(lang()))
        return redirect("publications:run", uid)
    if files.digest == chosen.digest:
        messages.success(request, gettext("重新计算的摘要与发布时一致。"))
    else:
        messages.error(request, gettext("重新计算的摘要与发布时不一致，请联系系统管理员。"))
    return redirect("publications:run", uid)


@login_required
@require_POST
def answer(request: HttpRequest, uid: str, objection: str) -> HttpResponse:
    who = office(request)
    try:
        codes.answer_objection(who, id_from_text(objection), request.POST.get("text", ""))
    except Objection.DoesNotExist as missing:
        raise Http404(objection) from missing
    except Problem as problem:
        messages.error(request, problem.text(lang()))
    else:
        messages.success(request, gettext("答复已保存，企业可以看到。"))
    return redirect("publications:run", uid)


@login_required
@require_GET
def uncoded(request: HttpRequest, uid: str) -> HttpResponseBase:
    """未赋码清单: every enterprise without a code, with the reason."""
    who = office(request)
    chosen = run_of(who, uid)
    filters = UncodedFilter(request.GET)
    choices = [(r, str(REASONS.get(r, r))) for r in chosen.summary["reasons"]]
    filters.fields["reason"].choices = [("", gettext("全部")), *choices]  # type: ignore[attr-defined]
    table = _uncoded_table(_uncoded(who, chosen, request), request, _missing(chosen))
    if (file := table.export(f"uncoded-{uid}")) is not None:
        return file
    context = {
        "run": chosen, "table": table, "filters": filters,
        "crumbs": crumbs(chosen, gettext("未赋码清单")),
    }  # fmt: skip
    return render(request, "publications/uncoded.html", context)


def _uncoded(who: Viewer, run: Run, request: HttpRequest) -> QuerySet[Result]:
    rows = visible(who, Result.objects.filter(run=run)).exclude(status="graded")
    for field, key in (("reason", "reason"), ("size_class", "size")):
        if value := request.GET.get(key, ""):
            rows = rows.filter(**{field: value})
    if text := request.GET.get("q", "").strip():
        rows = rows.filter(Q(name__icontains=text) | Q(natural_key__icontains=text))
    return rows


def _missing(run: Run) -> dict[int, str]:
    """Subject → which months of which items are lacking, as the run's files spell it."""
    table = files_of(run).table("results").select(["subject", "missing_months"])
    pairs = zip(*(column.to_pylist() for column in table.columns), strict=True)
    return {subject: text for subject, text in pairs if text}


def _uncoded_table(rows: QuerySet[Result], request: HttpRequest, missing: dict[int, str]) -> Table:
    area = registry.area_names()
    sizes = {"above": gettext("规上"), "below": gettext("规下")}
    columns = [
        Column("name", _("企业名称"), lambda r: r.name, href=enterprise_address, sort="name"),
        Column("uscc", _("编号"), lambda r: r.natural_key.partition(":")[2], sort="natural_key"),
        Column("area", _("所属区域"), lambda r: area.get(r.area_code, r.area_code),
               sort="area_code"),
        *registry.industry_columns(lambda r: r.industry, sort="industry"),
        Column("size", _("规模"), lambda r: sizes.get(r.size_class, r.size_class),
               sort="size_class"),
        Column("reason", _("原因"), lambda r: str(REASONS.get(r.reason, r.reason)),
               sort="reason"),
        Column("missing", _("缺报内容"),
               lambda r: accountpages.missing_text(missing.get(r.subject, "")) or None),
    ]  # fmt: skip
    return Table(
        columns, rows, request.GET, order="name", caption=_("未赋码清单"),
        empty=_("没有未赋码的企业"),
    )  # fmt: skip
