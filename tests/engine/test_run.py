"""A run on a real mirror: pinned, repeatable, blind to what came later."""

import pyarrow as pa
import pytest

from tanma.domain.messages import Problem
from tanma.engine.evaluate import Plan, run
from tanma.lake.facts import SCHEMA, FactsMirror
from tests.engine.region import MWH, OUTPUT, POWER, VALUE, YUAN, Region

MONTHS = ("2026-07", "2026-08", "2026-09")


def mirrored(tmp_path, made):
    """A mirror that pulls from the facts of a region, as from the relational store."""

    def fetch(after, limit):
        rows = [f for f in made.facts if f["seq"] > after][:limit]
        return pa.Table.from_pylist(rows, schema=SCHEMA)

    mirror = FactsMirror(tmp_path)
    mirror.sync(fetch, made.facts[-1]["stamp"])
    return mirror


def region():
    made = Region()
    made.area(1001, "99")
    for subject in range(1, 8):
        made.enterprise(subject, "1751", "99")
        for month in MONTHS:
            items = {POWER: subject * MWH, VALUE: 10**5 * YUAN, OUTPUT: 4 * 10**5 * YUAN}
            made.month(subject, month, items)
    return made


def plan(known_at, **changes):
    return Plan(
        **{
            "scheme": "zhejiang-carbon-efficiency", "period": "2026Q3", "known_at": known_at,
            "known_on": "2026-11-20", "grid_region": "330000", "legal_basis": "示例",
        } | changes
    )  # fmt: skip


def test_the_same_run_after_later_appends_has_the_same_bytes(tmp_path):
    made = region()
    mirrored(tmp_path, made)
    known_at = made.facts[-1]["stamp"]
    first = run(tmp_path, plan(known_at), "first")
    made.say(1, POWER, "2026-09", 999 * MWH)
    made.facts[-1]["version"] = 2
    mirrored(tmp_path, made)
    again = run(tmp_path, plan(known_at), "again")
    assert first.digest == again.digest
    for name in first.card["tables"]:
        assert first.path(name).read_bytes() == again.path(name).read_bytes()
    later = run(tmp_path, plan(made.facts[-1]["stamp"]), "later")
    assert first.digest != later.digest


def test_one_thread_and_many_give_equal_integers(tmp_path, monkeypatch):
    made = region()
    mirrored(tmp_path, made)
    many = run(tmp_path, plan(made.facts[-1]["stamp"]), "many")
    one = run(tmp_path, plan(made.facts[-1]["stamp"]), "one", threads=1)
    assert many.digest == one.digest


def test_a_run_of_a_period_without_data_says_so(tmp_path):
    made = region()
    mirrored(tmp_path, made)
    with pytest.raises(Problem) as caught:
        run(tmp_path, plan(made.facts[-1]["stamp"], period="2024Q1"), "empty")
    assert "run_no_data" == caught.value.code
    assert "2024Q1" in caught.value.text("zh")


def test_known_time_beyond_the_mirror_is_refused(tmp_path):
    made = region()
    mirrored(tmp_path, made)
    with pytest.raises(Problem) as caught:
        run(tmp_path, plan(made.facts[-1]["stamp"] + 1), "beyond")
    assert "facts_known_too_late" == caught.value.code


def test_a_sum_beyond_64_bits_is_told_with_what_to_do(tmp_path):
    made = region()
    for month in MONTHS:
        made.say(1, "heat.purchased", month, 4 * 10**16)
    mirrored(tmp_path, made)
    with pytest.raises(Problem) as caught:
        run(tmp_path, plan(made.facts[-1]["stamp"]), "large")
    assert "run_amount_too_large" == caught.value.code
    assert "单位错误" in caught.value.text("zh")
    assert "slip of units" in caught.value.text("en")
