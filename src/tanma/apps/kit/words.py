"""The words of the two axes and the marks. Level and grade are separate and never mixed."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import get_language, gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

Text = str | Promise
GRADES: dict[int, Text] = {
    1: _("远优于行业平均"),
    2: _("优于行业平均"),
    3: _("接近行业平均"),
    4: _("劣于行业平均"),
    5: _("远劣于行业平均"),
}
GRADES_SHORT: dict[int, Text] = {
    1: pgettext_lazy("grade", "远优于"),
    2: pgettext_lazy("grade", "优于"),
    3: pgettext_lazy("grade", "接近"),
    4: pgettext_lazy("grade", "劣于"),
    5: pgettext_lazy("grade", "远劣于"),
}
LEVELS: dict[str, Text] = {"low": _("低碳"), "mid": _("中碳"), "high": _("高碳")}


@dataclass(frozen=True)
class Evidence:
    """How far a rule or value can be trusted: its word, what it means, and its look."""

    word: Text
    meaning: Text
    tone: str


EVIDENCE: dict[str, Evidence] = {
    "read": Evidence(_("已核原文"), _("已对照原文核实"), "good"),
    "unconfirmed": Evidence(_("未确认"), _("来自公开资料，未经主管部门确认"), "warn"),
    "recalled": Evidence(_("凭记忆"), _("凭一般知识录入，未对照原文，请核实后使用"), "warn"),
    "demo": Evidence(_("演示"), _("演示数据，不代表任何真实企业或地区"), "warn"),
    "declared": Evidence(_("申报数据"), _("由企业申报，未经计量核实"), "plain"),
    "estimated": Evidence(_("估算"), _("由模型或替代方法估算"), "plain"),
}


def lang() -> str:
    """The reader's language as names and messages know it: "zh" or "en"."""
    return "en" if get_language() == "en" else "zh"


def grade_word(grade: int | None, *, short: bool = False) -> str:
    """远优于行业平均 … 远劣于行业平均; 暂不赋码 where there is no grade."""
    if grade is None:
        return gettext("暂不赋码")
    return str((GRADES_SHORT if short else GRADES)[grade])


def level_word(level: str | None) -> str:
    """低碳, 中碳 or 高碳 for low, mid or high; rows of results keep "" where there is none."""
    return str(LEVELS[level]) if level else gettext("未定级")


def pair(level: str | None, grade: int | None) -> str:
    """Both axes in words: 高碳2级 / High-carbon, grade 2."""
    if grade is None:
        return gettext("暂不赋码")
    return gettext("%(level)s%(grade)d级") % {"level": level_word(level), "grade": grade}
