"""The picture as data, its text, and the table beneath: one set of integers behind all three."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from tanma.apps.flows import sankey, words
from tanma.apps.kit.door import Column, Table, clauses, percent, scaled, significant, tce
from tanma.domain.balances import IN, OUT, Balance, Flow, Whole
from tanma.domain.numbers import ENERGY_DECIMALS

COAL = "tce"
MENTIONED = 6


@dataclass(frozen=True)
class View:
    """In what the picture counts: standard coal of everything, or one carrier in its own unit."""

    show: str
    scale: int
    unit: str

    def amount(self, flow: Flow) -> int:
        return (flow.gce or 0) if self.show == COAL else flow.count


def view(show: str, carriers: Iterable[str]) -> View:
    if show in set(carriers):
        return View(show, *words.scale_of(show))
    return View(COAL, ENERGY_DECIMALS, "tce")


def picture(
    balances: Sequence[Balance], chosen: View, below: Mapping[str, Sequence[Flow]] | None = None
) -> dict[str, Any]:
    """Nodes and links for the script, with a sentence for those who do not see them."""
    drawn = [b for b in balances if chosen.show in (COAL, b.carrier)]
    links = sankey.links(drawn, chosen.amount, below)
    nodes = list(dict.fromkeys(n for link in links for n in (link.source, link.target)))
    place = {node: i for i, node in enumerate(nodes)}
    return {
        "unit": chosen.unit,
        "nodes": [{"name": words.node_name(n), "kind": n.kind} for n in nodes],
        "links": [
            {"source": place[x.source], "target": place[x.target],
             "value": float(Fraction(x.amount, 10**chosen.scale)),
             "text": significant(Fraction(x.amount, 10**chosen.scale), 5)}
            for x in links
        ],
        "summary": _summary(links, chosen),
    }  # fmt: skip


def _summary(links: Sequence[sankey.Link], chosen: View) -> str:
    biggest = sorted(links, key=lambda x: -x.amount)[:MENTIONED]
    told = clauses(
        f"{words.node_name(x.source)} → {words.node_name(x.target)}"
        f" {significant(Fraction(x.amount, 10**chosen.scale), 4)} {chosen.unit}"
        for x in biggest
    )
    return gettext("能量流图，最大的流向：%(told)s") % {"told": told} if told else ""


@dataclass(frozen=True)
class Row:
    """A line of the table: an entry, or what closes a balance."""

    stage: str
    carrier: str
    name: str
    count: int | None
    gce: int | None
    note: str
    sign: int
    share: Fraction | None


def rows(
    balances: Sequence[Balance], whole: Whole, notes: Mapping[str, str]
) -> list[Row]:  # fmt: skip
    """Every entry of every balance with the difference after it, and the loss of conversion."""
    found = [row for b in balances for row in _of(b, whole, notes)]
    if whole.loss:
        share = _share(whole.loss, whole.supplied)
        found.append(Row(str(words.LOSS), "", gettext("加工转换"), None, whole.loss, "", -1, share))
    return found


def _of(balance: Balance, whole: Whole, notes: Mapping[str, str]) -> Iterable[Row]:
    for role in (*IN, *OUT):
        for flow in balance.flows:
            if flow.role == role:
                note = gettext("按消费推算") if flow.inferred else notes.get(flow.item, "")
                yield Row(
                    str(words.ROLES[role]), balance.carrier, words.flow_name(flow), flow.count,
                    flow.gce, note, 1 if role in IN else -1, _share(flow.gce, whole.supplied),
                )  # fmt: skip
    yield Row(
        str(words.DIFFERENCE), balance.carrier, gettext("占供入 %(p)s %%") % {
            "p": percent(balance.share)}, balance.difference, balance.difference_gce, "", -1,
        _share(balance.difference_gce, whole.supplied),
    )  # fmt: skip


def _share(part: int | None, of: int | None) -> Fraction | None:
    return None if part is None or not of else Fraction(part, of)


def _amount(row: Row) -> str | None:
    return None if row.count is None else scaled(row.count, words.scale_of(row.carrier)[0])


def table(found: list[Row], query: QueryDict) -> Table:
    def own(row: Row) -> float | None:
        if row.count is None:
            return None
        return float(Fraction(row.count, 10 ** words.scale_of(row.carrier)[0]))

    columns = [
        Column("stage", _("环节"), lambda r: r.stage, sort=True),
        Column("carrier", _("能源品种"), lambda r: words.carrier_name(r.carrier), sort=True),
        Column("name", _("来源或去向"), lambda r: r.name),
        Column("amount", _("实物量"), own, _amount, kind="number"),
        Column("unit", _("单位"), lambda r: words.scale_of(r.carrier)[1] if r.carrier else ""),
        Column("gce", _("当量值"), lambda r: None if r.gce is None else r.gce / 10**ENERGY_DECIMALS,
               lambda r: tce(r.gce), unit="tce", kind="number", sort=True),
        Column("share", _("占总供入"), lambda r: None if r.share is None else float(r.share * 100),
               lambda r: percent(r.share), unit="%", kind="number"),
        Column("note", _("依据"), lambda r: r.note),
    ]  # fmt: skip
    return Table(columns, found, query, per_page=200, caption=_("能源平衡表"),
                 empty=_("这段时间没有能源数据"))  # fmt: skip
