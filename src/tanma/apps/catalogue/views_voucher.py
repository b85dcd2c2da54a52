"""Vouchers: handed in by an enterprise, listed and downloaded by whoever may see its rows."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import FileResponse, Http404, HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from tanma.apps.catalogue import vouchers
from tanma.apps.catalogue.models import Voucher
from tanma.apps.catalogue.views import named_quarters
from tanma.apps.catalogue.views_declare import own_firm
from tanma.apps.kit.door import Column, Table, lang
from tanma.apps.people import door as people
from tanma.apps.registry import door as registry
from tanma.domain.identity import id_from_text
from tanma.domain.messages import Problem
from tanma.domain.periods import parse


class VoucherForm(forms.Form):
    period = forms.ChoiceField(label=_("申报期间"))
    file = forms.FileField(label=_("凭证文件"), help_text=_("PDF、图片、XLSX 或 OFD，20 MB 以内"))
    number = forms.CharField(
        label=_("凭证号"), max_length=40, required=False, help_text=_("与购买台账中的凭证号一致")
    )
    note = forms.CharField(
        label=_("说明"), max_length=200, required=False, help_text=_("例如：购煤发票、物料购买台账")
    )

    def __init__(self, *given: object, **more: object) -> None:
        super().__init__(*given, **more)  # type: ignore[arg-type]
        quarters = named_quarters()
        self.fields["period"].choices = quarters  # type: ignore[attr-defined]


@login_required
def home(request: HttpRequest) -> HttpResponseBase:
    """Every voucher that this viewer may see; an enterprise hands in its own."""
    viewer = people.viewer(request)
    declares = viewer.may("declare") and bool(viewer.own_subjects)
    if not declares:
        viewer.require("use_desk")
    form = VoucherForm(request.POST or None, request.FILES or None) if declares else None
    if request.method == "POST" and form and form.is_valid() and _kept(request, form, viewer):
        return redirect("catalogue:vouchers")
    rows = people.visible(viewer, Voucher.objects.order_by("-at"))
    table = Table(_columns(), rows, request.GET, caption=_("凭证"), empty=_("还没有凭证"))
    if (file := table.export("vouchers")) is not None:
        return file
    return render(request, "catalogue/vouchers.html", {"form": form, "table": table})


def _kept(request: HttpRequest, form: VoucherForm, viewer: people.Viewer) -> bool:
    said = form.cleaned_data
    try:
        firm = own_firm(viewer)
        period = parse(said["period"])
        vouchers.keep(said["file"], firm.id, period, said["note"], viewer, said["number"])
    except Problem as problem:
        form.add_error("file", problem.text(lang()))
        return False
    messages.success(request, gettext("凭证已保存。"))
    return True


def _columns() -> list[Column]:
    return [
        Column("file", _("文件"), lambda v: v.file, href=_address),
        Column("firm", _("企业"), _firm),
        Column("period", _("申报期间"), lambda v: v.period, sort=True),
        Column("number", _("凭证号"), lambda v: v.number, sort=True),
        Column("note", _("说明"), lambda v: v.note),
        Column("size", _("大小"), lambda v: v.size, lambda v: f"{v.size / 1000:,.0f}", unit="kB",
               kind="number"),
        Column("digest", _("摘要"), lambda v: v.digest),
        Column("who", _("提交人"), lambda v: v.who),
        Column("at", _("提交时间"), lambda v: f"{v.at:%Y-%m-%d %H:%M}", sort=True),
    ]  # fmt: skip


def _address(voucher: Voucher) -> str:
    return reverse("catalogue:voucher", args=[voucher.uid])


def _firm(voucher: Voucher) -> str:
    return str(registry.Enterprise.objects.filter(id=voucher.subject).first() or "")


@login_required
def one(request: HttpRequest, uid: str) -> HttpResponseBase:
    """The file as it was handed in; one that changed on the disk is not given out."""
    try:
        key = id_from_text(uid)
    except Problem:
        raise Http404 from None
    rows = people.visible(people.viewer(request), Voucher.objects.all())
    found = get_object_or_404(rows, pk=key)
    if not vouchers.intact(found):
        raise Http404
    path = vouchers.place(found)
    return FileResponse(path.open("rb"), as_attachment=True, filename=found.file)
