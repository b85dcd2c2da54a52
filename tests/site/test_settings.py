"""What the settings wire up beyond their values."""

import logging

import pytest

from tanma.domain.messages import Problem
from tanma.site import demo_region
from tanma.site.config import Config
from tanma.site.settings import _brief


def record(status):
    try:
        raise PermissionError("x")
    except PermissionError:
        import sys

        made = logging.LogRecord("django.request", 30, "f", 1, "Forbidden", (), sys.exc_info())
    made.status_code = status
    return made


def test_a_refusal_is_one_line_of_the_log_and_a_fault_keeps_its_traceback():
    refused, failed = record(403), record(500)
    assert _brief(refused)
    assert _brief(failed)
    assert refused.exc_info is None
    assert failed.exc_info is not None


@pytest.fixture
def home(tmp_path, monkeypatch):
    for name in ("DEMO", "GRID_REGION", "GRID_LEVEL", "PORT", "HOME"):
        monkeypatch.delenv(f"TANMA_{name}", raising=False)
    return tmp_path


def test_a_home_says_what_it_is_and_variables_come_first(home, monkeypatch):
    assert (False, 8000) == (Config(home=home).demo, Config(home=home).port)
    (home / "settings.toml").write_text("demo = true\nport = 8010\n")
    assert (True, 8010) == (Config(home=home).demo, Config(home=home).port)
    monkeypatch.setenv("TANMA_PORT", "8020")
    monkeypatch.setenv("TANMA_HOME", str(home))
    assert (home, True, 8020) == (Config().home, Config().demo, Config().port)


@pytest.mark.parametrize("line", ["grid = 'x'", "home = '/tmp'"])
def test_a_setting_that_does_not_exist_is_refused(home, line):
    (home / "settings.toml").write_text(line)
    with pytest.raises(Problem) as caught:
        Config(home=home)
    assert "setting_unknown" == caught.value.code
    assert "没有设置项" in caught.value.text("zh")
    assert "there is no setting" in caught.value.text("en")


def test_a_demo_stays_one_whatever_opens_it(home, monkeypatch):
    monkeypatch.setenv("TANMA_HOME", "elsewhere")
    demo_region.enter(home)
    assert (True, "330000", "region") == (
        (said := Config()).demo, said.grid_region, said.grid_level
    )  # fmt: skip
    assert "（演示）" in said.issuer_zh
    (home / "settings.toml").write_text("demo = true\n")
    demo_region.enter(home)
    assert "" == Config().grid_region
