"""Charts of energy by carrier, of green power and of water, for an enterprise and for an area."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from functools import partial

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from tanma.apps.inventories import door as inventories
from tanma.apps.kit.door import Chart, Series, period_short
from tanma.apps.registry import door as registry
from tanma.apps.running.regional import PV
from tanma.apps.trends.door import GREEN, History
from tanma.domain.items import items
from tanma.domain.numbers import ENERGY_DECIMALS
from tanma.engine.accounts import ENERGY

MOST_CARRIERS = 3
"""Named one by one; the rest and what is deducted stand together, five colours in all."""
Months = Mapping[date, int]


@dataclass(frozen=True)
class Screen:
    """What the three charts are drawn from: counts by item and month."""

    months: Sequence[date]
    carriers: Mapping[str, Months]
    """g of coal equivalent (当量值) in the consumption"""
    amounts: Mapping[str, Months]
    """green power, bought power and water at the scale of the item"""

    def charts(self) -> list[Chart]:
        return [c for c in self._all() if _some(c)]

    def missing(self) -> list[str]:
        """Titles of the charts that there is nothing to draw in."""
        return [str(c.title) for c in self._all() if not _some(c)]

    def _all(self) -> list[Chart]:
        return [self._energy(), self._green(), self._water()]

    def _labels(self) -> list[str]:
        return [period_short(f"{m:%Y-%m}") for m in self.months]

    def _energy(self) -> Chart:
        """Carriers stacked, the largest first; the rest and what is deducted together."""
        sums = {i: sum(m.values()) for i, m in self.carriers.items()}
        ordered = sorted((i for i in sums if sums[i] > 0), key=lambda i: -sums[i])
        groups = [(registry.item_name(i), [self.carriers[i]]) for i in ordered[:MOST_CARRIERS]]
        groups.append((gettext("其他"), [self.carriers[i] for i in ordered[MOST_CARRIERS:]]))
        deducted = [m for i, m in self.carriers.items() if sums[i] < 0]
        groups.append((gettext("扣除（加工转换产出、外售等）"), deducted))
        series = [
            Series(name, self._values(_added(own), ENERGY_DECIMALS), "tce", digits=1)
            for name, own in groups if own
        ]  # fmt: skip
        return Chart("stacked", _("分品种能源消费（当量值）"), self._labels(), series,
                     note=gettext("各项之和为综合能源消费量"), name="carriers",
                     category_label=gettext("月份"))  # fmt: skip

    def _green(self) -> Chart:
        """PV used and exported as bars, contracts and certificates beside, the share as a line."""
        generated, exported = (self.amounts.get(i, {}) for i in PV)
        scale = items()[PV[0]].scale
        used = {m: v - exported.get(m, 0) for m, v in generated.items()}
        series = [
            Series(_("光伏自用电量"), self._values(used, scale), "kWh", digits=0),
            Series(registry.item_name(PV[1]), self._values(exported, scale), "kWh", digits=0),
            *(Series(registry.item_name(i), self._values(self.amounts[i], scale), "kWh", digits=0)
              for i in GREEN if i in self.amounts),
        ]  # fmt: skip
        series.append(self._share(used))
        return Chart("bars", _("绿电"), self._labels(), series, name="green",
                     note=gettext("绿电占比 =（光伏自用 + 绿电合同）÷（购入 + 光伏自用）"),
                     category_label=gettext("月份"))  # fmt: skip

    def _share(self, used: Months) -> Series:
        bought, contract = (
            self.amounts.get(i, {}) for i in ("electricity.purchased", GREEN[0])
        )  # fmt: skip
        values = [
            100 * float(Fraction(used.get(m, 0) + contract.get(m, 0), bought[m] + used.get(m, 0)))
            if bought.get(m) and (m in used or m in contract) else None
            for m in self.months
        ]  # fmt: skip
        return Series(_("绿电占比"), values, "%", draw="line", axis=1, digits=1)

    def _water(self) -> Chart:
        wanted = [i for i in ("water.total", "water.fresh", "water.reused") if i in self.amounts]
        series = [
            Series(
                registry.item_name(i),
                self._values(self.amounts[i], items()[i].scale),
                "m³",
                digits=0,
            )
            for i in wanted
        ]
        return Chart("bars", _("用水"), self._labels(), series, name="water",
                     category_label=gettext("月份"))  # fmt: skip

    def _values(self, months: Months, decimals: int) -> list[float | None]:
        return [
            float(Fraction(months[m], 10**decimals)) if m in months else None for m in self.months
        ]


def _some(chart: Chart) -> bool:
    return any(v is not None for s in chart.series for v in s.values)


def _added(parts: Sequence[Months]) -> dict[date, int]:
    return {m: sum(p.get(m, 0) for p in parts) for part in parts for m in part}


def of_enterprise(history: History, months: Sequence[date]) -> Screen:
    """From the published months and the facts of one enterprise."""
    total = "consumption_calorific"
    carriers = {i: history.part(ENERGY, total, partial(_of_item, i)) for i in history.items}
    amounts = {i: history.amount(i) for i in (*PV, "electricity.purchased")}
    amounts |= {i: dict(m) for i, m in history.stated.items() if i in GREEN or "water." in i}
    return Screen(
        months, {i: m for i, m in carriers.items() if any(m.values())},
        {i: m for i, m in amounts.items() if m},
    )  # fmt: skip


def _of_item(item: str, entry: inventories.Entry) -> bool:
    return entry.bound.item == item
