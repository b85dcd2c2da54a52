"""The declaration page of an enterprise, made for a phone."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from tanma.apps.catalogue import classes, declarations, reminders
from tanma.apps.catalogue.views import chosen_period, recent_quarters
from tanma.apps.imports.door import Batch, find_batch, report_lines
from tanma.apps.kit.door import lang
from tanma.apps.people import door as people
from tanma.apps.registry import door as registry
from tanma.domain.items import carriers
from tanma.domain.messages import Problem
from tanma.domain.periods import Period

ECONOMIC_LABELS = {
    "output_value": _("工业总产值（万元）"), "labour_compensation": _("劳动者报酬（万元）"),
    "net_production_tax": _("生产税净额（万元）"), "depreciation": _("固定资产折旧（万元）"),
    "operating_surplus": _("营业盈余（万元）"),
}  # fmt: skip
SIGNED = {"operating_surplus", "net_production_tax"}
JOIN, QUARTERS = "-", 4
UNITS = {"10^4 m3": _("万立方米"), "t": _("吨")}


class DeclareForm(forms.Form):
    """Everything is optional: what is left empty is not stated, and never taken as 0."""

    def __init__(self, power: Decimal | None, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        help_text = _("供电企业已报送，无需填写") if power is not None else ""
        self._add("electricity", _("购入电量（千瓦时）"), initial=power, disabled=power is not None,
                  help_text=help_text)  # fmt: skip
        for fuel, unit in declarations.FUELS:
            known = carriers()[fuel]
            name = known.name_en if lang() == "en" else known.name_zh
            self._add(
                fuel, f"{name} ({UNITS[unit]})" if lang() == "en" else f"{name}（{UNITS[unit]}）"
            )
        self._add("heat", _("购入热力（吉焦）"))
        for column, label in ECONOMIC_LABELS.items():
            self._add(column, label, signed=column in SIGNED)

    def _add(self, name: str, label: Any, *, signed: bool = False, **more: Any) -> None:
        self.fields[name] = forms.DecimalField(
            label=label, required=False, max_digits=15, decimal_places=6,
            min_value=None if signed else Decimal(0),
            widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}), **more,
        )  # fmt: skip

    def groups(self) -> Iterator[tuple[Any, list[forms.BoundField]]]:
        names = list(self.fields)
        energy = [n for n in names if n not in ECONOMIC_LABELS]
        yield _("能源"), [self[n] for n in energy]
        yield _("产值与增加值"), [self[n] for n in names if n in ECONOMIC_LABELS]

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        given = [v for n, v in said.items() if v is not None and not self.fields[n].disabled]
        # a figure that could not be read has its own message already
        if not given and not self.errors:
            raise forms.ValidationError(gettext("请至少填写一项。"))
        return said


def own_firm(viewer: people.Viewer) -> registry.Enterprise:
    """The enterprise that this user declares for."""
    viewer.require("declare")
    subjects = [s for s in sorted(viewer.own_subjects) if viewer.may("declare", s)]
    if not subjects:
        raise PermissionDenied("declare")
    return get_object_or_404(
        people.visible(viewer, registry.Enterprise.objects.all()), pk=subjects[0]
    )


@login_required
def declare(request: HttpRequest) -> HttpResponse:
    """Ask, check and store; what was refused is said at once, field by field."""
    viewer = people.viewer(request)
    firm, period = own_firm(viewer), chosen_period(request)
    if period.text not in recent_quarters(QUARTERS):
        raise Http404(period.text)
    power = declarations.power_from_grid(firm.id, period)
    form = DeclareForm(power, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        amounts = {n: v for n, v in form.cleaned_data.items() if not form.fields[n].disabled}
        try:
            batches = declarations.declare(firm.uscc, period, amounts, viewer)
        except Problem as problem:
            form.add_error(None, problem.text(lang()))
        else:
            if _said(request, form, batches):
                return redirect("catalogue:receipt", number=JOIN.join(b.uid for b in batches))
    shown = reminders.reminders_for(firm.id)
    context = {
        "form": form, "firm": firm, "period": period, "quarters": recent_quarters(QUARTERS),
        "reminders": [(r.period, reminders.names(r.items, lang())) for r in shown],
    }  # fmt: skip
    answer = render(request, "catalogue/declare.html", context)
    reminders.seen(shown)
    return answer


def _said(request: HttpRequest, form: DeclareForm, batches: list[Batch]) -> bool:
    """Tell what became of the figures; True when all of them are in."""
    lines = [line for b in batches for line in report_lines(b, 20)]
    for line in lines:
        if line["severity"] == "error":
            form.add_error(None, line[lang()].partition("：" if lang() == "zh" else ": ")[2])
    if any(b.bad for b in batches):
        return False
    for line in lines:
        messages.warning(request, line[lang()])
    return True


@login_required
def receipt(request: HttpRequest, number: str) -> HttpResponse:
    """What came in with a declaration, for which period, when, and what follows from it."""
    viewer = people.viewer(request)
    firm, (period, batches) = own_firm(viewer), _received(viewer, number)
    rows = declarations.standing(firm.id, period, batches)
    context = {
        "firm": firm, "period": period, "batches": batches,
        "who": registry.author_name(batches[0].who),
        "rows": [(registry.item_name(r.item), r) for r in rows],
        "owed": reminders.names(classes.missing(period).get(firm.id, []), lang()),
        "crumbs": [(gettext("五分钟申报"), reverse("catalogue:declare")), (gettext("回执"), "")],
    }  # fmt: skip
    return render(request, "catalogue/receipt.html", context)


def _received(viewer: people.Viewer, number: str) -> tuple[Period, list[Batch]]:
    """The batches of a receipt's number, of declarations of this enterprise for one period."""
    found = [find_batch(viewer, uid) for uid in number.split(JOIN)]
    periods = {declarations.period_of(b) for b in found}
    period = periods.pop() if len(periods) == 1 else None
    if period is None or any(b.subject not in viewer.own_subjects for b in found):
        raise Http404(number)
    return period, found
