from __future__ import annotations

import csv
import re
from importlib.resources import files

import numpy as np
import pytest
from stdnum.cn import uscc

from tanma.demo import names
from tanma.demo.geography import build
from tanma.demo.plan import Plan


def real_places():
    text = files("tanma.domain.reference").joinpath("data/regions.csv").read_text(encoding="utf-8")
    return {
        re.sub("(省|市|区|县|自治区)$", "", r["name_zh"]) for r in csv.DictReader(text.splitlines())
    }


def test_credit_codes_are_valid_unique_and_of_a_region_nobody_has():
    codes = names.credit_codes(np.full(5000, 990103), Plan().stream("t"))
    assert all(uscc.is_valid(code) for code in codes)
    assert 5000 == len(set(codes))
    assert {"990103"} == {code[2:8] for code in codes}


def test_organisation_number_has_its_own_check_character():
    weights = (3, 7, 9, 10, 5, 8, 4, 2)
    for code in names.credit_codes(np.full(300, 990101), Plan().stream("t")):
        rest = 11 - sum(int(c) * w for c, w in zip(code[8:16], weights)) % 11
        assert {10: "X", 11: "0"}.get(rest, str(rest)) == code[16]


def test_wrong_check_character_is_never_valid():
    for code in names.credit_codes(np.full(200, 990101), Plan().stream("t")):
        assert not uscc.is_valid(names.wrong_check_character(code))


def test_enterprise_names_are_unique_within_the_region(city):
    assert city.people.count == len(set(city.people.name))
    assert all(name.endswith("有限公司") for name in city.people.name)


@pytest.mark.parametrize("kind", ["city", "province"])
def test_no_area_bears_a_real_name(kind):
    land = build(Plan(region=kind))
    invented = [*land.cities, *land.counties, *land.townships, names.NEW_AREA]
    assert len(invented) == len(set(invented))
    for name in invented:
        assert not [real for real in real_places() if len(real) > 1 and real in name]


def test_too_many_names_are_refused():
    with pytest.raises(ValueError, match="townships asked"):
        names.township_names(5000, Plan().stream("t"))
    with pytest.raises(ValueError, match="brands exist"):
        names.enterprise_names(
            ["甲"], np.zeros(5000, dtype=np.int64), ["纺织"] * 5000, Plan().stream("t")
        )
