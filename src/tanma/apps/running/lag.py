"""How far what is shown lies behind: the newest reading, and what of it is in the sums already."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext

from tanma.apps.live import door as live
from tanma.apps.metering import door as metering
from tanma.apps.registry import door as registry
from tanma.lake.derived import ActivityDays
from tanma.lake.known import Snapshot
from tanma.lake.status import DERIVED_UPTO


@dataclass(frozen=True)
class Lag:
    """Instants in UTC; None where nothing was read or derived yet."""

    now: dt.datetime
    read_at: dt.datetime | None
    """End of the newest reading: up to here the plant was measured."""
    received_at: dt.datetime | None
    derived_upto: dt.datetime | None
    """Readings received up to here are in the sums."""

    @property
    def read_s(self) -> float | None:
        return None if self.read_at is None else (self.now - self.read_at).total_seconds()

    @property
    def derived_s(self) -> float | None:
        """How long ago the sums were brought up to date."""
        return None if self.derived_upto is None else (self.now - self.derived_upto).total_seconds()

    @property
    def waiting(self) -> bool:
        """A reading came that is not in the sums yet."""
        if self.received_at is None:
            return False
        return self.derived_upto is None or self.received_at > self.derived_upto

    @property
    def text(self) -> str:
        """The sentence on the page."""
        if self.read_s is None or self.derived_s is None:
            return gettext("还没有读数进入合计。")
        said = (
            gettext("最新一批读数在 %(read)s前收到，合计计入了 %(derived)s前收到的全部读数")
            if self.read_at == self.received_at
            else gettext("最新读数截至 %(read)s前，合计计入了 %(derived)s前收到的全部读数")
        )
        found = said % {"read": length(self.read_s), "derived": length(self.derived_s)}
        return found + (gettext("，之后到达的读数正等待计入。") if self.waiting else "。")


def length(seconds: float) -> str:
    """A length of time in seconds up to two minutes, in minutes up to two hours, then hours."""
    whole = max(round(seconds), 0)
    if whole < 120:
        return gettext("%d 秒") % whole
    if whole < 7200:
        return gettext("%d 分钟") % (whole // 60)
    return gettext("%d 小时") % (whole // 3600)


def lag(channels: Sequence[registry.Channel] | None, now: dt.datetime | None = None) -> Lag:
    """Of some channels; None: of the whole lake, whose newest receipt stands for the reading."""
    moment = now or dt.datetime.now(dt.UTC)
    derived = _instant(ActivityDays(live.lake()).mark(DERIVED_UPTO))
    if channels is None:
        received = _instant(Snapshot(live.lake()).watermark)
        return Lag(moment, received, received, derived)
    newest = metering.newest(channels).values()
    if not newest:
        return Lag(moment, None, None, derived)
    received = _instant(max(n.received_us for n in newest))
    return Lag(moment, max(n.at for n in newest), received, derived)


def _instant(stamp_us: int) -> dt.datetime | None:
    return dt.datetime.fromtimestamp(stamp_us / 1e6, dt.UTC) if stamp_us else None
