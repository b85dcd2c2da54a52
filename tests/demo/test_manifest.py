from __future__ import annotations

from tanma.demo import manifest
from tests.demo.rating_check import grid_tco2_per_kwh


def rows_of(path):
    """Lines after the heading; no cell of these files holds a line break."""
    return path.read_bytes().count(b"\n") - 1


def test_manifest_survives_the_way_through_its_file(made):
    assert made == manifest.read(made.out)


def test_declared_grid_region_has_a_published_factor(made):
    assert 0.4 < grid_tco2_per_kwh(made.grid_region) / 1e-3 < 0.8


def test_rows_are_those_of_the_files(made):
    for step in made.steps:
        if step.path.endswith(".csv"):
            assert step.rows == rows_of(made.file(step)), step.path
    assert made.rows == sum(step.rows for step in made.steps)


def test_offices_are_marked_as_invented(made):
    assert all("演示" in made.names[name] for name in ("issuer", "bank", "grid", "verifier"))
    assert "演示省" == made.names["province"]
