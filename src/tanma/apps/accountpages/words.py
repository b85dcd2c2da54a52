"""Names of this room's pages in the reader's language."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from tanma.apps.kit.door import lang, unit_name
from tanma.domain.factors.preferences import CHOICES
from tanma.domain.quantities import described

Text = str | Promise

SCOPES: dict[int, Text] = {1: _("范围一（直接排放）"), 2: _("范围二（外购电力与热力等）")}
CATEGORIES: dict[str, Text] = {
    "fuel": _("燃料燃烧"),
    "process": _("工业过程"),
    "electricity": _("电力"),
    "heat": _("热力"),
    "renewable": _("可再生能源"),
    "feedstock": _("原料用能"),
    "output": _("加工转换产出"),
}
ACCOUNTS: dict[str, Text] = {
    "code": _("碳效码口径"),
    "statutory": _("法定核算"),
    "energy": _("能源"),
}


def unit(text: str) -> str:
    """A unit of the catalogue as people write it: 10^4 m3 → 万m³."""
    return unit_name(text, lang())


def factor_name(name: str) -> str:
    """The name of a formula's input: 电力排放因子."""
    return described(name).name(lang())


def choice_name(choice: str) -> str:
    """How a factor was chosen: 实测, 缺省值, 最新公布值."""
    return CHOICES[choice][lang() == "en"] if choice in CHOICES else ""
