"""What an address means to who asks: the row of an id, as far as the reader may see it."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest

from tanma.apps.people.door import Viewer, viewer, visible
from tanma.apps.registry import door as registry
from tanma.domain.identity import id_from_text
from tanma.domain.messages import Problem


def number(uid: str) -> int:
    """The number of an id text; 0, which nothing has, where it is none."""
    try:
        return id_from_text(uid)
    except Problem:
        return 0


def enterprise_of(who: Viewer, uid: str) -> registry.Enterprise | None:
    """The enterprise of an address, else the viewer's own where there is exactly one."""
    rows = visible(who, registry.Enterprise.objects.all())
    if uid:
        return rows.filter(pk=number(uid)).first()
    own = who.own_subjects
    return rows.filter(pk=next(iter(own))).first() if len(own) == 1 else None


def owner_key(firm: registry.Enterprise) -> str:
    """How facts name an enterprise: its credit code, else scheme and value."""
    scheme, _, value = firm.natural_key.partition(":")
    return value if scheme == "uscc" else firm.natural_key


def seen(who: Viewer, model: Any, uid: str) -> Any:
    """The row of an id text that the viewer may see, or None."""
    return visible(who, model.objects.filter(pk=number(uid))).first()


def found(request: HttpRequest, model: Any, uid: str) -> tuple[Viewer, Any]:
    """Who asks, and the row of an id text; 404 where they may not see it."""
    who = viewer(request)
    row = seen(who, model, uid)
    if row is None:
        raise Http404(uid)
    return who, row


def author(who: Viewer) -> str:
    return f"user:{who.user_id}"
