"""What every page of an area has: who may open it, which publication and which area it shows."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponseBase

from tanma.apps.areas import access
from tanma.apps.areas.figures import names
from tanma.apps.areas.frozen import Frozen, frozen, publications
from tanma.apps.codes import door as codes
from tanma.apps.people.door import Viewer, viewer
from tanma.domain.rating.attention import index_rule

Page = Callable[..., HttpResponseBase]


def office(view: Page) -> Page:
    """For office roles; everybody else is refused, visitors are asked to sign in."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        viewer(request).require("use_desk")
        return view(request, *args, **kwargs)

    return login_required(guarded)


def chosen_run(request: HttpRequest, runs: list[codes.Run]) -> codes.Run:
    """The publication that the address names by its period; the newest without one."""
    period = request.GET.get("period", "")
    found = [r for r in runs if r.period == period] if period else runs[:1]
    if not found:
        raise Http404(period)
    return found[0]


def address(request: HttpRequest, **changes: str) -> str:
    """This address with some parameters changed; empty ones are dropped."""
    kept = {k: v for k, v in request.GET.items() if k in {"period", "map", "area", "h"}}
    query = {k: v for k, v in (kept | changes).items() if v}
    return "?" + urlencode(query) if query else request.path


def opened(request: HttpRequest, code: str) -> tuple[Viewer, codes.Run, Frozen, str] | None:
    """Viewer, run, its data and the area asked for, after the check of rights."""
    runs = publications()
    if not runs:
        return None
    run, who = chosen_run(request, runs), viewer(request)
    data = frozen(run)
    code = code or access.home_of(who, data)
    access.require_area(who, data, code)
    if not access.hierarchies_of(data, code):
        raise Http404(code)
    return who, run, data, code


def base(request: HttpRequest, run: codes.Run, data: Frozen, code: str) -> dict[str, Any]:
    runs = publications()
    return {
        "run": run, "edition": run.edition, "code": code, "name": names([code])[code],
        "periods": [(r, address(request, period=r.period), r.id == run.id) for r in runs[:8]],
        "home": data.home, "rule": index_rule(),
    }  # fmt: skip
