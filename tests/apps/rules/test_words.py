"""What tables hold as ids has a word on the page."""

from __future__ import annotations

from django.utils.translation import override

from tanma.apps.rules.words import GROUPS
from tanma.domain.items import items


def test_every_group_of_items_has_a_word_in_both_languages():
    assert set() == {item.group for item in items().values()} - set(GROUPS)
    with override("en"):
        assert [] == [w for w in GROUPS.values() if any(ord(ch) > 0x2E80 for ch in str(w))]
