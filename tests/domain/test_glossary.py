"""The glossary holds every quantity under the words, symbol and unit of its definition."""

from __future__ import annotations

from pathlib import Path

import pytest

from tanma.domain import methods
from tanma.domain.glossary import page, terms
from tanma.domain.quantities import inputs, quantities

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _every_formula_is_registered() -> None:
    methods.editions()


def test_every_quantity_and_input_is_in_the_glossary():
    names = {*quantities(), *inputs()}
    assert set() == names - set(terms())


def test_a_quantity_is_called_the_same_in_both_places():
    for known in (*quantities().values(), *inputs().values()):
        term = terms()[known.id]
        assert (known.name_zh, known.name_en, known.symbol, known.unit) == (
            term.zh, term.en, term.symbol, term.unit,
        )  # fmt: skip


def test_every_term_has_both_languages_and_a_place():
    for term in terms().values():
        assert all((term.name, term.zh, term.en, term.defined))


def test_the_page_in_the_documentation_is_the_generated_one():
    """Repair: python -c "from tanma.domain.glossary import page; print(page(), end='')" > it"""
    assert page() == (ROOT / "docs/reference/glossary.md").read_text(encoding="utf-8")
