"""The page of one's own account: roles, password, second factor, keys for programs."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import check_for_language, gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST
from django.views.i18n import set_language as switch

from tanma.apps.people import door as people
from tanma.apps.registry import door as registry
from tanma.domain.identity import id_from_text
from tanma.domain.messages import Problem


class TokenForm(forms.Form):
    label = forms.CharField(label=_("用途"), max_length=60)
    days = forms.IntegerField(label=_("有效天数"), min_value=1, max_value=366, initial=90)


def _context(request: HttpRequest, form: TokenForm, **more: Any) -> dict[str, Any]:
    viewer = people.viewer(request)
    tokens = people.visible(viewer, people.ApiToken.objects.order_by("-created_at"))
    return {
        "form": form, "tokens": tokens, "now": timezone.now(),
        "memberships": described(
            list(people.Membership.objects.filter(user=viewer.user_id).order_by("-valid_from"))
        ),
        "mfa": registry.link_if_there("mfa_index"),
        **more,
    }  # fmt: skip


def described(rows: list[people.Membership]) -> list[dict[str, Any]]:
    """Memberships with the names of their areas and enterprises."""
    areas = registry.area_names()
    firms = registry.Enterprise.objects.in_bulk([m.subject for m in rows if m.subject])
    return [
        {
            "row": m, "role": m.get_role_display(), "live": m.valid_from <= today() < m.valid_to,
            "where": str(firms.get(m.subject, "—")) if m.subject
            else areas.get(m.area_code, m.area_code) or gettext("全部区域"),
        }
        for m in rows
    ]  # fmt: skip


def today() -> Any:
    return timezone.localdate()


@never_cache
@login_required
def account(request: HttpRequest) -> HttpResponse:
    return render(request, "portal/account.html", _context(request, TokenForm()))


@never_cache
@login_required
@require_POST
def create_token(request: HttpRequest) -> HttpResponse:
    """Make a key and show it in this one answer."""
    form = TokenForm(request.POST)
    if not form.is_valid():
        return render(request, "portal/account.html", _context(request, form), status=400)
    wanted = form.cleaned_data
    user = people.User.objects.get(username=request.user.get_username())
    _token, text = people.create_token(user, wanted["label"], wanted["days"])
    return render(request, "portal/account.html", _context(request, TokenForm(), fresh=text))


@login_required
@require_POST
def revoke_token(request: HttpRequest, uid: str) -> HttpResponse:
    rows = people.visible(people.viewer(request), people.ApiToken.objects.filter(pk=number(uid)))
    if not rows.filter(revoked_at=None).update(revoked_at=timezone.now()):
        raise Http404(uid)
    messages.success(request, gettext("密钥已停用。"))
    return redirect("portal:account")


def set_language(request: HttpRequest) -> HttpResponse:
    """Switch the language of the pages, and of the letters that this person gets."""
    chosen = request.POST.get("language", "")
    if request.user.is_authenticated and chosen and check_for_language(chosen):
        people.speak(request.user.pk, chosen)
    return switch(request)


def number(uid: str) -> int:
    try:
        return id_from_text(uid)
    except Problem as problem:
        raise Http404(problem.text()) from None
