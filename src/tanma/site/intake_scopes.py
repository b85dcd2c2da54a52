"""What tokens may write, for every process that takes readings."""

from __future__ import annotations

from collections.abc import Mapping

from tanma.intake.live import Scope


def live_scopes() -> Mapping[str, Scope]:
    """What every live token may write, from the metering room; called in a thread."""
    from django.db import close_old_connections

    from tanma.apps.metering import door as metering

    close_old_connections()
    try:
        return metering.intake_scopes()
    finally:
        close_old_connections()
