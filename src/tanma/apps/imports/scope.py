"""Who may hand in what: officials for their area, an enterprise for itself."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from tanma.apps.people.door import Viewer
from tanma.apps.registry import door as registry
from tanma.domain.messages import Problem
from tanma.intake.tables.packages import Package, package_names, packages

OF_ENTERPRISES = ("energy", "production", "economics", "renewables", "readings", "readings_wide",
                  "batches", "purchases", "limits")  # fmt: skip
"""Sheets that an enterprise may hand in for itself."""
SAID_BY_ENTERPRISES = ("declared", "ledger", "meter")
REGISTERED_BY_ENTERPRISES = ("limits",)
"""Sheets whose source is the register, which an enterprise writes on the same page too."""


def may_import(viewer: Viewer) -> bool:
    return viewer.may("import") or viewer.may("declare")


def who(viewer: Viewer) -> dict[str, Any]:
    """Columns of a batch that say who brought it."""
    own = sorted(viewer.own_subjects)
    firm = own[0] if own and not viewer.may("import") else None
    return {"user": viewer.user_id, "who": viewer.name, "subject": firm}


def require(viewer: Viewer) -> None:
    if not may_import(viewer):
        viewer.require("import")


def offered(viewer: Viewer) -> list[str]:
    """Packages that a viewer may hand in."""
    names = [n for n in package_names() if n != "uci_steel"]
    return names if viewer.may("import") else [n for n in names if n in OF_ENTERPRISES]


def check_name(viewer: Viewer, name: str) -> None:
    """A name from outside is one of the packages: it must never be read as a path."""
    if name not in package_names():
        raise Problem("table_package_unknown", name=name, known=", ".join(offered(viewer)))
    check_package(viewer, packages()[name])


def check_package(viewer: Viewer, package: Package) -> None:
    """An enterprise hands in only the sheets that speak of itself."""
    require(viewer)
    if not viewer.may("import") and package.name not in OF_ENTERPRISES:
        own = [packages()[name] for name in OF_ENTERPRISES]
        raise Problem(
            "import_package_not_yours", package=package.title_zh, package_en=package.title_en,
            allowed="、".join(p.title_zh for p in own),
            allowed_en=", ".join(p.title_en for p in own),
        )  # fmt: skip


def allowed_subjects(viewer: Viewer) -> set[int] | None:
    """Subjects a viewer may write about; None for the whole region."""
    if viewer.may("import"):
        if "" in viewer.area_codes:
            return None
        inside = registry.placement(viewer.area_codes).values_list("subject", flat=True)
        return set(inside) | set(viewer.own_subjects)
    return set(viewer.own_subjects)


def outside(viewer: Viewer, subject: pa.Array) -> pa.Array:
    """Per fact, whether its subject is none of this viewer's; the desk takes what is unknown."""
    subjects = allowed_subjects(viewer)
    if subjects is None:
        return _all(False, len(subject))
    inside = pc.is_in(subject, pa.array(sorted(subjects), pa.int64()))
    if viewer.may("import"):
        inside = pc.or_(inside, pc.is_null(subject))
    return pc.invert(inside)


def foreign_source(viewer: Viewer, made: pa.Table, package: Package) -> pa.Array:
    """Per fact, whether an enterprise speaks in the name of somebody else."""
    if viewer.may("import") or package.name in REGISTERED_BY_ENTERPRISES:
        return _all(False, len(made))
    return pc.invert(pc.is_in(made["source"].combine_chunks(), pa.array(SAID_BY_ENTERPRISES)))


def _all(value: bool, size: int) -> pa.Array:
    return pa.repeat(pa.scalar(value), size)
