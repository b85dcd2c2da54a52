"""The answer to a question: chart and table of one figure of one or several units."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from tanma.apps.kit.door import (
    Chart,
    Column,
    Series,
    Table,
    lang,
    percent,
    period_name,
    period_short,
    scaled,
    significant,
    with_note,
)
from tanma.apps.trends.asked import Asked
from tanma.apps.trends.figures import Against, Figure, Text
from tanma.apps.trends.grains import periods
from tanma.apps.trends.measures import Pair, index
from tanma.domain.periods import Period, parse

DIGITS = 6


@dataclass(frozen=True)
class Unit:
    """One enterprise or area with the figure asked for."""

    name: str
    figure: Figure


@dataclass(frozen=True)
class Answer:
    """The first unit is the one the page is about; the others are drawn beside it."""

    asked: Asked
    units: Sequence[Unit]

    @property
    def figure(self) -> Figure:
        return self.units[0].figure

    @property
    def base(self) -> str:
        """The base asked for, where the figure has it."""
        wanted = self.asked.base
        return wanted if wanted in ("before", "year") or wanted in self.figure.bases else ""

    @cached_property
    def periods(self) -> list[Period]:
        return periods(self.asked.grain, self.asked.first, self.asked.last)

    @property
    def year(self) -> Period:
        return parse(f"{self.asked.year:04d}")

    @property
    def indexed(self) -> bool:
        return self.base == "year"

    @property
    def against(self) -> Against | None:
        return self.figure.bases.get(self.base)

    def value(self, unit: Unit, period: Period) -> Fraction | None:
        return unit.figure.measure.of(period)

    def shown(self, unit: Unit, period: Period) -> Fraction | None:
        """What is drawn: the value, or the base year as 100."""
        measure = unit.figure.measure
        return index(measure, self.year, period) if self.indexed else measure.of(period)

    def pair(self, period: Period) -> Pair | None:
        return self.figure.measure.pair(period)

    @property
    def notes(self) -> list[str]:
        """What a reader must know to read the figures."""
        found = [str(self.figure.note)] if self.figure.note else []
        if self.asked.base and not self.base:
            found.append(gettext("这一指标没有所选的比较基准。"))
        if self.against and self.against.note:
            found.append(self.against.note)
        if self.indexed:
            said = gettext(
                "%(year)s 年 = 100：总量按该年月均折算，比率按全年值；该年缺报时没有指数。"
            )
            found.append(said % {"year": self.asked.year})
        if self.base == "before" and any((p := self.pair(q)) and p.n for q in self.periods):
            found.append(
                gettext("同比取自发布结果，只计两年都完整报送的同一批企业；单月没有这一数。")
            )
        missing = sum(self.value(self.units[0], p) is None for p in self.periods)
        if missing:
            found.append(gettext("%d 期没有完整数据，图中断开，不按 0 计。") % missing)
        return found

    # --- drawing

    def chart(self) -> Chart:
        unit = "" if self.indexed else self.figure.unit
        several = len(self.units) > 1
        bars = self.figure.adds and not several and not self.indexed
        series = [
            Series(u.name if several else self.figure.name,
                   [_float(self.shown(u, p)) for p in self.periods], unit,
                   draw="bar" if bars else "line")
            for u in self.units
        ]  # fmt: skip
        series += self._beside(unit)
        return Chart(
            "bars" if bars else "line", self.title, [period_short(p.text) for p in self.periods],
            series, category_label=gettext("期间"), name="trend", size="l",
            reference=100.0 if self.indexed else None, summary=self.title,
        )  # fmt: skip

    @property
    def title(self) -> str:
        name = str(self.figure.name)
        return with_note(name, f"{self.asked.year} = 100" if self.indexed else "")

    def _beside(self, unit: Text) -> list[Series]:
        """The base as a line of its own."""
        if self.base == "before":
            found = [self.pair(p) for p in self.periods]
            values = [_float(pair.before) if pair else None for pair in found]
            return [Series(gettext("上年同期"), values, unit, draw="line")]
        if self.against is None:
            return []
        measure = self.against.measure
        values = [_float(measure.of(p)) for p in self.periods]
        return [Series(self.against.name, values, unit, draw="line")]

    def table(self, query: QueryDict) -> Table:
        columns = [
            Column("period", _("期间"), lambda p: p.text, lambda p: period_name(p.text, lang())),
            *(self._column(n, u) for n, u in enumerate(self.units)),
            *self._base_columns(),
        ]
        return Table(columns, self.periods[::-1], query, per_page=60, caption=self.title)

    def _column(self, number: int, unit: Unit) -> Column:
        label = unit.name if len(self.units) > 1 else self.figure.name
        return _figure_column(f"v{number}", label, self.figure.unit,
                              lambda p: self.value(unit, p))  # fmt: skip

    def _base_columns(self) -> list[Column]:
        if self.indexed:
            return [
                _figure_column(f"i{n}", self._index_label(u), "", lambda p, u=u: self.shown(u, p))
                for n, u in enumerate(self.units)
            ]
        if self.base == "before":
            return self._year_columns()
        if self.against is None:
            return []
        against = self.against
        return [
            _figure_column("base", against.name, self.figure.unit, against.measure.of),
            _percent_column("gap", _("相差"), lambda p: _gap(self.figure.measure.of(p),
                                                            against.measure.of(p))),
        ]  # fmt: skip

    def _index_label(self, unit: Unit) -> str:
        said = gettext("指数（%(year)s = 100）") % {"year": self.asked.year}
        return f"{unit.name} {said}" if len(self.units) > 1 else said

    def _year_columns(self) -> list[Column]:
        """Both sides of the comparison, since they may speak of fewer than the value does."""
        unit = self.figure.unit
        columns = [
            _figure_column("before", _("上年同期"), unit, lambda p: _of(self.pair(p), "before")),
            _percent_column("change", _("同比"), lambda p: _of(self.pair(p), "change")),
        ]
        if any((pair := self.pair(p)) and pair.n is not None for p in self.periods):
            columns[:0] = [
                _figure_column("same", _("可比本期"), unit, lambda p: _of(self.pair(p), "now"))
            ]
            columns.append(
                Column("n", _("可比企业"), lambda p: _of(self.pair(p), "n"),
                       lambda p: scaled(_of(self.pair(p), "n"), 0), kind="number", unit=_("家"))
            )  # fmt: skip
        return columns


def _of(pair: Pair | None, name: str) -> Any:
    return None if pair is None else getattr(pair, name)


def _gap(value: Fraction | None, base: Fraction | None) -> Fraction | None:
    return None if value is None or base is None or base <= 0 else value / base - 1


def _float(value: Fraction | None) -> float | None:
    """With the digits that the table shows: a chart needs no more."""
    return None if value is None else float(f"{float(value):.{DIGITS}g}")


def _figure_column(key: str, label: Text, unit: Text, of: Any) -> Column:
    return Column(
        key, label, lambda p: _exact(of(p)), lambda p: significant(of(p), DIGITS), unit=unit,
        kind="number",
    )  # fmt: skip


def _exact(value: Fraction | None) -> float | None:
    """For files: the number as a spreadsheet holds it."""
    return None if value is None else float(value)


def _percent_column(key: str, label: Text, of: Any) -> Column:
    return Column(
        key, label, lambda p: None if of(p) is None else round(100 * float(of(p)), 2),
        lambda p: percent(of(p), 1), unit="%", kind="number",
    )  # fmt: skip
