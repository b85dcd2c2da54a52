"""The listed columns of equipment, brought up to the newest facts from the feed."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date

from django.db.models import Q
from django.utils import timezone

from tanma.apps.equipment.models import Equipment
from tanma.apps.facts import door as facts
from tanma.apps.metering import door as metering

CONSUMER = "equipment"
SLICE = 1000
PREFIX = "equipment."
COLUMNS = (
    "title", "kind", "section", "site", "location", "maker", "model", "made_on", "rated_kw",
    "efficiency", "nameplate", "input", "output", "parameters", "idle_above_kw", "run_above_kw",
    "codes",
)  # fmt: skip
"""Columns that are facts of the same name."""
OURS = Q(item__startswith=PREFIX) | Q(item="id.equipment")


def project() -> int:
    """Bring equipment up to the newest facts; how many devices had changed."""
    return facts.follow(CONSUMER, OURS, refresh)


def refresh(subjects: Sequence[int]) -> None:
    """Write the listed columns of some devices as their facts say today."""
    for start in range(0, len(subjects), SLICE):
        said = attributes(subjects[start : start + SLICE], timezone.localdate())
        rows = {s: v for s, v in said.items() if "id.equipment" in v}
        firms = metering.enterprises({v.get(f"{PREFIX}enterprise", "") for v in rows.values()})
        Equipment.objects.bulk_create(
            [_row(s, v, firms) for s, v in rows.items()],
            update_conflicts=True, unique_fields=["id"],
            update_fields=["name", "enterprise", *COLUMNS], batch_size=500,
        )  # fmt: skip


def attributes(subjects: Collection[int], day: date) -> dict[int, dict[str, str]]:
    """subject → item → text of devices, as valid on a day."""
    return facts.attributes(subjects, OURS, day)


def _row(subject: int, said: dict[str, str], firms: dict[str, int]) -> Equipment:
    texts = {c: said.get(PREFIX + c, "") for c in COLUMNS}
    owner = firms.get(said.get(f"{PREFIX}enterprise", ""))
    return Equipment(id=subject, name=said["id.equipment"], enterprise=owner, **texts)
