"""The listed columns of meters and channels, brought up to the newest facts from the feed."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import date

from django.db import transaction
from django.db.models import Count, Q

from tanma.apps.facts import door as facts
from tanma.apps.metering.models import Meter
from tanma.apps.registry import door as registry
from tanma.domain.identity import id_from_text
from tanma.domain.messages import Problem

CONSUMER = "metering"
SLICE = 1000
OWNER = "meter.enterprise"
Said = dict[str, str]
METER_TEXTS = {
    "meter.site": "site", "meter.location": "location", "meter.class": "accuracy",
    "meter.source": "source", "meter.formula": "formula", "meter.counts": "counts",
}  # fmt: skip
CHANNEL_COLUMNS = ("subject", "site", "zone", "interval_s", "multiplier", "digits", "rated")


def today() -> date:
    return date.today()  # noqa: DTZ011 - attributes are dated in local days


def project() -> int:
    """Bring meters and channels up to the newest facts; how many subjects had changed."""
    return facts.follow(CONSUMER, _of_meters(), refresh)


def _of_meters() -> Q:
    return Q(item__startswith="meter.") | Q(item__startswith="channel.") | Q(item="id.meter")


def refresh(subjects: Sequence[int]) -> None:
    """Write the listed columns of some meters and channels as their facts say today."""
    for start in range(0, len(subjects), SLICE):
        said = attributes(subjects[start : start + SLICE])
        _meters({s: v for s, v in said.items() if "id.meter" in v})
        _channels({s: v for s, v in said.items() if "channel.meter" in v})


def attributes(subjects: Collection[int], day: date | None = None) -> dict[int, Said]:
    """subject → item → text, as valid on a day (today when None)."""
    return facts.attributes(subjects, _of_meters(), day or today())


def meters_on(subjects: Collection[int], day: date) -> list[Meter]:
    """The meters that belonged to some enterprises on a day, by name; else each as it is today.

    Before the day from which it first names an enterprise a meter belongs to that one.
    """
    named = facts.Fact.objects.filter(kind="attribute", item=OWNER)
    several = named.values("subject").annotate(n=Count("text", distinct=True)).filter(n__gt=1)
    moved = set(several.values_list("subject", flat=True))
    moved |= set(Meter.objects.filter(enterprise=None).values_list("pk", flat=True))
    still = Meter.objects.filter(enterprise__in=list(subjects)).exclude(pk__in=moved)
    whose = _whose(moved, day)
    firms = enterprises(set(whose.values()))
    wanted = set(subjects)
    own = {meter: firms[name] for meter, name in whose.items() if firms.get(name) in wanted}
    others = list(Meter.objects.filter(pk__in=own))
    for meter in others:
        meter.enterprise = own[meter.id]
    return sorted([*still, *others], key=lambda m: m.name)


def _whose(moved: Collection[int], day: date) -> dict[int, str]:
    """Meter → the enterprise that it names on a day, or the first one that it names later."""
    said = facts.attributes(moved, Q(item=OWNER), day)
    found = {meter: told[OWNER] for meter, told in said.items() if told.get(OWNER)}
    rows = facts.Fact.objects.filter(kind="attribute", item=OWNER, subject__in=moved)
    later = [f for f in facts.current(list(rows)) if f.text and f.valid_from > day]
    for fact in sorted(later, key=lambda f: f.valid_from):
        found.setdefault(fact.subject, fact.text or "")
    return found


def _meters(said: dict[int, Said]) -> None:
    firms = enterprises({v.get("meter.enterprise", "") for v in said.values()})
    rows = [_meter(subject, v, firms) for subject, v in said.items()]
    columns = [f.name for f in Meter._meta.fields if f.name != "id"]
    with transaction.atomic():
        Meter.objects.bulk_create(
            rows, update_conflicts=True, unique_fields=["id"], update_fields=columns,
            batch_size=500,
        )  # fmt: skip
        _follow(rows)


def _meter(subject: int, said: Said, firms: dict[str, int]) -> Meter:
    texts = {column: said.get(item, "") for item, column in METER_TEXTS.items()}
    return Meter(
        id=subject, name=said["id.meter"], enterprise=firms.get(said.get("meter.enterprise", "")),
        parent=_subject(said.get("meter.parent", "")),
        calibration_due=_day(said.get("meter.calibration_due", "")), **texts,
    )  # fmt: skip


def _follow(meters: Iterable[Meter]) -> None:
    """Channels belong to whom and stand where their meter does."""
    by_name = {m.name: m for m in meters}
    channels = list(registry.Channel.objects.filter(meter__in=by_name))
    for channel in channels:
        meter = by_name[channel.meter]
        channel.subject, channel.site = meter.enterprise or 0, meter.site or "main"
    registry.Channel.objects.bulk_update(channels, ["subject", "site"], batch_size=200)


def _channels(said: dict[int, Said]) -> None:
    rows = list(registry.Channel.objects.filter(id__in=said))
    meters = {m.name: m for m in Meter.objects.filter(name__in=[r.meter for r in rows])}
    for row in rows:
        v, meter = said[row.id], meters.get(row.meter)
        row.subject = (meter and meter.enterprise) or 0
        row.site = (meter and meter.site) or "main"
        row.zone = v.get("channel.zone") or "Asia/Shanghai"
        row.multiplier, row.rated = v.get("channel.multiplier") or "1", v.get("channel.rated", "")
        row.interval_s = _number(v.get("channel.interval_s", ""))
        row.digits = _number(v.get("channel.digits", ""))
    registry.Channel.objects.bulk_update(rows, CHANNEL_COLUMNS, batch_size=100)


def _number(text: str) -> int | None:
    return int(text) if text.isdigit() else None


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _subject(text: str) -> int | None:
    try:
        return id_from_text(text)
    except Problem:
        return None


def enterprises(names: Collection[str]) -> dict[str, int]:
    """Enterprises by credit code, or by `scheme:value` where they have none."""
    found = registry.find("uscc", sorted(n for n in names if n and ":" not in n))
    for name in sorted(n for n in names if ":" in n):
        scheme, _, value = name.partition(":")
        for subject in registry.find(scheme, [value]).values():
            found[name] = subject
    return found
