"""Evaluating limits when days change: new alarms, restated ones, and those without a reason.

Exactly the (channel, day) whose days were derived since the last time are looked at, and all days
of a month of channels whose limits were stated anew. An alarm is a case; the days that brought it
are its breaches. While it is open, more days of the same rule and channel join it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import duckdb
import pyarrow as pa
from django.db import transaction
from django.utils import timezone

from tanma.apps.cases import door as cases
from tanma.apps.facts import door as facts
from tanma.apps.live import door as live
from tanma.apps.people.door import SYSTEM
from tanma.apps.registry import door as registry
from tanma.apps.watch import limits
from tanma.apps.watch.models import Alarm, Breach
from tanma.domain.items import items
from tanma.engine.metering import alarms as engine
from tanma.engine.metering.refresh import FACTS, STAMP
from tanma.lake.derived import ActivityDays

WORKFLOW, DAYS, STATED = "alarm", "watch.days", "watch.facts"
LOOK_BACK = dt.timedelta(days=31)
KEYS = pa.schema([("channel", pa.int64()), ("day", pa.date32())])
SAME = 1e-9
"""Figures that differ by less in proportion are the same."""


@dataclass
class Evaluated:
    """What an evaluation did."""

    keys: int = 0
    opened: int = 0
    restated: int = 0
    lapsed: int = 0

    def __str__(self) -> str:
        if not (self.opened or self.restated or self.lapsed):
            return ""
        return f"{self.opened} alarms opened, {self.restated} restated, {self.lapsed} lapsed"


@dataclass(frozen=True)
class Over:
    """A rule broken on a day, in the channel's unit."""

    value: float
    expected: float
    hours: int | None = None
    at: dt.datetime | None = None


Key = tuple[int, str, dt.date]
"""channel (0: the enterprise), rule, local day"""


def evaluate(more: Callable[[Evaluated], None] | None = None) -> Evaluated:
    """Hold what changed since last time against its limits; run again it does nothing.

    `more` holds what is told of whole enterprises, whenever any day or limit has changed.
    """
    days = ActivityDays(live.lake())
    marks = {DAYS: days.mark(STAMP), STATED: days.mark(FACTS)}
    cursors = {n: facts.Cursor.objects.get_or_create(consumer=n)[0] for n in marks}
    restated: set[int] = set()
    facts.follow("watch.limits", limits.OURS, restated.update)
    done = Evaluated()
    moved = any(cursors[n].number != mark for n, mark in marks.items())
    table = limits.limits()
    if moved or restated:
        keys = _keys(days, cursors[DAYS].number, table, restated)
        done.keys = len(keys)
        _hold(keys, table, done)
        if more is not None:
            more(done)
    for name, mark in marks.items():
        facts.Cursor.objects.filter(consumer=name).update(number=mark)
    return done


def _keys(days: ActivityDays, after: int, table: pa.Table, restated: set[int]) -> list[Any]:
    """(channel, day) to look at: of limited channels those derived at the cursor or later.

    The cursor's own stamp is looked at again: facts alone may derive days at the same stamp.
    Channels whose limits were taken back are looked at too, for alarms that lose their reason.
    """
    watched = set(table["channel"].to_pylist()) | restated
    open_ = Alarm.objects.filter(channel__gt=0)
    watched |= set(open_.filter(case__closed_at=None).values_list("channel", flat=True))
    if not watched:
        return []
    since = timezone.localdate() - LOOK_BACK
    with live.engine() as con:
        days.view(con, None, "days_all")
        for name, numbers in (("watched", watched), ("restated", restated)):
            given = pa.table({"channel": pa.array(sorted(numbers), pa.int64())})
            con.register("given", given)
            con.execute(f"CREATE TEMP TABLE {name} AS FROM given")
            con.unregister("given")
        return con.execute(
            """SELECT channel, day FROM days_all SEMI JOIN watched USING (channel)
               WHERE derived >= $after OR (day >= $since AND channel IN (FROM restated))
               ORDER BY day, channel""", {"after": after, "since": since},
        ).fetchall()  # fmt: skip


