"""The line that says how far the demo's import has come."""

import json

import pytest
from django.test import Client
from django.urls import reverse

from tanma.apps.kit import demo


@pytest.fixture
def home(settings, tmp_path):
    settings.TANMA = settings.TANMA.model_copy(update={"home": tmp_path, "demo": True})
    (tmp_path / "demo").mkdir()
    return tmp_path


def write(home, **changes):
    state = {"done": ["a", "b"], "total": 9, "now_zh": "导入电量", "now_en": "power"} | changes
    (home / "demo" / "progress.json").write_text(json.dumps(state), encoding="utf-8")


def test_a_running_import_is_told_with_its_numbers(home):
    write(home)
    assert demo.Loading(2, 9, "导入电量") == demo.loading()
    page = Client().get(reverse("kit:demo_loading")).content.decode()
    assert "正在导入 2/9：导入电量" in page
    assert "hx-trigger" in page


def test_a_finished_import_says_nothing_and_is_not_asked_again(home):
    write(home, now_zh="", now_en="")
    assert demo.loading() is None
    assert "" == Client().get(reverse("kit:demo_loading")).content.decode().strip()


def test_outside_the_demo_there_is_no_line(home, settings):
    write(home)
    settings.TANMA = settings.TANMA.model_copy(update={"demo": False})
    assert demo.loading() is None
