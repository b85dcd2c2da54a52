"""What all pages of this room share: who may enter, which publication is shown, the way around."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from tanma.apps.accountpages.periods import switch
from tanma.apps.inventories.door import (
    Frozen,
    Publication,
    StoredFacts,
    newest,
    opened,
    publications,
)
from tanma.apps.kit.door import known_time, lang
from tanma.apps.people import door as people
from tanma.apps.registry.door import Enterprise
from tanma.domain.identity import id_from_text
from tanma.domain.messages import Problem

PAGES = (
    ("account", _("碳账户"), "see_figures"),
    ("energy", _("能源"), "see_figures"),
    ("lines", _("碳数据查询"), "see_basis"),
    ("basis", _("计算依据"), "see_basis"),
)
LABELS = {name: label for name, label, _action in PAGES}


@dataclass(frozen=True)
class Visit:
    """One look at one enterprise in one publication."""

    request: HttpRequest
    viewer: people.Viewer
    enterprise: Enterprise
    publication: Publication
    frozen: Frozen

    @property
    def lang(self) -> str:
        return lang()

    @property
    def statistical(self) -> bool:
        """Whether single facts that came for statistics may be shown to this viewer."""
        return self.viewer.may("see_statistical", self.enterprise.id)

    @property
    def facts(self) -> StoredFacts:
        """The facts that this viewer may see."""
        return StoredFacts(self.statistical)


Page = Callable[[Visit], HttpResponseBase]
View = Callable[[HttpRequest, str], HttpResponseBase]


def page(action: str) -> Callable[[Page], View]:
    """A page about one enterprise: 404 to whoever may not see it, login for a visitor."""

    def made(function: Page) -> View:
        @wraps(function)
        def view(request: HttpRequest, uid: str) -> HttpResponseBase:
            viewer = people.viewer(request)
            found = _enterprise(viewer, uid)
            if found is None or not viewer.may(action, found.id):
                if not request.user.is_authenticated:
                    return redirect_to_login(request.get_full_path())
                raise Http404(uid)
            return _visited(function, request, viewer, found)

        return view

    return made


def _enterprise(viewer: people.Viewer, uid: str) -> Enterprise | None:
    try:
        subject = id_from_text(uid)
    except Problem as problem:
        raise Http404(problem.text()) from None
    return people.visible(viewer, Enterprise.objects.filter(pk=subject)).first()


def _visited(
    function: Page, request: HttpRequest, viewer: people.Viewer, found: Enterprise
) -> HttpResponseBase:
    try:
        chosen = newest(found.id, str(found), request.GET.get("period", ""))
        (frozen,) = opened(viewer, found.id, str(found), chosen.run_id)
        return function(Visit(request, viewer, found, chosen, frozen))
    except Problem as problem:
        return _nothing(request, viewer, found, problem)


def _nothing(
    request: HttpRequest, viewer: people.Viewer, found: Enterprise, problem: Problem
) -> HttpResponse:
    """What is wrong and what there is instead; 404, since there is nothing at this address."""
    known = list(dict.fromkeys(p.period for p in publications(found.id)))
    context = {
        "enterprise": found, "problem": problem.text(lang()), "known": known,
        "crumbs": crumbs(viewer, found, ""),
    }  # fmt: skip
    return render(request, "accountpages/nothing.html", context, status=404)


def crumbs(viewer: people.Viewer, found: Enterprise, last: Any) -> list[tuple[Any, str]]:
    above = [(_("企业"), reverse("registry:enterprises"))] if viewer.office else []
    # who looks by a link of consent has no login for the register
    own = reverse("registry:enterprise", args=[found.uid]) if viewer.user_id else ""
    return [*above, (str(found), own), *([(last, "")] if last else [])]


def show(visit: Visit, name: str, context: dict[str, Any]) -> HttpResponse:
    """A page of the room with its frame: periods, neighbours, run, edition, known time."""
    meta = visit.frozen.files.meta
    found = list(dict.fromkeys(p.period for p in publications(visit.enterprise.id)))
    frame = {
        "visit": visit,
        "enterprise": visit.enterprise,
        "result": visit.frozen.result,
        "period": visit.publication.period,
        "switch": switch(found, visit.publication.period, lambda p: _with(visit.request, period=p)),
        "tabs": _tabs(visit, name),
        "run_id": visit.frozen.run_id,
        "number": visit.publication.number,
        "digest": visit.frozen.files.digest,
        "known_at": known_time(meta["known_at"], settings.TIME_ZONE),
        "crumbs": crumbs(visit.viewer, visit.enterprise, LABELS[name]),
    }
    return render(visit.request, f"accountpages/{name}.html", frame | context)


def _tabs(visit: Visit, current: str) -> list[tuple[Any, str, bool]]:
    query = f"?period={visit.publication.period}"
    uid = visit.enterprise.uid
    return [
        (label, reverse(f"accountpages:{name}", args=[uid]) + query, name == current)
        for name, label, action in PAGES
        if visit.viewer.may(action, visit.enterprise.id)
    ]


def _with(request: HttpRequest, **changes: str) -> str:
    """This address with some parameters changed."""
    query = request.GET.copy()
    query.pop("export", None)
    for key, value in changes.items():
        query[key] = value
    return "?" + query.urlencode(safe="/")
