"""Before publication: an enterprise looks at its result and may object once."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from tanma.apps.codepages.figures import Figures, beside
from tanma.apps.codepages.views_consent import enterprise_of
from tanma.apps.codes import door as codes
from tanma.apps.kit.door import lang
from tanma.apps.people.door import viewer
from tanma.apps.rules import door as rules
from tanma.domain.messages import Problem


class ObjectionForm(forms.Form):
    text = forms.CharField(
        label=_("说明"), max_length=2000, widget=forms.Textarea(attrs={"rows": 4})
    )


@never_cache
@login_required
@require_http_methods(["GET", "POST"])
def preview(request: HttpRequest, code: str) -> HttpResponse:
    """The result of the run under preview, the form, and answers to earlier objections."""
    who, enterprise = viewer(request), enterprise_of(code)
    who.require("see_figures", enterprise.id)
    run = codes.open_preview(enterprise.id)
    form = ObjectionForm(request.POST or None)
    if request.method == "POST" and run is not None:
        who.require("object", enterprise.id)
        if form.is_valid():
            return _filed(request, code, run)
    said = list(codes.objections(who, enterprise.id))
    result = codes.previewed(who, enterprise.id, run) if run else None
    context = {
        "enterprise": enterprise, "run": run, "form": form, "objections": said,
        "figures": _figures(*codes.for_viewer(who, [result])) if result else None,
        "reason": codes.REASONS.get(result.reason, "") if result else "",
        "may_object": who.may("object", enterprise.id)
        and run is not None and run.pk not in {o.run_id for o in said},
        "edition": run.edition if run else "",
        "crumbs": [
            (enterprise.name, reverse("codepages:code", args=[code])), (gettext("发布前预览"), ""),
        ],
    }  # fmt: skip
    return render(request, "codepages/preview.html", context)


def _figures(result: codes.Result) -> Figures:
    run = result.run
    return Figures(result, beside(result), rules.scheme(run.scheme, run.edition), "")


def _filed(request: HttpRequest, code: str, run: codes.Run) -> HttpResponse:
    who, enterprise = viewer(request), enterprise_of(code)
    try:
        codes.make_objection(who, enterprise.id, run.pk, request.POST["text"])
    except Problem as problem:
        messages.error(request, problem.text(lang()))
    else:
        messages.success(request, gettext("异议已提交。主管部门答复后，在本页可以看到。"))
    return redirect("codepages:preview", code)
