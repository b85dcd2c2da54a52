"""What tokens may write, for every process that takes readings."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import pyarrow as pa

from tanma.domain.messages import Problem
from tanma.intake import adapters
from tanma.intake.live import Scope
from tanma.lake.raw import Body


def live_scopes() -> Mapping[str, Scope]:
    """What every live token may write, from the metering room; called in a thread."""
    from django.db import close_old_connections

    from tanma.apps.metering import door as metering

    close_old_connections()
    try:
        return metering.intake_scopes()
    finally:
        close_old_connections()


def decoder(scopes: Iterable[Scope]) -> Callable[[Body], pa.Table]:
    """Reads kept bodies again, by what their gateways may write now."""
    by_source = {scope.source: scope for scope in scopes}

    def decoded(body: Body) -> pa.Table:
        if body.source not in by_source:
            raise Problem("device_gateway", gateway=body.source)
        return adapters.decode(body.body or b"", body.form, by_source[body.source]).table

    return decoded
