"""The energy tree of an enterprise: meters under the meters they are part of, with freshness."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from tanma.apps.live import known
from tanma.apps.metering import door as metering
from tanma.apps.registry import door as registry

WORST = ("fresh", "late", "silent", "none")


@dataclass
class Branch:
    """A meter, its channels with their newest readings, and what lies below it."""

    meter: metering.Meter
    leaves: list[tuple[registry.Channel, known.Fresh]]
    below: list[Branch] = field(default_factory=list)
    depth: int = 0

    @property
    def state(self) -> str:
        """The worst state of its channels; a virtual meter has none of its own."""
        states = [fresh.state for _, fresh in self.leaves]
        return max(states, key=WORST.index, default="none")

    def walk(self) -> Iterator[Branch]:
        yield self
        for branch in self.below:
            yield from branch.walk()


def grow(
    meters: Sequence[metering.Meter], channels: Sequence[registry.Channel],
    fresh: dict[int, known.Fresh],
) -> list[Branch]:  # fmt: skip
    """The roots of the tree, ordered by name; a circle of parents is cut at its first name."""
    by_name: dict[str, list[tuple[registry.Channel, known.Fresh]]] = {}
    for c in channels:
        by_name.setdefault(c.meter, []).append((c, fresh.get(c.id, known.NEVER)))
    branches = {m.id: Branch(m, by_name.get(m.name, [])) for m in meters}
    roots = []
    for branch in sorted(branches.values(), key=lambda b: b.meter.name):
        above = branches.get(branch.meter.parent or 0)
        if above is None or _circular(branch, branches):
            roots.append(branch)
        else:
            above.below.append(branch)
    for root in roots:
        _deepen(root, 0)
    return roots


def _circular(branch: Branch, branches: dict[int, Branch]) -> bool:
    """Whether going up comes back here, and this is the first name of the circle."""
    way, here = [branch], branches.get(branch.meter.parent or 0)
    while here is not None and here not in way:
        way.append(here)
        here = branches.get(here.meter.parent or 0)
    return here is branch and branch.meter.name == min(b.meter.name for b in way)


def _deepen(branch: Branch, depth: int) -> None:
    branch.depth = depth
    for one in branch.below:
        _deepen(one, depth + 1)


def counts(roots: Sequence[Branch]) -> dict[str, int]:
    """Channels by state of freshness; virtual ones have no readings of their own."""
    found = dict.fromkeys(WORST, 0)
    for root in roots:
        for branch in root.walk():
            for _, fresh in branch.leaves if not branch.meter.formula else ():
                found[fresh.state] += 1
    return found
