"""A registry of its own for tests that register quantities."""

import pytest

from tanma.domain.quantities import core


@pytest.fixture(autouse=True)
def private_registry(monkeypatch):
    """What a test registers is gone after it."""
    monkeypatch.setattr(core, "_QUANTITIES", {})
    monkeypatch.setattr(core, "_INPUTS", {})
