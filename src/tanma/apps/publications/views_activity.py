"""Activity data of a run over all enterprises: what was said, by whom, as the run used it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import duckdb
import pyarrow as pa
from django import forms
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from tanma.apps.codes.door import Run, files_of
from tanma.apps.kit.door import Column, Table, lang, listed, scaled, statistics_only, unit_name
from tanma.apps.people.door import Viewer, visible
from tanma.apps.publications.views_run import crumbs
from tanma.apps.publications.views_runs import office, run_of
from tanma.apps.registry import door as registry
from tanma.domain.identity import id_text
from tanma.domain.items import items
from tanma.domain.numbers import decimal_text
from tanma.domain.periods import parse

LINES = """
    SELECT l.subject, r.natural_key, r.name, r.industry, r.area_code, l.item, l.month,
           CASE WHEN r.may_use OR NOT coalesce(r.energy_restricted, false) THEN l.value END,
           l.source, l.split, l.derived, l.measured,
           NOT r.may_use AND coalesce(r.energy_restricted, false)
    FROM read_parquet(?) l JOIN read_parquet(?) r USING (subject) JOIN wanted USING (subject)
    WHERE l.item = ? AND l.month BETWEEN ? AND ? ORDER BY r.natural_key, l.month"""


class ActivityFilter(forms.Form):
    """One item over months of the run, for enterprises by name, industry and area."""

    item = forms.ChoiceField(label=_("数据项"))
    start = forms.ChoiceField(label=_("起始月份"))
    end = forms.ChoiceField(label=_("截止月份"))
    q = forms.CharField(label=_("名称或代码"), required=False)
    industry = forms.CharField(label=_("行业"), required=False)
    area = forms.ChoiceField(label=_("区域"), required=False)

    def __init__(self, data: Any, known: list[str], months: list[date]) -> None:
        spoken = [f"{m:%Y-%m}" for m in months]
        first = {"item": known[0] if known else "", "start": spoken[-1], "end": spoken[-1]}
        super().__init__({**first, **{k: v for k, v in data.items() if v}})
        names = {i: registry.item_name(i) for i in known}
        self.fields["item"].choices = list(names.items())  # type: ignore[attr-defined]
        self.fields["area"].choices = registry.area_choices()  # type: ignore[attr-defined]
        for field in ("start", "end"):
            self.fields[field].choices = [(m, m) for m in spoken]  # type: ignore[attr-defined]


@dataclass(frozen=True)
class Line:
    """One activity of one enterprise in one month, at the scale of its item."""

    subject: int
    natural_key: str
    name: str
    industry: str
    area_code: str
    item: str
    month: date
    value: int | None
    source: str
    split: bool
    derived: bool
    measured: bool
    withheld: bool
    """Of an enterprise whose energy is for statistics alone, without basis or consent."""


@login_required
@require_GET
def activity(request: HttpRequest, uid: str) -> HttpResponseBase:
    who = office(request)
    run = run_of(who, uid)
    form = ActivityFilter(request.GET, known_items(run), months_of(run))
    rows = lines(who, run, form.cleaned_data) if form.is_valid() else []
    table = _table(rows, request)
    if (file := table.export(f"activity-{uid}")) is not None:
        return file
    context = {
        "run": run, "form": form, "table": table, "total": _total(rows),
        "enterprises": len({r.subject for r in rows}), "edition": run.edition,
        "crumbs": crumbs(run, gettext("活动数据")),
    }  # fmt: skip
    return render(request, "publications/activity.html", context)


def known_items(run: Run) -> list[str]:
    """The items of a run, the one that most enterprises have first."""
    with duckdb.connect(config={"threads": 1}) as con:
        path = str(files_of(run).path("lines"))
        rows = con.execute(
            "SELECT item FROM read_parquet(?) GROUP BY item ORDER BY count(*) DESC, item", [path]
        ).fetchall()
    return [str(row[0]) for row in rows]


def months_of(run: Run) -> list[date]:
    return parse(run.period).months


def lines(who: Viewer, run: Run, wanted: dict[str, Any]) -> list[Line]:
    """The lines of the enterprises that a viewer may see and that meet the filter."""
    seen = registry.filtered(visible(who, registry.Enterprise.objects.all()), wanted)
    files = files_of(run)
    first, last = (date.fromisoformat(f"{wanted[name]}-01") for name in ("start", "end"))
    with duckdb.connect(config={"threads": 1}) as con:
        subjects = pa.array(list(seen.values_list("id", flat=True)), pa.int64())
        con.register("wanted", pa.table({"subject": subjects}))
        paths = [str(files.path(name)) for name in ("lines", "results")]
        found = con.execute(LINES, [*paths, wanted["item"], first, last]).fetchall()
    return [Line(*row) for row in found]


def _total(rows: list[Line]) -> str:
    """The exact sum with its unit; one item has one scale."""
    about = items()[rows[0].item] if rows else None
    if about is None or about.kind != "amount":
        return ""
    amount = scaled(sum(r.value or 0 for r in rows), about.scale)
    return f"{amount} {unit_name(about.unit, lang())}"


def _how(line: Line) -> str:
    told = [
        (line.derived, gettext("推算")), (line.split, gettext("按天分摊到月")),
        (line.measured, gettext("有实测参数")),
    ]  # fmt: skip
    return listed(word for holds, word in told if holds) or gettext("报送")


def _table(rows: list[Line], request: HttpRequest) -> Table:
    areas, known = registry.area_names(), items()
    columns = [
        Column("name", _("企业名称"), lambda r: r.name, sort=True,
               href=lambda r: reverse("accountpages:lines", args=[id_text(r.subject)])),
        Column("uscc", _("编号"), lambda r: r.natural_key.partition(":")[2], sort=True),
        Column("area", _("所属区域"), lambda r: areas.get(r.area_code, r.area_code), sort=True),
        *registry.industry_columns(lambda r: r.industry, sort=True),
        Column("month", _("月份"), lambda r: f"{r.month:%Y-%m}", sort=True),
        Column("amount", _("用量"), _amount, _shown, kind="number", sort=True,
               why=lambda r: statistics_only() if r.withheld else ""),
        Column("unit", _("单位"), lambda r: unit_name(known[r.item].unit, lang())),
        Column("source", _("来源"), lambda r: registry.source_name(r.source), sort=True),
        Column("how", _("形成方式"), _how, sort=True),
    ]  # fmt: skip
    return Table(columns, rows, request.GET, caption=_("活动数据"), empty=_("没有符合条件的数据"))


def _amount(line: Line) -> float | None:
    scale = items()[line.item].scale
    return None if line.value is None else float(decimal_text(line.value, scale))


def _shown(line: Line) -> str:
    return scaled(line.value, items()[line.item].scale)
