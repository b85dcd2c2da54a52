"""The list of batches: filters in the address, columns, and the order and files of its table."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.db.models import Q, QuerySet
from django.http import QueryDict
from django.urls import reverse
from django.utils.html import format_html
from django.utils.text import format_lazy
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from tanma.apps.kit.door import Column, Table, badge_html, lang, significant, tce, tonnes, unit_name
from tanma.apps.lots.figures import Figure
from tanma.apps.lots.models import Lot

MOST_DAYS = 92
"""Days of one list: what is longer is asked for in parts."""
USUAL_DAYS = 31


class LotFilter(forms.Form):
    """What the list can be narrowed by; without days it shows the newest month that has batches."""

    q = forms.CharField(label=_("批次号或产品"), required=False)
    section = forms.CharField(label=_("产线"), required=False)
    start = forms.DateField(
        label=_("开始日期"), required=False, widget=forms.DateInput({"type": "date"})
    )
    end = forms.DateField(
        label=_("截止日期"), required=False, widget=forms.DateInput({"type": "date"}),
        help_text=format_lazy(_("一次最多 {n} 天"), n=MOST_DAYS),
    )  # fmt: skip

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        start, end = said.get("start"), said.get("end")
        if start and end and not dt.timedelta(0) <= end - start < dt.timedelta(days=MOST_DAYS):
            self.add_error(
                "end", gettext("截止日期应在开始日期之后 %(n)d 天内。") % {"n": MOST_DAYS}
            )
        return said

    def days(self, newest: dt.date) -> tuple[dt.date, dt.date]:
        """First and last day asked for."""
        said = self.cleaned_data if self.is_valid() else {}
        start, end = said.get("start"), said.get("end")
        if start and not end:
            return start, start + dt.timedelta(days=USUAL_DAYS - 1)
        last = end or newest
        return start or last - dt.timedelta(days=USUAL_DAYS - 1), last

    def narrowed(self, rows: QuerySet[Lot], days: tuple[dt.date, dt.date], zone: str) -> (
        QuerySet[Lot]
    ):  # fmt: skip
        begin, end = (
            dt.datetime.combine(day, dt.time(), ZoneInfo(zone))
            for day in (days[0], days[1] + dt.timedelta(days=1))
        )
        rows = rows.filter(begin__gte=begin, begin__lt=end)
        said = self.cleaned_data if self.is_valid() else {}
        if q := said.get("q"):
            rows = rows.filter(Q(number__icontains=q) | Q(product__icontains=q))
        if section := said.get("section"):
            rows = rows.filter(section__icontains=section)
        return rows


def address(figure: Figure) -> str:
    return reverse("lots:lot", args=[figure.lot.uid])


def local(moment: dt.datetime, zone: str) -> str:
    return moment.astimezone(ZoneInfo(zone)).strftime("%Y-%m-%d %H:%M")


def _begin(figure: Figure) -> str:
    return format_html('<span class="nowrap">{}</span>', local(figure.lot.begin, figure.lot.zone))


def _output(figure: Figure) -> str:
    return f"{figure.lot.output} {unit_name(figure.lot.unit, lang())}"


def lasted(lot: Lot) -> str:
    """Hours and minutes: 5:35."""
    minutes = int(lot.length.total_seconds()) // 60
    return f"{minutes // 60}:{minutes % 60:02d}"


def output(lot: Lot) -> str:
    return f"{lot.output} {unit_name(lot.unit, lang())}"


def state(figure: Figure) -> tuple[str, str]:
    """In a word how far its readings go, with the tone of its badge."""
    if figure.gce is None:
        return gettext("缺数"), "bad"
    if not figure.whole:
        return gettext("有缺口"), "warn"
    return (gettext("按时分摊"), "plain") if figure.cut else (gettext("完整"), "good")


def _float(value: Fraction | None) -> float | None:
    return None if value is None else float(value)


def table(made: list[Figure], query: QueryDict, firms: Mapping[int, str], *, many: bool) -> Table:
    """One row per batch; `many`: of several enterprises, which are then named."""
    firm = Column(
        "firm", _("企业"), lambda f: firms.get(f.lot.enterprise, ""), sort=True, kind="name"
    )
    columns = [
        Column("number", _("批次号"), lambda f: f.lot.number, href=address, sort=True),
        *((firm,) if many else ()),
        Column("product", _("产品"), lambda f: f.lot.product, sort=True),
        Column("section", _("产线"), lambda f: f.lot.section, sort=True),
        Column("begin", _("开始"), lambda f: local(f.lot.begin, f.lot.zone), _begin, sort=True),
        Column("end", _("结束"), lambda f: local(f.lot.end, f.lot.zone), page=False),
        Column("hours", _("时长"), lambda f: round(f.lot.length.total_seconds() / 3600, 2),
               lambda f: lasted(f.lot), unit="h", kind="number", sort=True),
        Column("output", _("产出"), lambda f: float(f.lot.amount), _output,
               kind="number", sort=True),
        Column("unit", _("单位"), lambda f: f.lot.unit, page=False),
        Column("energy", _("能耗（当量值）"), lambda f: _float(_of(f.gce, 10**6)),
               lambda f: tce(f.gce), unit="tce", kind="number", sort=True, brief=True),
        Column("energy_per", _("单位产品能耗"), lambda f: _float(f.kgce_per_unit),
               lambda f: significant(f.kgce_per_unit), unit=_("kgce/单位"), kind="number",
               sort=True),
        Column("carbon", _("监测估算值"), lambda f: _float(_of(f.mg, 10**9)),
               lambda f: tonnes(f.mg), unit="tCO₂", kind="number", sort=True),
        Column("carbon_per", _("单位产品碳排放"), lambda f: _float(f.kg_per_unit),
               lambda f: significant(f.kg_per_unit), unit=_("kgCO₂/单位"), kind="number",
               sort=True),
        Column("state", _("数据"), lambda f: state(f)[0], lambda f: badge_html(*state(f)),
               kind="plain", sort=True),
    ]  # fmt: skip
    return Table(columns, made, query, order="-begin", per_page=25, caption=_("生产批次"),
                 empty=_("这段时间没有批次"))  # fmt: skip


def _of(count: int | None, quanta: int) -> Fraction | None:
    return None if count is None else Fraction(count, quanta)
