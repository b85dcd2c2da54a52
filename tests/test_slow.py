"""The list of slow tests: made from what pytest printed, and true of the tests there are."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.slow import found, listed

ROOT = Path(__file__).resolve().parent.parent
LOG = """
0.90s setup    tests/a/test_x.py::test_long
0.30s call     tests/a/test_x.py::test_mixed[one]
0.05s call     tests/a/test_x.py::test_mixed[a::b]
0.15s teardown tests/a/test_x.py::test_mixed[a::b]
0.05s call     tests/a/test_y.py::test_short
(12 durations < 0.02s hidden.)
"""


def test_a_function_counts_by_the_mean_of_its_cases_with_their_fixtures() -> None:
    assert {"tests/a/test_x.py": ["test_long", "test_mixed"]} == found(LOG)
    assert {"tests/a/test_x.py": ["test_long"]} == found(LOG, 0.3)


def test_the_list_names_tests_that_there_are() -> None:
    gone = [
        f"{file}::{name}"
        for file, names in listed().items()
        for name in names
        if not (ROOT / file).exists() or not re.search(rf"def {name}\b", (ROOT / file).read_text())
    ]
    assert [] == gone


def test_this_test_is_not_marked(request: pytest.FixtureRequest) -> None:
    assert not request.node.get_closest_marker("slow")
    assert "test_no_answer_changes_by_settling" in listed()["tests/lake/test_settle.py"]
