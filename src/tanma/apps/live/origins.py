"""From a posted month to the meters, days and readings behind it, as known when it was posted.

A fact with the source `meter` names the time its readings were known at. Deriving the same days as
known then gives the same integer; where it does not, the page says so instead of hiding it.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from fractions import Fraction

from tanma.apps.facts import door as facts
from tanma.apps.live import known
from tanma.apps.registry import door as registry
from tanma.engine.metering import months
from tanma.engine.metering.post import EVIDENCE, SOURCE

_KNOWN_AT = re.compile(re.escape(EVIDENCE) + r"(\d+)")
PARTS = """
    SELECT channel, day, milli::HUGEINT * num AS share, den, covered_s, flagged,
           coalesce(substituted_milli, 0) <> 0 AS substituted
    FROM ({added}) a JOIN metering_channels c USING (channel) WHERE c.item = ?
    ORDER BY channel, day"""


@dataclass(frozen=True)
class Day:
    """One day of one meter: its amount [counts of the item], how much of it is known."""

    channel: registry.Channel
    day: dt.date
    amount: Fraction | None
    covered_s: int
    flagged: int
    substituted: bool


@dataclass(frozen=True)
class Origin:
    """The days behind a posted amount, and the amount that they give again."""

    fact: facts.Fact
    known_at: int
    days: tuple[Day, ...]
    again: int | None

    @property
    def same(self) -> bool:
        return self.again == self.fact.value

    @property
    def channels(self) -> list[registry.Channel]:
        return list({d.channel.id: d.channel for d in self.days}.values())

    def of(self, channel: registry.Channel) -> list[Day]:
        return [d for d in self.days if d.channel.id == channel.id]


def posted(subject: int, seq: int) -> facts.Fact | None:
    """The fact of an enterprise that its meters stated; None where another source did."""
    return facts.Fact.objects.filter(
        seq=seq, subject=subject, source=SOURCE, kind="amount", value__isnull=False
    ).first()


def known_at_of(evidence: str) -> int | None:
    """The time that the readings of a posted amount were known at."""
    found = _KNOWN_AT.match(evidence)
    return int(found[1]) if found else None


def origin(fact: facts.Fact) -> Origin | None:
    """The days behind a posted month; None where it does not say when its readings were known."""
    at = known_at_of(fact.evidence)
    if at is None:
        return None
    mine = registry.Channel.objects.filter(subject=fact.subject, item=fact.item)
    channels = {c.id: c for c in mine}
    with known.engine() as con:
        known.derive(con, list(channels.values()), fact.valid_from, fact.valid_to, at)
        months.build(con)
        made = con.execute(
            "SELECT value FROM metered WHERE subject = ? AND item = ? AND month = ?",
            [fact.subject, fact.item, fact.valid_from],
        ).fetchone()
        rows = con.execute(PARTS.format(added=months.added("days")), [fact.item]).fetchall()
    days = (
        Day(channels[c], day, None if share is None else Fraction(share, den), covered, flags, sub)
        for c, day, share, den, covered, flags, sub in rows if c in channels
    )  # fmt: skip
    return Origin(fact, at, tuple(days), made[0] if made else None)
