"""Words for the registry's codes, in the reader's language."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import Any

from django.utils.functional import Promise
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from tanma.apps.kit.door import Column, lang
from tanma.apps.registry.links import link_if_there
from tanma.apps.registry.models import Area
from tanma.domain.items import items, sources
from tanma.domain.messages import Problem
from tanma.domain.reference.industries import guideline_for, industries

Text = str | Promise
SIZES: dict[str, Text] = {"above": _("规上"), "below": _("规下")}
STATUSES: dict[str, Text] = {
    "active": _("在营"),
    "suspended": _("停产"),
    "closed": _("关闭"),
}
BASES: dict[str, Text] = {
    "metered": _("计量数据"),
    "statistics": _("统计数据"),
    "declared": _("申报数据"),
}
SCHEMES: dict[str, Text] = {
    "uscc": _("统一社会信用代码"),
    "grid": _("用电户号"),
    "account": _("用电户号"),
    "gas": _("用气户号"),
    "heat": _("用热户号"),
}
AREA_KINDS: dict[str, Text] = {
    "province": _("省"),
    "city": _("市"),
    "county": _("县区"),
    "township": _("乡镇街道"),
    "new_area": _("新区"),
    "park": _("园区"),
    "trusteeship": _("托管区"),
}
AUTHORS: dict[str, Text] = {
    "system": _("系统管理"), "demo": _("演示生成"), "import": _("导入时归属"),
    "tanma lake": _("由表计读数推出"),
}  # fmt: skip
_BATCH = re.compile(r"batch:(?P<id>[0-9A-Z]+)(?:#(?P<row>\d+))?(?P<more>.*)")
HIERARCHIES: dict[str, Text] = {"statutory": _("行政区划"), "management": _("管理区域")}


def industry_name(code: str) -> str:
    """17 → 纺织业; the code itself where the classification does not know it."""
    found = industries().get(code)
    return code if found is None else found.name(lang())


def industry_text(code: str) -> str:
    """17 → 17 纺织业."""
    name = industry_name(code)
    return code if name == code else f"{code} {name}"


def guideline(code: str) -> tuple[str, str] | None:
    """By what an industry is accounted, in words, and how sure that is; None: nothing is known."""
    try:
        found = guideline_for(code)
    except Problem:
        return None
    sector = found.sector_id.replace("_", " ") if lang() == "en" else found.ndrc_guideline
    return " · ".join(part for part in (sector, found.gbt32151_part) if part), found.evidence


def industry_columns(
    code: Callable[[Any], str], *, sort: str | bool, kind: str = "text"
) -> list[Column]:
    """The industry of a row: code and name together on the page, apart in a file."""
    if lang() == "en" and kind == "text":
        kind = "name"  # long words need room, or a name takes a line for each
    return [
        Column("industry", _("行业"), code, lambda row: industry_text(code(row)),
               sort=sort, kind=kind),
        Column("industry_name", _("行业名称"), lambda row: industry_name(code(row)), page=False),
    ]  # fmt: skip


def industry_options() -> SafeString:
    """Options of an input for the industry: every division, group and class with its name."""
    return _industry_options(lang())


@cache
def _industry_options(language: str) -> SafeString:
    """Written once per language, since a thousand options cost more than a page of rows."""
    listed = (i for i in industries().values() if i.level in {"division", "group", "class"})
    names = ((i.code, i.name(language)) for i in listed)
    return format_html_join("", '<option value="{0}">{0} {1}</option>', names)


def area_name(area: Area) -> str:
    return area.name_en if lang() == "en" and area.name_en else str(area)


def area_names() -> dict[str, str]:
    return {a.code: area_name(a) for a in Area.objects.all()}


def item_name(item: str) -> str:
    found = items().get(item)
    if found is None:
        return item
    return found.name_en if lang() == "en" else found.name_zh


def kind_name(kind: str) -> str:
    """county → 县区; what a register calls its own kinds stays as it is."""
    return str(AREA_KINDS.get(kind, kind))


def author_name(author: str) -> str:
    return str(AUTHORS.get(author, author))


def attribute_text(item: str, text: str) -> str:
    """What a fact says in words: 3011 → 3011 水泥制造, above → 规上."""
    if item == "industry":
        return industry_text(text)
    return str({"size_class": SIZES, "status": STATUSES}.get(item, {}).get(text, text))


def evidence_text(evidence: str) -> str:
    """batch:1FDYQK348B41N#12 → 导入批次 1FDYQK348B41N 第 12 行."""
    found = _BATCH.fullmatch(evidence)
    if found is None:
        return evidence
    words = {"id": found["id"], "row": found["row"]}
    text = gettext("导入批次 %(id)s 第 %(row)s 行") if found["row"] else gettext("导入批次 %(id)s")
    return (text % words + found["more"]).strip()


def evidence_html(evidence: str) -> str:
    """The same, leading to the batch where that page exists."""
    found = _BATCH.fullmatch(evidence)
    href = link_if_there("imports:batch", found["id"]) if found else ""
    text = evidence_text(evidence)
    return format_html('<a href="{}">{}</a>', href, text) if href else text


def source_name(source: str) -> str:
    found = sources().get(source)
    if found is None:
        return source
    return found.name_en if lang() == "en" else found.name_zh
