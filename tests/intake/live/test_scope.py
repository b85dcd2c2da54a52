"""What a token may write."""

import hashlib

import numpy as np
import pytest

from tanma.intake.live import Scope, ScopedChannel, token_hash


def test_channels_are_found_by_number_and_by_name(scope):
    assert [0, 4, -1, -1, -1] == scope.places_of_numbers(np.array([7, 15, 8, -1, 99])).tolist()
    assert [0, 1, -1, 2, -1, -1] == scope.places_of(
        ["main/energy", 12, "", 13, "7", True]
    ).tolist()  # fmt: skip


LEAST, MOST = -(2**63), 2**63 - 1


@pytest.mark.parametrize("apart", [1, 7, 8, 1000])
def test_numbers_are_found_however_far_apart_they_lie(apart):
    numbers = [5 + apart * n for n in range(20)]
    scope = Scope.of("g", [ScopedChannel(n, "", "gauge", "", 0) for n in numbers])
    asked = [*numbers, *range(200), LEAST, -1, MOST]
    expected = [numbers.index(n) if n in numbers else -1 for n in asked]
    assert expected == scope.places_of_numbers(np.array(asked)).tolist()


def test_an_empty_scope_knows_no_channel():
    empty = Scope.of("g", [])
    assert [-1, -1] == empty.places_of_numbers(np.array([0, 7])).tolist()
    assert 0 == len(empty)


def test_channels_stand_in_order_of_their_numbers():
    rows = [ScopedChannel(n, f"p{n}", "gauge", "", 0) for n in (9, 2, 5)]
    scope = Scope.of("g", rows)
    assert ([2, 5, 9], ("p2", "p5", "p9")) == (scope.number.tolist(), scope.point)


@pytest.mark.parametrize(
    ("other", "words"),
    [
        (ScopedChannel(1, "b", "gauge", "", 0), "number"),
        (ScopedChannel(2, "a", "gauge", "", 0), "point"),
        (ScopedChannel(2, "b", "gauge", "", 16), "scale"),
        (ScopedChannel(2, "b", "counter", "", 0), "counter"),
    ],
)
def test_a_scope_that_contradicts_itself_is_no_scope(other, words):
    with pytest.raises(ValueError, match=words):
        Scope.of("g", [ScopedChannel(1, "a", "gauge", "", 0), other])


def test_of_a_token_only_its_hash_is_kept():
    assert hashlib.sha256(b"tanma_x").hexdigest() == token_hash("tanma_x")
