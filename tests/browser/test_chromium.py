"""The browser of the tests starts, draws Chinese text, and axe-core finds what is wrong."""

from __future__ import annotations

GOOD = '<html lang="zh"><title>碳效码</title><main><h1>碳效码</h1></main></html>'
PALE = '<p style="color:#eee">浅色的字看不清楚</p>'
BAD = f'<html><title>x</title><main><img src="data:,">{PALE}</main></html>'


def test_chinese_text_has_width(page) -> None:
    page.set_content(GOOD)
    assert "碳效码" == page.locator("h1").inner_text()
    width = page.locator("h1").evaluate("h => { h.style.float = 'left'; return h.offsetWidth }")
    assert 3 * 30 <= width <= 3 * 34  # three full-width characters of 32 px


def test_axe_passes_a_good_page(page, axe_violations) -> None:
    page.set_content(GOOD)
    assert [] == axe_violations(page)


def test_axe_names_what_is_wrong(page, axe_violations) -> None:
    page.set_content(BAD)
    rules = {line.partition(":")[0] for line in axe_violations(page)}
    assert {"html-has-lang", "image-alt", "color-contrast"} <= rules


def test_a_strict_page_can_be_checked(page, axe_violations) -> None:
    policy = "default-src 'none'; script-src 'self'"
    meta = f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
    page.set_content(GOOD.replace("<title>", f"<head>{meta}<title>"))
    assert [] == axe_violations(page)
