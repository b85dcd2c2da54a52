"""The sidebar: rooms register, visitors see what they may."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import AnonymousUser
from django.test import RequestFactory

from tanma.apps.kit import nav


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nav, "_entries", {})


def test_sections_keep_their_order_and_hide_when_empty(rf: RequestFactory) -> None:
    nav.register(nav.Entry("rules", 1, "kit:styleguide_phone", "因子", may=lambda r: True))
    nav.register(nav.Entry("monitor", 1, "kit:styleguide", "企业", may=lambda r: True))
    nav.register(nav.Entry("data", 1, "kit:styleguide_screen", "导入", may=lambda r: False))
    shown = nav.visible_to(rf.get("/kit/styleguide/"))
    assert ["碳监测", "规则"] == [str(s.label) for s in shown]
    assert [True, False] == [s.links[0].current for s in shown]


def test_a_page_belongs_to_the_most_exact_entry_above_it(rf: RequestFactory) -> None:
    for order, name in enumerate(("kit:styleguide", "kit:styleguide_phone")):
        nav.register(nav.Entry("data", order, name, name, may=lambda r: True))
    (section,) = nav.visible_to(rf.get("/kit/styleguide/phone/more/"))
    assert [False, True] == [link.current for link in section.links]


def test_by_default_one_must_be_signed_in(rf: RequestFactory) -> None:
    nav.register(nav.Entry("monitor", 1, "kit:styleguide", "企业"))
    request = rf.get("/")
    request.user = AnonymousUser()
    assert [] == nav.visible_to(request)


def test_an_unknown_section_is_refused() -> None:
    with pytest.raises(ValueError, match="'nowhere' is none of monitor"):
        nav.register(nav.Entry("nowhere", 1, "kit:styleguide", "x"))


def test_a_line_tells_how_many_things_wait_there(rf: RequestFactory) -> None:
    nav.register(nav.Entry("data", 1, "kit:styleguide", "a", lambda r: True, lambda r: 3))
    nav.register(nav.Entry("data", 2, "kit:styleguide_phone", "b", lambda r: True))
    (section,) = nav.visible_to(rf.get("/"))
    assert [3, 0] == [link.waiting for link in section.links]
