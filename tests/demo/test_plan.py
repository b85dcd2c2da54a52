from __future__ import annotations

import pytest

from tanma.demo.plan import Plan


def test_months_end_with_the_last_quarter():
    plan = Plan()
    assert "2023-10" == plan.month_text(0)
    assert "2026-09" == plan.month_text(35)
    assert "2023Q4" == plan.quarter_text(0)
    assert "2026Q3" == plan.quarter_text(11)


def test_city_and_province_sizes():
    assert (1, 5, 72) == (Plan().cities, Plan().counties, Plan().townships)
    province = Plan(region="province")
    assert (11, 90, 1000) == (province.cities, province.counties, province.townships)


def test_topics_have_streams_of_their_own():
    plan = Plan()
    assert plan.stream("a").random() == plan.stream("a").random()
    assert plan.stream("a").random() != plan.stream("b").random()
    assert plan.stream("a").random() != Plan(seed=1).stream("a").random()


@pytest.mark.parametrize(
    ("wrong", "word"),
    [({"region": "moon"}, "moon"), ({"quarters": 3}, "3"), ({"enterprises": 10}, "10")],
)
def test_sizes_that_cannot_work_are_refused(wrong, word):
    with pytest.raises(ValueError, match=word):
        Plan(**wrong)
