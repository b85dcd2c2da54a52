"""The months of one enterprise as published: each month from the newest publication that holds it.

Nothing is computed here that a page of the accounts does not show: totals come from the frozen
lines of the editions, water and products from the facts known at the newest publication.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from tanma.apps.codes import door as codes
from tanma.apps.inventories import door as inventories
from tanma.apps.people import door as people
from tanma.apps.registry.door import Enterprise
from tanma.domain.items import items as catalogue
from tanma.domain.periods import Period, parse

Months = dict[date, int]
GREEN = ("electricity.green.contract", "electricity.green.certificate")


@dataclass(frozen=True)
class History:
    """What one viewer may see of one enterprise over a span of months."""

    viewer: people.Viewer
    enterprise: Enterprise
    span: Period

    @property
    def subject(self) -> int:
        return self.enterprise.id

    @cached_property
    def opened(self) -> list[tuple[inventories.Frozen, list[date]]]:
        """Publications, newest period first, each with the months that none before it holds."""
        left, wanted = set(self.span.months), {}
        for publication in inventories.publications(self.subject):
            own = left.intersection(parse(publication.period).months)
            if own:
                wanted[publication.run_id] = sorted(own)
                left -= own
        name = str(self.enterprise)
        found = inventories.opened(self.viewer, self.subject, name, *wanted) if wanted else []
        return list(zip(found, wanted.values(), strict=True))

    @property
    def newest(self) -> inventories.Frozen | None:
        return self.opened[0][0] if self.opened else None

    @cached_property
    def _facts(self) -> inventories.StoredFacts:
        return inventories.StoredFacts(self.viewer.may("see_statistical", self.subject))

    @property
    def known_at(self) -> int:
        return int(self.newest.files.meta["known_at"]) if self.newest else 0

    @cached_property
    def accounts(self) -> dict[tuple[str, str], inventories.Account]:
        """(run, edition) → account, bound when first asked for."""
        return {}

    def account(self, frozen: inventories.Frozen, edition_id: str) -> inventories.Account:
        key = (frozen.run_id, edition_id)
        if key not in self.accounts:
            self.accounts[key] = inventories.account(frozen, edition_id)
        return self.accounts[key]

    def complete(self, frozen: inventories.Frozen, months: Sequence[date]) -> Iterator[date]:
        """The months for which everything expected was reported, and anything at all."""
        told = {row["month"] for row in frozen.lines}
        return (m for m in months if m in told and f"{m:%Y-%m}" not in frozen.lacking)

    def total(
        self, edition_id: str, total: str, grid: inventories.FrozenGrid | None = None
    ) -> Months:
        """A total of an edition by month; at one grid factor where one is given.

        A month in which everything was reported and no line of the total stands is 0 where the
        edition means so.
        """
        found: Months = {}
        for frozen, months in self.opened:
            made = self.account(frozen, edition_id)
            own = list(self.complete(frozen, months))
            values = made.months_at(total, own, grid.value) if grid else made.months(total, own)
            for month, value in zip(own, values, strict=True):
                if value is not None or made.empty_is_zero(total):
                    found[month] = value or 0
        return found

    def part(
        self, edition_id: str, total: str, belongs: Callable[[inventories.Entry], bool]
    ) -> Months:
        """Part of a total by month: 0 in a month whose total is known and has no such line."""
        found: Months = {}
        whole = self.total(edition_id, total)
        for frozen, months in self.opened:
            counted = self.account(frozen, edition_id).counted(total)
            for month in months:
                own = [(e, w) for e, w in counted if e.month == month and belongs(e)]
                value = inventories.added(inventories.signed(e, w) for e, w in own)
                if month in whole and value is not None:
                    found[month] = value
        return found

    def amount(self, item: str) -> Months:
        """What was reported of an item that an account counts, by month."""
        found: Months = {}
        for frozen, months in self.opened:
            rows = {r["month"]: r["value"] for r in frozen.lines if r["item"] == item}
            found |= {m: rows[m] for m in months if rows.get(m) is not None}
        return found

    @cached_property
    def items(self) -> list[str]:
        """Items with a line in any of the publications."""
        return sorted({row["item"] for frozen, _ in self.opened for row in frozen.lines})

    @cached_property
    def stated(self) -> Mapping[str, inventories.Months]:
        """Items that no account counts, as known at the newest publication."""
        wanted = [i for i in catalogue() if i.startswith(("water.", "product.")) or i in GREEN]
        return inventories.monthly(self.subject, wanted, self.span, self.known_at, self._facts)

    def stated_in(self, prefix: str) -> Iterator[tuple[str, inventories.Months]]:
        return ((item, found) for item, found in self.stated.items() if item.startswith(prefix))

    @cached_property
    def money(self) -> Mapping[str, inventories.Months]:
        return inventories.money(self.subject, self.span, self.known_at, self._facts)

    @cached_property
    def results(self) -> list[codes.Result]:
        """The result in force of each published period, as far as the viewer may see it."""
        rows = codes.Result.objects.filter(subject=self.subject, run__state=codes.State.PUBLISHED)
        seen = people.visible(self.viewer, rows).select_related("run")
        newest = {row.run.period: row for row in seen.order_by("run__number")}
        return codes.for_viewer(self.viewer, newest.values())

    @property
    def grid(self) -> inventories.FrozenGrid | None:
        """The grid factor that the code's edition freezes for trends."""
        if self.newest is None:
            return None
        made = self.newest.edition(inventories.TOTALS["code_net"])
        return inventories.frozen_grid(made, self.newest.files.meta)


def bounds(subject: int) -> tuple[date, date] | None:
    """First and last month that any publication holds; None without one."""
    found = [parse(p.period) for p in inventories.publications(subject)]
    if not found:
        return None
    return min(p.start for p in found), max(p.months[-1] for p in found)


def whole(first: date, last: date) -> Period:
    """The months from one to another as a span."""
    return parse(f"{first:%Y-%m}" if first == last else f"{first:%Y-%m}/{last:%Y-%m}")
