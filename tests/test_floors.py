"""The coverage floors: read from one place, counted per folder, told in words."""

from __future__ import annotations

from pathlib import Path

from coverage import Coverage

from tests import floors


def test_every_folder_of_the_package_has_a_floor() -> None:
    package = floors.ROOT / "src" / "tanma"
    named = {Path(folder) for folder in floors.floors()}
    lasting = {"domain", "lake", "intake", "engine", "apps", "site"}
    assert {f"src/tanma/{name}" for name in lasting} <= {path.as_posix() for path in named}
    assert all((floors.ROOT / folder).is_dir() for folder in named), package


def test_a_floor_is_kept_or_broken() -> None:
    assert floors.verdict("src/x", 95, 100, 95)[0]
    good, text = floors.verdict("src/x", 94, 100, 95)
    assert not good
    assert "94.0 % of   100 lines, floor 95 %: TOO LOW" in text


def test_a_folder_without_lines_is_covered() -> None:
    assert floors.verdict("src/x", 0, 0, 95)[0]


def test_a_file_nobody_imported_counts_as_uncovered(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(floors, "ROOT", tmp_path)
    (tmp_path / "room").mkdir()
    (tmp_path / "room" / "model.py").write_text("a = 1\nb = 2\n")
    data = Coverage(data_file=None)
    assert (0, 2) == floors.covered(data, "room")
