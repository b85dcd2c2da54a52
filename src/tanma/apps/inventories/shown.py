"""An explanation node as people read it: one set of strings for the command line and the page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from tanma.apps.inventories.leaves import pick
from tanma.apps.kit.door import MISSING, known_time, significant
from tanma.domain import numbers
from tanma.domain.documents import document_name
from tanma.domain.methods import Node
from tanma.domain.methods.explain import ORIGINS
from tanma.domain.quantities import number_text
from tanma.domain.quantities.core import QUANTA

BADGES = frozenset({"recalled", "unconfirmed"})
"""Marks that warn; the others are said in words."""
MARKS = {
    "recalled": ("凭记忆，未对照原文", "recalled, text not seen"),
    "unconfirmed": ("未经主管部门确认", "not confirmed by the authority"),
    "confirmed": ("公开来源", "public source"),
    "confirmed_1": ("一个公开来源", "one public source"),
    "confirmed_2": ("两个公开来源", "two public sources"),
    "own_rule": ("本系统规则", "rule of this system"),
}
RAW = ("原文 {text}", "as said: {text}")
KNOWN = ("记录于 {time}", "known {time}")
RATIO_DIGITS = 6
"""Significant digits of a ratio; posted amounts show all their digits."""

Shown = dict[str, Any]
NOWHERE: Mapping[str, str] = MappingProxyType({})
READ = "readings:"
"""How the evidence of an amount begins that meters stated."""


def shown(
    node: Node, lang: str, zone: str, meters: Mapping[str, str] = NOWHERE, above: str = ""
) -> Shown:
    """The node as the kit's explanation part takes it; numbers are texts from here on.

    `meters`: `item/month` → address of the meters and readings behind an amount; `above` is the id
    of the node that this one stands below.
    """
    warns = node.evidence in BADGES
    mark = pick(MARKS[node.evidence], lang) if node.evidence in MARKS else node.evidence
    raw = pick(RAW, lang).format(text=node.text) if node.text else ""
    cited = document_name(node.source, lang)
    where = [cited, node.source_row, raw, "" if warns else mark, node.note]
    return {
        "id": node.id,
        "label": f"{node.symbol} {node.name}".strip(),
        "result": None if node.kind == "edition" else result(node),
        "unit": node.unit,
        "formula": node.written,
        "values": node.with_values,
        "origin": ORIGINS[node.origin][lang] if node.origin else "",
        "source": " · ".join(part for part in where if part),
        "known": known_time(node.known_at, zone) if node.known_at else "",
        "evidence": node.evidence if warns else "",
        "href": meters.get(above.partition("/")[2], "") if node.source_row.startswith(READ) else "",
        "children": [shown(child, lang, zone, meters, node.id) for child in node.children],
    }


def result(node: Node) -> str:
    """All digits of a posted amount, six significant digits of a ratio, a dash for missing."""
    if node.posted is None and node.value is None:
        return MISSING
    sign = "−" if node.sign < 0 else ""
    if node.posted is not None:
        decimals = next(d for unit, d in QUANTA.values() if unit == node.unit)
        return f"{sign}{Decimal(numbers.decimal_text(node.posted, decimals)):,f}"
    if node.kind == "derived" or node.id == "benchmark":
        return sign + significant(node.value, RATIO_DIGITS)
    return sign + number_text(node.value)


def text_lines(node: Shown, lang: str, depth: int = 0) -> Iterator[str]:
    """The same strings as indented lines, as the command line prints them."""
    head = node["label"]
    if node["result"] is not None:
        head += f" = {node['result']} {node['unit']}".rstrip()
    formula = " = ".join(part for part in (node["formula"], node["values"]) if part)
    known = pick(KNOWN, lang).format(time=node["known"]) if node["known"] else ""
    mark = pick(MARKS[node["evidence"]], lang) if node["evidence"] else ""
    marks = [part for part in (node["origin"], node["source"], known, mark) if part]
    head += f": {formula}" if formula else ""
    yield "  " * depth + head + (f" [{'; '.join(marks)}]" if marks else "")
    for child in node["children"]:
        yield from text_lines(child, lang, depth + 1)
