"""Workflows hold together, and a file that does not is refused by line, in both languages."""

from __future__ import annotations

from pathlib import Path

import pytest

from tanma.apps.cases.workflows import read, workflows
from tanma.domain.messages import Problem

BROKEN = Path(__file__).resolve().parents[2] / "broken" / "workflows"
FAULTS = {
    "state_unknown": ("workflow_state", "gone", 20),
    "role_unknown": ("workflow_role", "janitor", 21),
    "move_twice": ("workflow_move_twice", "finish", 16),
    "state_unreached": ("workflow_unreached", "lost", 23),
    "state_endless": ("workflow_endless", "stuck", 23),
    "key_unknown": ("workflow_wrong", "finale", 13),
    "english_missing": ("workflow_wrong", "en", 6),
    "key_twice": ("workflow_wrong", "12", 12),
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
