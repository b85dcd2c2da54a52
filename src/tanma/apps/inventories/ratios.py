"""L and K as nodes: the enterprise's own ratio, and its ratio to the sealed benchmark."""

from __future__ import annotations

from fractions import Fraction

from tanma.apps.inventories import money
from tanma.apps.inventories.frozen import Frozen
from tanma.apps.inventories.leaves import METERED, amount_note, item_name, pick, source_name
from tanma.apps.inventories.said import Facts
from tanma.domain.methods import Node
from tanma.domain.methods.shared.accounts import carbon_efficiency, ratio_to_average
from tanma.domain.numbers import EMISSION_DECIMALS
from tanma.domain.quantities import number_text
from tanma.domain.quantities.text import Text
from tanma.domain.rating.scheme import Scheme
from tanma.engine.evaluate import MONEY_DECIMALS
from tanma.engine.rules import scheme_of

WAN_YUAN = ("万元", "10^4 yuan")
TEXTS = {
    "value_added": ("增加值", "value added"),
    "output": ("产值", "output value"),
    "benchmark": ("行业平均（基准，封存输入）", "industry average (benchmark, sealed input)"),
    "population": (
        "比较对象 {level} {key}：n = {n}，有效 n = {n_eff}",
        "compared with {level} {key}: n = {n}, effective n = {n_eff}",
    ),
    "sealed": (
        "批次 {run} 结果表，Merkle 根 {root}",
        "results of run {run}, Merkle root {root}",
    ),
    "shrunk": (
        "该行业企业太少，平均按方案向上一级行业收缩",
        "too few in the industry: its average is shrunk toward a wider one, as the scheme says",
    ),
    "by_output": ("缺少有效增加值，按产值比较", "compared by output: no valid value added"),
    "hidden": (
        "分月数据仅供统计使用，不在此展示",
        "monthly figures are for statistics only and are not shown here",
    ),
    "not_kept": ("该批次未保留分月来源", "the months behind it are not in this store"),
}


def nodes(frozen: Frozen, lang: str, facts: Facts, statistical: bool) -> tuple[Node, ...]:
    """L and K with what is below them; none where the enterprise could not be rated."""
    scheme = scheme_of(frozen.files.meta)
    own = _own(frozen, scheme, lang, facts, statistical)
    if own is None:
        return ()
    if not frozen.result["sum_denominator"]:
        return (own,)
    return (own, _compared(scheme, own, _benchmark(frozen, scheme, lang), lang))


def _own(frozen: Frozen, scheme: Scheme, lang: str, facts: Facts, statistical: bool) -> Node | None:
    net_mg, fen = frozen.result["net_mg"], frozen.result[money.denominator(frozen)]
    if net_mg is None or not fen or frozen.result["rated_on"] is None:
        return None
    emission_t, wan_yuan = _tonnes(net_mg), _wan_yuan(fen)
    fallback = money.denominator(frozen) == money.OUTPUT
    return Node(
        kind="derived",
        id="intensity_by_output" if fallback else "intensity",
        symbol="I" if fallback else scheme.intensity.symbol,
        name=pick(TEXTS["by_output"], lang) if fallback else getattr(scheme.intensity, lang),
        unit=scheme.intensity.unit,
        value=carbon_efficiency(emission_t, wan_yuan),
        written=carbon_efficiency.written(),
        with_values=str(carbon_efficiency(Text.of(emission_t), Text.of(wan_yuan))),
        source=getattr(scheme.title, lang),
        evidence=scheme.evidence,
        note=getattr(scheme.direction, lang),
        children=(_money_node(frozen, lang, facts, statistical),),
    )


