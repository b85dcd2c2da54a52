"""Tables of areas and their enterprises: the same columns give page, CSV and XLSX."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet
from django.http import QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _

from tanma.apps.areas.figures import QUOTIENT, AreaFigures, abnormal_words, children
from tanma.apps.areas.frozen import Frozen
from tanma.apps.codes import door as codes
from tanma.apps.kit.door import (
    MISSING,
    Column,
    Table,
    badge_html,
    grade_html,
    lang,
    level_html,
    level_word,
    listed,
    percent,
    scaled,
    signed,
    significant,
    statistics_only,
    tce,
    tonnes,
    wan_yuan,
)
from tanma.apps.people.door import Viewer, visible
from tanma.apps.registry import door as registry
from tanma.domain.identity import id_text
from tanma.domain.items import carriers, items

SMALLEST_PAGE = 20


def of_run(run: codes.Run) -> list[Column]:
    """What a file says on each row of the publication that the page names above its table."""
    return [
        Column("period", _("期间"), lambda _row: run.period, page=False),
        Column("number", _("发布编号"), lambda _row: run.number, page=False),
        Column("edition", _("规则版本"), lambda _row: run.edition, page=False),
    ]


def level_text(level: str | None) -> str | None:
    return level_word(level) if level else None


PERIODS = 8
Result = codes.Result


# --- areas


def area_href(area: AreaFigures) -> str:
    period = area.data.run.period
    return reverse("areas:area", args=[area.code]) + f"?h={area.hierarchy}&period={period}"


def _mass(key: str, label: str, of: Any, *kinds: str) -> Column:
    return Column(key, label, lambda a: None if of(a) is None else of(a) / 1e9,
                  lambda a: tonnes(of(a)), unit="t", kind="number", sort=True,
                  why=lambda a: a.why("energy", *kinds))  # fmt: skip


def _quotient(key: str, label: str, of: Any, unit: str, *, brief: bool = False) -> Column:
    return Column(key, label, of, lambda a: significant(of(a)), unit=unit, kind="number",
                  sort=True, brief=brief, why=lambda a: a.why(*QUOTIENT))  # fmt: skip


def _times_100(share: float | None) -> float | None:
    """What a file says under a heading with the unit %."""
    return None if share is None else share * 100


def _signed_percent(share: float | None) -> str:
    return MISSING if share is None else signed(percent(share))


def _count(key: str, label: str, of: Any) -> Column:
    return Column(key, label, of, lambda a: scaled(of(a), 0), kind="number", sort=True)


def _index_word(area: AreaFigures) -> Any:
    abnormal = area.verdict.abnormal
    if abnormal is None:
        return badge_html(_("无法判断"))
    return badge_html(_("异常"), "bad") if abnormal else badge_html(_("正常"))


def area_columns() -> list[Column]:
    return [
        Column("name", _("区域"), lambda a: a.name, href=area_href, sort=True),
        _count("enterprises", _("企业"), lambda a: a.enterprises),
        _count("coded", _("已赋码"), lambda a: a.coded),
        _mass("net", _("净排放"), lambda a: a.net_mg),
        _quotient("intensity", _("碳效值"), lambda a: a.intensity, _("吨/万元")),
        _quotient("index", _("碳耗指数"), lambda a: a.index, _("吨/万元产值"),
                  brief=True),
        Column("index_change", _("指数同比"), lambda a: _times_100(a.index_change),
               lambda a: _signed_percent(a.index_change), unit="%", kind="number", sort=True,
               why=lambda a: a.why(*QUOTIENT)),
        _quotient("adjusted", _("结构调整指数"), lambda a: a.adjusted_index, ""),
        Column("verdict", _("判定"), abnormal_words, _index_word, kind="plain", brief=True),
        _count("five", _("5级"), lambda a: a.grade_5),
        _count("high", _("高碳"), lambda a: a.level_high),
        _count("missing", _("缺报"),
               lambda a: a.completeness["expected"] - a.completeness["complete"]),
    ]  # fmt: skip


def areas_table(
    rows: Sequence[AreaFigures], query: QueryDict, *, order: str = "-net", prefix: str = "a-"
) -> Table:
    stated = of_run(rows[0].data.run) if rows else []
    return Table([*area_columns(), *stated], rows, query, order=order, prefix=prefix, per_page=100,
                 caption=_("区域"), empty=_("没有下级区域"))  # fmt: skip


def children_table(data: Frozen, hierarchy: str, code: str, query: QueryDict) -> Table:
    return areas_table(children(data, hierarchy, code), query)


# --- enterprises: rows of the publication that the viewer may see


def results_in(who: Viewer, data: Frozen, hierarchy: str, code: str) -> QuerySet[Result]:
    """The visible results of an area as it was at the end of the period."""
    rows = visible(who, Result.objects.filter(run=data.run))
    if code == data.home:
        return rows
    tree = data.trees[hierarchy]
    inside = [c for c in tree.ancestors if tree.inside(c, code)]
    if hierarchy == "statutory":
        return rows.filter(area_code__in=inside)
    table = data.results.select(["subject", "management_code"]).to_pydict()
    wanted = set(inside)
    subjects = [s for s, m in zip(*table.values(), strict=True) if m in wanted]
    return rows.filter(subject__in=subjects)


def amount(key: str, label: str, field: str, show: Any, scale: int, unit: str) -> Column:
    def value(row: Any) -> Any:
        count = getattr(row, field)
        return None if count is None else count / 10**scale

    return Column(key, label, value, lambda r: show(getattr(r, field)), unit=unit, kind="number",
                  sort=field, why=lambda r: why_alone(r, field))  # fmt: skip


def why_alone(row: Any, field: str) -> str:
    """Why an amount of one enterprise is not shown; "" where it was not given or is shown."""
    return statistics_only() if row.reason == "statistical_only" else ""


def enterprise_columns() -> list[Column]:
    return [
        Column("name", _("企业"), lambda r: r.name, sort="name", href=enterprise_href),
        *registry.industry_columns(lambda r: r.industry, sort="industry"),
        Column("grade", _("碳效等级"), lambda r: r.grade, lambda r: grade_html(r.grade),
               kind="plain", sort="grade", brief=True),
        Column("level", _("碳效水平"), lambda r: level_text(r.level),
               lambda r: level_html(r.level or None),
               kind="plain", sort="level", brief=True),
        amount("net", _("净排放"), "net_mg", tonnes, 9, "t"),
        amount("energy", _("综合能耗（当量值）"), "energy_calorific_gce", tce, 6, "tce"),
        amount("value_added", _("增加值"), "value_added_fen", wan_yuan, 6, _("万元")),
        Column("intensity", _("碳效值"), lambda r: r.intensity,
               lambda r: significant(r.intensity), unit=_("吨/万元"), kind="number",
               sort="intensity"),
        Column("ratio", _("与行业平均比值"), lambda r: r.ratio, lambda r: significant(r.ratio, 3),
               kind="number", sort="ratio", why=codes.why_not_compared),
    ]  # fmt: skip


def enterprise_href(row: Any) -> str:
    return reverse("registry:enterprise", args=[id_text(row.subject)])


def enterprises_table(
    who: Viewer, data: Frozen, hierarchy: str, code: str, query: QueryDict, *,
    prefix: str = "e-", order: str = "-net",
) -> Table:  # fmt: skip
    columns = [*enterprise_columns(), *of_run(data.run)]
    return Table(columns, results_in(who, data, hierarchy, code), query, order=order,
                 prefix=prefix, per_page=SMALLEST_PAGE, caption=_("企业"),
                 empty=_("该区域没有可见的企业"))  # fmt: skip


# --- missing reporters

MISSING_REASONS = ("energy_missing", "energy_gaps")


def missing_table(who: Viewer, data: Frozen, hierarchy: str, code: str, query: QueryDict) -> Table:
    """Who has not reported everything: what is missing and what it may come to at most."""
    rows = results_in(who, data, hierarchy, code).filter(reason__in=list(MISSING_REASONS))
    about = data.standing
    texts = {"energy_missing": _("全部能源数据缺报"), "energy_gaps": _("部分月份缺报")}
    columns = [
        Column("name", _("企业"), lambda r: r.name, sort="name", href=enterprise_href),
        Column("reason", _("情况"), lambda r: texts[r.reason], sort="reason"),
        Column("items", _("缺报项目"), lambda r: about[r.subject]["missing_items"],
               lambda r: missing_items(about[r.subject]["missing_items"])),
        Column("months", _("缺报项·月"), lambda r: about[r.subject]["missing"], kind="number"),
        amount("net", _("已报净排放"), "net_mg", tonnes, 9, "t"),
        Column("upper", _("缺报部分上限"), lambda r: about[r.subject]["missing_upper_mg"] / 1e9,
               lambda r: tonnes(about[r.subject]["missing_upper_mg"]), unit="t", kind="number"),
    ]  # fmt: skip
    columns += of_run(data.run)
    return Table(columns, rows, query, order="name", prefix="m-", per_page=SMALLEST_PAGE,
                 caption=_("缺报企业"), empty=_("没有缺报企业"))  # fmt: skip


def item_name(item: str) -> str:
    """What is burnt or bought, without the flow where the carrier says enough."""
    known = items().get(item)
    if known is None:
        return item
    carrier = carriers().get(known.carrier) if known.flow == "burnt" else None
    named = carrier or known
    return named.name_en if lang() == "en" else named.name_zh


def missing_items(text: str) -> str:
    return listed(item_name(i) if i else _("全部能源") for i in text.split(","))


# --- neutrality


def rate(row: Any) -> float | None:
    """碳中和率 of a result: deduction ÷ gross."""
    return row.deduction_mg / row.gross_mg if row.gross_mg else None


def neutrality_areas(rows: Sequence[AreaFigures], query: QueryDict) -> Table:
    columns = [
        Column("name", _("区域"), lambda a: a.name, href=area_href, sort=True),
        _mass("gross", _("总排放"), lambda a: a.gross_mg, "parts"),
        _mass("deduction", _("碳中和量"), lambda a: a.deduction_mg, "parts"),
        _mass("net", _("净排放"), lambda a: a.net_mg),
        Column("rate", _("碳中和率"), lambda a: _times_100(a.neutrality),
               lambda a: percent(a.neutrality), unit="%", kind="number", sort=True,
               why=lambda a: a.why("energy", "parts")),
    ]  # fmt: skip
    columns += of_run(rows[0].data.run) if rows else []
    return Table(columns, rows, query, order="-rate", prefix="a-", per_page=100, caption=_("区域"))


def neutrality_firms(who: Viewer, data: Frozen, code: str, query: QueryDict) -> Table:
    """Enterprises that neutralise something, the largest amount first."""
    rows = results_in(who, data, "statutory", code).filter(deduction_mg__gt=0)
    columns = [
        Column("name", _("企业"), lambda r: r.name, sort="name", href=enterprise_href),
        amount("gross", _("总排放"), "gross_mg", tonnes, 9, "t"),
        amount("deduction", _("碳中和量"), "deduction_mg", tonnes, 9, "t"),
        amount("net", _("净排放"), "net_mg", tonnes, 9, "t"),
        Column("rate", _("碳中和率"), lambda r: _times_100(rate(r)), lambda r: percent(rate(r)),
               unit="%", kind="number"),
    ]  # fmt: skip
    columns += of_run(data.run)
    return Table(columns, rows, query, order="-deduction", prefix="e-", per_page=SMALLEST_PAGE,
                 caption=_("企业"), empty=_("没有自用可再生能源等碳中和量"))  # fmt: skip
