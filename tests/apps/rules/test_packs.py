"""Packs: who may do what, what the loader refuses, and what a release means for runs."""

from datetime import date

import pytest
from django.core.exceptions import PermissionDenied

from tanma.apps.codes import door as codes
from tanma.apps.codes.models import Run
from tanma.apps.rules import door as rules
from tanma.apps.rules import packs
from tanma.apps.rules.models import Kind, Pack, State
from tanma.domain.messages import Problem
from tanma.domain.rating import find
from tanma.engine.rules import scheme_of
from tests.apps.region import PUBLISHED, viewer_of
from tests.apps.rules.conftest import BASE, CODE, ROW, card, release, stricter

pytestmark = [pytest.mark.db, pytest.mark.django_db]


def refused(code, act):
    with pytest.raises(Problem) as caught:
        act()
    assert code == caught.value.code
    return caught.value


def test_a_draft_begins_with_the_text_of_an_edition(published):
    pack = packs.start(Kind.SCHEME, BASE, "试", viewer_of("admin"))
    assert (CODE, "2024-draft", State.DRAFT) == (pack.name, pack.edition, pack.state)
    assert "pack_edition_exists" == packs.fault(pack).code


@pytest.mark.parametrize("name", ["firm_a", "county1", "reviewer"])
def test_only_an_office_of_the_whole_region_drafts(published, name):
    with pytest.raises(PermissionDenied):
        packs.start(Kind.SCHEME, BASE, "试", viewer_of(name))


def test_the_loader_names_file_and_line_of_what_is_wrong(drafted):
    text = packs.text_of(BASE).replace('up_to = "2.0"', 'up_to = "zwei"', 1)
    pack = packs.edit(drafted.scheme, {f"{CODE}.toml": text}, viewer_of("admin"))
    told = packs.fault(pack)
    line = text.splitlines().index('up_to = "zwei"') + 1
    assert "scheme_wrong_value" == told.code
    assert f"{CODE}.toml 第 {line} 行" in told.text("zh")
    refused("scheme_wrong_value", lambda: packs.take(pack, "review", viewer_of("reviewer"), "好"))


def test_an_edition_that_is_not_later_is_refused(drafted):
    text = stricter(packs.text_of(BASE), valid_from="2020-01-01")
    pack = packs.edit(drafted.scheme, {f"{CODE}.toml": text}, viewer_of("admin"))
    assert "2024-draft" in packs.fault(pack).text("en")
    assert "pack_not_after" == packs.fault(pack).code


def test_the_checksum_of_a_card_is_worked_out(drafted):
    assert packs.fault(drafted.table) is None
    assert "sha256:" in drafted.table.files["own_coal.toml"]


@pytest.mark.parametrize(
    ("code", "was", "now"),
    [
        ("factor_id_elsewhere", "power_coal/2024/330000", "power_coal/2024/CN"),
        ("factor_overlap_elsewhere", ",330000,2024", ",CN,2024"),
        ("factor_unit_missing", "tce/MWh", ""),
    ],
)
def test_a_table_may_only_add(drafted, code, was, now):
    files = drafted.table.files
    changed = {n: t.replace(was, now) if n.endswith(".csv") else t for n, t in files.items()}
    pack = packs.edit(drafted.table, changed, viewer_of("admin"))
    told = packs.fault(pack)
    assert code == told.code
    assert "own_coal.csv 第 2 行" in told.text("zh")


def test_a_table_of_an_unknown_family_or_with_a_name_that_is_taken_is_refused(drafted):
    files = drafted.table.files
    other = {n: t.replace('"power_coal"', '"weather"') for n, t in files.items()}
    assert (
        "pack_family_unknown"
        == packs.fault(packs.edit(drafted.table, other, viewer_of("admin"))).code
    )
    taken = {n.replace("own_coal", "power_coal"): t for n, t in files.items()}
    assert (
        "pack_table_exists"
        == packs.fault(packs.edit(drafted.table, taken, viewer_of("admin"))).code
    )


def test_nobody_passes_their_own_work_and_three_persons_are_needed(drafted):
    pack = drafted.scheme
    with pytest.raises(PermissionDenied):
        packs.take(pack, "review", viewer_of("admin"), "自审")
    refused("pack_note_missing", lambda: packs.take(pack, "review", viewer_of("reviewer"), " "))
    refused("pack_closed", lambda: packs.take(pack, "release", viewer_of("publisher"), "发布"))
    packs.take(pack, "review", viewer_of("reviewer"), "已核对")
    released = packs.take(pack, "release", viewer_of("publisher"), "发布")
    assert State.RELEASED == released.state
    assert packs.digest_of(released) == released.digest
    actions = ["draft", "edit", "review", "release"]
    assert actions == list(released.steps.order_by("pk").values_list("action", flat=True))


def test_who_wrote_or_reviewed_cannot_release(drafted):
    from dataclasses import replace

    from tanma.apps.people.door import Grant, Role

    both = replace(viewer_of("reviewer"), grants=(Grant(Role.REVIEWER), Grant(Role.PUBLISHER)))
    packs.take(drafted.scheme, "review", both, "已核对")
    told = refused("pack_same_person", lambda: packs.take(drafted.scheme, "release", both, "发布"))
    assert both.name in told.text("zh")


