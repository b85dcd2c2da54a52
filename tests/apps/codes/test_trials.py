"""Trying out a draft on the last publication: counts, moves, rights, and nothing published."""

import pyarrow as pa
import pytest

from tanma.apps.codes import trials
from tanma.apps.codes.models import Result, Run, Trial
from tanma.apps.codes.tasks import try_rule
from tanma.apps.rules import packs
from tanma.domain.messages import Problem
from tests.apps.region import FIRMS, PUBLISHED, client_of, viewer_of
from tests.apps.rules.conftest import BASE, CODE, drafted, method, published, stricter

__all__ = ["drafted", "method", "published"]
pytestmark = [pytest.mark.db, pytest.mark.django_db]


def test_a_draft_of_other_cut_offs_moves_levels_and_publishes_nothing(drafted):
    runs, results = Run.objects.count(), Result.objects.count()
    trial = trials.try_pack(drafted.scheme.pk, viewer_of("admin"))
    assert (runs, results) == (Run.objects.count(), Result.objects.count())
    moves = trials.moves(trial, viewer_of("admin"))
    assert moves
    assert len(moves) == trial.summary["moved"]
    assert {("low", "middle")} >= {(m.now.level, m.level) for m in moves if m.grade == m.now.grade}


def test_the_same_rules_move_nobody(drafted):
    text = stricter(packs.text_of(BASE), cut="0.6")
    pack = packs.edit(drafted.scheme, {f"{CODE}.toml": text}, viewer_of("admin"))
    trial = trials.try_pack(pack.pk, viewer_of("admin"))
    assert ([], trial.summary["before"]) == (trial.moved, trial.summary["after"])


def test_a_factor_of_the_region_changes_no_grade_where_the_code_does_not_use_it(drafted):
    assert [] == trials.try_pack(drafted.table.pk, viewer_of("admin")).moved


def test_a_draft_of_an_account_tells_totals_before_and_after(method):
    runs, results = Run.objects.count(), Result.objects.count()
    trial = trials.try_pack(method.pk, viewer_of("admin"))
    assert (runs, results) == (Run.objects.count(), Result.objects.count())
    told = {name: (int(was), int(now), n) for name, was, now, n in trial.summary["totals"]}
    assert {"gross_mg", "net_mg", "deduction_mg"} == set(told)
    nets = Result.objects.filter(run=trial.run, net_mg__isnull=False)
    was, now, n = told["net_mg"]
    assert n == nets.count()
    assert was != now
    page = client_of("admin").get(f"/publications/try/{method.uid}/").content.decode()
    assert "全区域合计" in page
    assert "碳效码口径碳排放量（净）" in page


def test_a_draft_can_be_tried_on_an_earlier_publication(method, published):
    first = published.run(PUBLISHED[0])
    address = f"/publications/try/{method.uid}/"
    client = client_of("admin")
    assert first.uid in client.get(address).content.decode()
    assert 302 == client.post(address, {"run": first.uid}).status_code
    assert 200 == client.post(address, {"run": "none"}).status_code
    try_rule.call(method.pk, 0, "admin", first.pk)
    assert first == Trial.objects.get(pack=method.pk).run


def test_an_official_sees_the_moves_of_the_own_area_alone(drafted):
    trial = trials.try_pack(drafted.scheme.pk, viewer_of("admin"))
    every = {m.now.name for m in trials.moves(trial, viewer_of("admin"))}
    county = {m.now.name for m in trials.moves(trial, viewer_of("county2"))}
    inside = {f.name for f in FIRMS.values() if f.county == "990102"}
    assert every & inside == county


def test_a_draft_with_a_fault_is_not_tried(drafted):
    pack = packs.edit(drafted.scheme, {f"{CODE}.toml": "nothing = 1"}, viewer_of("admin"))
    with pytest.raises(Problem):
        trials.try_pack(pack.pk, viewer_of("admin"))
    told = try_rule.call(pack.pk, 0, "admin")
    assert CODE in told["zh"]


def test_the_change_of_a_sum_by_one_told_to_nobody_is_not_told():
    row = {"net_mg": 1, "may_use": False, "energy_restricted": True}
    before = [row | {"subject": n} for n in range(4)]
    open_ = [r | {"may_use": True} for r in before]

    def told(rows, changed):
        after = [r | {m: (r["net_mg"] + (m == "net_mg" and r["subject"] < changed))
                      for m in trials.WHOLE} for r in rows]  # fmt: skip
        tables = [pa.Table.from_pylist([r | {m: r["net_mg"] for m in trials.WHOLE} for r in rows]),
                  pa.Table.from_pylist(after)]  # fmt: skip
        return trials._totals(*tables)

    assert [("net_mg", None, None, 1)] == told(before, 1)
    assert [("net_mg", "4", "7", 3)] == told(before, 3)
    assert [("net_mg", "4", "5", 1)] == told(open_, 1)
