"""The reference page says what the scheme files say."""

from __future__ import annotations

from pathlib import Path

from tanma.domain.rating.page import page

DOCS = Path(__file__).parents[3] / "docs"


def test_page_is_renewed_when_a_scheme_changes() -> None:
    assert page() == (DOCS / "reference" / "schemes.md").read_text(encoding="utf-8")


def test_page_shows_ranges_words_and_evidence() -> None:
    text = page()
    assert "| `mid` | > 0.6 ≤ 2.0 | 中碳 · mid-carbon |" in text
    assert "| `5` | > 2.0  | 远劣于行业平均 · far worse than the industry average |" in text
    assert "| `neutral` | ≥ 1  | 碳中和 · carbon-neutral |" in text
    assert "依据 evidence: `unconfirmed`" in text
    assert "数值越小越好 · Smaller is better" in text
    assert "分母 ≤ 0 或低于其 2% 时采用" in text


def test_page_lists_every_flag_with_both_texts() -> None:
    assert "| `NET_NEGATIVE` | 净排放为负 | net emission below zero |" in page()
