"""The page on which an official makes and revokes kiosks."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from tanma.apps.areas.door import COUNTIES, Frozen, level_below, may_see, names, office, opened
from tanma.apps.cockpit import kiosks
from tanma.apps.cockpit.models import Kiosk
from tanma.apps.people.door import Viewer, visible
from tanma.domain.identity import id_from_text


class KioskForm(forms.Form):
    """What a kiosk shows and for how long."""

    label = forms.CharField(label=_("名称"), max_length=60, help_text=_("例如：一楼大厅屏"))
    area_code = forms.ChoiceField(label=_("区域"))
    days = forms.TypedChoiceField(
        label=_("有效期（天）"), coerce=int, choices=[(d, str(d)) for d in kiosks.DAYS]
    )


@office
@require_http_methods(["GET", "POST"])
def kiosk_list(request: HttpRequest) -> HttpResponseBase:
    """The viewer's kiosks; making one shows its address once."""
    place = opened(request, "")
    if place is None:
        return render(request, "areas/none.html")
    who, _run, data, code = place
    if request.method == "POST" and "revoke" in request.POST:
        if kiosks.revoke(who, id_from_text(request.POST["revoke"])):
            messages.success(request, gettext("已撤销，该地址不再可用。"))
        return redirect("cockpit:kiosks")
    form = KioskForm(request.POST or None)
    form.fields["area_code"].choices = _kiosk_areas(who, data, code)  # type: ignore[attr-defined]
    made = ""
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        _kiosk, token = kiosks.make(who, given["area_code"], given["label"], given["days"])
        made = request.build_absolute_uri(reverse("cockpit:kiosk", args=[token]))
    rows = list(visible(who, Kiosk.objects.order_by("-created_at")))
    called = names([k.area_code for k in rows])
    return render(request, "cockpit/kiosks.html", {
        "form": form, "made": made, "rows": [(k, called[k.area_code]) for k in rows],
    })  # fmt: skip


def _kiosk_areas(who: Viewer, data: Frozen, code: str) -> list[tuple[str, str]]:
    below = [a for a in level_below(data, code, COUNTIES) if may_see(who, data, a.code)]
    return [(code, names([code])[code]), *((a.code, a.name) for a in below)]
