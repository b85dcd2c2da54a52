"""A released table enters estimates and trends at once, and nothing that was published."""

import datetime as dt

import duckdb
import pytest

from tanma.apps.codes.models import Result, Run
from tanma.apps.inventories import door as inventories
from tanma.apps.live import door as live
from tanma.apps.rules import door as rules
from tanma.apps.rules import packs
from tanma.apps.rules.models import Kind
from tanma.domain.methods import edition
from tanma.engine.accounts import CODE
from tests.apps.region import viewer_of
from tests.apps.rules.conftest import card, release

pytestmark = [pytest.mark.db, pytest.mark.django_db]
TODAY = dt.date(2026, 11, 20)
BOUGHT = "electricity.purchased"


def released(base, row):
    """A table of one row, drafted, reviewed and released."""
    pack = packs.start(Kind.FACTORS, base, f"补录：{base}", viewer_of("admin"))
    files = {"own.csv": pack.files["region.csv"] + row, "own.toml": card(pack.files["region.toml"])}
    return release(packs.edit(pack, files, viewer_of("admin")))


def grid(region, year, value):
    return (
        f"own/{year}/{region},本省电网,Own grid,electricity,ef,average,{region},{year},,{value},"
        f"tCO2/MWh,,某省公告,{year}-01-01,{year + 1}-01-01,{year + 1}-10-01,recalled,recalled,\n"
    )


def valued():
    """One MWh of November by the factors that an estimate of today takes."""
    with duckdb.connect() as con:
        (made,) = live.valued(con, [(BOUGHT, TODAY, 1_000_000)], live.basis(TODAY))
    return made


def per_mwh(on=TODAY):
    (made,) = live.of_amounts([(BOUGHT, 1.0, "MWh")], on)
    return made.co2_t


def state():
    return (
        list(Run.objects.order_by("pk").values_list("pk", "digest", "state")),
        list(Result.objects.order_by("run", "subject").values_list("net_mg", "grade", "ratio")),
    )


def test_a_grid_factor_of_the_region_changes_estimates_and_nothing_published(published):
    before, was = state(), valued()
    assert (0.4974, 497_400_000) == (per_mwh(), was.mg)
    released("grid", grid("330000", 2024, "0.4321"))
    now = valued()
    assert (0.4321, 432_100_000) == (per_mwh(), now.mg)
    assert "own/2024/330000" == now.factors
    assert "0.4321 tCO₂/MWh（浙江省 · 2024 · 某省公告）" == live.factor_text(now.factors)
    assert before == state()


def test_a_draft_is_no_factor(published):
    pack = packs.start(Kind.FACTORS, "grid", "草稿", viewer_of("admin"))
    files = {"own.csv": pack.files["region.csv"] + grid("330000", 2024, "0.4321"),
             "own.toml": card(pack.files["region.toml"])}  # fmt: skip
    packs.edit(pack, files, viewer_of("admin"))
    assert 0.4974 == per_mwh()
    assert () == rules.further()


def test_a_factor_published_after_the_day_is_not_taken(published):
    released("grid", grid("330000", 2025, "0.4"))
    assert 0.4 == per_mwh()
    assert 0.4974 == per_mwh(dt.date(2026, 9, 30))


def test_the_trend_takes_a_frozen_factor_that_only_the_region_has(published):
    """No table of the package holds this province; its row is found where it was released."""
    before, meta = state(), {"grid_region": "540000"}
    assert inventories.frozen_grid(edition(CODE), meta) is None
    released("grid", grid("540000", 2023, "0.2000"))
    found = inventories.frozen_grid(edition(CODE), meta)
    told = (found.region, found.year, found.value, found.text, found.row_id)
    assert ("540000", "2023", 0.2, "0.2000 tCO2/MWh", "own/2023/540000") == told
    assert before == state()


def test_a_grid_that_only_the_region_names_has_its_name_on_the_chart(published):
    assert "CN-OWN" == inventories.region_name("CN-OWN", "zh")
    released("grid", grid("CN-OWN", 2023, "0.5"))
    assert "本省电网" == inventories.region_name("CN-OWN", "zh")


def test_coal_equivalent_takes_a_released_row(published):
    old = dt.date(2019, 1, 1)

    def per_gj():
        (made,) = live.of_amounts([("heat.purchased", 1.0, "GJ")], old)
        return made.coal_tce

    assert per_gj() is None
    row = (
        "own/heat,热力,Heat,heat,tce,,,,GBT2589-2020,0.03,tce/GJ,,某省文件,2018-01-01,"
        "2020-01-01,2018-01-01,recalled,recalled,\n"
    )
    released("standard_coal", row)
    assert 0.03 == per_gj()
