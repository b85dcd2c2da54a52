"""Batches of the demo: whole, in order, inside the readings of their meters."""

from __future__ import annotations

import numpy as np

from tanma.demo import lots, registers


def test_every_metered_enterprise_makes_two_batches_a_day(city):
    made = lots.batches(city)
    assert 6 * 30 * 2 == len(made["batch_no"])
    assert 6 * 30 * 2 == len(set(zip(made["uscc"], made["batch_no"], strict=True)))
    assert {f"M-{n:05d}" for n in range(1, 7)} == set(made["batch_meters"])


def test_batches_of_a_meter_do_not_overlap(city):
    made = lots.batches(city)
    ends = {}
    for meter, start, end in zip(
        made["batch_meters"], made["batch_start"], made["batch_end"], strict=True
    ):
        assert ends.get(meter, "") <= start < end
        ends[meter] = end


def test_they_lie_where_the_meters_have_readings(city):
    made, readings = lots.batches(city), registers.readings(city)
    assert min(readings["start_time"]) <= min(made["batch_start"])
    assert max(made["batch_end"]) <= max(readings["end_time"])
    assert np.all(np.asarray(made["batch_output"]) > 0)
