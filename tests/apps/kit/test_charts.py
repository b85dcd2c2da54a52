"""A chart is data; the table behind it says the same."""

from __future__ import annotations

import json

import pytest

from tanma.apps.kit.charts import Chart, Series, Target


def sample(**more: object) -> Chart:
    return Chart(
        "bars", "排放", ["1月", "2月"], [Series("碳排放", [1234.5, None], "吨", digits=1)], **more
    )  # type: ignore[arg-type]


def test_data_is_plain_json_with_gaps_as_null() -> None:
    data = json.loads(json.dumps(sample(target=Target("目标", 60)).data()))
    assert [1234.5, None] == data["series"][0]["values"]
    assert {"name": "目标", "value": 60, "axis": 0} == data["target"]


def test_what_nobody_knows_is_marked_as_such() -> None:
    chart = Chart("stacked", "t", ["a"], [Series("运行", [1]), Series("未知", [2], unknown=True)])
    assert [False, True] == [s["unknown"] for s in chart.data()["series"]]


def test_the_table_behind_shows_missing_as_missing() -> None:
    assert [("1月", ["1,234.5"]), ("2月", ["—"])] == sample().rows()
    assert [("碳排放", "吨")] == sample().headers()


def test_one_series_puts_its_unit_beside_the_title() -> None:
    assert "吨" == sample().only_unit
    two = Chart("stacked", "t", ["a"], [Series("x", [1], "吨"), Series("y", [2], "吨")])
    assert "" == two.only_unit


def test_lengths_and_kinds_are_checked() -> None:
    with pytest.raises(ValueError, match="has 1 values for 2 categories"):
        Chart("bars", "t", ["a", "b"], [Series("x", [1])])
    with pytest.raises(ValueError, match="none of bars, stacked"):
        Chart("pie", "t", [], [])
