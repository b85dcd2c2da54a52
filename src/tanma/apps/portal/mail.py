"""Account pages that send letters, and what stands there on a site without mail."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from allauth.account import views
from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render

Page = Callable[..., HttpResponseBase]


def needs_mail(view: Page) -> Page:
    """The page itself with TANMA_MAIL_URL set, else what to do instead."""

    @wraps(view)
    def page(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if settings.TANMA.mail_url:
            return view(request, *args, **kwargs)
        return render(request, "account/no_mail.html")

    return page


password_reset = needs_mail(views.password_reset)
email = needs_mail(views.email)
