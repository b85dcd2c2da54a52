"""How far a rule can be trusted, in words; `recalled` must look unconfirmed wherever it stands."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from tanma.domain.factors.tables import Row

Text = str | Promise
MARKS: dict[str, tuple[Text, Text, str]] = {
    "confirmed": (_("已核来源"), _("所列来源中有此内容"), "good"),
    "confirmed_2": (_("两个来源"), _("两个独立来源一致，未对照印刷原文"), "good"),
    "confirmed_1": (_("一个来源"), _("一个来源，未对照印刷原文"), "plain"),
    "read": (_("已核原文"), _("已对照原文核实"), "good"),
    "unconfirmed": (_("未确认"), _("来自公开资料，未经主管部门确认"), "warn"),
    "recalled": (_("未确认"), _("凭一般知识录入，未对照原文，请核实后使用"), "warn"),
    "proposed": (_("本项目自拟"), _("没有找到规定，由本项目自行选定"), "warn"),
    "assumed": (_("假定"), _("资料未说明，由本项目假定"), "warn"),
    "example": (_("示例"), _("示例，不是任何主管部门的规定"), "warn"),
    "exact": (_("精确关系"), _("由定义得出的精确数值关系"), "good"),
}
"""mark → word, meaning, look"""


def lang() -> str:
    return "en" if get_language() == "en" else "zh"


def mark_word(mark: str) -> str:
    return str(MARKS[mark][0]) if mark in MARKS else mark


def mark_html(mark: str) -> str:
    """The mark in a frame, its meaning as a tooltip."""
    word, meaning, tone = MARKS.get(mark, (mark, mark, "warn"))
    return format_html('<span class="badge tone-{}" title="{}">{}</span>', tone, meaning, word)


def named(row: Row) -> str:
    """The name of a row in the reader's language, the Chinese one where no other is given."""
    return (lang() == "en" and row.get("name_en")) or row.get("name_zh", "")
