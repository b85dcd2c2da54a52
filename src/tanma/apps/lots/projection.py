"""The list of batches, brought up to the newest facts from the feed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from django.db import transaction

from tanma.apps.facts import door as facts
from tanma.apps.lots import counted
from tanma.apps.lots.models import Lot
from tanma.apps.metering import door as metering

CONSUMER = "lots"
SLICE = 1000
DEFAULT_ZONE = "Asia/Shanghai"
NEEDED = ("enterprise", "product", "start", "end", "output", "unit")
Said = dict[str, str]


def project() -> int:
    """Bring the list up to the newest facts; how many batches had changed."""
    cursor, _ = facts.Cursor.objects.get_or_create(consumer=CONSUMER)
    last = facts.Append.objects.order_by("-number").first()
    if last is None or last.number == cursor.number:
        return 0
    unread = facts.Append.objects.filter(number__gt=cursor.number).order_by("number")
    changed = facts.Fact.objects.filter(
        item__startswith="batch.", kind="attribute",
        seq__gte=unread[0].first_seq, seq__lte=last.last_seq,
    )  # fmt: skip
    subjects = sorted(set(changed.values_list("subject", flat=True)))
    for start in range(0, len(subjects), SLICE):
        _refresh(subjects[start : start + SLICE])
    cursor.number = last.number
    cursor.save()
    return len(subjects)


def _refresh(subjects: Sequence[int]) -> None:
    said: dict[int, Said] = {}
    rows = facts.Fact.objects.filter(subject__in=subjects, kind="attribute")
    for fact in sorted(facts.current(list(rows)), key=facts.rank):
        said.setdefault(fact.subject, {})[fact.item.removeprefix("batch.")] = fact.text or ""
    firms = metering.enterprises({v.get("enterprise", "") for v in said.values()})
    lots = [
        _lot(subject, v, firms[v["enterprise"]])
        for subject, v in said.items()
        if all(v.get(name) for name in NEEDED) and v["enterprise"] in firms
    ]
    zones = {n: found[0].zone for n, found in counted.channels(lots).items() if found}
    for lot in lots:
        _place(lot, zones.get(lot.id, DEFAULT_ZONE), said[lot.id])
    columns = [f.name for f in Lot._meta.fields if f.name != "id"]
    with transaction.atomic():
        Lot.objects.filter(id__in=set(subjects) - {lot.id for lot in lots}).delete()
        Lot.objects.bulk_create(
            lots, update_conflicts=True, unique_fields=["id"], update_fields=columns,
            batch_size=500,
        )  # fmt: skip


def _lot(subject: int, said: Said, enterprise: int) -> Lot:
    return Lot(
        id=subject, enterprise=enterprise, number=said["id.batch"].partition("/")[2],
        product=said["product"], section=said.get("section", ""), meters=said.get("meters", ""),
        output=said["output"], unit=said["unit"],
    )  # fmt: skip


def _place(lot: Lot, zone: str, said: Said) -> None:
    """Its instants: what was said is local time where its meters stand."""
    lot.zone = zone
    lot.begin, lot.end = (_instant(said[name], zone) for name in ("start", "end"))


def _instant(text: str, zone: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
