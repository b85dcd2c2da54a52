"""Kinds of equipment, and the codes of run states as people write them."""

from __future__ import annotations

import pytest

from tanma.domain import equipment
from tanma.domain.messages import Problem
from tanma.intake.tables.packages import shared_fields


def test_every_role_has_a_kind_and_every_kind_is_a_choice_of_the_table():
    assert set(equipment.ROLES) == {k.role for k in equipment.kinds().values()}
    choices = shared_fields()["equipment_kind"].values
    assert {name: kind.zh for name, kind in equipment.kinds().items()} == choices


@pytest.mark.parametrize(
    "text",
    ['[a]\nzh="甲"\nen="A"\nrole="production"\nidle_percent=20\nrun_percent=10',
     '[a]\nzh="甲"\nen="A"\nrole="production"\nidle_percent=0\nrun_percent=10',
     '[a]\nzh="甲"\nen="A"\nrole="nothing"\nidle_percent=1\nrun_percent=10',
     '[a]\nzh="甲"\nen="A"\nrole="test"\nidle_percent=1\nrun_percent=10\nmore=1', "[a"],
)  # fmt: skip
def test_a_table_that_does_not_hold_together_is_refused(text):
    with pytest.raises(Problem) as caught:
        equipment.read_kinds(text)
    assert "equipment_kinds" == caught.value.code
    assert "设备类别表有误" in caught.value.text("zh")


def test_codes_are_read_as_written_and_have_defaults():
    assert {"run": (1,), "idle": (2,), "stop": (0,)} == equipment.codes(" ")
    assert {"run": (1, 3), "stop": (0,)} == equipment.codes("run=1,3 ；stop=0")


@pytest.mark.parametrize("text", ["run", "run=a", "rest=1", "run=1 run=2", "run=1 stop=1", "run="])
def test_codes_that_cannot_be_read_are_refused(text):
    with pytest.raises(Problem) as caught:
        equipment.codes(text)
    assert text in caught.value.text("en")


def test_names_are_split_as_people_list_them():
    assert ["甲", "乙", "丙", "丁"] == equipment.split_names("甲、乙,丙； 丁 甲")
