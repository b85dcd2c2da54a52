"""Which areas a viewer has: an official's own areas and everything below them."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied

from tanma.apps.areas.frozen import HIERARCHIES, Frozen
from tanma.apps.people.door import Viewer


def home_of(viewer: Viewer, data: Frozen) -> str:
    """The area that opens first: the whole region, or the first area of the official."""
    codes = viewer.area_codes
    if not codes:
        raise PermissionDenied("no office")
    if "" in codes:
        return data.home
    known = [c for c in codes if any((h, c) in data.areas for h in HIERARCHIES)]
    if not known:
        raise PermissionDenied("no area of this office in the publication")
    inside = [c for c in known if covers(data, c, data.home)]
    return data.home if inside else known[0]


def covers(data: Frozen, top: str, code: str) -> bool:
    """Whether an area lies in another in either hierarchy."""
    return any(tree.inside(code, top) for tree in data.trees.values())


def may_see(viewer: Viewer, data: Frozen, code: str) -> bool:
    return any(not top or covers(data, top, code) for top in viewer.area_codes)


def require_area(viewer: Viewer, data: Frozen, code: str) -> None:
    if not may_see(viewer, data, code):
        raise PermissionDenied(code)


def hierarchies_of(data: Frozen, code: str) -> list[str]:
    """The hierarchies in which an area has a row; the whole region has its own view of each."""
    if code == data.home:
        return list(HIERARCHIES)
    return [h for h in HIERARCHIES if (h, code) in data.areas]
