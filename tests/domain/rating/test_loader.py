"""A scheme file with a fault is refused; the text names file, line and repair."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from tanma.domain.messages import Problem
from tanma.domain.rating import find, load_folder, parse_scheme, shipped
from tanma.domain.rating.loader import FOLDER, succession

BROKEN = Path(__file__).parents[2] / "broken" / "schemes"
GOOD = (FOLDER / "uk-ets-allocation.toml").read_text(encoding="utf-8")
CASES = [
    ("unknown_key", "scheme_unknown_key", 6, "不认识的键 evidnce", "unknown key evidnce"),
    ("duplicate_key", "scheme_duplicate_key", 5, "写了两次", "stands twice"),
    ("duplicate_table", "scheme_duplicate_key", 107, "写了两次", "stands twice"),
    ("not_toml", "scheme_not_toml", 6, "不是有效的 TOML", "not valid TOML"),
    ("missing_key", "scheme_missing_key", 1, "缺少 direction", "direction is missing"),
    ("missing_unit", "scheme_missing_unit", 39, "缺少 denominator.unit", "needs its unit"),
    ("missing_scale", "scheme_missing_unit", 31, "缺少 numerator.scale", "needs its unit"),
    ("cuts_not_increasing", "scheme_cuts_not_increasing", 87, "不大于前一个", "not above"),
    ("cuts_equal", "scheme_cuts_not_increasing", 87, "依次增大", "rise from best to worst"),
    ("open_band", "scheme_open_band", 78, "除最后一档（5）外", "every band but the last (5)"),
    ("closed_last_band", "scheme_open_band", 96, "最后一档不得有", "the last has neither"),
    ("band_twice", "scheme_band_twice", 47, "重复", "repeats"),
    ("float_cut", "scheme_wrong_value", 75, "decimal text in quotes", "decimal text in quotes"),
    ("unknown_evidence", "scheme_wrong_value", 6, "rumoured", "one of confirmed"),
    ("text_for_number", "scheme_wrong_value", 103, "population.min_n", "a whole number"),
    ("not_a_date", "scheme_wrong_value", 8, "valid_from", "a date such as"),
    ("ends_before_it_starts", "scheme_wrong_value", 9, "valid_to", "a day after 2021-01-01"),
    ("published_period", "scheme_wrong_value", 11, "published_period", "one of periods"),
    ("grade_names", "scheme_wrong_value", 64, "A", "band ids 1, 2, 3"),
    ("rank_level", "scheme_wrong_value", 105, "population.rank_level", "one of label"),
    (
        "pattern_without_levels",
        "scheme_wrong_value",
        106,
        "industry_pattern",
        "levels and a pattern",
    ),
    ("base_period", "scheme_wrong_value", 114, "last year", "a period such as 2024"),
    ("base_decline", "scheme_wrong_value", 115, "base.yearly_decline", "a share between 0 and 1"),
    ("shrink_k", "scheme_wrong_value", 123, "population.shrink.k", "a number above 0"),
    (
        "shrink_without_levels",
        "scheme_wrong_value",
        108,
        "population.shrink",
        "two levels to climb",
    ),
    ("no_sources", "scheme_wrong_value", 12, "sources", "one or more"),
]


@pytest.mark.parametrize(("name", "code", "line", "zh", "en"), CASES, ids=[c[0] for c in CASES])
def test_broken_file(name: str, code: str, line: int, zh: str, en: str) -> None:
    file = BROKEN / f"{name}.toml"
    with pytest.raises(Problem) as caught:
        parse_scheme(file.read_text(encoding="utf-8"), file.name)
    problem = caught.value
    assert code == problem.code
    assert zh in problem.text("zh")
    assert en in problem.text("en")
    assert file.name in problem.text("zh")
    assert line == problem.params["line"]


def test_every_broken_file_has_its_test() -> None:
    assert {case[0] for case in CASES} == {file.stem for file in BROKEN.glob("*.toml")}


def write(folder: Path, name: str, start: str, end: str | None) -> None:
    until = f"\nvalid_to = {end}" if end else ""
    text = GOOD.replace("valid_from = 2021-01-01", f"valid_from = {start}{until}")
    (folder / name).write_text(text, encoding="utf-8")


def test_overlapping_editions_are_refused(tmp_path: Path) -> None:
    write(tmp_path, "a.toml", "2021-01-01", "2024-01-02")
    write(tmp_path, "b.toml", "2024-01-01", None)
    with pytest.raises(Problem) as caught:
        load_folder(tmp_path)
    assert "scheme_overlap" == caught.value.code
    assert "b.toml 从 2024-01-01 起有效，而 a.toml 有效至 2024-01-02" in caught.value.text("zh")
    assert "Give the earlier one a valid_to" in caught.value.text("en")


def test_editions_follow_one_another(tmp_path: Path) -> None:
    write(tmp_path, "b.toml", "2024-01-01", None)
    write(tmp_path, "a.toml", "2021-01-01", "2024-01-01")
    editions = load_folder(tmp_path)
    assert ["a.toml", "b.toml"] == [scheme.file for scheme in editions]
    name = "uk-ets-allocation"
    assert "a.toml" == find(name, date(2023, 12, 31), editions).file
    assert "b.toml" == find(name, date(2024, 1, 1), editions).file
    assert "b.toml" == find(name, schemes=editions).file


def test_a_day_outside_names_the_editions() -> None:
    with pytest.raises(Problem) as caught:
        find("uk-ets-allocation", date(2019, 1, 1))
    assert "scheme_not_valid" == caught.value.code
    assert "2019-01-01" in caught.value.text("zh")
    assert "2025-example: 2021-01-01" in caught.value.text("en")


def test_an_unknown_scheme_lists_the_names() -> None:
    with pytest.raises(Problem) as caught:
        find("zhejiang")
    assert "scheme_unknown" == caught.value.code
    names = "regional-carbon-index, uk-ets-allocation, zhejiang-carbon-efficiency"
    assert f"现有方案：{names}" in caught.value.text("zh")
    assert "Available: regional-carbon-index, uk-ets-allocation" in caught.value.text("en")


def test_shipped_files_are_named_after_their_scheme() -> None:
    for scheme in shipped():
        assert scheme.file.startswith(scheme.id)


def edition(name: str, start: str) -> str:
    return GOOD.replace("2025-example", name).replace("valid_from = 2021-01-01", start)


def test_an_edition_without_an_end_ends_where_its_successor_begins():
    later = parse_scheme(edition("later", "valid_from = 2026-01-01"), "later.toml")
    made = succession([later, *shipped()])
    ends = {s.edition: s.valid_to for s in made if s.id == later.id}
    assert {"2025-example": date(2026, 1, 1), "later": None} == ends
    assert "2025-example" == find(later.id, date(2025, 12, 31), made).edition
    assert "later" == find(later.id, date(2026, 1, 1), made).edition


@pytest.mark.parametrize(
    "start", ["valid_from = 2021-01-01", "valid_from = 2021-01-01\nvalid_to = 2022-01-01"]
)
def test_editions_of_one_day_overlap(start):
    twin = parse_scheme(edition("twin", start), "twin.toml")
    with pytest.raises(Problem) as caught:
        succession([twin, *shipped()])
    assert "scheme_overlap" == caught.value.code
