import pytest
from hypothesis import given
from hypothesis import strategies as st

from tanma.domain import canonical
from tanma.domain.messages import Problem


def test_members_are_sorted_and_text_is_plain_utf8():
    value = {"b": 1, "a": ["碳", None, True], "\u20ac": "x\n"}
    assert '{"a":["碳",null,true],"b":1,"€":"x\\n"}'.encode() == canonical.encode(value)


def test_members_sort_by_utf16_code_units():
    # U+1F600 is a surrogate pair (D83D…) and sorts before U+FB33 there, not by code point
    value = {"\ufb33": 1, "\U0001f600": 2}
    assert '{"\U0001f600":2,"\ufb33":1}'.encode() == canonical.encode(value)


def test_a_float_is_refused_with_its_place():
    with pytest.raises(Problem) as caught:
        canonical.encode({"rows": [1, 0.5]})
    assert "canonical_float" == caught.value.code
    assert "$.rows[1]" in caught.value.text("zh")
    assert "$.rows[1]" in caught.value.text("en")


def test_a_digest_names_its_algorithm():
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert f"sha256:{empty}" == canonical.digest(b"")


@given(st.lists(st.binary(max_size=8), min_size=1, max_size=40), st.data())
def test_every_leaf_leads_to_the_root(rows, data):
    leaves = [canonical.leaf_hash(r) for r in rows]
    index = data.draw(st.integers(0, len(rows) - 1))
    path = canonical.merkle_path(leaves, index)
    assert canonical.merkle_root(leaves) == canonical.follow_path(leaves[index], path)


@given(st.lists(st.binary(max_size=4), min_size=2, max_size=20))
def test_a_changed_leaf_changes_the_root(rows):
    leaves = [canonical.leaf_hash(r) for r in rows]
    changed = [canonical.leaf_hash(rows[0] + b"!"), *leaves[1:]]
    assert canonical.merkle_root(leaves) != canonical.merkle_root(changed)