def _hold(keys: list[Any], table: pa.Table, done: Evaluated) -> None:
    for group in _spans(keys):
        over = _over(group, table)
        numbers = {c for c, _ in group}
        channels = registry.Channel.objects.in_bulk(list(numbers))
        stored = _stored({(c, d) for c, d in group})
        for key in sorted({*over, *stored}):
            if (channel := channels.get(key[0])) is not None:
                settle(key, channel.subject, over.get(key), stored.get(key), done, channel)


def _spans(keys: list[Any]) -> Iterator[list[Any]]:
    """Keys whose days lie together: a correction of long ago does not derive the days between."""
    group: list[Any] = []
    for channel, day in keys:
        if group and (day - group[-1][1]).days > 1:
            yield group
            group = []
        group.append((channel, day))
    if group:
        yield group


def _over(group: list[Any], table: pa.Table) -> dict[Key, Over]:
    """Key → what is over, of a group of days that lie together."""
    limited = set(table["channel"].to_pylist())
    channels = list(registry.Channel.objects.filter(id__in={c for c, _ in group} & limited))
    if not channels:
        return {}
    days = [d for _, d in group]
    rows = [dict(zip(KEYS.names, key, strict=True)) for key in group]
    with live.engine() as con:
        live.derive(con, channels, min(days), max(days) + dt.timedelta(days=1))
        engine.find(con, table, pa.Table.from_pylist(rows, schema=KEYS))
        return _read(con)


def _read(con: duckdb.DuckDBPyConnection) -> dict[Key, Over]:
    rows = con.execute(
        "SELECT channel, rule, day, value, expected, hours, at_utc FROM breaches"
    ).fetchall()
    return {
        (c, rule, day): Over(value, expected, hours, at and at.replace(tzinfo=dt.UTC))
        for c, rule, day, value, expected, hours, at in rows
    }


def _stored(asked: set[Any]) -> dict[Key, Breach]:
    """Key → the breach kept for it, in force or withdrawn; of several the newest."""
    rows = Breach.objects.filter(
        alarm__channel__in={c for c, _ in asked}, day__in={d for _, d in asked}
    ).select_related("alarm__case")
    return {
        (b.alarm.channel, b.alarm.rule, b.day): b
        for b in rows.order_by("id") if (b.alarm.channel, b.day) in asked
    }  # fmt: skip


def settle(
    key: Key, subject: int, over: Over | None, kept: Breach | None, done: Evaluated,
    channel: registry.Channel | None = None, unit: str = "",
) -> None:  # fmt: skip
    """Bring the alarm of one key to what is known now."""
    with transaction.atomic():
        if over is None:
            if kept is not None and not kept.withdrawn:
                _withdraw(kept, done)
        elif kept is None:
            _add(key, subject, over, done, channel, unit)
        else:
            _restate(kept, over, done)


def _said(alarm: Alarm, breach: Breach, code: str = "", **more: str) -> cases.Said:
    """What a breach is called: by its rule, or by what happened to it.

    Of carbon intensity no figure is told: whoever sees the case need not be entitled to L.
    """
    told = alarm.case.params
    if alarm.rule == limits.INTENSITY:
        code = code and "alarm_intensity_noted"
        params = {"name": told["name"], "day": f"{breach.day}"}
        return cases.Said(code or "alarm_intensity", params)
    params = {k: told[k] for k in ("name", "unit")} | {
        "day": f"{breach.day}", "value": live.shown(breach.value, 5),
        "expected": live.shown(breach.expected),
    }  # fmt: skip
    return cases.Said(code or f"alarm_{alarm.rule}", params | more)


def _title(alarm: Alarm) -> cases.Said:
    """An alarm is called by the newest day that still holds, else by the newest."""
    rows = alarm.breaches.order_by("withdrawn", "-day")
    return _said(alarm, rows[0])


