import pytest
from hypothesis import given
from hypothesis import strategies as st

from tanma.domain import numbers
from tanma.domain.messages import Problem
from tests.duck import session


def test_seventeen_digits_are_kept():
    assert 99999999999999999 == numbers.parse_amount("99999999999.999999", 6)
    assert "99999999999.999999" == numbers.decimal_text(99999999999999999, 6)


@pytest.mark.parametrize(
    ("text", "scale", "code"),
    [
        ("1.2345", 3, "number_too_fine"),
        ("=1+1", 3, "number_not_decimal"),
        ("NaN", 3, "number_not_decimal"),
        ("1e30", 3, "number_too_large"),
    ],
)
def test_what_cannot_be_kept_exactly_is_refused(text, scale, code):
    with pytest.raises(Problem) as caught:
        numbers.parse_amount(text, scale, "用电量")
    assert code == caught.value.code
    assert text in caught.value.text("zh")
    assert text in caught.value.text("en")


@given(st.integers(-(2**63) + 1, 2**63 - 1), st.integers(0, 12))
def test_text_and_count_round_trip(count, scale):
    assert count == numbers.parse_amount(numbers.decimal_text(count, scale), scale)


@pytest.mark.parametrize(("value", "count"), [(0.5, 0), (1.5, 2), (2.5, 2), (-0.5, 0), (-1.5, -2)])
def test_ties_are_posted_to_even(value, count):
    assert count == numbers.post(value, 0)


def test_a_missing_value_stays_missing():
    assert numbers.post(None, 9) is None


@given(st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=50))
def test_the_sql_posting_gives_the_same_integers(values):
    sql = numbers.post_sql("v", numbers.EMISSION_DECIMALS)
    with session() as con:  # the connection that all share may be busy elsewhere
        found = con.execute(f"select {sql} from (select unnest($1::DOUBLE[]) v)", [values])
        expected = [(numbers.post(v, numbers.EMISSION_DECIMALS),) for v in values]
        assert expected == found.fetchall()


@pytest.mark.parametrize("value", [0.5, 1.5, 2.5, -0.5, -1.5, 2.0**51 + 0.5, 2.0**51 + 1.5, 1e300])
def test_the_sql_posting_rounds_ties_to_even_and_refuses_what_does_not_fit(value):
    expected = numbers.post(value, 0) if abs(value) < numbers.INT64_LIMIT else None
    with session() as con:
        sql = numbers.post_sql("$1::DOUBLE", 0)
        assert [(expected,)] == con.execute(f"SELECT {sql}", [value]).fetchall()


def test_largest_remainder_breaks_ties_by_key():
    assert [4, 3, 3] == numbers.largest_remainder(10, [1, 1, 1], ["a", "b", "c"])
    assert [3, 3, 4] == numbers.largest_remainder(10, [1, 1, 1], ["b", "c", "a"])


def test_weights_must_be_usable():
    with pytest.raises(ValueError, match="positive sum"):
        numbers.largest_remainder(1, [0, 0], ["a", "b"])


@given(st.integers(), st.lists(st.integers(0, 10**6), min_size=1).filter(any))
def test_the_parts_add_up_to_the_total(total, weights):
    parts = numbers.largest_remainder(total, weights, [str(i) for i in range(len(weights))])
    assert total == sum(parts)


def test_a_tie_on_the_cut_off_is_on_the_lower_side():
    huge = 10**18 + 1
    assert numbers.ratio_at_most(6 * huge, 10 * huge, (6, 10))
    assert not numbers.ratio_at_most(6 * huge + 1, 10 * huge, (6, 10))


@given(st.lists(st.fractions(min_value=-(10**6), max_value=10**6), max_size=8))
def test_rounded_shares_add_up_to_the_rounded_whole(shares):
    counts = numbers.round_shares(shares, 3)
    assert round(sum(shares) * 1000) == sum(counts)
    assert all(abs(c - s * 1000) <= 1 for c, s in zip(counts, shares, strict=True))
