"""The carbon data query: which lines of which account, filtered in the address."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from tanma.apps.accountpages import words
from tanma.apps.accountpages.energy_page import PART_TOTALS
from tanma.apps.accountpages.tables import LineRow
from tanma.apps.inventories.door import TOTALS, Account, Frozen, account, item_name
from tanma.apps.kit.door import lang
from tanma.engine.accounts import ENERGY

ANY = ("", _("全部"))
ENERGY_TOTALS = ("consumption_calorific", "consumption_equivalent")


def queried_totals(frozen: Frozen) -> dict[str, str]:
    """Total → its edition, for every account this enterprise has."""
    covered = {
        total: name for total, name in TOTALS.items()
        if frozen.edition(name).covers(frozen.result["industry"])
    }  # fmt: skip
    parts = dict.fromkeys(part for pair in PART_TOTALS.values() for part in pair)
    return covered | dict.fromkeys((*ENERGY_TOTALS, *parts), ENERGY)


class LineFilter(forms.Form):
    """What the lines can be narrowed by. An unknown choice is told, not silently ignored."""

    total = forms.ChoiceField(label=_("口径"), required=False)
    category = forms.ChoiceField(
        label=_("来源类别"), required=False, choices=[ANY, *words.CATEGORIES.items()]
    )
    item = forms.ChoiceField(label=_("活动数据"), required=False)
    start = forms.ChoiceField(label=_("起始月份"), required=False)
    end = forms.ChoiceField(label=_("截止月份"), required=False)
    period = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, data: Any, *, frozen: Frozen) -> None:
        super().__init__(data)
        language = lang()
        names = {
            total: next(t.name[language] for t in frozen.edition(name).totals if t.id == total)
            for total, name in queried_totals(frozen).items()
        }
        items = sorted({row["item"] for row in frozen.lines})
        months = [f"{month:%Y-%m}" for month in frozen.period.months]
        self._choices("total", list(names.items()))
        self._choices("item", [ANY, *((i, item_name(i, language)) for i in items)])
        for field in ("start", "end"):
            self._choices(field, [ANY, *((m, m) for m in months)])

    def _choices(self, name: str, choices: list[Any]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = choices

    @property
    def wanted(self) -> dict[str, str]:
        """What was asked for; nothing when a choice is unknown."""
        return dict(self.cleaned_data) if self.is_valid() else {}


def found_rows(frozen: Frozen, form: LineFilter) -> tuple[Account, str, list[LineRow]]:
    """The account and total asked for, and its lines inside the filter."""
    wanted = form.wanted
    totals = queried_totals(frozen)
    total = wanted.get("total") or next(iter(totals))
    made = account(frozen, totals[total])
    whole = made.total(total)
    rows = [LineRow(entry, weight, whole) for entry, weight in made.counted(total)]
    if not form.is_valid():
        return made, total, []
    return made, total, [row for row in rows if _fits(row, wanted)]


def _fits(row: LineRow, wanted: dict[str, str]) -> bool:
    month = f"{row.entry.month:%Y-%m}"
    return all(
        (
            wanted["category"] in {"", row.entry.line.category},
            wanted["item"] in {"", row.entry.bound.item},
            not wanted["start"] or wanted["start"] <= month,
            not wanted["end"] or month <= wanted["end"],
        )
    )
