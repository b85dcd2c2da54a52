"""The first page for each kind of visitor, and the way from a typed code to its page."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from tanma.apps.codepages import door as codepages
from tanma.apps.codes import door as codes
from tanma.apps.kit.door import lang
from tanma.apps.people import door as people
from tanma.apps.portal import desks, navigation, search
from tanma.apps.registry.door import link_if_there
from tanma.apps.rules import door as rules
from tanma.domain.identity import parse_public_code
from tanma.domain.messages import Problem
from tanma.domain.rating import Scheme
from tanma.domain.rating import find as find_scheme


def home(request: HttpRequest) -> HttpResponse:
    """Anonymous: the public entry; enterprise: its own desk; office: the back office."""
    viewer = people.viewer(request)
    if viewer.office:
        context = desks.office(viewer)
        return render(request, "portal/office.html", context | {"modules": _modules(viewer)})
    if viewer.own_subjects:
        context = desks.enterprise(viewer)
        return render(request, "portal/enterprise.html", context | {"modules": _modules(viewer)})
    return public(request)


def public(request: HttpRequest) -> HttpResponse:
    """The public entry, which the signed-in reach too."""
    return render(request, "portal/entry.html", _entry(request))


def _modules(viewer: people.Viewer) -> list[navigation.Module]:
    return navigation.modules(viewer)


def _entry(request: HttpRequest) -> dict[str, Any]:
    text = request.GET.get("q", "").strip()
    hits, more = search.search(text)
    return {
        "q": text, "hits": hits, "more": more, "too_short": 0 < len(text) < search.MIN_LETTERS,
        "run": codes.latest(), "scheme": published_scheme(), "example": _example(request),
    }  # fmt: skip


def _example(request: HttpRequest) -> dict[str, str] | None:
    """A code of the newest publication to try a phone on; in a demo alone, where none is real."""
    if not settings.TANMA.demo:
        return None
    hit = search.example()
    if hit is None:
        return None
    return {"name": hit.name, "code": hit.public_code,
            "address": codepages.address_of(request, hit.public_code)}  # fmt: skip


def published_scheme() -> dict[str, Any] | None:
    """Words of the scheme behind the newest publication, with its evidence mark."""
    run = codes.latest()
    wanted = (run.scheme, run.edition) if run else None
    found = rules.scheme(*wanted) if wanted else find_scheme(codes.SCHEME)
    return None if found is None else scheme_words(found)


def scheme_words(scheme: Scheme) -> dict[str, Any]:
    return {
        "id": scheme.id, "edition": scheme.edition, "title": getattr(scheme.title, lang()),
        "evidence": scheme.evidence, "direction": getattr(scheme.direction, lang()),
    }  # fmt: skip


def find(request: HttpRequest) -> HttpResponse:
    """`/find/?code=…`: to the page of a code, or back with what is wrong about the text."""
    try:
        code = parse_public_code(request.GET.get("code", ""))
    except Problem as problem:
        messages.error(request, problem.text(lang()))
        return redirect("portal:home")
    address = link_if_there("codepages:code", code) or f"/c/{code}"
    return redirect(address)
