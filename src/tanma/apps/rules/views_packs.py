"""Packs on pages: drafts of the office, their review and release, and their files for everybody."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from tanma.apps.kit.door import Column, Table, badge_html, lang
from tanma.apps.people.door import Viewer, viewer, visible
from tanma.apps.rules import packs, released
from tanma.apps.rules.models import Kind, Pack, State
from tanma.domain.identity import id_from_text
from tanma.domain.messages import Problem

TONES = {State.DRAFT: "plain", State.REVIEWED: "brand", State.RELEASED: "good",
         State.REJECTED: "bad"}  # fmt: skip
STATES = {State.DRAFT: _("草稿"), State.REVIEWED: _("已审核"), State.RELEASED: _("已发布"),
          State.REJECTED: _("已退回")}  # fmt: skip
KINDS = {Kind.SCHEME: _("评级方案"), Kind.FACTORS: _("因子表"), Kind.EDITION: _("核算方法")}
FILES = {Kind.SCHEME: _("方案（TOML）"), Kind.EDITION: _("核算方法（TOML）")}
ACTIONS = {"draft": _("起草"), "edit": _("修改"), "review": _("审核通过"), "release": _("发布"),
           "reject": _("退回")}  # fmt: skip
LOOKS = {"review": "btn-primary", "release": "btn-primary", "reject": "btn-danger"}


class StartForm(forms.Form):
    """What a draft begins with."""

    base = forms.ChoiceField(label=_("底稿"))
    purpose = forms.CharField(
        label=_("目的"),
        max_length=200,
        help_text=_("例如：2027 年度界限调整；补录本省上年供电煤耗"),
    )

    def __init__(self, *given: Any, **more: Any) -> None:
        super().__init__(*given, **more)
        tongue = lang()
        schemes = [
            (f"{Kind.SCHEME}:{s.id}/{s.edition}", f"{getattr(s.title, tongue)} · {s.edition}")
            for s in released.schemes()
        ]
        tables = [
            (f"{Kind.FACTORS}:{t.name}", getattr(t, f"title_{tongue}"))
            for t in released.tables() if t.kind == "factors"
        ]  # fmt: skip
        methods = [
            (f"{Kind.EDITION}:{e.id}/{e.edition}", f"{e.title[tongue]} · {e.edition}")
            for e in released.editions()
        ]
        choices = [
            (gettext("评级方案的新版"), schemes),
            (gettext("核算方法的新版"), methods),
            (gettext("本地区的因子表，与此表同类"), tables),
        ]
        self.fields["base"].choices = choices  # type: ignore[attr-defined]


def _text(label: Any, rows: int) -> forms.CharField:
    area = forms.Textarea(attrs={"rows": rows, "class": "mono", "spellcheck": "false"})
    return forms.CharField(label=label, widget=area, strip=False, required=False)


class FilesForm(forms.Form):
    """The files of a draft as text, or uploaded in their place."""

    table = forms.RegexField(
        r"^[a-z][a-z0-9_]*$", label=_("表名"), max_length=50,
        help_text=_("小写字母、数字和下划线，例如 zhejiang_power_coal"),
    )  # fmt: skip
    csv = _text(_("数值（CSV）"), 8)
    csv_file = forms.FileField(label=_("上传 CSV"), required=False)
    toml = _text(_("来源卡（TOML）"), 14)
    toml_file = forms.FileField(label=_("上传 TOML"), required=False)
    note = forms.CharField(label=_("修改说明"), max_length=200, required=False)

    def __init__(self, pack: Pack, data: Any = None, files: Any = None) -> None:
        held = {name.rpartition(".")[2]: text for name, text in pack.files.items()}
        first = next(iter(sorted(pack.files)), "").partition(".")[0]
        super().__init__(data, files, initial=held | {"table": first})
        self.pack = pack
        if pack.kind != Kind.FACTORS:
            for name in ("table", "csv", "csv_file"):
                del self.fields[name]
            self.fields["toml"].label = FILES[Kind(pack.kind)]
            self.fields["toml"].widget.attrs["rows"] = 24

    def _read(self, kind: str) -> str:
        """The uploaded text, else what stands in the box."""
        upload = self.cleaned_data.get(f"{kind}_file")
        if upload is None:
            return str(self.cleaned_data.get(kind, ""))
        try:
            return str(upload.read().decode("utf-8-sig"))
        except UnicodeDecodeError:
            raise ValidationError({f"{kind}_file": gettext("文件须为 UTF-8 编码。")}) from None

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        name = said.get("table") or next(iter(self.pack.files)).partition(".")[0]
        kinds = ["csv", "toml"] if self.pack.kind == Kind.FACTORS else ["toml"]
        return said | {"files": {f"{name}.{kind}": self._read(kind) for kind in kinds}}


class NoteForm(forms.Form):
    note = forms.CharField(
        label=_("说明"), max_length=500, widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("依据的文件，或退回的原因"),
    )  # fmt: skip


def _office(request: HttpRequest) -> Viewer:
    who = viewer(request)
    who.require("use_desk")
    return who


def pack_of(who: Viewer, uid: str) -> Pack:
    """A pack that this viewer may see, by the id in the address."""
    try:
        return visible(who, Pack.objects.all()).get(pk=id_from_text(uid))
    except (Pack.DoesNotExist, Problem) as missing:
        raise Http404(uid) from missing


def badge(pack: Pack) -> Any:
    return badge_html(str(STATES[State(pack.state)]), TONES[State(pack.state)])


@login_required
@require_GET
def home(request: HttpRequest) -> HttpResponseBase:
    """Every draft and every release of this region."""
    who = _office(request)
    columns = [
        Column("title", _("名称"), lambda p: packs.title(p, lang()), href=address),
        Column("name", _("编号"), lambda p: p.name, sort="name"),
        Column("edition", _("版本"), lambda p: p.edition or None),
        Column("kind", _("种类"), lambda p: str(KINDS[Kind(p.kind)]), sort="kind"),
        Column("state", _("状态"), lambda p: str(STATES[State(p.state)]), badge, kind="plain",
               sort="state"),
        Column("purpose", _("目的"), lambda p: p.purpose),
        Column("author", _("起草"), lambda p: str(p.author or "")),
        Column("changed", _("最近改动"), lambda p: local(p.changed_at), sort="changed_at"),
        Column("released", _("发布时间"), lambda p: local(p.released_at), sort="released_at"),
    ]  # fmt: skip
    rows = visible(who, Pack.objects.select_related("author"))
    table = Table(columns, rows, request.GET, order="-changed", caption=_("规则起草与发布"),
                  empty=_("还没有本地区的规则"))  # fmt: skip
    if (file := table.export("rule-packs")) is not None:
        return file
    context = {"table": table, "may": who.may("draft_rules"),
               "crumbs": [(gettext("规则起草与发布"), "")]}  # fmt: skip
    return render(request, "rules/packs.html", context)


def address(pack: Pack) -> str:
    return reverse("rules:pack", args=[pack.uid])


def local(moment: Any) -> str | None:
    return f"{timezone.localtime(moment):%Y-%m-%d %H:%M}" if moment else None


@never_cache
@login_required
def new(request: HttpRequest) -> HttpResponse:
    who = viewer(request)
    who.require("draft_rules")
    form = StartForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        kind, _colon, base = form.cleaned_data["base"].partition(":")
        return redirect(address(packs.start(kind, base, form.cleaned_data["purpose"], who)))
    crumbs = [(gettext("规则起草与发布"), reverse("rules:packs")), (gettext("起草"), "")]
    return render(request, "rules/pack_new.html", {"form": form, "crumbs": crumbs})


@never_cache
@login_required
def pack(request: HttpRequest, uid: str) -> HttpResponse:
    """One pack: its files, what the loader says, what it changes, who did what."""
    who = _office(request)
    chosen = pack_of(who, uid)
    editable = who.may("draft_rules") and chosen.state in packs.OPEN
    form = FilesForm(chosen, request.POST or None, request.FILES or None) if editable else None
    if request.method == "POST" and form is not None and form.is_valid():
        try:
            packs.edit(chosen, form.cleaned_data["files"], who, form.cleaned_data["note"])
        except Problem as problem:
            form.add_error(None, problem.text(lang()))
        else:
            messages.success(request, gettext("草稿已保存。"))
            return redirect("rules:pack", uid)
    return render(request, "rules/pack.html", _about(chosen, who) | {"form": form})


def _about(chosen: Pack, who: Viewer) -> dict[str, Any]:
    fault = packs.fault(chosen) if chosen.state in packs.OPEN else None
    return {
        "pack": chosen, "title": packs.title(chosen, lang()), "state": badge(chosen),
        "kind": KINDS[Kind(chosen.kind)],
        "fault": fault.text(lang()) if fault else "", "open": chosen.state in packs.OPEN,
        "changes": packs.compared(chosen), "actions": _actions(chosen, who), "note": NoteForm(),
        "released": local(chosen.released_at), "files": sorted(chosen.files.items()),
        "steps": [(ACTIONS[s.action], s.by, local(s.at), s.note, s.digest[:19])
                  for s in chosen.steps.order_by("pk")],
        "crumbs": [(gettext("规则起草与发布"), reverse("rules:packs")),
                   (f"{packs.title(chosen, lang())} {chosen.edition}", "")],
    }  # fmt: skip


def _actions(chosen: Pack, who: Viewer) -> list[tuple[str, Any, str]]:
    """What this viewer may do with a pack now."""
    return [
        (action, ACTIONS[action], LOOKS[action])
        for action, right in packs.RIGHTS.items()
        if chosen.state in packs.SOURCES[action] and who.may(right)
    ]


@login_required
@require_POST
def take(request: HttpRequest, uid: str, action: str) -> HttpResponse:
    who = _office(request)
    if action not in packs.RIGHTS:
        raise Http404(action)
    try:
        packs.take(pack_of(who, uid), action, who, request.POST.get("note", ""))
    except Problem as problem:
        messages.error(request, problem.text(lang()))
    else:
        messages.success(request, gettext("已办理：%(action)s") % {"action": ACTIONS[action]})
    return redirect("rules:pack", uid)


@require_GET
def file(request: HttpRequest, uid: str, name: str) -> HttpResponse:
    """A file of a pack in its exchange form: of released ones for everybody."""
    text = pack_of(viewer(request), uid).files.get(name)
    if text is None:
        raise Http404(name)
    answer = HttpResponse(text, content_type="text/plain; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer
