"""The text reading brackets what must be bracketed and nothing else."""

import pytest

from tanma.domain.quantities import Ratio, Text, choose, number_text, smaller, total

A, B, C = Text("a"), Text("b"), Text("c")
CO2_PER_C = Ratio(44, 12)


@pytest.mark.parametrize(
    ("expected", "piece"),
    [
        ("a − (b − c)", A - (B - C)),
        ("a − (b + c)", A - (B + C)),
        ("a − b − c", A - B - C),
        ("a + b − c", A + (B - C)),
        ("a ÷ (b × c)", A / (B * C)),
        ("a ÷ (b ÷ c)", A / (B / C)),
        ("a ÷ b ÷ c", A / B / C),
        ("(a + b) × c", (A + B) * C),
        ("a × (b − c)", A * (B - C)),
        ("a × b × c", A * (B * C)),
        ("a × 44/12", A * CO2_PER_C),
        ("44/12 × a", CO2_PER_C * A),
        ("a ÷ (44/12)", A / CO2_PER_C),
        ("a ÷ 1000", A / Ratio(1000)),
        ("1 − a", 1 - A),
        ("2 + a", 2 + A),
        ("2 ÷ a", 2 / A),
        ("min(a, b + c)", smaller(A, B + C)),
        ("(a if a ≤ b else c)", choose(A <= B, A, C)),
        ("(a if a > 0 else c)", choose(A > 0, A, C)),
        ("(a if a < b else c)", choose(A < B, A, C)),
        ("(a if a ≥ b else c)", choose(A >= B, A, C)),
        ("Σ a", total(A)),
        ("Σ (a + b)", total(A + B)),
    ],
)
def test_written(expected, piece):
    assert expected == str(piece)


def test_text_is_no_str_so_that_plus_never_joins():
    assert not isinstance(A, str)
    with pytest.raises(TypeError):
        "".join([A])


def test_ratio_counts_as_its_quotient_and_is_written_as_its_two_numbers():
    assert 44 / 12 == CO2_PER_C
    assert 3.0 * (44 / 12) == 3.0 * CO2_PER_C
    assert str(CO2_PER_C) == "44/12"


@pytest.mark.parametrize(
    ("expected", "value"),
    [
        ("1,076,824", 1076824.0),
        ("0.5261", 0.5261),
        ("0.00002618", 2.618e-05),
        ("—", None),
        ("-5", -5),
        ("1e+30", 1e30),
        ("1e-20", 1e-20),
    ],
)
def test_number_text(expected, value):
    assert expected == number_text(value)


def test_negative_values_are_bracketed_when_put_in():
    assert str(A - Text.of(-5.0)) == "a − (-5)"
