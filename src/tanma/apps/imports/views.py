"""Pages of files: hand in, the list of batches, one batch with its row report, templates."""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from tanma.apps.imports import files, hooks, reports, scope, tasks, withdraw
from tanma.apps.imports.models import Batch
from tanma.apps.imports.shown import (
    STATES,
    find_batch,
    number,
    state_html,
    state_word,
    titled,
    when,
)
from tanma.apps.kit.door import Column, Table, badge_html, lang
from tanma.apps.people import door as people
from tanma.apps.registry import door as registry
from tanma.domain.messages import Problem
from tanma.intake import tables
from tanma.intake.tables.templates import allowed

STAGES = {"read": _("正在读取"), "check": _("正在检查"), "append": _("正在写入")}
REPORT_LINES = 10_000
FORMATS = (".xlsx", ".csv")
SUSPECTED = ("unit_suspected", "size_suspected")
"""What a person may let in after a look."""


def importer(request: HttpRequest) -> people.Viewer:
    """The viewer, who must be allowed to hand in files."""
    viewer = people.viewer(request)
    if not scope.may_import(viewer):
        raise PermissionDenied("import")
    return viewer


class UploadForm(forms.Form):
    file = forms.FileField(
        label=_("表格文件"), help_text=_("CSV、XLSX 或 ODS，UTF-8 或 GB18030，200 MB 以内"),
        allow_empty_file=True,  # told by `clean_file`, with what to do
    )  # fmt: skip
    package = forms.ChoiceField(
        label=_("表格种类"), required=False, help_text=_("不选则按表头识别")
    )
    dry_run = forms.BooleanField(label=_("只检查，不导入"), required=False)

    def __init__(self, names: list[str], *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        choices = [("", _("按表头识别")), *((n, titled(n)) for n in names)]
        self.fields["package"].choices = choices  # type: ignore[attr-defined]
        kinds = ".csv,.tsv,.txt,.xlsx,.xlsm,.ods"
        self.fields["file"].widget.attrs["accept"] = kinds

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        try:
            tasks.check_size(file)
        except Problem as problem:
            raise forms.ValidationError(problem.text(lang())) from None
        return file


@login_required
def home(request: HttpRequest) -> HttpResponseBase:
    """Hand in a file, and the batches handed in so far."""
    viewer = importer(request)
    said = request.POST if request.method == "POST" else None
    form = UploadForm(scope.offered(viewer), said, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        return _taken(request, viewer, form.cleaned_data)
    table = _batches(request, viewer)
    if (file := table.export("batches")) is not None:
        return file
    context = {
        "form": form,
        "table": table,
        "counts": hooks.desk().counts(viewer) if viewer.office else None,
    }
    return render(request, "imports/home.html", context)


def _taken(request: HttpRequest, viewer: people.Viewer, said: dict[str, Any]) -> HttpResponse:
    batch = tasks.take(said["file"], viewer, package=said["package"], dry_run=said["dry_run"])
    if batch.repeated:
        messages.info(request, gettext("这个文件此前已经导入，没有任何变化。"))
    return redirect("imports:batch", uid=batch.uid)


def _batches(request: HttpRequest, viewer: people.Viewer) -> Table:
    rows = people.visible(viewer, Batch.objects.all())
    if wanted := request.GET.get("source", ""):
        rows = rows.filter(package__in=_packages_of(wanted))
    columns = [
        Column("created_at", _("时间"), lambda b: b.created_at, when, sort=True),
        Column("file", _("文件"), lambda b: b.file, href=_address, sort=True),
        Column("package", _("种类"), lambda b: titled(b.package), sort="package"),
        Column("state", _("状态"), state_word, state_html, kind="plain"),
        number("rows", _("行数")), number("good", _("采用")), number("bad", _("退回")),
        number("desk", _("待认定")), number("superseded", _("更正")),
        Column("who", _("经办"), lambda b: registry.author_name(b.who), sort=True),
    ]  # fmt: skip
    empty = _("还没有导入过文件")
    return Table(
        columns, rows, request.GET, order="-created_at", caption=_("导入批次"), empty=empty
    )


def _packages_of(source: str) -> list[str]:
    return [n for n, p in tables.packages().items() if p.source == source]


def _address(batch: Batch) -> str:
    return reverse("imports:batch", args=[batch.uid])


def _find(request: HttpRequest, uid: str) -> tuple[people.Viewer, Batch]:
    viewer = importer(request)
    return viewer, find_batch(viewer, uid)


@login_required
def batch(request: HttpRequest, uid: str) -> HttpResponseBase:
    """One batch: what became of its rows, the row report, and what can be done about it."""
    viewer, found = _find(request, uid)
    if found.busy:
        return render(request, "imports/running.html", _context(found))
    table = _report(request, found)
    if (file := table.export(f"report-{found.uid}")) is not None:
        return file
    context = _context(found) | {
        "who": registry.author_name(found.who), "table": table, "codes": _codes(found),
        "rejects": bool(found.bad),
        "package_title": titled(found.package), "kept": files.source(found).exists(),
        "suspected": any(
            code in SUSPECTED and severity == "error" for code, severity, _n in reports.codes(found)
        ),
        "raised": hooks.desk().raised(found, viewer) if viewer.may("use_desk") else None,
        "may_withdraw": _may_withdraw(viewer, found) and _holds(found),
    }  # fmt: skip
    return render(request, "imports/batch.html", context)


def _may_withdraw(viewer: people.Viewer, found: Batch) -> bool:
    return viewer.may("import") or found.user == viewer.user_id


def _holds(found: Batch) -> bool:
    """There is something that can be taken back."""
    return found.state == "done" and not found.took_nothing


def _context(found: Batch) -> dict[str, Any]:
    problem = found.problem.get(lang(), "")
    crumbs = [(gettext("数据导入"), reverse("imports:home")), (found.file, "")]
    return {
        "batch": found, "crumbs": crumbs, "state": state_html(found), "problem": problem,
        "nearest": [(name, titled(name)) for name in found.problem.get("near", ())],
        "stage": STAGES.get(found.stage, STATES[found.state]),
    }  # fmt: skip


def _codes(found: Batch) -> list[dict[str, Any]]:
    shown = []
    for code, severity, count in reports.codes(found):
        line = reports.report_lines(found, 1, code=code, severity=severity)[0]
        shown.append({"code": code, "severity": severity, "count": count, "sample": line[lang()]})
    return shown


def _report(request: HttpRequest, found: Batch) -> Table:
    code, severity = request.GET.get("code", ""), request.GET.get("severity", "")
    lines = reports.report_lines(found, REPORT_LINES, code=code, severity=severity)
    severities = {"error": (_("退回"), "bad"), "warning": (_("提示"), "warn")}

    def mark(line: dict[str, Any]) -> Any:
        word, tone = severities[line["severity"]]
        return badge_html(str(word), tone)

    columns = [
        Column("row", _("行号"), lambda r: r["row"], kind="number", sort=True),
        Column("severity", _("结果"), lambda r: r["severity"], mark, kind="plain"),
        Column("column", _("列"), lambda r: r["column"], sort=True),
        Column("value", _("内容"), lambda r: r["value"]),
        Column("text", _("问题与处理"), lambda r: r[lang()], kind="words"),
    ]
    empty = _("没有发现问题")
    return Table(columns, lines, request.GET, caption=_("逐行报告"), empty=empty)


@login_required
def progress(request: HttpRequest, uid: str) -> HttpResponse:
    """The progress bar alone, asked for every two seconds; at the end the page is loaded anew."""
    _viewer, found = _find(request, uid)
    if not found.busy:
        return HttpResponse(headers={"HX-Redirect": _address(found)})
    return render(request, "imports/parts/progress.html", _context(found))


@login_required
def rejects(request: HttpRequest, uid: str, suffix: str) -> HttpResponseBase:
    """The rows that were left out, as the same sheet with a column of reasons."""
    _viewer, found = _find(request, uid)
    path = files.rejects(found, f".{suffix}")
    if suffix not in ("csv", "xlsx") or not path.exists():
        raise Http404
    name = f"{Path(found.file).stem}-rejects.{suffix}"
    return FileResponse(path.open("rb"), as_attachment=True, filename=name)


@login_required
@require_POST
def go(request: HttpRequest, uid: str) -> HttpResponse:
    """Import a file that was only checked, or accept amounts that a person has verified."""
    viewer, found = _find(request, uid)
    if not files.source(found).exists():
        raise Http404
    accepted = request.POST.get("accept") == "1"
    made = tasks.again(found, viewer, accept_suspected=accepted)
    return redirect("imports:batch", uid=made.uid)


class WithdrawForm(forms.Form):
    reason = forms.CharField(label=_("撤回理由"), max_length=60)


@login_required
def take_back(request: HttpRequest, uid: str) -> HttpResponse:
    """Confirm and withdraw: what would change is said before it does."""
    viewer, found = _find(request, uid)
    if not _may_withdraw(viewer, found):
        raise PermissionDenied("import")
    form = WithdrawForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            withdraw.withdraw(found, viewer, form.cleaned_data["reason"])
        except Problem as problem:
            messages.error(request, problem.text(lang()))
        else:
            n = found.withdrawn
            messages.success(request, gettext("已撤回，%(n)s 条数据不再采用。") % {"n": f"{n:,}"})
        return redirect("imports:batch", uid=found.uid)
    context = _context(found) | {"form": form, "count": withdraw.still_current(found)}
    return render(request, "imports/withdraw.html", context)


@login_required
def templates(request: HttpRequest) -> HttpResponse:
    """Every sheet that can be handed in: template, filled example, and what each column takes."""
    viewer = importer(request)
    shown = [_sheet(name) for name in scope.offered(viewer)]
    crumbs = [(gettext("数据导入"), reverse("imports:home")), (gettext("模板"), "")]
    return render(request, "imports/templates.html", {"sheets": shown, "crumbs": crumbs})


@cache
def _documented(name: str, language: str) -> list[dict[str, Any]]:
    package = tables.load_package(name)
    return [
        {
            "title": f.title_en if language == "en" else f.zh,
            "help": f.help_en if language == "en" else f.help_zh,
            "required": c in package.required, "key": c in package.key,
            "allowed": allowed(f, package)[:12], "more": len(allowed(f, package)) > 12,
        }
        for c, f in ((c, package.fields[c]) for c in package.columns)
    ]  # fmt: skip


def _sheet(name: str) -> dict[str, Any]:
    package = tables.load_package(name)
    columns = _documented(name, lang())
    return {"name": name, "title": titled(name), "columns": columns, "evidence": package.evidence}


@login_required
def template_file(request: HttpRequest, name: str, kind: str, suffix: str) -> HttpResponseBase:
    """A template as a file: empty, or filled with the example."""
    viewer = importer(request)
    known = name in scope.offered(viewer) and kind in ("empty", "example")
    if not known or f".{suffix}" not in FORMATS:
        raise Http404
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{name}.{suffix}"
        tables.write_template(name, path, filled=kind == "example")
        content = path.read_bytes()
    file_name = f"{name}-example.{suffix}" if kind == "example" else f"{name}.{suffix}"
    disposition = f'attachment; filename="{file_name}"'
    return HttpResponse(
        content, content_type="application/octet-stream",
        headers={"Content-Disposition": disposition},
    )  # fmt: skip
