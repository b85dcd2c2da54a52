"""What the tests of table intake share: a day, and a way to check a sheet from its text."""

import datetime as dt
from collections.abc import Callable

import pytest

from tanma.intake.tables import Checked, Context, check, read_bytes

TODAY = dt.date(2026, 11, 20)


@pytest.fixture
def known() -> Context:
    return Context(today=TODAY)


@pytest.fixture
def judge(known: Context) -> Callable[..., Checked]:
    """judge(text, package=None, **more) → what a CSV of that text gives."""

    def run(text: str, package: str | None = None, **more: object) -> Checked:
        given = Context(today=TODAY, **more) if more else known
        return check(read_bytes(text.encode(), "t.csv", package), given)

    return run


@pytest.fixture
def line():
    """line(checked) → its only report line."""

    def only(checked: Checked):
        lines = list(checked.report.lines())
        assert 1 == len(lines), lines
        return lines[0]

    return only
