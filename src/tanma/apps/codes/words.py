"""Words that a result is told in, on the pages of the office and on the code page alike."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from tanma.apps.kit.door import lang

REASONS = {
    "energy_missing": _("能源数据尚未报送"),
    "energy_gaps": _("部分月份的能源数据尚未报送"),
    "money_missing": _("经济数据尚未报送"),
    "no_benchmark": _("暂无可比行业"),
    "statistical_only": _("尚无公布单个企业结果的依据或授权"),
    "closed": _("企业已关闭"),
    "suspended": _("本期全部停产"),
    "not_evaluated": _("尚未参加评价"),
}
"""Why there is no code, in words that tell nothing about amounts."""


def word(words: Any) -> str:
    """A text of a scheme in the language of the page."""
    return str(getattr(words, lang()))
