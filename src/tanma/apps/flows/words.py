"""Names of roles, nodes and carriers in the reader's language."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from tanma.apps.flows.gathering import Gap
from tanma.apps.flows.sankey import Node
from tanma.apps.kit.door import lang, percent, unit_name
from tanma.apps.registry import door as registry
from tanma.domain.balances import Flow, roles
from tanma.domain.items import carriers, items

ROLES: dict[str, Any] = {
    "bought": _("购入"), "own": _("自有可再生"), "drawn": _("储能放电"), "made": _("转换产出"),
    "converted": _("转换投入"), "burnt": _("燃烧"), "feedstock": _("原料用能"),
    "metered": _("分项计量"), "stored": _("储能充电"), "sold": _("外售"),
}  # fmt: skip
DIFFERENCE, LOSS = _("未分摊"), _("转换损失")


def carrier_name(carrier: str) -> str:
    found = carriers().get(carrier)
    if found is None:
        return carrier
    return found.name_en if lang() == "en" else found.name_zh


def flow_name(flow: Flow) -> str:
    """Where it comes from or goes: a meter, else what the flow is called."""
    if flow.place:
        return flow.place
    role = roles().get(flow.item)
    if role is None:
        return str(ROLES[flow.role])
    return role.name_en if lang() == "en" else role.name_zh


def node_name(node: Node) -> str:
    plain = {
        "conversion": gettext("加工转换"), "loss": str(LOSS), "deficit": gettext("负差额"),
        "difference": f"{carrier_name(node.carrier)} {DIFFERENCE}",
        "carrier": carrier_name(node.carrier), "metered": node.what, "device": node.what,
    }  # fmt: skip
    if node.kind in plain:
        return plain[node.kind]
    role = roles().get(node.what)
    word = str(ROLES[node.kind])
    if role is not None:
        word = role.name_en if lang() == "en" else role.name_zh
    return f"{word} {carrier_name(node.carrier)}"


def scale_of(carrier: str) -> tuple[int, str]:
    """Decimals and unit in which flows of a carrier are counted."""
    item = next(items()[i] for i in roles() if items()[i].carrier == carrier)
    return item.scale, unit_name(item.unit, lang())


def gap_texts(gaps: Iterable[Gap], names: dict[int, str] | None = None) -> list[str]:
    """What is known in part only, in words."""
    return [_gap(gap, (names or {}).get(gap.subject, "")) for gap in gaps]


def _gap(gap: Gap, firm: str) -> str:
    before = f"{firm} · " if firm else ""
    if gap.expected is not None:
        said = gettext("%(item)s：%(of)d 个月中 %(n)d 个月有数") % {
            "item": registry.item_name(gap.name), "of": gap.expected, "n": gap.told or 0,
        }  # fmt: skip
    else:
        said = gettext("表计 %(meter)s：读数覆盖 %(share)s %%") % {
            "meter": gap.name, "share": percent(gap.covered),
        }  # fmt: skip
    return before + said
