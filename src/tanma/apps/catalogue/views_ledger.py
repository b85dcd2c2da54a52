"""Pages of the purchase ledger: entries and monthly balances of an enterprise, and a form."""

from __future__ import annotations

from collections import Counter
from datetime import date
from fractions import Fraction
from functools import cache
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from tanma.apps.catalogue import declarations, ledger
from tanma.apps.catalogue.ledger import Balance, Line
from tanma.apps.catalogue.models import Voucher
from tanma.apps.catalogue.views_declare import own_firm
from tanma.apps.imports.door import Batch, report_lines
from tanma.apps.kit.door import Column, Table, lang, scaled, unit_name
from tanma.apps.people import door as people
from tanma.apps.registry import door as registry
from tanma.domain.identity import id_from_text
from tanma.domain.items import Item, by_flow, carriers, items
from tanma.domain.messages import Problem
from tanma.domain.periods import parse
from tanma.intake.units import units

KINDS = {
    ledger.BOUGHT: _("购入"), ledger.OPENING: _("期初库存"), ledger.CLOSING: _("期末库存"),
}  # fmt: skip
PACKAGE = "purchases"
FIGURES = ("purchase_quantity", "stock_day_start", "stock_day_end")


_held = cache(ledger.materials)


def _name(carrier: str) -> str:
    """Its name, with its id where another material of the ledger has the same one."""
    english = lang() == "en"
    names = {c: carriers()[c].name_en if english else carriers()[c].name_zh for c in _held()}
    name = names[carrier]
    if list(names.values()).count(name) == 1:
        return name
    bare = carrier.partition(".")[2]
    return f"{name} ({bare})" if english else f"{name}（{bare}）"


def _item(carrier: str) -> Item:
    return items()[by_flow()[carrier, "purchased"]]


def _unit(carrier: str) -> str:
    return unit_name(_item(carrier).unit, lang())


def _decimal(label: Any, **more: Any) -> forms.DecimalField:
    return forms.DecimalField(
        label=label, required=False, max_digits=15, decimal_places=6, min_value=0,
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}), **more,
    )  # fmt: skip


