"""The code page, its JSON and its certificate: the target of every QR code.

A visitor without session gets an answer made from the public record alone; it may be kept by shared
caches for a minute. Whoever is signed in or holds a consent link gets a private answer.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Callable
from datetime import date
from functools import wraps
from typing import Any, cast

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseNotModified,
    HttpResponsePermanentRedirect,
    JsonResponse,
    StreamingHttpResponse,
)
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.cache import get_conditional_response, patch_vary_headers

from tanma import __version__
from tanma.apps.codepages import certificate, figures, public
from tanma.apps.kit.door import lang
from tanma.apps.people.door import Viewer, viewer
from tanma.apps.registry.door import Enterprise
from tanma.domain.identity import parse_public_code
from tanma.domain.messages import Problem

PUBLIC_CACHE = "public, max-age=60"
PRIVATE_CACHE = "private, no-store"
KEPT_PAGES = 2000
View = Callable[..., HttpResponse]
_pages: OrderedDict[str, bytes] = OrderedDict()


def at_code(view: View) -> View:
    """Give a view the code in its printed form: other spellings are sent there, wrong ones told."""

    @wraps(view)
    def found(request: HttpRequest, text: str) -> HttpResponse:
        try:
            code = parse_public_code(text)
        except Problem as problem:
            return not_found(request, text, problem)
        if code != text:
            return _sent_to(request, code)
        with translation.override(asked_language(request)):
            try:
                return view(request, code)
            except Problem as problem:
                if problem.code != "code_unknown":
                    raise
                return not_found(request, text, problem)

    return found


def _sent_to(request: HttpRequest, code: str) -> HttpResponse:
    match = request.resolver_match
    address = reverse(f"codepages:{match.url_name if match else 'code'}", args=[code])
    query = request.META.get("QUERY_STRING", "")
    return HttpResponsePermanentRedirect(f"{address}?{query}" if query else address)


def asked_language(request: HttpRequest) -> str:
    """`?lang=en` on public answers, so that a language needs no cookie; else as everywhere."""
    asked = request.GET.get("lang", "")
    return asked if asked in dict(settings.LANGUAGES) else request.LANGUAGE_CODE


def not_found(request: HttpRequest, text: str, problem: Problem) -> HttpResponse:
    """A clear page for a mistyped or unknown code; never cached."""
    if request.path.endswith(".json"):
        body = {"error": problem.code, "text": problem.text(lang())}
        return JsonResponse(body, status=404, json_dumps_params={"ensure_ascii": False})
    context = {"text": text[:40], "explanation": problem.text(lang())}
    return render(request, "codepages/not_found.html", context, status=404)


def anonymous(who: Viewer) -> bool:
    """Whether the shared answer is right for this viewer: no login and no live consent."""
    return who.user_id is None and not who.consented


def who_looks(request: HttpRequest) -> Viewer:
    """Without a session cookie nobody can be signed in; then no session is opened at all."""
    if settings.SESSION_COOKIE_NAME not in request.COOKIES:
        return Viewer()
    return viewer(request)


def today() -> date:
    return timezone.localdate()


def _tag(request: HttpRequest, record: public.PublicCode, kind: str) -> str:
    site = settings.TANMA
    return public.etag(
        record, kind, translation.get_language() or "", request.get_host(), __version__,
        str(site.demo), site.issuer_zh, site.issuer_en, str(record.expired(today())),
    )  # fmt: skip


def shared(
    request: HttpRequest, record: public.PublicCode, kind: str, body: Callable[[], bytes], mime: str
) -> HttpResponse:
    """An answer of public fields alone: tagged, 304 where the tag is known, kept for a minute."""
    tag = _tag(request, record, kind)
    answer = get_conditional_response(request, etag=tag)
    if answer is None:
        answer = HttpResponse(_kept(tag, body), content_type=mime)
    answer["ETag"] = tag
    answer["Cache-Control"] = PUBLIC_CACHE
    answer["Content-Language"] = translation.get_language() or ""
    patch_vary_headers(answer, ["Cookie", "Accept-Language"])
    if isinstance(answer, HttpResponseNotModified):
        answer.headers.pop("Content-Type", None)
    return answer


def _kept(tag: str, body: Callable[[], bytes]) -> bytes:
    """The body of a tag, made once per process; the tag names everything it depends on."""
    kept = _pages.get(tag)
    if kept is None:
        kept = _pages[tag] = body()
        if len(_pages) > KEPT_PAGES:
            _pages.popitem(last=False)
    return kept


def private(answer: HttpResponse | StreamingHttpResponse) -> HttpResponse:
    answer["Cache-Control"] = PRIVATE_CACHE
    patch_vary_headers(answer, ["Cookie", "Accept-Language"])
    return cast(HttpResponse, answer)


@at_code
def code_page(request: HttpRequest, code: str) -> HttpResponse:
    who, record = who_looks(request), public.read(code, today())
    if anonymous(who):
        return shared(
            request, record, "page", lambda: _public_page(request, record),
            "text/html; charset=utf-8",
        )  # fmt: skip
    enterprise = Enterprise.objects.get(public_code=code)
    context = _context(request, record) | figures.context(request, who, enterprise, record)
    if (file := figures.export(context)) is not None:
        return private(file)
    return private(render(request, "codepages/code.html", context))


def to_code_page(request: HttpRequest, text: str) -> HttpResponse:
    """The address with a slash at its end, as people type it."""
    return HttpResponsePermanentRedirect(reverse("codepages:code", args=[text]))


def _context(request: HttpRequest, record: public.PublicCode) -> dict[str, Any]:
    other = "zh-hans" if translation.get_language() == "en" else "en"
    return {
        "record": record,
        "expired": record.expired(today()),
        "address": public.address_of(request, record.code),
        "edition": record.edition,
        "other_lang": other,
        "other_lang_name": dict(settings.LANGUAGES)[other],
    }


def _public_page(request: HttpRequest, record: public.PublicCode) -> bytes:
    """The page of the public record; of the request only host and path are used."""
    # A request of nobody: no session, user, message or token can enter the shared body.
    nobody = HttpRequest()
    nobody.user, nobody.path = AnonymousUser(), request.path
    context = _context(request, record) | figures.nothing()
    return render_to_string("codepages/code.html", context, nobody).encode()


@at_code
def code_json(request: HttpRequest, code: str) -> HttpResponse:
    """The public record for programs: the same for everybody, whoever asks."""
    record, mime = public.read(code, today()), "application/json; charset=utf-8"

    def body() -> bytes:
        fields = public.answer(record, today(), demo=settings.TANMA.demo)
        return json.dumps(fields, ensure_ascii=False).encode()

    if anonymous(who_looks(request)):
        return shared(request, record, "json", body, mime)
    return private(HttpResponse(body(), content_type=mime))


@at_code
def certificate_file(request: HttpRequest, code: str) -> HttpResponse:
    """The certificate; with figures only for whoever may see them."""
    who, record = who_looks(request), public.read(code, today())
    if not record.graded:
        return _no_certificate(request, record)
    address = public.address_of(request, code)
    if anonymous(who):
        return shared(
            request, record, "pdf", lambda: certificate.pdf(record, address), "application/pdf"
        )
    enterprise = Enterprise.objects.get(public_code=code)
    shown = figures.for_certificate(who, enterprise)
    return private(
        HttpResponse(certificate.pdf(record, address, shown), content_type="application/pdf")
    )


def _no_certificate(request: HttpRequest, record: public.PublicCode) -> HttpResponse:
    problem = Problem("code_no_certificate", text=record.code, reason=record.reason_word)
    context = {"text": record.code, "explanation": problem.text(lang())}
    return render(request, "codepages/not_found.html", context, status=404)
