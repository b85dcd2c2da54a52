"""What is said of meters and their channels: dated facts, and the numbers of channels.

One way in for files, pages, the wizard and programs: `declare` gives a channel its number and
states what it is, `state` adds whatever is said later. Contract: docs/design/readings.md §1.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.db import transaction

from tanma.apps.facts import door as facts
from tanma.apps.metering.models import NUMBERS_BELOW, Numbering
from tanma.apps.metering.projection import project
from tanma.apps.registry import door as registry
from tanma.domain.canonical import encode
from tanma.domain.identity import id_text
from tanma.domain.messages import Problem

BEGIN, OPEN = date(1900, 1, 1), date(9999, 12, 31)
SOURCE = "registry"
FIXED = ("kind", "unit", "scale")
"""What a channel is for good: its counts in the lake would mean something else otherwise."""
SLICE = 150
"""Channels per transaction: at most a dozen facts each."""


@dataclass(frozen=True)
class Statement:
    """One thing said of a meter or a channel from a day on; no text withdraws it."""

    subject: int
    item: str
    text: str | None
    valid_from: date = BEGIN
    valid_to: date = OPEN
    revision: int | None = None
    """The source's own version number; none for what people and programs say."""


@dataclass(frozen=True)
class Declared:
    """A channel as somebody registers it; `more` are dated attributes without `channel.`.

    They hold from `since` until `until`; `revision` is the version number of a source's own.
    """

    meter: str
    item: str
    kind: str = "interval"
    unit: str = ""
    scale: int = 3
    since: date = BEGIN
    more: Mapping[str, str] = field(default_factory=dict)
    until: date = OPEN
    revision: int | None = None

    @property
    def key(self) -> tuple[str, str]:
        return self.meter, self.item


def state(
    said: Iterable[Statement], *, author: str, evidence: str = "", deliberate: bool = False
) -> facts.Receipt:
    """Append statements; the listed columns follow at once.

    `deliberate` is for people: a return to what was said once is then a correction, not a repeat.
    """
    records = [_record(s) for s in said]
    if deliberate:
        for record in records:
            record["corrects"] = _corrected(record)
    receipt = _append(records, author, evidence)
    project()
    return receipt


def _corrected(record: dict[str, Any]) -> str:
    """Digest of the version that a return to earlier content replaces; else ""."""
    same = [
        f for f in facts.facts_of(record["subject"], record["item"])
        if (f.valid_from, f.valid_to, f.source)
        == (record["valid_from"], record["valid_to"], record["source"])
    ]  # fmt: skip
    newest = max(same, key=facts.rank, default=None)
    if newest is None or newest.text == record["text"]:
        return ""
    if all(f.text != record["text"] for f in same):
        return ""
    return f"sha256:{bytes(newest.digest).hex()}"


def _append(records: Sequence[dict[str, Any]], author: str, evidence: str) -> facts.Receipt:
    receipt = facts.NOTHING
    table = facts.table(records)
    for part in facts.append_all(table, author=author, evidence=evidence[:120]):
        receipt = receipt.plus(part)
    return receipt


def _record(said: Statement) -> dict[str, Any]:
    return {
        "subject": said.subject, "item": said.item, "kind": "attribute",
        "valid_from": said.valid_from, "valid_to": said.valid_to, "value": None,
        "text": said.text, "reported": said.text or "", "source": SOURCE,
        "data_class": "internal", "revision": said.revision,
    }  # fmt: skip


def register_meter(
    name: str, enterprise: str, *, author: str, evidence: str = "", since: date = BEGIN,
    **attributes: str,
) -> int:  # fmt: skip
    """The subject of a meter of an enterprise (credit code, or `scheme:value`), made where new.

    A meter that belongs to another enterprise already is refused: its name is taken.
    """
    known = registry.find("meter", [name]).get(name)
    if known is not None and owner(known) not in {None, enterprise}:
        raise Problem("meter_name_taken", meter=name)
    (subject,) = registry.register("meter", [name], author=author, evidence=evidence).values()
    attributes = {"enterprise": enterprise, **attributes}
    said = [Statement(subject, f"meter.{k}", v, since) for k, v in attributes.items() if v]
    state(said, author=author, evidence=evidence)
    return subject


def owner(subject: int) -> str | None:
    """What the newest statement says whose meter it is."""
    said = facts.current(facts.facts_of(subject, "meter.enterprise"))
    return max(said, key=lambda f: (f.valid_from, facts.rank(f))).text if said else None


