"""Styleguide, language switch, error pages, login pages."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as live
from django.template.loader import get_template, render_to_string
from django.test import Client, RequestFactory

import tanma.apps

PAGES = [
    "/kit/styleguide/",
    "/kit/styleguide/phone/",
    "/kit/styleguide/screen/",
    "/kit/styleguide/progress/?done=25",
]


@pytest.fixture
def development(settings: Any) -> None:
    settings.DEBUG = True
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.signed_cookies"
    settings.MESSAGE_STORAGE = "django.contrib.messages.storage.cookie.CookieStorage"


@pytest.mark.usefixtures("development")
@pytest.mark.parametrize("page", PAGES)
def test_the_styleguide_shows_in_development(client: Client, page: str) -> None:
    answer = client.get(page)
    assert 200 == answer.status_code
    assert b"style=" not in answer.content


@pytest.mark.parametrize("page", PAGES)
def test_it_does_not_exist_elsewhere(client: Client, page: str) -> None:
    assert 404 == client.get(page).status_code


@pytest.mark.usefixtures("development")
def test_certificate_and_export_are_files(client: Client) -> None:
    assert b"%PDF" == client.get("/kit/styleguide/certificate.pdf").content[:4]
    answer = client.get("/kit/styleguide/?export=csv&grade=2")
    assert 'filename="styleguide.csv"' in answer["Content-Disposition"]


@pytest.mark.usefixtures("development")
def test_a_finished_bar_polls_no_more(client: Client) -> None:
    assert b"hx-get" in client.get("/kit/styleguide/progress/?done=25").content
    assert b"hx-get" not in client.get("/kit/styleguide/progress/?done=75").content


@pytest.mark.usefixtures("development")
def test_the_switch_changes_language_and_lang(client: Client) -> None:
    assert b'<html lang="zh-Hans"' in client.get(PAGES[0]).content
    client.post("/i18n/setlang/", {"language": "en", "next": PAGES[0]})
    page = client.get(PAGES[0]).content.decode()
    assert '<html lang="en"' in page
    assert "Skip to content" in page


@pytest.mark.usefixtures("development")
def test_demo_is_printed_on_every_layout(client: Client, settings: Any) -> None:
    settings.TANMA = settings.TANMA.model_copy(update={"demo": True})
    for page in PAGES[:3]:
        assert "演示数据" in client.get(page).content.decode()
    settings.TANMA = settings.TANMA.model_copy(update={"demo": False})
    for page in PAGES[1:3]:
        assert "data-demo" not in client.get(page).content.decode()


@pytest.mark.parametrize("name", ["400", "500"])
def test_bare_errors_need_no_context_and_speak_both_languages(name: str) -> None:
    html = get_template(f"{name}.html").render()
    assert "首页" in html
    assert 'lang="en"' in html


@pytest.mark.parametrize(
    ("name", "advice"), [("403", "换账号登录"), ("404", "检查地址"), ("403_csrf", "重新提交")]
)
def test_errors_say_what_to_do(rf: RequestFactory, name: str, advice: str) -> None:
    request = rf.get("/x")
    from django.contrib.auth.models import AnonymousUser

    request.user = AnonymousUser()
    assert advice in render_to_string(f"{name}.html", request=request)


def test_our_login_page_wins_over_the_library(client: Client) -> None:
    assert live.INSTALLED_APPS.index("tanma.apps.kit") < live.INSTALLED_APPS.index("allauth")


@pytest.mark.parametrize(
    "name",
    [
        "login",
        "logout",
        "password_reset",
        "password_reset_done",
        "password_reset_from_key",
        "password_reset_from_key_done",
        "password_change",
        "account_inactive",
        "signup_closed",
    ],
)
def test_account_pages_stand_in_our_layout(rf: RequestFactory, name: str) -> None:
    from pathlib import Path

    import tanma.apps.kit as kit

    path = Path(kit.__file__).parent / "templates" / "account" / f"{name}.html"
    source = path.read_text()
    assert source.startswith('{% extends "kit/base_entrance.html" %}')
    assert "<form" not in source or "{% csrf_token %}" in source


def test_the_title_of_every_tab_is_the_page_and_then_the_product(client):
    """The product's name stands once, in the frame of all pages; only the frame knows how."""
    rooms = Path(tanma.apps.__path__[0])
    own = {
        str(file.relative_to(rooms)): found.group(1)
        for file in rooms.glob("*/templates/**/*.html")
        if (found := re.search(r"{% block title %}(.*)", file.read_text(encoding="utf-8")))
    }
    frame = own.pop("kit/templates/kit/base.html")
    assert ' — {% translate "碳码" %}' in frame
    assert {} == {name: title for name, title in own.items() if "碳码" in title}
    text = client.get("/accounts/login/").content.decode()
    assert "登录 — 碳码" in re.sub(r"\s+", " ", text)
