"""What an address asks for: which figure, of whom, over which months, by which grain and base."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from tanma.apps.trends.figures import Figure, grouped
from tanma.apps.trends.grains import GRAINS
from tanma.domain.periods import month_number, month_start

BASES: dict[str, str | Promise] = {
    "": _("不比较"),
    "before": _("上年同期"),
    "year": _("基准年 = 100"),
    "grid": _("固定电网因子"),
    "benchmark": _("当期行业平均"),
}
MOST_UNITS = 5
MONTHS_SHOWN = 24


class TrendForm(forms.Form):
    """Everything stands in the address; an unknown choice is told, not silently ignored."""

    figure = forms.ChoiceField(label=_("指标"), required=False)
    grain = forms.ChoiceField(label=_("时间粒度"), required=False, choices=[*GRAINS.items()])
    base = forms.ChoiceField(label=_("比较基准"), required=False, choices=[*BASES.items()])
    year = forms.ChoiceField(label=_("基准年"), required=False)
    start = forms.ChoiceField(label=_("起始月份"), required=False)
    end = forms.ChoiceField(label=_("截止月份"), required=False)
    units = forms.CharField(label=_("同图对比"), required=False, max_length=400)

    def __init__(
        self, data: Any, *, figures: Sequence[Figure], bounds: tuple[date, date], help_units: Any
    ) -> None:
        super().__init__(data)
        first, last = (month_number(day) for day in bounds)
        months = [(f"{d:%Y-%m}", f"{d:%Y-%m}") for d in map(month_start, range(first, last + 1))]
        years = [(str(y), str(y)) for y in _years(*bounds)]
        self._choose("figure", grouped(figures), figures[0].id)
        self._choose("grain", None, "month")
        self._choose("year", years, years[0][0])
        self._choose("start", months, months[max(0, len(months) - MONTHS_SHOWN)][0])
        self._choose("end", months, months[-1][0])
        if help_units:
            self.fields["units"].help_text = help_units
        else:
            del self.fields["units"]

    def _choose(self, name: str, choices: Any, default: str) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        if choices is not None:
            field.choices = choices
        if name not in self.data:
            self.data = {**_flat(self.data), name: default}

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if given.get("start") and given.get("end") and given["start"] > given["end"]:
            self.add_error("end", _("截止月份早于起始月份，请改正其中一个。"))
        return given


def _years(first: date, last: date) -> range:
    """Years that may be a base: those that begin within the months, the first where none does."""
    whole = first.year + (first.month > 1)
    return range(min(whole, last.year), last.year + 1)


def _flat(data: Any) -> dict[str, Any]:
    return {key: data[key] for key in data}


@dataclass(frozen=True)
class Asked:
    """A valid question."""

    figure: str
    grain: str
    base: str
    year: int
    first: date
    last: date
    units: tuple[str, ...]


def asked(form: TrendForm) -> Asked | None:
    """The question of a form; None where something in it is unknown."""
    if not form.is_valid():
        return None
    given: Mapping[str, Any] = form.cleaned_data
    first, last = (date.fromisoformat(f"{given[key]}-01") for key in ("start", "end"))
    names = [part.strip() for part in given.get("units", "").replace("，", ",").split(",")]
    return Asked(
        given["figure"], given["grain"], given["base"], int(given["year"]), first, last,
        tuple(dict.fromkeys(filter(None, names)))[: MOST_UNITS - 1],
    )  # fmt: skip
