"""Pages of one class of data: what it is, on which document it rests; and a class of one's own."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from tanma.apps.catalogue import classes as catalogue
from tanma.apps.catalogue.classes import FREQUENCIES, SIZES, DataClass, owner_name
from tanma.apps.catalogue.models import LegalBasis
from tanma.apps.imports.door import official
from tanma.apps.kit.door import lang, with_note
from tanma.domain.items import sources
from tanma.domain.messages import Problem
from tanma.intake.tables import packages


class BasisForm(forms.Form):
    """The document that lets the office ask for a class of data."""

    title = forms.CharField(label=_("文件名称"), max_length=200)
    number = forms.CharField(label=_("文号"), max_length=80)
    valid_from = forms.DateField(
        label=_("生效日期"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )


@login_required
def one(request: HttpRequest, kind: str) -> HttpResponse:
    """One class of data, the documents it rested on, and the form for a new one."""
    viewer = official(request)
    found = next((c for c in catalogue.classes() if c.id == kind), None)
    if found is None:
        raise Http404
    form = BasisForm(request.POST or None, initial={"valid_from": timezone.localdate()})
    if request.method == "POST" and form.is_valid():
        viewer.require("decide")
        LegalBasis.objects.create(data_class=kind, entered_by=viewer.name, **form.cleaned_data)
        messages.success(request, gettext("已录入法定依据。"))
        return redirect("catalogue:class", kind)
    name = found.en if lang() == "en" else found.zh
    crumbs = [(gettext("数据目录"), reverse("catalogue:home")), (name, "")]
    rows = LegalBasis.objects.filter(data_class=kind).order_by("-valid_from", "-entered_at")
    context = {
        "one": found, "name": name, "crumbs": crumbs, "form": form, "bases": rows,
        "owner": found.department, "frequency": FREQUENCIES[found.frequency],
        "package": _package(found.package), "may": viewer.may("decide"),
    }  # fmt: skip
    return render(request, "catalogue/class.html", context)


def _package(name: str) -> str:
    package = packages()[name]
    return package.title_en if lang() == "en" else package.title_zh


class ClassForm(forms.Form):
    """A class of data that the catalogue does not have yet."""

    name = forms.SlugField(label=_("代号"), max_length=40, help_text=_("小写字母、数字和连字符"))
    zh = forms.CharField(label=_("中文名称"), max_length=80)
    en = forms.CharField(label=_("英文名称"), max_length=120)
    owner = forms.ChoiceField(label=_("提供部门"))
    frequency = forms.ChoiceField(label=_("频率"), choices=FREQUENCIES)
    package = forms.ChoiceField(label=_("表格种类"))
    items = forms.CharField(
        label=_("项目代码"), widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("每行一个；以点结尾表示其下全部，例如 fuel."),
    )  # fmt: skip
    required_of = forms.MultipleChoiceField(
        label=_("应报企业"), choices=SIZES, required=False, widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        english = lang() == "en"
        owners = [
            (s.source, with_note(owner_name(s.source), s.name_en if english else s.name_zh))
            for s in sources().values()
        ]
        self.fields["owner"].choices = owners  # type: ignore[attr-defined]
        kinds = [(name, _package(name)) for name in packages()]
        self.fields["package"].choices = kinds  # type: ignore[attr-defined]

    def clean_items(self) -> list[str]:
        return self.cleaned_data["items"].split()

    def declared(self) -> DataClass:
        said = dict(self.cleaned_data)
        return DataClass(id=said.pop("name"), **said)


@login_required
def new(request: HttpRequest) -> HttpResponse:
    """Declare a class of data with owner, frequency and items."""
    viewer = official(request)
    viewer.require("decide")
    form = ClassForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            catalogue.declare(form.declared(), viewer.name)
        except Problem as problem:
            form.add_error(None, problem.text(lang()))
        else:
            return redirect("catalogue:class", form.cleaned_data["name"])
    crumbs = [(gettext("数据目录"), reverse("catalogue:home")), (gettext("新增数据类"), "")]
    return render(request, "catalogue/class_new.html", {"form": form, "crumbs": crumbs})
