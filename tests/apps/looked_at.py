"""What is wrong with a page as Chromium shows it: faults of access, complaints, sideways scroll."""

from tests.apps.codes.test_browser import SIZES, sign_in


def looked_at(browser, live_server, axe_violations, who, path):
    """(complaints of the console, violations, widths at which it scrolls sideways)"""
    complaints, found, wide = [], [], []
    for width, height in SIZES:
        context = browser.new_context(viewport={"width": width, "height": height}, locale="zh-CN")
        page = context.new_page()
        sign_in(page, live_server, who)
        page.on("console", lambda m: complaints.append(m.text) if m.type == "error" else None)
        page.goto(live_server.url + path)
        page.wait_for_selector("html[data-charts=ready]")
        found += axe_violations(page)
        if page.evaluate("document.documentElement.scrollWidth") > width:
            wide.append(width)
        context.close()
    return complaints, found, wide
