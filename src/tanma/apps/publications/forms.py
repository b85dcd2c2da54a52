"""Forms of the pages of publications; the rules behind them raise problems, forms only collect."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from tanma.apps.codes.door import State
from tanma.apps.kit.door import lang
from tanma.domain.messages import Problem
from tanma.domain.periods import parse, quarter_of

KINDS = {
    "rolling": _("滚动四个季度（公布等级）"),
    "quarter": _("季度"),
    "half": _("半年"),
    "year": _("年度"),
}
"""Period kinds a run is started for; the first is the one whose grade is published."""


class NoteForm(forms.Form):
    text = forms.CharField(
        label=_("说明"), max_length=2000, required=False, widget=forms.Textarea(attrs={"rows": 3})
    )


class StartForm(forms.Form):
    kind = forms.ChoiceField(label=_("期间类型"), choices=list(KINDS.items()))
    period = forms.CharField(
        label=_("期间"), max_length=20,
        help_text=_("季度 2026Q3，半年 2026H1，年度 2026；滚动四个季度写最后一个季度 2026Q3。"),
    )  # fmt: skip

    def clean(self) -> dict[str, str]:
        """The period text of the chosen kind, in the calendar of the product."""
        wanted = super().clean() or {}
        text, kind = wanted.get("period", "").strip(), wanted.get("kind", "")
        if kind == "rolling" and text and "/" not in text:
            text += "/r4"
        try:
            period = parse(text)
        except Problem as problem:
            raise ValidationError(problem.text(lang())) from problem
        if period.kind != kind:
            raise ValidationError(_("期间与所选类型不一致，请按提示填写。"))
        return {"period": period.text, "kind": kind}


class TrialForm(forms.Form):
    """The publication that a draft is tried on."""

    run = forms.ChoiceField(label=_("在哪一期发布上试算"))

    def __init__(self, data: Any = None, *, runs: Sequence[tuple[str, str]]) -> None:
        super().__init__(data)
        field = self.fields["run"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = list(runs)


class RunFilter(forms.Form):
    state = forms.ChoiceField(
        label=_("状态"), required=False, choices=[("", _("全部")), *State.choices]
    )
    kind = forms.ChoiceField(
        label=_("期间类型"), required=False, choices=[("", _("全部")), *KINDS.items()]
    )
    period = forms.CharField(label=_("期间"), required=False, max_length=20)


class UncodedFilter(forms.Form):
    q = forms.CharField(label=_("名称或编号"), required=False)
    reason = forms.ChoiceField(label=_("原因"), required=False)
    size = forms.ChoiceField(
        label=_("规模"), required=False,
        choices=[("", _("全部")), ("above", _("规上")), ("below", _("规下"))],
    )  # fmt: skip


def last_quarter(today: date) -> str:
    """The last quarter that is over: what a new run is for, as a rule."""
    return quarter_of(today).previous().text
