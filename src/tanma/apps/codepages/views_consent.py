"""Consent links: the enterprise makes and revokes them, a guest opens one."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tanma.apps.codepages import consent
from tanma.apps.kit.door import Column, Table, badge_html, lang
from tanma.apps.people.door import Consent, viewer
from tanma.apps.registry.door import Enterprise
from tanma.domain.identity import id_from_text, id_text
from tanma.domain.messages import Problem

STATES = {
    "live": (_("有效"), "good"), "expired": (_("已到期"), "plain"), "revoked": (_("已收回"), "warn")
}  # fmt: skip


class ConsentForm(forms.Form):
    purpose = forms.CharField(
        label=_("用途"), max_length=120, help_text=_("例如：某银行贷款审查。持有链接的人会看到。")
    )
    days = forms.IntegerField(
        label=_("有效天数"), min_value=1, max_value=consent.MAX_DAYS, initial=30,
        help_text=_("到期自动失效，也可以随时收回。"),
    )  # fmt: skip


def enterprise_of(code: str) -> Enterprise:
    """The enterprise of a printed code, which is public; its figures are guarded elsewhere."""
    found = Enterprise.objects.filter(public_code=code).first()
    if found is None:
        raise Http404(code)
    return found


@never_cache
@login_required
@require_http_methods(["GET", "POST"])
def consents(request: HttpRequest, code: str) -> HttpResponse:
    """The links of an enterprise, and a form for a new one; a new link is shown this once."""
    who, enterprise = viewer(request), enterprise_of(code)
    who.require("consent", enterprise.id)
    form, link = ConsentForm(request.POST or None), ""
    if request.method == "POST" and form.is_valid():
        _made, token = consent.grant(who, enterprise.id, **form.cleaned_data)
        link = request.build_absolute_uri(reverse("codepages:open_consent", args=[token]))
        form = ConsentForm()
    rows = list(consent.of(who, enterprise.id))
    context = {
        "enterprise": enterprise, "form": form, "link": link, "table": _table(rows, request),
        "live": [(id_text(c.id), c) for c in rows if consent.state(c) == "live"],
        "crumbs": _crumbs(enterprise),
    }  # fmt: skip
    return render(request, "codepages/consents.html", context)


def _crumbs(enterprise: Enterprise) -> list[tuple[str, str]]:
    page = reverse("codepages:code", args=[enterprise.public_code])
    return [(enterprise.name, page), (gettext("授权他人查看"), "")]


def _table(rows: list[Consent], request: HttpRequest) -> Table:
    def state(row: Consent) -> Any:
        text, tone = STATES[consent.state(row)]
        return badge_html(str(text), tone)

    columns = [
        Column("purpose", _("用途"), lambda r: r.purpose),
        Column("state", _("状态"), consent.state, state, kind="plain"),
        Column("granted", _("发出时间"), lambda r: consent.local(r.granted_at)),
        Column("expires", _("有效至"), lambda r: consent.local(r.expires_at)),
        Column("by", _("经办人"), lambda r: str(r.granted_by)),
    ]
    return Table(
        columns, rows, request.GET, caption=_("查看链接"), empty=_("还没有发出过链接"), exports=()
    )


@login_required
@require_POST
def revoke(request: HttpRequest, code: str, uid: str) -> HttpResponse:
    who, enterprise = viewer(request), enterprise_of(code)
    try:
        consent.revoke(who, enterprise.id, id_from_text(uid))
    except (Consent.DoesNotExist, Problem) as missing:
        raise Http404(uid) from missing
    messages.success(request, gettext("链接已收回，持有人从现在起看不到数据。"))
    return redirect("codepages:consents", code)


@never_cache
@require_GET
def open_consent(request: HttpRequest, token: str) -> HttpResponse:
    """What a guest sees first: of whom, for what, until when."""
    try:
        opened = consent.opened(request, token)
    except Problem as problem:
        context: dict[str, Any] = {"explanation": problem.text(lang())}
        return render(request, "codepages/consent_closed.html", context, status=410)
    enterprise = Enterprise.objects.get(pk=opened.subject)
    context = {"enterprise": enterprise, "consent": opened}
    return render(request, "codepages/consent_opened.html", context)
