"""Sites of an enterprise: what its meters count, by site, adding up exactly.

A channel counts for its own site; where it is a part of a meter at another site, that much is
taken from the other. So the sites add up to what the border meters count, whatever the tree.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from django.db.models import Q

from tanma.apps.facts import door as facts
from tanma.apps.flows.gathering import Metered
from tanma.apps.registry import door as registry
from tanma.domain.balances import summed

MAIN = "main"
"""Where channels stand whose meter names no site."""


@dataclass
class Site:
    """One site with its amounts by item; without any it is missing, not zero."""

    code: str
    name: str = ""
    zones: set[str] = field(default_factory=set)
    counts: dict[str, int] = field(default_factory=dict)
    gce: dict[str, int | None] = field(default_factory=dict)
    mg: dict[str, int | None] = field(default_factory=dict)
    silent: int = 0
    """Channels without any reading in the span."""

    @property
    def missing(self) -> bool:
        return not self.counts

    @property
    def carbon(self) -> int | None:
        """Estimated CO2 of what was bought or burnt."""
        told = [v for item, v in self.mg.items() if item.endswith((".purchased", ".burnt"))]
        return summed(told) if told else None


Places = Mapping[int, Mapping[str, str]]
"""Meter → what is said of it on the last day of the span."""


def sites(
    metered: Sequence[Metered], registered: dict[str, str], places: Places | None = None
) -> list[Site]:
    """Every site that is registered or has a meter, in order of its code."""
    found = {code: Site(code, name) for code, name in registered.items()}
    at = {m.point.channel.id: m for m in metered}
    for one in metered:
        code = _code(one, places)
        site = found.setdefault(code, Site(code))
        site.zones.add(one.point.channel.zone)
        site.silent += one.count is None
        if one.count is None:
            continue
        _add(site, one, 1)
        above = at.get(one.point.above or 0)
        if above is not None and above.count is not None:
            code = _code(above, places)
            _add(found.setdefault(code, Site(code)), one, -1)
    return [found[code] for code in sorted(found)]


def _code(one: Metered, places: Places | None) -> str:
    """The site of a meter as `places` say, else as of today."""
    if places is None:
        return one.point.channel.site or MAIN
    return places.get(one.point.meter.id, {}).get("meter.site") or MAIN


def _add(site: Site, one: Metered, sign: int) -> None:
    item = one.point.channel.item
    site.counts[item] = site.counts.get(item, 0) + sign * (one.count or 0)
    site.gce[item] = _plus(site.gce.get(item, 0), one.gce, sign)
    site.mg[item] = _plus(site.mg.get(item, 0), one.mg, sign)


def _plus(before: int | None, value: int | None, sign: int) -> int | None:
    return None if before is None or value is None else before + sign * value


def total(found: Iterable[Site]) -> Site:
    """All sites together."""
    whole = Site("")
    for site in found:
        whole.silent += site.silent
        for item, count in site.counts.items():
            whole.counts[item] = whole.counts.get(item, 0) + count
            whole.gce[item] = _plus(whole.gce.get(item, 0), site.gce[item], 1)
            whole.mg[item] = _plus(whole.mg.get(item, 0), site.mg[item], 1)
    return whole


def registered(firm: registry.Enterprise, day: date) -> dict[str, str]:
    """Code → name of the sites that the register knows of an enterprise on a day."""
    codes = dict(registry.ExternalId.objects.filter(scheme="site").values_list("subject", "value"))
    said = facts.attributes(list(codes), Q(item="name") | Q(item="site.enterprise"), day)
    return {
        codes[s]: told.get("name", "")
        for s, told in said.items() if told.get("site.enterprise") == firm.uscc
    }  # fmt: skip