def _add(
    key: Key, subject: int, over: Over, done: Evaluated, channel: registry.Channel | None, unit: str
) -> None:
    number, rule, day = key
    named = {"name": _name(channel), "unit": limits.unit_of(channel) if channel else unit}
    first = named | {"day": f"{day}"}
    if channel is not None:
        first |= {"value": live.shown(over.value, 5), "expected": live.shown(over.expected)}
    title = cases.Said(f"alarm_{rule}", first)
    case, new = cases.open_case(WORKFLOW, subject, f"{rule}:{number or subject}", title)
    alarm, _ = Alarm.objects.get_or_create(
        case=case, defaults={"subject": subject, "channel": number, "rule": rule}
    )
    breach = Breach.objects.create(alarm=alarm, day=day, **vars(over))
    if new:
        done.opened += 1
    else:
        cases.remark(case, _said(alarm, breach, "alarm_again"), title=_title(alarm))


def _name(channel: registry.Channel | None) -> dict[str, str]:
    """What is over, in both languages: the meter and its quantity, or the enterprise's carbon."""
    if channel is None:
        return {"zh": "碳效监测估算", "en": "Estimated carbon intensity"}
    item = items().get(channel.item)
    zh, en = (item.name_zh, item.name_en) if item else (channel.item, channel.item)
    return {"zh": f"{channel.meter} {zh}", "en": f"{channel.meter} {en}"}


def _restate(kept: Breach, over: Over, done: Evaluated) -> None:
    """The day is still over: its figures follow, and a correction is noted."""
    pairs = ((kept.value, over.value), (kept.expected, over.expected))
    same = all(abs(a - b) <= SAME * max(abs(a), abs(b)) for a, b in pairs)
    returns, before = kept.withdrawn, live.shown(kept.value, 5)
    if same and not returns:
        return
    grows = over.value > kept.value or kept.alarm.rule == limits.INTENSITY
    goes_on = kept.day >= timezone.localdate() and grows and not returns
    for name, value in vars(over).items():
        setattr(kept, name, value)
    kept.withdrawn = False
    kept.save()
    case = kept.alarm.case
    lapsed = case.closed_at is not None and case.steps.latest("id").move == "lapse"
    if returns and lapsed:
        _reopen(kept, _said(kept.alarm, kept, "alarm_returned"), done)
    elif goes_on:  # a day that is not over yet is no news
        cases.rename(case, _title(kept.alarm))
    else:
        said = _said(kept.alarm, kept, "alarm_restated", before=before)
        cases.remark(case, said, title=_title(kept.alarm))
        done.restated += 1


def _reopen(kept: Breach, said: cases.Said, done: Evaluated) -> None:
    """A reason that comes back opens its alarm again, unless another of the kind is open."""
    case = kept.alarm.case
    other = cases.Case.objects.filter(workflow=case.workflow, key=case.key, closed_at=None).first()
    if other is None:
        cases.rename(cases.take(case, "reopen", SYSTEM, said=said), _title(kept.alarm))
        done.opened += 1
        return
    Breach.objects.filter(pk=kept.pk).update(alarm=Alarm.objects.get(case=other))
    cases.remark(other, said, title=_title(Alarm.objects.get(case=other)))
    done.restated += 1


def _withdraw(kept: Breach, done: Evaluated) -> None:
    """A correction took the reason of a day away: noted, and the last one closes the alarm."""
    kept.withdrawn = True
    kept.save()
    case = kept.alarm.case
    said = _said(kept.alarm, kept, "alarm_withdrawn", before=live.shown(kept.value, 5))
    left = kept.alarm.breaches.filter(withdrawn=False).exists()
    if left or case.closed_at is not None:
        cases.remark(case, said, title=_title(kept.alarm))
        done.restated += 1
        return
    cases.take(case, "lapse", SYSTEM, said=said)
    done.lapsed += 1


def enterprise_breach(subject: int, rule: str, day: dt.date) -> Breach | None:
    """What is kept for a rule of a whole enterprise on a day."""
    rows = Breach.objects.filter(alarm__subject=subject, alarm__channel=0, alarm__rule=rule)
    return rows.filter(day=day).select_related("alarm__case").order_by("-id").first()
