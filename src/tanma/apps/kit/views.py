"""The line about the demo's import, and the styleguide: every component with sample values.

The styleguide exists in development only and reads nothing from the database.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render

from tanma.apps.kit import samples
from tanma.apps.kit.certificate import certificate_pdf

View = Callable[[HttpRequest], HttpResponseBase]


def development_only(view: View) -> View:
    @wraps(view)
    def guarded(request: HttpRequest) -> HttpResponseBase:
        if not settings.DEBUG:
            raise Http404
        return view(request)

    return guarded


def demo_loading(request: HttpRequest) -> HttpResponseBase:
    """The line about a running import; empty, and no longer asked for, once all is in."""
    return render(request, "kit/parts/demo_loading.html")


@development_only
def styleguide(request: HttpRequest) -> HttpResponseBase:
    table = samples.table(request.GET)
    if (file := table.export("styleguide")) is not None:
        return file
    messages.success(request, samples.SAVED)
    messages.warning(request, samples.WARNED)
    return render(request, "kit/styleguide.html", samples.desk(request.GET, table))


@development_only
def styleguide_phone(request: HttpRequest) -> HttpResponse:
    return render(request, "kit/styleguide_phone.html", samples.phone())


@development_only
def styleguide_screen(request: HttpRequest) -> HttpResponse:
    return render(request, "kit/styleguide_screen.html", samples.screen())


@development_only
def styleguide_progress(request: HttpRequest) -> HttpResponse:
    """One step further with each call: what a polled bar receives."""
    done = min(int(request.GET.get("done", "0")) + 25, 100)
    return render(request, "kit/styleguide_progress.html", {"done": done, "done_text": str(done)})


@development_only
def styleguide_certificate(request: HttpRequest) -> HttpResponse:
    figures = request.GET.get("figures") == "1"
    lang = "en" if request.LANGUAGE_CODE == "en" else "zh-hans"
    body = certificate_pdf(samples.certificate(lang, figures=figures), lang)
    return HttpResponse(body, content_type="application/pdf")