def test_editing_after_the_review_asks_for_a_new_one(drafted):
    pack = packs.take(drafted.scheme, "review", viewer_of("reviewer"), "已核对")
    again = packs.edit(pack, pack.files, viewer_of("admin"), "错字")
    assert State.DRAFT == again.state
    assert State.REVIEWED == packs.take(again, "review", viewer_of("reviewer"), "再核").state


def test_what_is_released_stands(drafted):
    pack = release(drafted.scheme)
    refused("pack_closed", lambda: packs.edit(pack, pack.files, viewer_of("admin")))
    refused("pack_closed", lambda: packs.take(pack, "reject", viewer_of("reviewer"), "退"))


def test_a_release_ends_its_predecessor_and_old_results_keep_theirs(drafted):
    before = drafted.published.run(PUBLISHED[0])
    release(drafted.scheme)
    assert "2024-draft" == rules.scheme_on(CODE, date(2025, 12, 31)).edition
    assert "2026-own" == rules.scheme_on(CODE, date(2026, 1, 1)).edition
    assert rules.scheme(CODE, "2024-draft") == find(CODE)
    assert scheme_of(codes.files_of(before).meta) == find(CODE)


def test_a_run_names_the_released_edition_and_old_periods_stay_with_the_old_one(drafted):
    pack = release(drafted.scheme)
    new = codes.compute("2026Q1", viewer_of("admin"))
    old = codes.compute("2025Q4", viewer_of("admin"))
    assert ("2026-own", "2024-draft") == (new.edition, old.edition)
    (named,) = codes.files_of(new).meta["rules"]
    assert (pack.digest, pack.name) == (named["digest"], named["name"])
    assert [] == codes.files_of(old).meta["rules"]
    assert "2026-own" == scheme_of(codes.files_of(new).meta).edition


def test_a_released_row_is_taken_by_runs_and_found_by_explanations(drafted):
    old = codes.compute("2026Q1", viewer_of("admin"))
    release(drafted.table)
    new = codes.compute("2026Q1", viewer_of("admin"))
    taken = [
        {r["equivalent_tce_per_mwh_row"] for r in codes.files_of(run).table("factors").to_pylist()}
        for run in (old, new)
    ]
    assert "power_coal/2024/CN/supply" in taken[0]
    assert "power_coal/2024/330000/supply" not in taken[0]
    assert "power_coal/2024/330000/supply" in taken[1]
    assert "某省文件" == rules.factor_row("power_coal/2024/330000/supply")["document"]
    assert {} == rules.factor_row("power_coal/2024/310000/supply") == rules.factor_row("")


def test_lines_that_differ_are_shown_with_their_neighbours():
    made = packs.difference("a\nb\nc\nd\n", "a\nb\nC\nd\n")
    assert [("-", "c"), ("+", "C")] == [(c.mark, c.text) for c in made if c.mark in "+-"]
    assert [] == packs.difference("a\n", "a\n")


def test_too_much_text_is_refused(drafted):
    big = {f"{CODE}.toml": "x" * (packs.MOST_BYTES + 1)}
    told = refused("pack_too_large", lambda: packs.edit(drafted.scheme, big, viewer_of("admin")))
    assert "2000" in told.text("en")


def test_a_released_edition_can_be_the_base_of_the_next(drafted):
    release(drafted.scheme)
    pack = packs.start(Kind.SCHEME, f"{CODE}/2026-own", "再调", viewer_of("admin"))
    assert 'edition = "2026-own"' in next(iter(pack.files.values()))
    refused("pack_base_unknown", lambda: packs.text_of(f"{CODE}/1999"))
    assert 0 == Run.objects.filter(edition="2026-own").count()
    assert 3 == Pack.objects.count()
    assert card("") == ""
    assert ROW.startswith("power_coal/2024/330000")


@pytest.mark.parametrize(
    ("key", "was", "now", "found"),
    [
        ("intensity.bands", 'id = "mid"', 'id = "yellow"', "low, yellow, high"),
        ("ratio.bands", '[[ratio.bands]]\nid = "4"', "", "1, 2, 3, 4"),
    ],
)
def test_an_edition_keeps_levels_and_grades_by_their_ids(drafted, key, was, now, found):
    """Words, colours and counts of pages go by them: another id stopped every page of a code."""
    text = stricter(packs.text_of(BASE))
    if now:
        text = text.replace(was, now)
    else:  # one grade fewer
        start = text.index(was)
        text = text[:start] + text[text.index("[[ratio.bands]]", start + 1) :]
        text = text.replace('id = "5"\nzh', 'id = "4"\nzh')
    pack = packs.edit(drafted.scheme, {f"{CODE}.toml": text}, viewer_of("admin"))
    told = packs.fault(pack)
    assert ("pack_bands_differ", key) == (told.code, told.params["key"])
    assert found in told.text("zh")
    assert "cut-offs may change" in told.text("en")
