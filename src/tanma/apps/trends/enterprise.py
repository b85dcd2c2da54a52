"""Every figure the product holds of one enterprise, each with what it may be held against."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from tanma.apps.codes import door as codes
from tanma.apps.inventories import door as inventories
from tanma.apps.kit.door import listed, unit_name, with_note
from tanma.apps.registry.door import item_name
from tanma.apps.trends.figures import Against, Figure, Text
from tanma.apps.trends.history import History
from tanma.apps.trends.measures import Known, Measure, Ratio, Span, Sum, span_of
from tanma.domain.items import items as catalogue
from tanma.domain.numbers import EMISSION_DECIMALS, ENERGY_DECIMALS
from tanma.domain.periods import parse
from tanma.engine.accounts import ENERGY, STATUTORY

WAN_YUAN_DECIMALS = 6
"""fen of 10⁴ yuan"""
PV = ("electricity.pv.generated", "electricity.pv.exported")
BOUGHT, CONTRACT = "electricity.purchased", "electricity.green.contract"
PARTS: dict[str, tuple[Text, Callable[[inventories.Entry], bool]]] = {
    "direct": (_("直接排放（范围一）"), lambda e: e.line.scope == 1),
    "indirect": (_("间接排放（范围二）"), lambda e: e.line.scope == 2),
    "process": (_("工业过程排放"), lambda e: e.line.category == "process"),
}
"""Parts of the location-based total of the statutory inventory."""


def figures(history: History, lang: str) -> list[Figure]:
    """What can be drawn of the enterprise; a figure without any value is left out."""
    if history.newest is None:
        return []
    made = [
        *_emissions(history, lang), *_energy(history, lang), *_carriers(history, lang),
        *_green(history), *_water(history), *_published(history), *_rates(history),
        *_products(history),
    ]  # fmt: skip
    return [f for f in made if _any(f.measure)]


def _any(measure: Measure) -> bool:
    if isinstance(measure, Sum):
        return bool(measure.months)
    if isinstance(measure, Known):
        return bool(measure.values)
    return isinstance(measure, Ratio) and _any(measure.top) and _any(measure.bottom)


def _t(history: History, edition_id: str, total: str) -> Sum:
    return Sum(history.total(edition_id, total), EMISSION_DECIMALS)


def _emissions(history: History, lang: str) -> Iterator[Figure]:
    assert history.newest is not None
    industry = history.newest.result["industry"]
    for total, edition_id in inventories.TOTALS.items():
        made = history.newest.edition(edition_id)
        if made.covers(industry):
            name = next(t.name[lang] for t in made.totals if t.id == total)
            bases = _at_one_factor(history, edition_id, total, lang)
            yield Figure(total, "emission", name, "tCO₂", _t(history, edition_id, total),
                         bases=bases)  # fmt: skip
    for part, (label, belongs) in PARTS.items():
        months = history.part(STATUTORY, "location_based", belongs)
        yield Figure(part, "emission", label, "tCO₂", Sum(months, EMISSION_DECIMALS))


def _at_one_factor(
    history: History, edition_id: str, total: str, lang: str
) -> dict[str, Against]:  # fmt: skip
    """The same activity at the frozen grid factor of the code's edition, which is named."""
    grid = history.grid
    if grid is None:
        return {}
    note = gettext("固定电网因子：%(region)s %(year)s 年 %(text)s") % {
        "region": inventories.region_name(grid.region, lang), "year": grid.year, "text": grid.text,
    }  # fmt: skip
    months = history.total(edition_id, total, grid)
    return {"grid": Against(_("按固定电网因子"), Sum(months, EMISSION_DECIMALS), note)}


def _tce(history: History, total: str) -> Sum:
    return Sum(history.total(ENERGY, total), ENERGY_DECIMALS)


def _energy(history: History, lang: str) -> Iterator[Figure]:
    names = {
        "consumption_calorific": _("综合能源消费量（当量值）"),
        "consumption_equivalent": _("综合能源消费量（等价值）"),
        "fuel_calorific": _("化石燃料（当量值）"),
        "bought_calorific": _("购入电力与热力（当量值）"),
    }
    for total, name in names.items():
        yield Figure(total, "energy", name, "tce", _tce(history, total))


def _amounts(history: History, item: str) -> Sum:
    return Sum(history.amount(item), catalogue()[item].scale)


def _carriers(history: History, lang: str) -> Iterator[Figure]:
    for item in history.items:
        if item not in PV and item != CONTRACT:
            unit = unit_name(catalogue()[item].unit, lang)
            yield Figure(item, "carrier", item_name(item), unit, _amounts(history, item))


