"""Two enterprises with facts, and a lake of its own for each test."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tanma.apps.registry import door as registry

FIRST, SECOND = "91990101MA0DEM001L", "91990102MA0DEM0026"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, settings: Any) -> Path:
    place = tmp_path / "home"
    settings.TANMA = settings.TANMA.model_copy(update={"home": place})
    return place


@pytest.fixture
def firms(db: None) -> dict[str, int]:
    """Credit code → subject of two enterprises."""
    return registry.register("uscc", [FIRST, SECOND], author="test")
