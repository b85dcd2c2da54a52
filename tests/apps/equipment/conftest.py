"""The plant of the live pages, with devices in its register."""

from __future__ import annotations

import pytest

from tanma.apps.equipment import door as equipment
from tests.apps.live.conftest import FIRST, Plant, admin, office, owner, plant

__all__ = ["admin", "office", "owner", "plant"]
ABOUT = {"author": "test", "evidence": "台账 1"}


@pytest.fixture
def loom(plant: Plant) -> equipment.Equipment:
    subject = equipment.register(
        "E-1", FIRST, title="1号织机", kind="machine", section="织造", rated_kw="40",
        input="T-一车间", **ABOUT,
    )  # fmt: skip
    return equipment.Equipment.objects.get(pk=subject)
