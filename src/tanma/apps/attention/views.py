"""The attention list: who is on it and why, what was done about it, and sending a warning."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponseBase, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from tanma.apps.areas import door as areas
from tanma.apps.areas.door import COUNTIES, TOWNS, Frozen, base, level_below, names, office, opened
from tanma.apps.attention import handling, listing
from tanma.apps.cases import door as cases
from tanma.apps.codes import door as codes
from tanma.apps.codes.door import word
from tanma.apps.kit.door import Column, Table, badge_html, clauses, grade_html, significant, tonnes
from tanma.apps.people.door import Viewer, viewer, visible
from tanma.apps.registry import door as registry
from tanma.domain.identity import id_from_text, id_text
from tanma.domain.messages import Problem
from tanma.domain.rating.attention import enterprise_rule, index_rule

KEPT = "period,reason,e-order"
HANDLED = {"none": _("未发出"), "open": _("办理中"), "overdue": _("已逾期"), "closed": _("已办结")}


class ItemFilter(forms.Form):
    """What of the list is shown."""

    area = forms.ChoiceField(label=_("区域"), required=False)
    handled = forms.ChoiceField(
        label=_("办理"), required=False, choices=[("", _("全部")), *HANDLED.items()]
    )
    q = forms.CharField(label=_("企业"), required=False, max_length=60)


@office
def attention_list(request: HttpRequest) -> HttpResponseBase:
    """Enterprises that a rule calls up, and townships with an abnormal index."""
    place = opened(request, request.GET.get("area", ""))
    if place is None:
        return render(request, "areas/none.html")
    who, run, data, code = place
    reason = request.GET.get("reason", "")
    form = _filter(request, who, data, code)
    found = listing.listed_in(data, listing.listed(run), "statutory", code)
    some = [i for i in found if not reason or reason in i.reasons]
    firms = items_table(who, run, some, request.GET, form)
    towns = areas.areas_table(listing.abnormal_towns(data, code), request.GET,
                              order="-index", prefix="t-")  # fmt: skip
    for table, name in ((firms, "enterprises"), (towns, "townships")):
        if (file := table.export(f"attention-{name}-{code}")) is not None:
            return file
    return render(request, "attention/list.html", base(request, run, data, code) | {
        "firms": firms, "towns": towns, "before": listing.year_before(run), "form": form,
        "kept": KEPT,
        "reasons": _reasons(request, found, reason), "enterprise_rule": enterprise_rule(),
        "rule_title": word(enterprise_rule().title), "index_title": word(index_rule().title),
        "conditions": [word(w) for w in index_rule().conditions().values()],
    })  # fmt: skip


def _filter(request: HttpRequest, who: Viewer, data: Frozen, code: str) -> ItemFilter:
    form = ItemFilter(request.GET)
    home = areas.home_of(who, data)
    below = level_below(data, home, COUNTIES) or level_below(data, home, TOWNS)
    choices = {home: names([home])[home]} | {a.code: a.name for a in below}
    form.fields["area"].choices = list((choices | names([code])).items())  # type: ignore[attr-defined]
    form.is_valid()
    return form


def _reasons(
    request: HttpRequest, found: list[listing.Item], chosen: str
) -> list[tuple[str, int, str, bool]]:
    """Each condition with the number of enterprises, and the address that shows only these."""
    kept = {k: v for k, v in request.GET.items() if k in {"area", "period", "handled", "q"} and v}
    rows = [(gettext("全部"), len(found), "?" + urlencode(kept), not chosen)]
    for key, said in enterprise_rule().conditions().items():
        n = sum(key in i.reasons for i in found)
        rows.append((word(said), n, "?" + urlencode(kept | {"reason": key}), key == chosen))
    return rows


def grade_history(
    who: Viewer, subjects: Sequence[int], run: codes.Run, runs: Sequence[codes.Run]
) -> dict[int, str]:
    """Subject → its grades in the publications up to a run, oldest first; – where it had none."""
    upto = [r for r in runs if r.period_end <= run.period_end][: areas.PERIODS][::-1]
    rows = visible(who, codes.Result.objects.filter(run__in=upto, subject__in=list(subjects)))
    found: dict[int, dict[int, int | None]] = {}
    for subject, run_id, grade in rows.values_list("subject", "run_id", "grade"):
        found.setdefault(subject, {})[run_id] = grade
    return {s: "→".join(str(grades.get(r.id) or "–") for r in upto) for s, grades in found.items()}


def items_table(
    who: Viewer, run: codes.Run, found: Sequence[listing.Item], query: QueryDict, form: ItemFilter
) -> Table:
    """The items that the viewer may see and the form asks for, each with what is done about it."""
    items = {i.subject: i for i in found}
    wanted = form.cleaned_data
    rows = visible(who, codes.Result.objects.filter(run=run, subject__in=list(items)))
    if text := wanted.get("q", "").strip():
        rows = rows.filter(name__icontains=text)
    held = handling.standing_for(who, run, items)
    kept = [r for r in rows if wanted.get("handled", "") in ("", *_handled(held.get(r.subject)))]
    free = cases.may_open(handling.WORKFLOW, {r.subject for r in kept} - set(held), who)
    name, *more = _columns(who, run, kept, items)
    columns = [name, *_handling(held), *more, *areas.of_run(run)]
    return Table(
        columns, kept, query, order="-net", per_page=areas.SMALLEST_PAGE, prefix="e-",
        caption=_("关注企业"), empty=_("没有符合条件的企业"),
        pick=(lambda r: id_text(r.subject) if r.subject in free else "") if free else None,
    )  # fmt: skip


def _handled(case: cases.Case | None) -> tuple[str, ...]:
    """Which choices of the filter a row answers."""
    if case is None:
        return ("none",)
    if case.closed_at is not None:
        return ("closed",)
    return ("open", "overdue") if case.overdue else ("open",)


def _columns(
    who: Viewer, run: codes.Run, kept: Sequence[Any], items: dict[int, listing.Item]
) -> list[Column]:
    called = names(sorted({r.area_code for r in kept}))
    past = grade_history(who, [r.subject for r in kept], run, areas.publications())
    before = {s: (i.before_grade, i.before_ratio) for s, i in items.items()}
    return [
        Column("name", _("企业"), lambda r: r.name, sort=True, href=areas.enterprise_href),
        Column("grade", _("碳效等级"), lambda r: r.grade, lambda r: grade_html(r.grade),
               kind="plain", sort=True, brief=True),
        Column("reason", _("原因"),
               lambda r: clauses(listing.reason_texts(items[r.subject].reasons)), kind="words"),
        Column("area", _("所在区域"), lambda r: called[r.area_code], sort=True, brief=True),
        *registry.industry_columns(lambda r: r.industry, sort=True, kind="words"),
        Column("before", _("上年同期等级"), lambda r: before[r.subject][0],
               kind="number", sort=True),
        Column("ratio", _("与行业平均比值"), lambda r: r.ratio, lambda r: significant(r.ratio, 3),
               kind="number", sort=True, why=codes.why_not_compared),
        Column("ratio_before", _("上年同期比值"), lambda r: before[r.subject][1],
               lambda r: significant(before[r.subject][1], 3), kind="number", sort=True),
        Column("history", _("历期等级"), lambda r: past.get(r.subject, "")),
        areas.amount("net", gettext("净排放"), "net_mg", tonnes, 9, "t"),
    ]  # fmt: skip


def _handling(held: dict[int, cases.Case]) -> list[Column]:
    """The case that stands for a row with its deadline, or that none was opened."""

    def word(row: Any) -> str:
        case = held.get(row.subject)
        return case.state_word if case else gettext("未发出")

    def shown(row: Any) -> Any:
        case = held.get(row.subject)
        return badge_html(case.state_word, case.tone) if case else gettext("未发出")

    def due(row: Any) -> Any:
        case = held.get(row.subject)
        return case and case.due_at and f"{timezone.localtime(case.due_at):%Y-%m-%d}"

    def due_shown(row: Any) -> Any:
        return cases.due_html(held[row.subject]) if row.subject in held else None

    def href(row: Any) -> str:
        return cases.address(held[row.subject]) if row.subject in held else ""

    return [
        Column("case", _("办理"), word, shown, href, kind="plain", sort=True),
        Column("due", _("办理期限"), due, due_shown, kind="plain", sort=True),
    ]  # fmt: skip


@office
@require_POST
def warn(request: HttpRequest) -> HttpResponseBase:
    """Send a warning to the chosen enterprises; one that is in a case already is left alone."""
    runs = areas.publications()
    if not runs:
        raise Http404("no publication")
    try:
        wanted = [id_from_text(uid) for uid in request.POST.getlist("item")]
    except Problem as problem:
        raise Http404(problem.text()) from None
    run = areas.chosen_run(request, runs)
    new, held = handling.warn(viewer(request), run, wanted, request.POST.get("note", ""))
    if not wanted:
        messages.warning(request, gettext("请先勾选企业。"))
    if new:
        said = ngettext("已向 %(n)s 家企业发出预警。", "已向 %(n)s 家企业发出预警。", new)
        messages.success(request, said % {"n": new})
    if held:
        messages.info(request, gettext("%s 家已在办理中，没有重复发出。") % held)
    return redirect(f"{reverse('attention:attention')}?{request.GET.urlencode()}")
