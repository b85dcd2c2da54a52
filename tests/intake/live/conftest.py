"""A gateway's scope with one channel of each kind."""

import pytest

from tanma.intake.live import Scope, ScopedChannel

CHANNELS = [
    ScopedChannel(7, "main/energy", "register", "kWh", 2, 900),
    ScopedChannel(12, "main/quarter", "interval", "kWh", 3, 900),
    ScopedChannel(13, "", "gauge", "°C", 1),
    ScopedChannel(14, "valve", "state", "", 0),
    ScopedChannel(15, "odd", "interval", "m3", 0),
]


@pytest.fixture
def scope():
    return Scope.of("gateway-1", CHANNELS)
