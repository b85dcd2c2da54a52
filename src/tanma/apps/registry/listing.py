"""The list of enterprises: filters in the address, a table whose page is completed by grades."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from itertools import islice
from typing import Any

from django import forms
from django.core.paginator import Page
from django.db.models import Q, QuerySet
from django.http import QueryDict
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from tanma.apps.kit.door import (
    GRADES,
    LEVELS,
    Column,
    Table,
    badge_html,
    grade_html,
    level_html,
    level_word,
    significant,
    tonnes,
)
from tanma.apps.registry import words
from tanma.apps.registry.models import Enterprise, Placement
from tanma.apps.registry.standing import NONE, Standing, standings
from tanma.apps.registry.tree import tree

SORTED_ABOVE = ("grade", "net_mg", "intensity")
"""Columns of the newest publication by which the list is sorted."""
ANY = ("", _("全部"))


def _choices(named: dict[Any, Any]) -> list[tuple[Any, Any]]:
    return [ANY, *named.items()]


def area_choices() -> list[tuple[Any, Any]]:
    """Both hierarchies as of today, smaller areas indented under larger ones."""
    today = date.today()  # noqa: DTZ011 - areas are dated in local days
    groups: list[tuple[Any, Any]] = [ANY]
    for hierarchy, label in words.HIERARCHIES.items():
        nodes = [n for root in tree(today, hierarchy) for n in root.walk()]
        options = [(n.area.code, n.indent + words.area_name(n.area)) for n in nodes]
        groups.append((label, options))
    return groups


class EnterpriseFilter(forms.Form):
    """What the list can be narrowed by. An unknown choice is told, not silently ignored."""

    q = forms.CharField(label=_("名称或代码"), required=False)
    industry = forms.CharField(
        label=_("行业"), required=False, widget=forms.TextInput(attrs={"list": "industries"})
    )
    area = forms.ChoiceField(label=_("区域"), required=False)
    size = forms.ChoiceField(label=_("规模"), required=False, choices=_choices(words.SIZES))
    status = forms.ChoiceField(label=_("状态"), required=False, choices=_choices(words.STATUSES))
    coded = forms.ChoiceField(
        label=_("赋码"), required=False,
        choices=_choices({"yes": _("已赋码"), "no": _("未赋码")}),
    )  # fmt: skip
    grade = forms.ChoiceField(
        label=_("碳效等级"), required=False, choices=_choices({str(g): g for g in GRADES})
    )
    level = forms.ChoiceField(label=_("碳水平"), required=False, choices=_choices(LEVELS))
    basis = forms.ChoiceField(label=_("数据基础"), required=False, choices=_choices(words.BASES))

    def __init__(self, data: Any) -> None:
        super().__init__(data)
        # read once: a callable would read the areas again for checking and for drawing
        self.fields["area"].choices = area_choices()  # type: ignore[attr-defined]


def filtered(rows: QuerySet[Enterprise], wanted: dict[str, Any]) -> QuerySet[Enterprise]:
    """The enterprises that meet every condition given."""
    if text := wanted.get("q", "").strip():
        rows = rows.filter(
            Q(name__icontains=text) | Q(name_en__icontains=text) | Q(natural_key__contains=text)
            | Q(public_code__istartswith=text)
        )  # fmt: skip
    if prefix := wanted.get("industry", "").split(" ")[0]:
        rows = rows.filter(industry__startswith=prefix)
    for field in ("size", "status"):
        if value := wanted.get(field):
            rows = rows.filter(**{"size_class" if field == "size" else field: value})
    if area := wanted.get("area"):
        rows = rows.filter(id__in=Placement.objects.filter(area_code=area).values("subject"))
    return _by_standing(rows, wanted)


def _by_standing(rows: QuerySet[Enterprise], wanted: dict[str, Any]) -> QuerySet[Enterprise]:
    fields = {"grade": "grade", "level": "level", "basis": "data_basis"}
    conditions = {fields[k]: wanted[k] for k in fields if wanted.get(k)}
    if conditions:
        rows = rows.filter(id__in=standings().subjects(**conditions))
    if coded := wanted.get("coded"):
        graded = Q(id__in=standings().subjects(status="graded"))
        rows = rows.filter(graded if coded == "yes" else ~graded)
    return rows


class EnterpriseTable(Table):
    """The enterprises of one address; grades are fetched for the rows shown, not for all."""

    def __init__(self, rows: QuerySet[Enterprise], query: QueryDict) -> None:
        self.standings: dict[int, Standing] = {}
        self.areas = words.area_names()
        super().__init__(
            self._columns(), rows, query, order="name", caption=_("企业"),
            empty=_("没有符合条件的企业"),
        )  # fmt: skip
        if (key := self.order.removeprefix("-")) in SORTED_ABOVE:
            self.source = rows.annotate(**{f"by_{key}": standings().column(key)})

    def _standing(self, row: Enterprise) -> Standing:
        return self.standings.get(row.id, NONE)

    def _columns(self) -> list[Column]:
        of = self._standing
        return [
            Column("name", _("企业"), str, sort="name", href=address),
            Column("uscc", _("统一社会信用代码"), lambda e: e.uscc, sort="natural_key"),
            *words.industry_columns(lambda e: e.industry, sort="industry"),
            Column("area", _("区域"), lambda e: self.areas.get(e.area_code, e.area_code),
                   sort="area_code", brief=True),
            Column("size", _("规模"), lambda e: str(words.SIZES.get(e.size_class, "")) or None),
            Column("status", _("状态"), lambda e: str(words.STATUSES.get(e.status, e.status)),
                   show=_status, kind="plain"),
            Column("grade", _("碳效等级"), lambda e: of(e).grade, kind="plain", brief=True,
                   show=lambda e: grade_html(of(e).grade), sort="by_grade"),
            Column("level", _("碳水平"), lambda e: _level(of(e).level), kind="plain",
                   show=lambda e: level_html(of(e).level)),
            Column("net_mg", _("碳效码口径净排放"), lambda e: _tonnes(of(e).net_mg), unit="t",
                   kind="number", sort="by_net_mg", brief=True,
                   show=lambda e: tonnes(of(e).net_mg)),
            Column("intensity", _("碳效值"), lambda e: of(e).intensity, unit=_("吨/万元"),
                   kind="number", sort="by_intensity",
                   show=lambda e: significant(of(e).intensity)),
            Column("basis", _("数据基础"),
                   lambda e: str(words.BASES.get(of(e).data_basis, "")) or None),
            Column("period", _("期间"), lambda e: of(e).period or None, page=False),
            Column("number", _("发布编号"), lambda e: of(e).number, page=False),
            Column("edition", _("规则版本"), lambda e: of(e).edition or None, page=False),
        ]  # fmt: skip

    @cached_property
    def _page(self) -> Page[Any]:
        page = super().page
        self._learn(page.object_list)
        return page

    @property
    def page(self) -> Page[Any]:
        return self._page

    def _learn(self, rows: Iterable[Enterprise]) -> None:
        self.standings = standings().of([row.id for row in rows])

    def _all_rows(self) -> Iterator[Enterprise]:
        rows = iter(super()._all_rows())
        while chunk := list(islice(rows, 2000)):
            self._learn(chunk)
            yield from chunk


def address(enterprise: Enterprise) -> str:
    return reverse("registry:enterprise", args=[enterprise.uid])


def _status(enterprise: Enterprise) -> str:
    tone = "plain" if enterprise.status == "active" else "warn"
    return badge_html(str(words.STATUSES.get(enterprise.status, enterprise.status)), tone)


def _level(level: str | None) -> str | None:
    return level_word(level) if level else None


def _tonnes(mg: int | None) -> float | None:
    """For a spreadsheet: tonnes as a number."""
    return None if mg is None else mg / 1e9
