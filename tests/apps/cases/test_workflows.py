"""Workflows hold together, and a file that does not is refused by line, in both languages."""

from __future__ import annotations

from pathlib import Path

import pytest

from tanma.apps.cases.workflows import read, workflows
from tanma.domain.messages import Problem

BROKEN = Path(__file__).resolve().parents[2] / "broken" / "workflows"
FAULTS = {
    "state_unknown": ("workflow_state", "gone", 21),
    "role_unknown": ("workflow_role", "janitor", 22),
    "move_twice": ("workflow_move_twice", "finish", 17),
    "state_unreached": ("workflow_unreached", "lost", 24),
    "state_endless": ("workflow_endless", "stuck", 24),
    "key_unknown": ("workflow_wrong", "finale", 14),
    "english_missing": ("workflow_wrong", "en", 7),
    "key_twice": ("workflow_wrong", "13", 13),
}


def text(name: str) -> str:
    return (BROKEN / f"{name}.toml").read_text(encoding="utf-8")


def test_a_good_file_is_read() -> None:
    made = read("good.toml", text("good"))
    assert ("good", ["done"]) == (made.name, made.final)
    assert "办结" == made.named("finish").zh  # type: ignore[union-attr]
    assert made.named("nothing") is None


@pytest.mark.parametrize("name", FAULTS)
def test_each_mistake_is_named_with_its_line(name: str) -> None:
    code, told, line = FAULTS[name]
    with pytest.raises(Problem) as caught:
        read(f"{name}.toml", text(name))
    assert code == caught.value.code
    assert line == caught.value.params["line"]
    for lang in ("zh", "en"):
        said = caught.value.text(lang)
        assert f"{name}.toml" in said
        assert told in said


def test_each_broken_file_is_tested() -> None:
    assert {*FAULTS, "good"} == {f.stem for f in BROKEN.glob("*.toml")}


def test_an_alarm_goes_from_open_to_closed() -> None:
    alarm = workflows()["alarm"]
    assert "open" == alarm.initial
    assert ["closed"] == alarm.final
    ways = {(f, m.to) for m in alarm.move for f in m.from_}
    assert {("open", "seen"), ("seen", "explained"), ("explained", "handled"),
            ("handled", "closed"), ("closed", "open")} <= ways  # fmt: skip
    assert ["system"] == alarm.named("lapse").roles  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("line", "wrong"),
    [('opened_by = ["enterprise"]', 'opened_by = ["clerk"]'),
     ('en = "Open"\n', 'en = "Open"\ncalls = ["clerk"]\n'),
     ('en = "Open"\n', 'en = "Open"\nlate_calls = ["clerk"]\n')],
)  # fmt: skip
def test_roles_that_open_and_are_called_are_checked_too(line: str, wrong: str) -> None:
    with pytest.raises(Problem) as caught:
        read("x.toml", text("good").replace(line, wrong))
    assert ("workflow_role", "clerk") == (caught.value.code, caught.value.params["name"])


def test_a_warning_is_answered_and_looked_at_until_it_is_closed() -> None:
    warning = workflows()["attention"]
    assert ("sent", ["closed"]) == (warning.initial, warning.final)
    ways = {(f, m.to): set(m.roles) for m in warning.move for f in m.from_}
    assert {"enterprise"} == ways["sent", "answered"] == ways["accepted", "answered"]
    assert {"bureau", "admin"} == ways["answered", "returned"] == ways["answered", "accepted"]
    assert ["enterprise"] == warning.state["sent"].calls
    assert ["bureau"] == warning.state["answered"].calls
