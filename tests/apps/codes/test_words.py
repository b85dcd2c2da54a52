"""Words of a result in the language of the page."""

import pytest
from django.utils import translation

from tanma.apps.codes.words import word
from tanma.apps.kit.door import lang
from tanma.domain.rating import find


@pytest.mark.parametrize(
    ("language", "short", "told"),
    [("zh-hans", "zh", "数值越小越好"), ("en", "en", "Smaller is better")],
)
def test_a_text_of_a_scheme_comes_in_the_language_of_the_page(language, short, told):
    with translation.override(language):
        assert short == lang()
        assert told in word(find("zhejiang-carbon-efficiency").direction)
