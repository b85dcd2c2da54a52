from __future__ import annotations

import hashlib
import json

import pytest
from python_calamine import CalamineWorkbook

from tanma.demo import __main__ as command
from tanma.demo.generate import generate
from tanma.domain.items import carriers, sources
from tanma.intake import units
from tanma.intake.tables.packages import load_package
from tests.demo.rating_check import read

pytestmark = pytest.mark.slow  # the whole region is made first

SMALL = {"enterprises": 1200, "small": 400, "quarters": 5}


def digests(folder):
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_same_seed_same_bytes_and_another_seed_other_bytes(tmp_path):
    for name, seed in (("a", 7), ("b", 7), ("c", 8)):
        generate(tmp_path / name, seed=seed, **SMALL)
    assert digests(tmp_path / "a") == digests(tmp_path / "b")
    assert digests(tmp_path / "a") != digests(tmp_path / "c")


def test_files_come_in_order_of_need(made):
    paths = [step.path for step in made.steps]
    assert ["registry/areas.xlsx", "registry/enterprises.csv", "grid/2026Q3-power.csv"] == paths[:3]
    quarters = [p.rpartition("/")[2][:6] for p in paths if p.endswith("-power.csv")]
    assert sorted(quarters[:12], reverse=True) == quarters[:12]
    assert paths.index("government/targets.xlsx") < paths.index("grid/2025Q3-power.csv")
    assert len(paths) == len(set(paths))


def rows_of(made, step):
    if step.path.endswith(".csv"):
        return read(made.file(step))
    sheet = CalamineWorkbook.from_path(str(made.file(step))).get_sheet_by_index(0).to_python()
    return [dict(zip(sheet[0], row)) for row in sheet[1:]]


def test_every_file_fits_its_package(made):
    """Headers are declared, required cells are filled, choices and units are known."""
    for step in made.steps:
        package = load_package(step.package)
        field = {f.zh: (name, f) for name, f in package.fields.items()}
        rows = rows_of(made, step)
        assert set(rows[0]) <= set(field), step.path
        required = {package.fields[name].zh for name in package.required}
        assert required <= set(rows[0]), step.path
        for header in rows[0]:
            name, declared = field[header]
            cells = {row[header] for row in rows}
            assert name not in package.required or not cells & {"", None}, (step.path, header)
            _check_cells(step.path, declared, cells - {"", None})


def _check_cells(path, declared, cells):
    if declared.type == "choice":
        assert cells <= {*declared.values, *declared.values.values()}, (path, declared.zh)
    if declared.type == "unit":
        assert all(units.find(cell) for cell in cells), (path, cells)
    if declared.type == "source":
        assert cells <= set(sources()), (path, cells)
    if declared.type in ("carrier", "product"):
        assert cells <= {n for c in carriers().values() for n in c.names}, (path, cells)
    if declared.type == "decimal":
        assert all(float(cell) < 1e12 for cell in cells), (path, declared.zh)


def test_progress_ends_at_the_whole(tmp_path):
    seen = []
    generate(tmp_path, **SMALL, progress=lambda what, part: seen.append((what, part)))
    parts = [part for _, part in seen]
    assert ("region", 0.0) == seen[0]
    assert ("manifest.json", 1.0) == seen[-1]
    assert sorted(parts) == parts


def test_province_has_one_file_for_each_city(tmp_path):
    done = generate(tmp_path, enterprises=5000, small=0, quarters=4, region="province")
    power = [step.path for step in done.steps if step.path.startswith("grid/2026Q3-")]
    whole = [f"grid/2026Q3-99{n:02d}00-power.csv" for n in range(1, 12)]
    assert whole == [path for path in power if path.endswith("-power.csv")]
    told = json.loads((tmp_path / "truth.json").read_text(encoding="utf-8"))
    planted = {error["kind"] for error in told["errors"]}
    assert {"late_correction", "kwh_declared_as_mwh", "unmatched_code"} <= planted
    gdp = next(step for step in done.steps if step.package == "gdp")
    assert 4 * (11 + 90) == gdp.rows


def test_command_line_writes_a_region(tmp_path, capsys):
    given = [str(tmp_path), "--enterprises", "1200", "--small", "400", "--quarters", "4"]
    assert 0 == command.main(given)
    assert (tmp_path / "manifest.json").exists()
    assert "files" in capsys.readouterr().out


def test_unknown_region_is_refused(tmp_path):
    with pytest.raises(ValueError, match="moon"):
        generate(tmp_path, region="moon")