def declare(
    channels: Sequence[Declared], *, author: str, evidence: str = ""
) -> dict[tuple[str, str], int]:
    """(meter, item) → number of the channel; new ones get the next number and their facts.

    Declared again, a channel keeps its number; what changed since is stated from `since` on. A
    kind, unit or scale that differs from the first declaration is refused.
    """
    numbers: dict[tuple[str, str], int] = {}
    for start in range(0, len(channels), SLICE):
        numbers |= _declare(channels[start : start + SLICE], author, evidence)
    project()
    return numbers


def _declare(
    channels: Sequence[Declared], author: str, evidence: str
) -> dict[tuple[str, str], int]:
    names = list(dict.fromkeys(c.meter for c in channels))
    with transaction.atomic():
        # locked first: whoever declares at the same time waits and then finds these channels
        last = facts.locked_row(Numbering, _start)
        meters = registry.register("meter", names, author=author, evidence=evidence)
        rows = {(r.meter, r.item): r for r in registry.Channel.objects.filter(meter__in=names)}
        for problem in _conflicts(channels, rows):
            if problem is not None:
                raise problem
        new = {c.key: c for c in channels if c.key not in rows}
        made = [_row(c, last.last + n) for n, c in enumerate(new.values(), start=1)]
        registry.Channel.objects.bulk_create(made)
        Numbering.objects.filter(pk=last.pk).update(last=last.last + len(made))
        rows |= {(r.meter, r.item): r for r in made}
        said = [s for c in channels for s in _statements(c, rows[c.key].id, meters[c.meter])]
        _append([_record(s) for s in said], author, evidence)
    return {c.key: rows[c.key].id for c in channels}


def _start() -> Numbering:
    """The numbering begins after the highest number given before there was one."""
    given = registry.Channel.objects.filter(id__lt=NUMBERS_BELOW).order_by("-id").first()
    return Numbering(pk=1, last=given.id if given else 0)


def _row(declared: Declared, number: int) -> registry.Channel:
    return registry.Channel(
        id=number, subject=0, meter=declared.meter, item=declared.item, kind=declared.kind,
        unit=declared.unit, scale=declared.scale,
    )  # fmt: skip


def conflicts(channels: Sequence[Declared]) -> list[Problem | None]:
    """Per declaration, what it would change about a channel for good; None where nothing."""
    names = list({c.meter for c in channels})
    kept = {(r.meter, r.item): r for r in registry.Channel.objects.filter(meter__in=names)}
    return _conflicts(channels, kept)


def _conflicts(
    channels: Sequence[Declared], kept: Mapping[tuple[str, str], registry.Channel]
) -> list[Problem | None]:
    first: dict[tuple[str, str], Any] = dict(kept)
    return [_conflict(c, first.setdefault(c.key, c)) for c in channels]


def _conflict(declared: Declared, kept: Any) -> Problem | None:
    for name in FIXED:
        before, now = getattr(kept, name), getattr(declared, name)
        if before != now:
            return Problem(
                "channel_fixed", meter=declared.meter, item=declared.item, what=name,
                before=before, now=now,
            )  # fmt: skip
    return None


def _statements(declared: Declared, number: int, meter: int) -> list[Statement]:
    lasting = {
        "meter": id_text(meter), "item": declared.item, "kind": declared.kind,
        "unit": declared.unit, "scale": str(declared.scale),
    }  # fmt: skip
    said = [Statement(number, f"channel.{k}", v) for k, v in lasting.items()]
    dated = {k: v for k, v in declared.more.items() if v}
    span = (declared.since, declared.until, declared.revision)
    return said + [Statement(number, f"channel.{k}", v, *span) for k, v in dated.items()]


EVENTS = ("exchange", "rollover", "reset")


def record_event(
    channel: int, kind: str, at: datetime, *, author: str, evidence: str = "",
    final: int | None = None, first: int | None = None, withdrawn: bool = False,
) -> None:  # fmt: skip
    """State that a register was exchanged, rolled over or was reset; registers as counts.

    The instant is part of the item, so that each event is a fact of its own.
    """
    if kind not in EVENTS:
        raise Problem("event_kind_unknown", kind=kind, allowed=", ".join(EVENTS))
    instant = at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds") + "Z"
    body = {"type": kind, "at": instant, "final": final, "first": first}
    text = None if withdrawn else encode(body).decode()
    day = at.astimezone(UTC).date()
    said = Statement(channel, f"channel.event.{instant}", text, day, day + timedelta(days=1))
    state([said], author=author, evidence=evidence, deliberate=True)
