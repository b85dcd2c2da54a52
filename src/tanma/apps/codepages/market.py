"""The slots 碳配额 and 碳交易 of a code: what the competent authority stated for the newest year.

They stand beside the grade and enter no figure of it. Whoever may see the figures sees them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext_lazy as _

from tanma.apps.facts import door as facts
from tanma.domain.items import items

SLOTS = (
    (_("碳配额"), (("market.allocated", _("分配")), ("market.surrendered", _("清缴")))),
    (_("碳交易"), (("market.bought", _("买入")), ("market.sold", _("卖出")))),
)
MG_PER_T = 10**9


@dataclass(frozen=True)
class Market:
    """Allowances of one calendar year [mg CO2]; what nobody stated is absent."""

    year: int
    amounts_mg: dict[str, int] = field(default_factory=dict)
    documents: tuple[str, ...] = ()


def slots(market: Market | None) -> list[tuple[Any, list[tuple[Any, int]]]]:
    """The two slots, each with the amounts that were stated [mg CO2]; without any it is empty."""
    said = market.amounts_mg if market else {}
    return [(title, [(w, said[i]) for i, w in words if i in said]) for title, words in SLOTS]


def market_of(subject: int) -> Market | None:
    """The newest year of which anything was stated about an enterprise."""
    rows = facts.Fact.objects.filter(subject=subject, item__startswith="market.")
    said = [f for f in facts.current(list(rows)) if f.value is not None]
    if not said:
        return None
    newest = max(f.valid_from for f in said)
    now = [f for f in said if f.valid_from == newest]
    amounts = {f.item: int(f.value or 0) * MG_PER_T // 10 ** items()[f.item].scale for f in now}
    documents = sorted({f.evidence.partition("doc:")[2].strip() for f in now} - {""})
    return Market(newest.year, amounts, tuple(documents))
