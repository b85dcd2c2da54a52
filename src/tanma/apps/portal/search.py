"""Finding a published code by enterprise name, without login.

Only what a scan of the code shows to anybody comes out: name, area, grade, level, period. No figure
is read here, so none can leak.
"""

from __future__ import annotations

from dataclasses import dataclass

from tanma.apps.codes import door as codes
from tanma.apps.registry import door as registry

MIN_LETTERS = 2
LIMIT = 30


@dataclass(frozen=True)
class PublicHit:
    """The fields of a hit, all of them."""

    name: str
    public_code: str
    area: str
    grade: int | None
    level: str | None
    period: str


def example() -> PublicHit | None:
    """One graded enterprise of the newest publication, always the same one."""
    rows = codes.Result.objects.filter(run=codes.latest(), status="graded").exclude(level="")
    found = rows.filter(grade=2).order_by("natural_key").first() or rows.first()
    if found is None:
        return None
    firm = registry.Enterprise.objects.filter(pk=found.subject).first()
    if firm is None:
        return None
    area = registry.area_names().get(found.area_code, found.area_code)
    return PublicHit(found.name, firm.public_code, area, found.grade, found.level, found.run.period)


def search(text: str) -> tuple[list[PublicHit], bool]:
    """Enterprises of the newest publication whose name holds a text; whether more were left out."""
    wanted = text.strip()
    run = codes.latest()
    if run is None or len(wanted) < MIN_LETTERS:
        return [], False
    rows = codes.Result.objects.filter(run=run, name__icontains=wanted).order_by("name")
    found = list(rows.values_list("subject", "name", "area_code", "grade", "level")[: LIMIT + 1])
    printed = dict(
        registry.Enterprise.objects.filter(id__in=[f[0] for f in found]).values_list(
            "id", "public_code"
        )
    )
    names = registry.area_names()
    hits = [
        PublicHit(name, printed[subject], names.get(area, area), grade, level or None, run.period)
        for subject, name, area, grade, level in found[:LIMIT]
        if subject in printed
    ]
    return hits, len(found) > LIMIT
