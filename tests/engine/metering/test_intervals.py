"""Registers, amounts and levels become intervals; a flag tells and never changes an amount."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.engine.metering.meters import (
    MIDNIGHT,
    QUARTER,
    Derived,
    known,
    one,
    registers,
    utc,
)

AT = utc("09-01 08:00")


def test_a_register_is_differenced_from_the_reading_before() -> None:
    spans = Derived(one(), known(registers(1, AT, [100, 110, 125]))).spans()
    assert [(AT + QUARTER, 10, set()), (AT + 2 * QUARTER, 15, set())] == spans


def test_a_gap_keeps_the_exact_amount_in_one_interval() -> None:
    spans = Derived(one(), known(registers(1, AT, [100, None, None, 160]))).spans()
    assert [(AT + 3 * QUARTER, 60, {"gap"})] == spans


def test_a_register_rolls_over_at_its_last_digit() -> None:
    spans = Derived(one(digits=5), known(registers(1, AT, [99_990, 15, 20]))).spans()
    assert [(25, {"rollover"}), (5, set())] == [s[1:] for s in spans]


def test_a_step_backwards_is_flagged_and_kept_so_that_sums_stay_true() -> None:
    spans = Derived(one(digits=8), known(registers(1, AT, [5000, 4999, 5010]))).spans()
    assert [(-1, {"negative"}), (11, set())] == [s[1:] for s in spans]


def test_a_register_that_shows_zero_for_a_moment_adds_nothing() -> None:
    spans = Derived(one(digits=5), known(registers(1, AT, [50_000, 0, 50_010]))).spans()
    assert 10 == sum(s[1] for s in spans)
    near_top = Derived(one(digits=5), known(registers(1, AT, [99_990, 0, 99_995]))).spans()
    assert [(10, {"rollover"}), (-5, {"rollover", "negative"})] == [s[1:] for s in near_top]


def test_an_exchange_ends_with_the_final_and_begins_with_the_first_register() -> None:
    meters = one(digits=6)
    meters.event(1, "exchange", AT + dt.timedelta(minutes=20), final=130, first=7)
    spans = Derived(meters, known(registers(1, AT, [100, 110, 12, 20]))).spans()
    assert [(10, set()), (20, {"swap"}), (5, {"swap"}), (8, set())] == [s[1:] for s in spans]


def test_a_reading_at_the_very_moment_of_the_exchange_is_the_new_meters() -> None:
    meters = one()
    meters.event(1, "exchange", AT + QUARTER, final=112, first=3)
    spans = Derived(meters, known(registers(1, AT, [100, 3, 9]))).spans()
    assert [(12, {"swap"}), (6, set())] == [s[1:] for s in spans]


def test_a_reset_without_a_final_register_starts_again() -> None:
    meters = one()
    meters.event(1, "reset", AT + dt.timedelta(minutes=20))
    spans = Derived(meters, known(registers(1, AT, [100, 110, 4]))).spans()
    assert [(10, set()), (4, {"reset"})] == [s[1:] for s in spans]


def test_a_rollover_that_somebody_reported_counts_over_the_whole_range() -> None:
    meters = one(digits=3)
    meters.event(1, "rollover", AT + dt.timedelta(minutes=20))
    spans = Derived(meters, known(registers(1, AT, [400, 500, 450]))).spans()
    assert 100 + 950 == sum(s[1] for s in spans)


def test_equal_amounts_that_last_are_a_freeze_but_small_ones_are_the_resolution() -> None:
    large = Derived(one(), known(registers(1, AT, [n * 50 for n in range(30)]))).spans()
    assert [set()] * 23 + [{"freeze"}] * 6 == [s[2] for s in large]
    small = Derived(one(), known(registers(1, AT, [n * 5 for n in range(30)]))).spans()
    assert {()} == {tuple(s[2]) for s in small}


def test_a_freeze_begins_anew_with_the_day() -> None:
    start = MIDNIGHT - 20 * QUARTER
    spans = Derived(one(), known(registers(1, start, [n * 50 for n in range(42)]))).spans()
    assert {()} == {tuple(s[2]) for s in spans}


def test_what_exceeds_the_rated_amount_is_out_of_range() -> None:
    meters = one(rated="10")
    spans = Derived(meters, known(registers(1, AT, [0, 250, 600]))).spans()
    assert [set(), {"range"}] == [s[2] for s in spans]


def test_the_multiplier_belongs_to_the_rated_amount() -> None:
    meters = one(rated="10", multiplier="10")
    spans = Derived(meters, known(registers(1, AT, [0, 25, 60]))).spans()
    assert [set(), {"range"}] == [s[2] for s in spans]


def test_a_back_fill_is_no_spike_because_rates_are_compared() -> None:
    meters = one(rated="10")
    spans = Derived(meters, known(registers(1, AT, [0, *[None] * 23, 5000, 5200]))).spans()
    assert [(5000, {"gap"}), (200, set())] == [s[1:] for s in spans]


def test_times_off_the_grid_and_after_the_receipt_are_told() -> None:
    off = AT + dt.timedelta(minutes=7)
    spans = Derived(one(), known(registers(1, off, [0, 1]))).spans()
    assert [{"shift"}] == [s[2] for s in spans]
    early = known(registers(1, AT, [0, 1]), stamp=0)
    assert [{"clock"}] == [s[2] for s in Derived(one(), early).spans()]
    twice = known(registers(1, AT, [0, 1]), contested=True)
    assert [{"duplicate"}] == [s[2] for s in Derived(one(), twice).spans()]


def test_a_channels_own_parameter_holds_from_its_day() -> None:
    meters = one(rated="10")
    meters.own(1, "range_percent", "200", dt.date(2026, 9, 2))
    rows = registers(1, MIDNIGHT, [n * 400 for n in range(2 * 96 + 1)])
    spans = Derived(meters, known(rows)).spans()
    assert 96 == sum("range" in s[2] for s in spans)


def test_interval_readings_are_taken_as_they_are() -> None:
    rows = [(1, AT, 10), (1, AT + QUARTER, 20), (1, AT + 4 * QUARTER, 30)]
    spans = Derived(one(kind="interval"), known(rows, QUARTER)).spans()
    assert [(10, set()), (20, set()), (30, {"gap"})] == [s[1:] for s in spans]


def test_overlapping_intervals_point_at_a_clock() -> None:
    rows = [(1, AT, 10), (1, AT + dt.timedelta(minutes=5), 20)]
    spans = Derived(one(kind="interval", interval_s=None), known(rows, QUARTER)).spans()
    assert [set(), {"clock"}] == [s[2] for s in spans]


def test_a_level_holds_until_the_next_reading_but_not_over_a_gap() -> None:
    rows = registers(1, AT, [20, 30, None, None, 40])
    spans = Derived(one(kind="gauge", interval_s=900), known(rows)).spans()
    ends = [AT + QUARTER, AT + 2 * QUARTER, AT + 5 * QUARTER]
    assert ends == [s[0] for s in spans]
    assert [set(), {"gap"}, set()] == [s[2] for s in spans]


@settings(max_examples=40, deadline=None)
@given(
    values=st.lists(st.one_of(st.none(), st.integers(0, 999)), min_size=2, max_size=40),
    digits=st.sampled_from([None, 3]),
)
def test_differences_add_up_to_last_minus_first(
    values: list[int | None], digits: int | None
) -> None:
    rows = registers(1, AT, values)
    if len(rows) < 2:
        return
    total = sum(s[1] for s in Derived(one(digits=digits), known(rows)).spans())
    difference = rows[-1][2] - rows[0][2]
    assert 0 == (total - difference) % 1000
    if digits is None:
        assert difference == total


@pytest.mark.parametrize("garbage", [2**63 - 1, -(2**63)])
def test_garbage_at_the_ends_of_the_numbers_stops_nobody(garbage: int) -> None:
    made = Derived(one(), known(registers(1, AT, [-5, garbage, 5, 25])))
    assert 20 == made.spans()[-1][1]


def test_hourly_and_daily_amounts_are_read_and_their_gaps_told() -> None:
    """Seconds of an hour in µs are more than 32 bits hold."""
    for length_s in (3_600, 86_400):
        length = dt.timedelta(seconds=length_s)
        rows = [(1, MIDNIGHT + n * length, 100) for n in (0, 1, 4)]
        made = Derived(one(kind="interval", interval_s=length_s), known(rows, length))
        assert [set(), set(), {"gap"}] == [flags & {"gap"} for _, _, flags in made.spans()]
