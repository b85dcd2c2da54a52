"""Pages of the desk: what waits for a person, one case with its decision, grid accounts."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from tanma.apps.desk import accounts, power
from tanma.apps.desk import cases as desk
from tanma.apps.desk.models import DeskCase
from tanma.apps.imports import door as imports
from tanma.apps.imports.door import official
from tanma.apps.kit.door import Column, Table, badge_html, lang, scaled
from tanma.apps.people import door as people
from tanma.apps.registry import door as registry
from tanma.domain.identity import id_from_text, id_text
from tanma.domain.items import items
from tanma.domain.messages import Problem

KWH_SCALE = items()[power.ITEM].scale
CHOICES = {
    ("unknown", "assign"): _("属于名录中的一家企业"),
    ("unknown", "register"): _("登记为新企业"),
    ("unknown", "dismiss"): _("不收这些数据"),
    ("duplicate", "same"): _("是同一家"),
    ("duplicate", "different"): _("是不同的企业"),
    ("conflict", "keep_new"): _("采用新的内容"),
    ("conflict", "return_old"): _("恢复原来的内容"),
    ("account", "assign"): _("属于一家企业"),
    ("account", "share"): _("由几家企业按比例分摊（转供电）"),
    ("account", "close"): _("已销户"),
    ("account", "dismiss"): _("不处理"),
}
STATES = {"open": _("待定"), "decided": _("已定")}


class FilterForm(forms.Form):
    kind = forms.ChoiceField(
        label=_("类别"), required=False, choices=[("", _("全部")), *desk.KINDS.items()]
    )
    state = forms.ChoiceField(
        label=_("状态"), required=False,
        choices=[("open", _("待定")), ("decided", _("已定")), ("all", _("全部"))],
    )  # fmt: skip
    q = forms.CharField(label=_("代码或名称"), required=False, max_length=60)
    batch = forms.CharField(required=False, max_length=20, widget=forms.HiddenInput)


@login_required
def home(request: HttpRequest) -> HttpResponseBase:
    """Everything that waits for a decision, and what was decided."""
    viewer = official(request)
    form = FilterForm(request.GET)
    said = form.cleaned_data if form.is_valid() else {}
    batch = imports.find_batch(viewer, said["batch"]) if said.get("batch") else None
    cases = desk.of_batch(batch) if batch else DeskCase.objects.all()
    rows = _filtered(people.visible(viewer, cases), said)
    table = Table(
        _columns(), rows, request.GET, order="-rows", caption=_("登记台"),
        empty=_("没有需要认定的事项"),
    )  # fmt: skip
    if (file := table.export("desk")) is not None:
        return file
    counted = {"counts": desk.counts(viewer), "accounts": accounts.counts()}
    context = {"form": form, "table": table, "batch": batch, **counted}
    return render(request, "desk/home.html", context)


def _filtered(rows: Any, said: dict[str, str]) -> Any:
    if (state := said.get("state") or "open") != "all":
        rows = rows.filter(state=state)
    if said.get("kind"):
        rows = rows.filter(kind=said["kind"])
    if said.get("q"):
        rows = rows.filter(value__icontains=said["q"])
    return rows


def _columns() -> list[Column]:
    return [
        Column("kind", _("类别"), lambda c: str(desk.KINDS[c.kind]), sort="kind"),
        Column("value", _("代码或名称"), shown_value, href=_address, sort=True),
        Column("rows", _("涉及行数"), lambda c: c.rows or None,
               lambda c: scaled(c.rows, 0) if c.rows else None, kind="number", sort="rows"),
        Column("state", _("状态"), lambda c: str(STATES[c.state]), state_html, kind="plain"),
        Column("decision", _("认定"), lambda c: decision_text(c) or None),
        Column("decided_by", _("认定人"), lambda c: c.decided_by or None),
        Column("evidence", _("依据"), lambda c: c.evidence or None),
    ]  # fmt: skip


def shown_value(case: DeskCase) -> str:
    if case.kind != "conflict":
        return case.value
    firm = registry.Enterprise.objects.filter(id=int(case.details["subject"])).first()
    return f"{firm or case.value} · {registry.item_name(case.scheme)}"


def state_html(case: DeskCase) -> Any:
    return badge_html(str(STATES[case.state]), "warn" if case.state == "open" else "good")


def decision_text(case: DeskCase) -> str:
    return str(CHOICES[case.kind, case.decision]) if case.decision else ""


def _address(case: DeskCase) -> str:
    return reverse("desk:case", args=[case.uid])


class DecisionForm(forms.Form):
    choice = forms.ChoiceField(label=_("结论"), widget=forms.RadioSelect)
    code = forms.CharField(
        label=_("企业统一社会信用代码"), required=False, max_length=18,
        help_text=_("属于一家企业时填写"),
    )  # fmt: skip
    shares = forms.CharField(
        label=_("分摊比例"), required=False, widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("每行一家：统一社会信用代码 空格 百分数"),
    )  # fmt: skip
    # a browser reads only this format, whatever the language writes
    effective = forms.DateField(
        label=_("生效日期"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    evidence = forms.CharField(
        label=_("依据"), max_length=200, help_text=_("文件号、电话记录或现场核实情况")
    )

    def __init__(self, case: DeskCase, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        kinds = [(c, CHOICES[case.kind, c]) for c in desk.CHOICES[case.kind]]
        self.fields["choice"].choices = kinds  # type: ignore[attr-defined]
        if case.kind == "conflict":
            del self.fields["code"]
        if case.kind == "duplicate":
            self.fields["code"] = forms.ChoiceField(
                label=_("是同一家时保留"), required=False,
                choices=[("", _("请选择")), *((f.uscc, f"{f} · {f.uscc}") for f in _firms(case))],
            )  # fmt: skip
        if case.kind != "account":
            del self.fields["shares"]

    def clean_code(self) -> int | None:
        code = self.cleaned_data["code"].strip().upper()
        return _subject(code) if code else None

    def clean_shares(self) -> tuple[tuple[int, int], ...]:
        return tuple(
            _share(line) for line in self.cleaned_data["shares"].splitlines() if line.strip()
        )

    def decision(self) -> desk.Decision:
        said = self.cleaned_data
        return desk.Decision(
            said["choice"], said["effective"], said["evidence"], said.get("code"),
            said.get("shares", ()),
        )  # fmt: skip


def _subject(code: str) -> int:
    found = registry.find("uscc", [code]).get(code)
    if found is None:
        raise forms.ValidationError(gettext("名录中没有 %(code)s。请核对。") % {"code": code})
    return found


def _share(line: str) -> tuple[int, int]:
    from decimal import Decimal, InvalidOperation

    code, _blank, percent = line.strip().partition(" ")
    try:
        share = int(Decimal(percent.strip().rstrip("%")) * 10_000)
    except (InvalidOperation, ValueError):
        text = gettext("“%(line)s” 不是“代码 百分数”。") % {"line": line}
        raise forms.ValidationError(text) from None
    return _subject(code.upper()), share


@login_required
def case(request: HttpRequest, uid: str) -> HttpResponse:
    """One case: what is known of it, and the form that decides it."""
    viewer = official(request)
    try:
        key = id_from_text(uid)
    except Problem:
        raise Http404 from None
    found = get_object_or_404(people.visible(viewer, DeskCase.objects.all()), pk=key)
    initial = {"effective": timezone.localdate().replace(month=1, day=1)}
    form = DecisionForm(found, request.POST if request.method == "POST" else None, initial=initial)
    if request.method == "POST" and form.is_valid():
        viewer.require("decide")
        if _decided(request, found, form, viewer):
            return redirect("desk:home")
    crumbs = [(gettext("数据导入"), reverse("imports:home") if viewer.may("import") else ""),
              (gettext("登记台"), reverse("desk:home")), (shown_value(found), "")]  # fmt: skip
    context = {
        "case": found, "form": form, "crumbs": crumbs, "kind": desk.KINDS[found.kind],
        "value": shown_value(found), "decision": decision_text(found),
        "target": registry.Enterprise.objects.filter(id=found.target or 0).first(),
        "firms": [
            (f, registry.industry_text(f.industry), _area(f.area_code))
            for f in _firms(found)
        ],
        "versions": _versions(found), "history": _history(found), "may": viewer.may("decide"),
        "waiting": found.waiting.select_related("batch"),
    }  # fmt: skip
    return render(request, "desk/case.html", context)


def _decided(
    request: HttpRequest, found: DeskCase, form: DecisionForm, viewer: people.Viewer
) -> bool:
    try:
        n = desk.decide(found, form.decision(), viewer)
    except Problem as problem:
        messages.error(request, problem.text(lang()))
        return False
    text = ngettext("已认定，%(n)s 条数据随之采用。", "已认定，%(n)s 条数据随之采用。", n)
    messages.success(request, text % {"n": f"{n:,}"} if n else gettext("已认定。"))
    return True


def _versions(found: DeskCase) -> list[tuple[str, str, Any]]:
    """(which, content, evidence) of the two statements that a case is about."""
    word = {
        "industry": registry.industry_text, "area.statutory": _area,
    }.get(found.scheme, str)  # fmt: skip
    said = found.details
    return [
        (label, word(said[key]), registry.evidence_html(said.get(f"{key}_evidence", "")))
        for key, label in (("old", gettext("原来")), ("new", gettext("新报"))) if said.get(key)
    ]  # fmt: skip


def _area(code: str) -> str:
    return registry.area_names().get(code, code)


def _firms(found: DeskCase) -> list[registry.Enterprise]:
    """Enterprises that a case is about."""
    ids = [int(firm) for firm in found.details.get("firms", {})]
    ids += [int(found.details["subject"])] if "subject" in found.details else []
    named = set(found.details.get("codes", []))
    if found.kind == "account":  # the register of meters may name them later than the power came
        named |= accounts.known_accounts().get(found.value, set())
    codes = registry.find("uscc", sorted(named))
    rows = registry.Enterprise.objects.filter(id__in=[*ids, *codes.values()])
    return list(rows.order_by("natural_key"))


def _history(found: DeskCase) -> list[registry.ExternalId]:
    """Who held an account, from when to when."""
    if found.kind != "account":
        return []
    rows = registry.ExternalId.objects.filter(scheme=accounts.SCHEME, value=found.value)
    return list(rows.order_by("valid_from"))


@login_required
def account_list(request: HttpRequest) -> HttpResponseBase:
    """Grid accounts: how many are matched, and who holds each of them today."""
    rows = account_rows(official(request))
    if q := request.GET.get("q", "").strip():
        rows = [r for r in rows if q in r["account"] or q in r["firm"]]
    columns = [
        Column("account", _("用电户号"), lambda r: r["account"], sort=True),
        Column("firm", _("企业"), lambda r: r["firm"], href=lambda r: r["href"], sort=True),
        Column("share", _("分摊"), lambda r: r["share"], unit="%", kind="number"),
        Column("since", _("起始"), lambda r: r["since"] or None),
        Column("evidence", _("依据"), lambda r: r["evidence"] or None, _proof),
        Column("by", _("认定人"), lambda r: registry.author_name(r["by"]) or None),
    ]
    table = Table(columns, rows, request.GET, order="account", caption=_("用电户号"))
    if (file := table.export("accounts")) is not None:
        return file
    crumbs = [(gettext("登记台"), reverse("desk:home")), (gettext("用电户号"), "")]
    counted = {"accounts": accounts.counts(), "left": scaled(power.left(), KWH_SCALE + 4, 1)}
    context = {"table": table, "crumbs": crumbs, "q": q, **counted}
    return render(request, "desk/accounts.html", context)


def _proof(row: dict[str, Any]) -> str | None:
    return registry.evidence_html(row["evidence"]) if row["evidence"] else None


def account_rows(viewer: people.Viewer) -> list[dict[str, Any]]:
    """One row per holding that the viewer may see.

    An account that nobody holds has a row without enterprise, for offices of the whole region.
    """
    held = accounts.held()
    names = sorted(accounts.known_names() | set(held))
    subjects = {h.subject for rows in held.values() for h in rows}
    rows = people.visible(viewer, registry.Enterprise.objects.filter(id__in=subjects))
    firms = {firm.id: firm for firm in rows}
    cases = DeskCase.objects.filter(kind="account", state="open")
    waiting = {c.value: _address(c) for c in cases}
    found = [
        _held_row(firms, h) for name in names for h in held.get(name, []) if h.subject in firms
    ]
    if not viewer.whole_region:
        return found
    none = {"firm": gettext("待认定"), "share": None, "since": "", "evidence": "", "by": ""}
    return found + [
        {"account": name, **none, "href": waiting.get(name, "")}
        for name in names
        if name not in held
    ]


def _held_row(firms: dict[int, registry.Enterprise], h: registry.ExternalId) -> dict[str, Any]:
    return {
        "account": h.value, "firm": str(firms.get(h.subject, "")), "share": h.share_ppm / 10_000,
        "since": _since(h), "evidence": h.evidence, "by": h.decided_by,
        "href": registry.link_if_there("registry:enterprise", id_text(h.subject)),
    }  # fmt: skip


def _since(holding: registry.ExternalId) -> str:
    return "" if holding.valid_from == accounts.EARLIEST else f"{holding.valid_from:%Y-%m-%d}"