class EntryForm(forms.Form):
    """One row of the sheet; what is left empty is not stated, and never taken as 0."""

    purchase_date = forms.DateField(
        label=_("日期"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    carrier = forms.ChoiceField(label=_("品种"))
    purchase_quantity = _decimal(_("购入数量"))
    unit = forms.ChoiceField(label=_("单位"), initial="t")
    stock_day_start = _decimal(_("期初库存"), help_text=_("当日零时"))
    stock_day_end = _decimal(_("期末库存"), help_text=_("当日 24 时"))
    supplier = forms.CharField(label=_("供应单位"), max_length=80, required=False)
    voucher_no = forms.CharField(
        label=_("凭证号"), max_length=40, help_text=_("发票、磅单或盘点单")
    )
    voucher_note = forms.CharField(label=_("备注"), max_length=200, required=False)
    revision = forms.IntegerField(
        label=_("修订号"), min_value=1, max_value=10**9, required=False,
        help_text=_("只在改回以前报过的数时填写，比上次的大"),
    )  # fmt: skip

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        held = _held()
        kinds = {units()[_item(c).unit].dimension for c in held}
        some = [u for u in units().values() if u.dimension in kinds]
        self.fields["carrier"].choices = [(c, _name(c)) for c in held]  # type: ignore[attr-defined]
        self.fields["unit"].choices = [  # type: ignore[attr-defined]
            (u.unit, unit_name(u.unit, lang())) for u in some
        ]

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        if not self.errors and all(said[name] is None for name in FIGURES):
            raise forms.ValidationError(gettext("请填写购入数量，或至少一项库存。"))
        return said

    def row(self, uscc: str) -> dict[str, str]:
        said = {n: str(v) for n, v in self.cleaned_data.items() if v not in (None, "")}
        return {"uscc": uscc} | said


class LedgerFilter(forms.Form):
    """What the page can be narrowed by."""

    item = forms.ChoiceField(label=_("品种"), required=False)
    month = forms.CharField(
        label=_("月份"), required=False, max_length=7,
        widget=forms.TextInput({"type": "month"}), help_text=_("例如 2026-09"),
    )  # fmt: skip

    def __init__(self, *args: Any, known: list[str], **more: Any) -> None:
        super().__init__(*args, **more)
        choices = [("", gettext("全部")), *((c, _name(c)) for c in known)]
        self.fields["item"].choices = choices  # type: ignore[attr-defined]

    def clean_month(self) -> str:
        text: str = self.cleaned_data["month"]
        try:
            wrong = bool(text) and parse(text).kind != "month"
        except (Problem, ValueError):
            wrong = True
        if wrong:
            raise forms.ValidationError(gettext("请写成 2026-09 这样的月份。"))
        return text

    def keeps(self, carrier: str, month: str) -> bool:
        said = self.cleaned_data if self.is_valid() else {"item": None, "month": None}
        return said["item"] in ("", carrier) and said["month"] in ("", month)


@login_required
def home(request: HttpRequest) -> HttpResponseBase:
    """An enterprise comes to its own ledger, an official to the list of those there are."""
    viewer = people.viewer(request)
    if not viewer.may("use_desk"):
        return redirect("catalogue:ledger", own_firm(viewer).uid)
    firms = {f.uscc: f for f in people.visible(viewer, registry.Enterprise.objects.all())}
    said = ledger.lines(list(firms))
    last = {line.uscc: line.day for line in sorted(said, key=lambda x: x.day)}
    rows = [(firms[code], n, last[code]) for code, n in Counter(x.uscc for x in said).items()]
    columns = [
        Column("firm", _("企业"), lambda r: str(r[0]), href=_address, sort=True),
        Column("entries", _("记录"), lambda r: r[1], kind="number", sort=True),
        Column("last", _("最近一笔"), lambda r: r[2].isoformat(), sort=True),
    ]
    table = Table(columns, rows, request.GET, order="firm", caption=_("购买台账"),
                  empty=_("还没有企业报送购买台账"))  # fmt: skip
    if (file := table.export("ledgers")) is not None:
        return file
    return render(request, "catalogue/ledgers.html", {"table": table})


def _address(row: tuple[registry.Enterprise, int, date]) -> str:
    return reverse("catalogue:ledger", args=[row[0].uid])


@login_required
def one(request: HttpRequest, uid: str) -> HttpResponseBase:
    """Balances and entries of one enterprise, and the form where it is the viewer's own."""
    viewer = people.viewer(request)
    try:
        key = id_from_text(uid)
    except Problem:
        raise Http404 from None
    firm = get_object_or_404(people.visible(viewer, registry.Enterprise.objects.all()), pk=key)
    viewer.require("see_figures", firm.id)
    may = viewer.may("declare", firm.id)
    if request.method == "POST":
        viewer.require("declare", firm.id)
    form = EntryForm(request.POST if request.method == "POST" else None) if may else None
    if request.method == "POST" and form and form.is_valid() and _kept(request, form, firm, viewer):
        return redirect("catalogue:ledger", uid)
    return _page(request, firm, form, viewer)


def _page(
    request: HttpRequest, firm: registry.Enterprise, form: EntryForm | None, viewer: people.Viewer
) -> HttpResponseBase:
    said = ledger.lines([firm.uscc])
    chosen = LedgerFilter(request.GET, known=sorted({x.carrier for x in said}))
    books = [b for b in ledger.balances(firm.id, said) if chosen.keeps(b.carrier, b.month.text)]
    papers = people.visible(viewer, Voucher.objects.filter(subject=firm.id).exclude(number=""))
    entries = [x for x in said if chosen.keeps(x.carrier, f"{x.day:%Y-%m}")]
    tables = {
        "balance": _balance_table(books, request),
        "entries": _entry_table(entries, request, {v.number: v for v in papers}),
    }
    for name, table in tables.items():
        if (file := table.export(f"ledger-{name}")) is not None:
            return file
    listed = [(gettext("购买台账"), reverse("catalogue:ledgers"))]
    context = {
        "firm": firm, "form": form, "filter": chosen, "any": bool(said), **tables,
        "crumbs": [*(listed if viewer.may("use_desk") else []), (str(firm), "")],
    }  # fmt: skip
    return render(request, "catalogue/ledger.html", context)


def _kept(
    request: HttpRequest, form: EntryForm, firm: registry.Enterprise, viewer: people.Viewer
) -> bool:
    """Hand the row in like a file; what was refused is said on the form."""
    row = form.row(firm.uscc)
    try:
        batch = declarations.hand_in(PACKAGE, [row], row["purchase_date"], viewer)
    except Problem as problem:
        form.add_error(None, problem.text(lang()))
        return False
    for line in report_lines(batch, 20):
        if line["severity"] == "error":
            form.add_error(None, line[lang()])
    if batch.bad:
        return False
    same = gettext("没有变化：这些内容以前报过。要改回以前的数，请填写修订号。")
    messages.success(request, gettext("已记入台账。") if _new(batch) else same)
    return True


def _new(batch: Batch) -> bool:
    return not batch.repeated and batch.new + batch.superseded > 0


def _number(key: str, label: Any, count: Any) -> Column:
    """A count at the scale of the row's material; one that is not stated stays missing."""

    def value(row: Line | Balance) -> float | None:
        found = count(row)
        return None if found is None else float(Fraction(found, 10 ** _item(row.carrier).scale))

    def show(row: Line | Balance) -> str:
        return scaled(count(row), _item(row.carrier).scale)

    return Column(key, label, value, show, kind="number", sort=True)


def _balance_table(rows: list[Balance], request: HttpRequest) -> Table:
    columns = [
        Column("month", _("月份"), lambda b: b.month.text, sort=True),
        Column("item", _("品种"), lambda b: _name(b.carrier), sort=True),
        Column("unit", _("单位"), lambda b: _unit(b.carrier)),
        _number("opening", _("期初"), lambda b: b.opening),
        _number("bought", _("购入"), lambda b: b.bought),
        _number("closing", _("期末"), lambda b: b.closing),
        _number("used", _("账面消耗"), lambda b: b.used),
        _number("declared", _("申报消费"), lambda b: b.declared),
        _number("difference", _("申报 − 账面"), lambda b: b.difference),
    ]
    return Table(columns, rows, request.GET, order="-month", prefix="b", caption=_("月度平衡"),
                 empty=_("没有符合条件的月份"))  # fmt: skip


def _day(line: Line) -> str:
    return format_html('<span class="nowrap">{}</span>', line.day.isoformat())


def _entry_table(rows: list[Line], request: HttpRequest, papers: dict[str, Voucher]) -> Table:
    def paper(line: Line) -> str:
        found = papers.get(line.number)
        return reverse("catalogue:voucher", args=[found.uid]) if found else ""

    columns = [
        Column("day", _("日期"), lambda x: x.day.isoformat(), _day, sort=True),
        Column("item", _("品种"), lambda x: _name(x.carrier), sort=True),
        Column("kind", _("类别"), lambda x: str(KINDS[x.kind]), sort=True),
        _number("count", _("数量"), lambda x: x.count),
        Column("unit", _("单位"), lambda x: _unit(x.carrier)),
        Column("reported", _("原报"), lambda x: x.reported),
        Column("supplier", _("供应单位"), lambda x: x.supplier, sort=True),
        Column("number", _("凭证号"), lambda x: x.number, href=paper, sort=True),
        Column("note", _("备注"), lambda x: x.note),
    ]
    return Table(columns, rows, request.GET, order="-day", caption=_("台账记录"),
                 empty=_("没有符合条件的记录"))  # fmt: skip