def _money_node(frozen: Frozen, lang: str, facts: Facts, statistical: bool) -> Node:
    column = money.denominator(frozen)
    restricted = bool(frozen.result["restricted"]) and not statistical
    parts = [] if restricted else money.parts(frozen, facts)
    leaves = _money_leaves(parts, facts, lang) if parts else ()
    note = "hidden" if restricted else "" if leaves else "not_kept"
    return Node(
        kind="quantity",
        id=column.removesuffix("_fen"),
        symbol="V",
        name=pick(TEXTS[column.removesuffix("_fen")], lang),
        unit=pick(WAN_YUAN, lang),
        value=_wan_yuan(frozen.result[column]),
        note=pick(TEXTS[note], lang) if note else "",
        children=() if restricted else leaves,
    )


def _money_leaves(parts: list[money.MoneyPart], facts: Facts, lang: str) -> tuple[Node, ...]:
    said = facts.by_seq([part.seq for part in parts])
    return tuple(_money_leaf(part, said.get(part.seq), lang) for part in parts)


def _money_leaf(part: money.MoneyPart, fact: object, lang: str) -> Node:
    return Node(
        kind="input",
        id=f"{part.item}/{part.month:%Y-%m}",
        symbol="",
        name=f"{item_name(part.item, lang)} · {part.month:%Y-%m}",
        unit=pick(("元", "yuan"), lang),
        value=part.value_fen / 100,
        origin="measured" if part.source in METERED else "reported",
        source=source_name(part.source, lang),
        source_row=getattr(fact, "evidence", "") or f"seq:{part.seq}",
        known_at=getattr(fact, "stamp", None),
        text=getattr(fact, "reported", ""),
        note=amount_note(part.kind, part.split, lang),
    )


def _compared(scheme: Scheme, own: Node, average: Node, lang: str) -> Node:
    return Node(
        kind="derived",
        id="ratio",
        symbol=scheme.ratio.symbol,
        name=getattr(scheme.ratio, lang),
        unit="",
        value=ratio_to_average(own.value, average.value) if own.value and average.value else None,
        written=str(ratio_to_average(Text(own.symbol), Text("B"))),
        with_values=str(ratio_to_average(Text.of(own.value), Text.of(average.value))),
        source=getattr(scheme.title, lang),
        evidence=scheme.evidence,
        note=getattr(scheme.direction, lang),
        children=(average,),
    )


def _benchmark(frozen: Frozen, scheme: Scheme, lang: str) -> Node:
    """The benchmark as it was sealed with the run: group, sums and members, not recomputed here."""
    row, card = frozen.result, frozen.files.card["tables"]["results"]
    levels = {level.id: getattr(level, lang) for level in scheme.population.levels}
    total_t, total_wan_yuan = _tonnes(row["sum_numerator"]), _wan_yuan(row["sum_denominator"])
    note = pick(TEXTS["population"], lang).format(
        level=levels.get(row["benchmark_level"], row["benchmark_level"]),
        key=row["benchmark_key"], n=row["n"], n_eff=number_text(round(row["n_eff"], 2)),
    )  # fmt: skip
    # The pair of a shrunk average are no sums, and what it was made of few stand behind.
    shrunk = row.get("shrink_weight") is not None
    return Node(
        kind="input",
        id="benchmark",
        symbol="B",
        name=pick(TEXTS["benchmark"], lang),
        unit=scheme.intensity.unit,
        value=carbon_efficiency(total_t, total_wan_yuan),
        written="" if shrunk else str(carbon_efficiency(Text("ΣE"), Text("ΣV"))),
        with_values=""
        if shrunk
        else str(carbon_efficiency(Text.of(total_t), Text.of(total_wan_yuan))),
        source=pick(TEXTS["sealed"], lang).format(run=frozen.run_id, root=card["merkle_root"]),
        source_row=f"results/{row['natural_key']}",
        evidence=scheme.evidence,
        note=f"{note} · {pick(TEXTS['shrunk'], lang)}" if shrunk else note,
    )


def _tonnes(count_mg: int) -> float:
    return float(Fraction(count_mg, 10**EMISSION_DECIMALS))


def _wan_yuan(count_fen: int) -> float:
    return float(Fraction(count_fen, 10**MONEY_DECIMALS))
