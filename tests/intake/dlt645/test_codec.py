"""Frames are checked against bytes put together here by hand, not by the encoder."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tanma.domain.messages import Problem
from tanma.intake.dlt645.codec import (
    ANY_ADDRESS,
    Frame,
    Stream,
    answers,
    decode,
    encode,
    more_request,
    padded,
    payload,
    read_request,
)
from tanma.intake.dlt645.identifiers import find

ADDRESS = "202611200001"


def by_hand(control: int, plain: list[int], address: str = ADDRESS) -> bytes:
    """A frame written down byte by byte, as a meter would send it."""
    pairs = [int(address[i : i + 2], 16) for i in range(0, 12, 2)]
    body = [0x68, *reversed(pairs), 0x68, control, len(plain)]
    for byte in plain:
        body.append((byte + 0x33) & 0xFF)
    checksum = 0
    for byte in body:
        checksum = (checksum + byte) & 0xFF
    return bytes([*body, checksum, 0x16])


ENERGY = by_hand(0x91, [0x00, 0x00, 0x01, 0x00, 0x78, 0x56, 0x34, 0x12])
"""Forward active energy 123456.78 kWh."""


def test_a_printed_request_is_what_goes_on_the_line():
    """Forward active total of meter 000000000001, every byte written out."""
    line = "FE FE FE FE 68 01 00 00 00 00 00 68 11 04 33 33 34 33 B3 16"
    assert bytes.fromhex(line) == read_request("000000000001", "00010000")


def test_a_request_for_more_carries_its_sequence():
    frame = by_hand(0x12, [0x00, 0x00, 0x01, 0x00, 0x02])
    assert frame == more_request(ADDRESS, "00010000", 2).lstrip(b"\xfe")


def test_an_answer_is_read():
    (frame,) = Stream().feed(b"\xfe\xfe" + ENERGY)
    assert (ADDRESS, 0x91, "00010000") == (frame.address, frame.control, frame.identifier)
    value = decode(find("forward_active_total"), payload(frame))
    assert Decimal("123456.78") == value.number


@pytest.mark.parametrize(
    ("name", "plain", "expected"),
    [
        ("forward_active_total", [0x00, 0x00, 0x00, 0x00], "0.00"),
        ("forward_active_total", [0x99, 0x99, 0x99, 0x99], "999999.99"),
        ("combined_active_total", [0x50, 0x12, 0x00, 0x80], "-12.50"),
        ("active_power_total", [0x34, 0x12, 0x80], "-0.1234"),
        ("active_power_total", [0x34, 0x12, 0x05], "5.1234"),
        ("current_a", [0x00, 0x50, 0x81], "-15.000"),
        ("power_factor_total", [0x50, 0x89], "-0.950"),
        ("voltage_a", [0x34, 0x22], "223.4"),
        ("frequency", [0x01, 0x50], "50.01"),
    ],
)
def test_values_keep_sign_and_digits(name, plain, expected):
    assert Decimal(expected) == decode(find(name), bytes(plain)).number


def test_a_register_without_sign_uses_its_highest_bit():
    """80 in the first byte of an unsigned register is eighty, not minus zero."""
    assert Decimal("800000.00") == decode(find("forward_active_total"), b"\x00\x00\x00\x80").number


def test_a_demand_tells_the_minute_it_occurred():
    value = decode(find("forward_demand_total"), bytes.fromhex("432100 3014201126"))
    assert (Decimal("0.2143"), "26-11-20 14:30") == (value.number, value.occurred)
    never = decode(find("forward_demand_total"), bytes(8))
    assert (Decimal(0), "") == (never.number, never.occurred)


def test_all_ff_means_the_meter_has_no_value():
    assert decode(find("voltage_a"), b"\xff\xff").number is None


def test_bytes_that_are_not_bcd_are_refused():
    with pytest.raises(Problem) as caught:
        decode(find("forward_active_total"), bytes([0x1A, 0, 0, 0]))
    assert "dlt645_not_bcd" == caught.value.code
    assert "00 00 00 1A" in caught.value.text("zh")
    assert "is not BCD" in caught.value.text("en")


def test_an_answer_of_another_length_is_refused():
    with pytest.raises(Problem) as caught:
        decode(find("forward_active_total"), b"\x00\x00\x00")
    assert {"identifier": "00010000", "found": 3, "expected": 4} == caught.value.params
    assert "应为 4 个" in caught.value.text("zh")
    assert "expected 4" in caught.value.text("en")


def test_a_broken_checksum_is_no_frame():
    broken = bytearray(ENERGY)
    broken[-2] ^= 0x01
    stream = Stream()
    assert [] == stream.feed(bytes(broken))
    assert 1 == stream.broken
    assert 1 == len(stream.feed(ENERGY))


def test_one_flipped_bit_anywhere_is_no_frame():
    for position in range(len(ENERGY) * 8):
        bent = bytearray(ENERGY)
        bent[position // 8] ^= 1 << position % 8
        assert [] == Stream().feed(bytes(bent)), position


def test_a_frame_that_arrives_byte_by_byte_is_whole_at_its_last():
    stream = Stream()
    found = [frame for byte in ENERGY for frame in stream.feed(bytes([byte]))]
    assert 1 == len(found)
    assert 0 == stream.garbage == stream.broken


def test_glued_frames_come_apart():
    other = by_hand(0x91, [0x00, 0x01, 0x01, 0x02, 0x20, 0x22])
    frames = Stream().feed(ENERGY + b"\xfe\xfe\xfe" + other + ENERGY[:9])
    assert ["00010000", "02010100"] == [frame.identifier for frame in frames]


def test_a_frame_cut_between_two_deliveries_waits_for_its_end():
    stream = Stream()
    assert [] == stream.feed(ENERGY + ENERGY[:7])[1:]
    assert 1 == len(stream.feed(ENERGY[7:]))


@pytest.mark.parametrize("noise", [b"\x00\x16\xaa", b"\x68", b"\x68\x68\x68", b"\x68\x11\x22\x68"])
def test_garbage_before_a_frame_is_passed_over(noise):
    stream = Stream()
    assert 1 == len(stream.feed(noise + ENERGY))
    assert len(noise) == stream.garbage


def test_noise_that_looks_like_a_long_frame_does_not_hide_a_real_one():
    """68 … 68 with a length that never comes: the frame behind it is found at once."""
    noise = bytes([0x68, 1, 2, 3, 4, 5, 6, 0x68, 0x91, 0xC0])
    assert 1 == len(Stream().feed(noise + ENERGY))


def test_a_new_question_forgets_half_an_answer():
    stream = Stream()
    stream.feed(ENERGY[:10])
    stream.clear()
    assert [] == stream.feed(ENERGY[10:])
    assert 1 == len(stream.feed(ENERGY))


def test_only_the_asked_meter_and_identifier_answer():
    (frame,) = Stream().feed(ENERGY)
    assert answers(frame, ADDRESS, "00010000")
    assert answers(frame, ANY_ADDRESS, "00010000")
    assert not answers(frame, "202611200002", "00010000")
    assert not answers(frame, ADDRESS, "00020000")


def test_our_own_question_echoed_by_the_line_is_no_answer():
    (frame,) = Stream().feed(read_request(ADDRESS, "00010000"))
    assert not answers(frame, ADDRESS, "00010000")


def test_a_refusal_names_meter_and_error():
    (frame,) = Stream().feed(by_hand(0xD1, [0x02]))
    assert answers(frame, ADDRESS, "00010000")
    with pytest.raises(Problem) as caught:
        payload(frame)
    assert ("dlt645_refused", "02H") == (caught.value.code, caught.value.params["error"])
    assert f"表 {ADDRESS} 拒绝" in caught.value.text("zh")
    assert f"Meter {ADDRESS} refused" in caught.value.text("en")


def test_a_later_part_ends_with_its_sequence():
    (frame,) = Stream().feed(by_hand(0x92, [0x00, 0x00, 0x01, 0x00, 0x78, 0x56, 0x34, 0x12, 0x01]))
    assert bytes.fromhex("78563412") == payload(frame)


@pytest.mark.parametrize(("text", "expected"), [("1", "000000000001"), (" 202611200001 ", ADDRESS)])
def test_addresses_are_padded(text, expected):
    assert expected == padded(text)


@pytest.mark.parametrize("text", ["", "12345678901234", "12AB", "１２"])
def test_wrong_addresses_are_refused(text):
    with pytest.raises(Problem) as caught:
        padded(text)
    assert "dlt645_address" == caught.value.code
    assert "铭牌" in caught.value.text("zh")
    assert "name plate" in caught.value.text("en")


@given(
    st.integers(0, 10**12 - 1).map(lambda n: f"{n:012d}"),
    st.integers(0, 255),
    st.binary(max_size=200),
)
def test_what_is_encoded_comes_back(address, control, data):
    frame = Frame(address, control, data)
    assert by_hand(control, list(data), address) == encode(frame, wake=0)
    assert [frame] == Stream().feed(encode(frame))


@given(st.lists(st.binary(max_size=30), max_size=4), st.integers(1, 40))
def test_no_noise_and_no_cut_loses_frames_between(noises, piece):
    """Noise free of 68H around frames, cut into pieces of any size."""
    line = b"".join(noise.replace(b"\x68", b"\x00") + ENERGY for noise in noises)
    stream = Stream()
    found = [f for i in range(0, len(line), piece) for f in stream.feed(line[i : i + piece])]
    assert len(noises) == len(found)