def _green(history: History) -> Iterator[Figure]:
    generated, exported = (history.amount(item) for item in PV)
    scale = catalogue()[PV[0]].scale
    used = Sum({m: v - exported.get(m, 0) for m, v in generated.items()}, scale)
    names = (item_name(PV[0]), item_name(PV[1]))
    yield Figure("pv.generated", "green", names[0], "kWh", Sum(generated, scale))
    yield Figure("pv.exported", "green", names[1], "kWh", Sum(exported, scale))
    yield Figure("pv.used", "green", _("光伏自用电量"), "kWh", used)
    bought = history.amount(BOUGHT)
    together = {m: v + bought[m] for m, v in used.months.items() if m in bought}
    yield Figure("pv.share", "green", _("光伏自用占用电量比重"), "%",
                 Ratio(used, Sum(together, scale), 100), adds=False)  # fmt: skip
    stated = history.stated
    for item, months in history.stated_in("electricity.green."):
        yield Figure(item, "green", item_name(item), "kWh", Sum(months, scale))
    contract = Sum(stated.get(CONTRACT, {}), scale)
    yield Figure("green.share", "green", _("绿电合同占购入电量比重"), "%",
                 Ratio(contract, _amounts(history, BOUGHT), 100), adds=False)  # fmt: skip


def _water(history: History) -> Iterator[Figure]:
    for item, months in history.stated_in("water."):
        yield Figure(item, "water", item_name(item), "m³", Sum(months, catalogue()[item].scale))


def _published(history: History) -> Iterator[Figure]:
    """碳效值 and 与行业平均比值 as published, each against the benchmark of its own period."""
    rows = history.results
    own = {r: span_of(parse(r.run.period)) for r in rows}
    average = Known(_values((own[r], r.benchmark_value) for r in rows))
    yield Figure(
        "L", "rate", _("碳效值 L（发布值）"), _("吨/万元"),
        Known(_values((own[r], r.intensity) for r in rows)), adds=False,
        bases={"benchmark": Against(_("当期行业平均"), average, _groups(rows))},
        note=_("数值越小越好；只有已发布的评价期有值。"),
    )  # fmt: skip
    ones = Known(_values((own[r], 1.0) for r in rows if r.ratio is not None))
    yield Figure(
        "K", "rate", _("与行业平均比值 K（发布值）"), "",
        Known(_values((own[r], r.ratio) for r in rows)), adds=False,
        bases={"benchmark": Against(_("当期行业平均"), ones, _groups(rows))},
        note=_("数值越小越好；每期与当期行业平均相比。"),
    )  # fmt: skip


def _values(found: Iterable[tuple[Span, float | None]]) -> dict[Span, Fraction]:
    return {span: Fraction(value) for span, value in found if value is not None}


def _groups(rows: list[codes.Result]) -> str:
    """Which population the benchmarks come from."""
    known = {(r.benchmark_group, r.benchmark_n) for r in rows if r.benchmark_n}
    keys = sorted(with_note(group, f"n = {n}") for group, n in known)
    return gettext("比较对象：%s") % listed(keys) if keys else ""


def _rates(history: History) -> Iterator[Figure]:
    net, energy = (
        _t(history, inventories.TOTALS["code_net"], "code_net"),
        _tce(history, "consumption_calorific"),
    )
    gross = _t(history, inventories.TOTALS["code_gross"], "code_gross")
    neutral = _t(history, inventories.TOTALS["code_neutral"], "code_neutral")
    output = Sum(history.money.get("output_fen", {}), WAN_YUAN_DECIMALS)
    added = Sum(history.money.get("value_added_fen", {}), WAN_YUAN_DECIMALS)
    water = Sum(history.stated.get("water.total", {}), 3)
    rates: list[tuple[str, Text, Text, Sum, Sum, int]] = [
        ("neutrality", _("碳中和率"), "%", neutral, gross, 100),
        ("net/output", _("单位产值碳排放"), _("吨/万元"), net, output, 1),
        ("net/added", _("单位增加值碳排放"), _("吨/万元"), net, added, 1),
        ("energy/output", _("单位产值能耗（当量值）"), _("tce/万元"), energy, output, 1),
        ("energy/added", _("单位增加值能耗（当量值）"), _("tce/万元"), energy, added, 1),
        ("water/output", _("单位产值用水"), _("m³/万元"), water, output, 1),
    ]
    for key, name, unit, top, bottom, per in rates:
        yield Figure(key, "rate", name, unit, Ratio(top, bottom, per), adds=False)


def _products(history: History) -> Iterator[Figure]:
    """Output of each product, and emission and energy per unit of it."""
    net = _t(history, inventories.TOTALS["code_net"], "code_net")
    energy = _tce(history, "consumption_calorific")
    for item, months in history.stated_in("product."):
        made, unit = Sum(months, catalogue()[item].scale), catalogue()[item].unit
        name = item_name(item)
        yield Figure(item, "product", name, unit, made)
        yield Figure(f"net/{item}", "product", gettext("单位产品碳排放：%s") % name, f"t/{unit}",
                     Ratio(net, made), adds=False)  # fmt: skip
        yield Figure(f"energy/{item}", "product", gettext("单位产品综合能耗：%s") % name,
                     f"tce/{unit}", Ratio(energy, made), adds=False)  # fmt: skip
