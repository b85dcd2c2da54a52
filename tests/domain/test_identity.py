import pytest
from hypothesis import given
from hypothesis import strategies as st

from tanma.domain import identity
from tanma.domain.messages import Problem


def test_ids_are_random_and_positive():
    ids = {identity.new_id() for _ in range(1000)}
    assert 1000 == len(ids)
    assert all(0 < i < 2**63 for i in ids)


@given(st.integers(1, 2**63 - 1))
def test_id_text_round_trips(number):
    text = identity.id_text(number)
    assert identity.ID_LENGTH == len(text)
    assert number == identity.id_from_text(text.lower())


def test_a_public_code_is_read_back_also_with_look_alikes():
    code = identity.new_public_code()
    assert code == identity.parse_public_code(code.replace("0", "o").replace("1", "l").lower())


@given(st.text(identity.ALPHABET[:31], min_size=9, max_size=9), st.integers(0, 8), st.data())
def test_a_wrong_character_is_found(body, place, data):
    good = body + identity.check_character(body)
    other = data.draw(st.sampled_from([c for c in identity.ALPHABET[:31] if c != body[place]]))
    with pytest.raises(Problem) as caught:
        identity.parse_public_code(good[:place] + other + good[place + 1 :])
    assert "public_code_wrong" == caught.value.code
    assert "有误，请核对" in caught.value.text("zh")
    assert "is mistyped" in caught.value.text("en")


def test_a_message_neither_tells_the_right_character_nor_repeats_a_long_text():
    code = identity.new_public_code()
    wrong = code[:-1] + ("0" if code[-1] != "0" else "1")
    for text, shown in ((wrong, wrong), ("A" * 3000, "A" * 20 + "…")):
        with pytest.raises(Problem) as caught:
            identity.parse_public_code(text)
        assert {"text": shown} == caught.value.params
        assert len(caught.value.text("zh")) < 120


@given(st.text(identity.ALPHABET[:31], min_size=9, max_size=9), st.integers(0, 7))
def test_two_swapped_neighbours_are_found(body, place):
    swapped = body[:place] + body[place + 1] + body[place] + body[place + 2 :]
    if swapped != body:
        assert identity.check_character(body) != identity.check_character(swapped)


@pytest.mark.parametrize("text", ["", "ABC", "ABCD-EFGH-JKMN", "ABCD-EFG*-JK"])
def test_a_text_of_wrong_form_is_refused(text):
    with pytest.raises(Problem) as caught:
        identity.parse_public_code(text)
    assert text in caught.value.text("en") or repr(text) in caught.value.text("en")
    with pytest.raises(Problem):
        identity.id_from_text(text)
