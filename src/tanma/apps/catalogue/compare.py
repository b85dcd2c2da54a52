"""Two sources beside each other: sums per item and month, and turnover beside power (税电数据)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from fractions import Fraction

import duckdb

from tanma.apps.catalogue.classes import Rule, mismatch_rules
from tanma.apps.imports.door import mirror
from tanma.domain.items import items
from tanma.domain.periods import Period

POWER, TURNOVER = "electricity.purchased", "tax.turnover"
DIFFERS = 0.01
"""Two figures of one month that differ by more than 1 % are counted as different."""


@dataclass(frozen=True)
class Reconciled:
    """One item and month of which two sources speak about the same enterprises."""

    item: str
    month: date
    other: str
    value: int
    other_value: int
    firms: int
    different: int

    @property
    def scale(self) -> int:
        return items()[self.item].scale

    @property
    def difference(self) -> float | None:
        return (self.value - self.other_value) / self.other_value if self.other_value else None


_BESIDE = """
    SELECT a.item, a.valid_from, b.source, sum(a.value)::BIGINT, sum(b.value)::BIGINT, count(*),
        count(*) FILTER (abs(a.value - b.value) > $differs * greatest(abs(a.value), abs(b.value)))
    FROM known a JOIN known b USING (subject, item, kind, valid_from, valid_to)
    WHERE a.source = $source AND b.source <> $source AND a.kind = 'amount'
    GROUP BY ALL ORDER BY a.valid_from DESC, a.item, b.source LIMIT 500"""


def reconcile(source: str) -> list[Reconciled]:
    """Sums of one source beside every other that states the same of the same enterprises."""
    found = mirror()
    with duckdb.connect() as con:
        found.relation(con, found.watermark)
        rows = con.execute(_BESIDE, {"source": source, "differs": DIFFERS}).fetchall()
    return [Reconciled(*row) for row in rows]


@dataclass(frozen=True)
class Pair:
    """Power and turnover of one enterprise in a period and a year before."""

    subject: int
    power_kwh: Fraction | None
    power_before_kwh: Fraction | None
    turnover_yuan: Fraction | None
    turnover_before_yuan: Fraction | None

    @property
    def power_change(self) -> Fraction | None:
        return change(self.power_kwh, self.power_before_kwh)

    @property
    def turnover_change(self) -> Fraction | None:
        return change(self.turnover_yuan, self.turnover_before_yuan)


def change(now: Fraction | None, before: Fraction | None) -> Fraction | None:
    """Relative change, exact at bounds; unknown where one is missing or nothing was before."""
    return None if now is None or not before else Fraction(now) / before - 1


_PAIRS = """
    SELECT subject,
        sum(value) FILTER (item = $power AND valid_from >= $start AND valid_to <= $end),
        sum(value) FILTER (item = $power AND valid_from >= $past AND valid_to <= $past_end),
        sum(value) FILTER (item = $turnover AND valid_from >= $start AND valid_to <= $end),
        sum(value) FILTER (item = $turnover AND valid_from >= $past AND valid_to <= $past_end)
    FROM (
        SELECT * FROM known
        WHERE kind = 'amount' AND ((item = $power AND source IN ('grid', 'grid.accounts'))
            OR (item = $turnover AND source = 'tax'))
        -- power by enterprise as the grid company says, otherwise what its accounts add up to
        QUALIFY row_number() OVER (
            PARTITION BY subject, item, valid_from, valid_to ORDER BY source) = 1
    )
    GROUP BY subject ORDER BY subject"""


def pairs(period: Period) -> list[Pair]:
    """Power as the grid company says and turnover as the tax authority says, per enterprise."""
    before = period.year_before()
    words = {"power": POWER, "turnover": TURNOVER}
    spans = {"start": period.start, "end": period.end, "past": before.start, "past_end": before.end}
    found = mirror()
    with duckdb.connect() as con:
        found.relation(con, found.watermark)
        rows = con.execute(_PAIRS, words | spans).fetchall()
    scales = [items()[POWER].scale] * 2 + [items()[TURNOVER].scale] * 2
    return [
        Pair(subject, *(None if v is None else Fraction(v, 10**s)
                        for v, s in zip(values, scales, strict=True)))
        for subject, *values in rows
    ]  # fmt: skip


def comparable(found: list[Pair]) -> int:
    """How many enterprises have both figures in the period and a year before."""
    known = [(p.power_change, p.turnover_change) for p in found]
    return sum(power is not None and turnover is not None for power, turnover in known)


def mismatches(rows: list[Pair]) -> list[tuple[Pair, Rule]]:
    """Enterprises that break a rule, each with the first rule it breaks."""
    declared = mismatch_rules()
    found = []
    for pair in rows:
        broken = (r for r in declared.rule if breaks(pair, r, declared.least_power_kwh))
        if rule := next(broken, None):
            found.append((pair, rule))
    return found


def breaks(pair: Pair, rule: Rule, least_power_kwh: int) -> bool:
    """Whether a pair breaks a rule; a change that is unknown breaks none."""
    if rule.turnover == "none":
        return (pair.power_kwh or 0) >= least_power_kwh and not pair.turnover_yuan
    if rule.power == "none":
        return bool(pair.turnover_yuan) and not pair.power_kwh
    power = _within(pair.power_change, rule.power_change_from, rule.power_change_to)
    turnover = _within(pair.turnover_change, rule.turnover_change_from, rule.turnover_change_to)
    return power and turnover


def _within(value: Fraction | None, low: float | None, high: float | None) -> bool:
    """Bounds mean what the file prints: 0.2 is a fifth, not the nearest binary number."""
    if value is None:
        return False
    above = low is None or value >= Fraction(str(low))
    return above and (high is None or value <= Fraction(str(high)))
