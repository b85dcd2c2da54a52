"""Things by internal id and external identifiers; today's attributes of enterprises from facts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

from django.db import transaction

from tanma.apps.facts import door as facts
from tanma.apps.registry import areas
from tanma.apps.registry.models import Area, Enterprise, ExternalId, Placement
from tanma.domain.identity import new_id

COLUMN_OF = {
    "name": "name",
    "name.en": "name_en",
    "industry": "industry",
    "size_class": "size_class",
    "status": "status",
    "area.statutory": "area_code",
    "area.management": "management_code",
    "group.head": "group_uscc",
    "consent.group": "group_consent",
}
"""attribute item → column of Enterprise"""
CONSUMER = "registry"
NOT_ENTERPRISES = {
    "area", "site", "meter", "certificate", "green_certificate", "account", "grid_account",
    "industry", "equipment", "batch", "purchase",
}  # fmt: skip
"""Schemes whose identifiers name something else than an enterprise."""


def find(scheme: str, values: Iterable[str]) -> dict[str, int]:
    """External identifiers of one scheme → subject, for those that are known."""
    wanted = list(dict.fromkeys(values))
    found: dict[str, int] = {}
    for start in range(0, len(wanted), 5000):
        rows = ExternalId.objects.filter(scheme=scheme, value__in=wanted[start : start + 5000])
        found.update(rows.values_list("value", "subject"))
    return found


def register(
    scheme: str, values: Sequence[str], *, author: str, evidence: str = ""
) -> dict[str, int]:
    """Subjects of identifiers, made where unknown; the identifier itself becomes a fact."""
    known = find(scheme, values)
    new = {v: new_id() for v in dict.fromkeys(values) if v not in known}
    for start in range(0, len(new), facts.APPEND_LIMIT):
        part = dict(list(new.items())[start : start + facts.APPEND_LIMIT])
        _create(scheme, part, author, evidence)
    return known | new


def _create(scheme: str, new: dict[str, int], author: str, evidence: str) -> None:
    with transaction.atomic():
        if scheme == "area":
            Area.objects.bulk_create([Area(id=s, code=v) for v, s in new.items()])
        elif scheme not in NOT_ENTERPRISES:
            Enterprise.objects.bulk_create(
                [Enterprise(id=s, natural_key=f"{scheme}:{v}") for v, s in new.items()]
            )
        ExternalId.objects.bulk_create(
            [
                ExternalId(
                    scheme=scheme, value=v, subject=s, evidence=evidence[:200], decided_by=author
                )
                for v, s in new.items()
            ]
        )
        records = [
            {
                "subject": s, "item": f"id.{scheme}", "kind": "attribute",
                "valid_from": date(1900, 1, 1), "valid_to": date(9999, 12, 31), "value": None,
                "text": v, "reported": v, "source": "registry", "data_class": "public",
            }
            for v, s in new.items()
        ]  # fmt: skip
        facts.append(facts.table(records), author=author, evidence=evidence)


def project() -> int:
    """Bring the listed columns up to the newest facts; the registry's consumer of the feed."""
    cursor, _ = facts.Cursor.objects.get_or_create(consumer=CONSUMER)
    last = facts.Append.objects.order_by("-number").first()
    if last is None or last.number == cursor.number:
        return 0
    unread = facts.Append.objects.filter(number__gt=cursor.number)
    first_seq = unread.order_by("number").values_list("first_seq", flat=True)[0]
    changed = facts.Fact.objects.filter(
        seq__gte=first_seq, seq__lte=last.last_seq, kind="attribute"
    )
    subjects = sorted(set(changed.values_list("subject", flat=True)))
    if changed.filter(item__in=areas.ITEMS, subject__in=Area.objects.values("id")).exists():
        areas.rebuild_areas()
        subjects = sorted(Enterprise.objects.values_list("id", flat=True))
    for start in range(0, len(subjects), 2000):
        _project_subjects(subjects[start : start + 2000])
    cursor.number = last.number
    cursor.save()
    return len(subjects)


def _project_subjects(subjects: list[int]) -> None:
    today = date.today()  # noqa: DTZ011 - attributes are dated in local days
    enterprises = {e.id: e for e in Enterprise.objects.filter(id__in=subjects)}
    wanted = facts.Fact.objects.filter(
        subject__in=list(enterprises), kind="attribute", item__in=COLUMN_OF
    )
    now = [f for f in facts.current(list(wanted)) if f.valid_from <= today < f.valid_to]
    now.sort(key=lambda f: (f.valid_from, facts.rank(f)))
    for enterprise in enterprises.values():  # a withdrawn attribute leaves nothing behind
        for column in COLUMN_OF.values():
            setattr(enterprise, column, "active" if column == "status" else "")
    for fact in now:
        setattr(enterprises[fact.subject], COLUMN_OF[fact.item], fact.text or "")
    with transaction.atomic():
        # an upsert: bulk_update writes one CASE per row and column, thirty times slower
        Enterprise.objects.bulk_create(
            enterprises.values(), update_conflicts=True, unique_fields=["id"],
            update_fields=[*COLUMN_OF.values()], batch_size=500,
        )  # fmt: skip
        _place(list(enterprises.values()), today)


def _place(enterprises: list[Enterprise], today: date) -> None:
    statutory = areas.ancestors_on(today, "statutory")
    management = areas.ancestors_on(today, "management")
    rows = set()
    for e in enterprises:
        inside = statutory.get(e.area_code, []) + management.get(e.management_code, [])
        rows |= {(e.id, code) for code in (*inside, e.area_code, e.management_code) if code}
    Placement.objects.filter(subject__in=[e.id for e in enterprises]).delete()
    Placement.objects.bulk_create([Placement(subject=s, area_code=a) for s, a in sorted(rows)])
