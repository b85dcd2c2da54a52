"""Words of equipment in the reader's language, and choices of forms."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from tanma.apps.equipment.projection import PREFIX
from tanma.apps.kit.door import lang
from tanma.domain.equipment import ROLES, kinds

ROLE_WORDS: dict[str, Any] = {
    "production": _("生产设备"), "transfer": _("输送与变配电"), "metering": _("计量"),
    "test": _("检测"),
}  # fmt: skip
LABELS: dict[str, Any] = {
    "enterprise": _("所属企业"), "title": _("设备名称"), "kind": _("设备类别"),
    "section": _("所在工段"), "site": _("场所"), "location": _("安装位置"), "maker": _("制造商"),
    "model": _("型号"), "made_on": _("投用日期"), "rated_kw": _("额定功率（kW）"),
    "efficiency": _("能效等级"), "nameplate": _("铭牌参数"), "input": _("输入表计"),
    "output": _("输出表计"), "parameters": _("参数表计"), "idle_above_kw": _("空闲门槛（kW）"),
    "run_above_kw": _("运行门槛（kW）"), "codes": _("状态代码"),
}  # fmt: skip
"""Attributes as pages call them."""


def kind_word(kind: str) -> str:
    found = kinds().get(kind)
    if found is None:
        return kind
    return found.en if lang() == "en" else found.zh


def role_word(kind: str) -> str:
    found = kinds().get(kind)
    return str(ROLE_WORDS[found.role]) if found else ""


def kind_choices() -> list[tuple[Any, Any]]:
    """Kinds by what they are for: choices of a form."""
    return [
        (ROLE_WORDS[role], [(k, kind_word(k)) for k, v in kinds().items() if v.role == role])
        for role in ROLES
    ]


def attribute_word(item: str) -> str:
    return str(LABELS.get(item.removeprefix(PREFIX), item))
