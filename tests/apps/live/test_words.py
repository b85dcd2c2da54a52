from __future__ import annotations

import pytest
from django.utils.translation import override

from tanma.apps.live.door import amount


@pytest.mark.parametrize(
    ("value", "unit", "expected"),
    [(97.2, "m3", "97.2 m³"), (1.0, "1", "1"), (1203.8, "kWh", "1,203.8 kWh"), (None, "kWh", "—")],
)
def test_a_figure_has_its_unit_and_a_state_none(value, unit, expected):
    with override("zh-hans"):
        assert expected == amount(value, unit, 9)
