from datetime import date

import pytest

from tanma.domain import periods
from tanma.domain.messages import Problem


@pytest.mark.parametrize(
    ("text", "start", "end", "kind"),
    [
        ("2026-09", date(2026, 9, 1), date(2026, 10, 1), "month"),
        ("2026-12", date(2026, 12, 1), date(2027, 1, 1), "month"),
        ("2026Q3", date(2026, 7, 1), date(2026, 10, 1), "quarter"),
        ("2026H2", date(2026, 7, 1), date(2027, 1, 1), "half"),
        ("2026", date(2026, 1, 1), date(2027, 1, 1), "year"),
        ("2026Q3/r4", date(2025, 10, 1), date(2026, 10, 1), "rolling"),
        ("2026-01/2026-09", date(2026, 1, 1), date(2026, 10, 1), "span"),
    ],
)
def test_a_text_names_a_span_with_an_exclusive_end(text, start, end, kind):
    period = periods.parse(text)
    assert (start, end, kind) == (period.start, period.end, period.kind)


WRONG = ["", "26Q3", "2026Q5", "2026-13", "2026H3", "2026-09/2026-01", "x"]


@pytest.mark.parametrize("text", WRONG)
def test_an_unknown_text_is_refused_with_the_forms(text):
    with pytest.raises(Problem) as caught:
        periods.parse(text)
    assert "period_unknown" == caught.value.code
    assert "2026Q3/r4" in caught.value.text("zh")
    assert "rolling four quarters" in caught.value.text("en")


@pytest.mark.parametrize(
    "text",
    ["9999-12", "9999Q4", "9999", "2101", "1989-12", "0001", "2100-12/2101-01", "1990Q1/r4"],
)
def test_a_year_out_of_bounds_is_refused_and_not_computed(text):
    with pytest.raises(Problem) as caught:
        periods.parse(text)
    assert "period_out_of_bounds" == caught.value.code
    assert "1990 年至 2100 年" in caught.value.text("zh")
    assert "between 1990 and 2100" in caught.value.text("en")


@pytest.mark.parametrize("text", ["1990", "2100-12", "1990Q4/r4", "2100"])
def test_the_years_at_the_bounds_are_periods(text):
    assert text == str(periods.parse(text))


@pytest.mark.parametrize(
    ("text", "before", "year_before"),
    [
        ("2026-01", "2025-12", "2025-01"),
        ("2026Q1", "2025Q4", "2025Q1"),
        ("2026H1", "2025H2", "2025H1"),
        ("2026", "2025", "2025"),
        ("2026Q3/r4", "2026Q2/r4", "2025Q3/r4"),
        ("2026-01/2026-03", "2025-10/2025-12", "2025-01/2025-03"),
    ],
)
def test_previous_and_year_before(text, before, year_before):
    period = periods.parse(text)
    assert (before, year_before) == (period.previous().text, period.year_before().text)


def test_months_of_a_quarter():
    months = [date(2026, 7, 1), date(2026, 8, 1), date(2026, 9, 1)]
    assert months == periods.parse("2026Q3").months


def test_a_day_finds_its_month_and_quarter():
    assert "2026-11" == periods.month_of(date(2026, 11, 20)).text
    assert "2026Q4" == periods.quarter_of(date(2026, 11, 20)).text
