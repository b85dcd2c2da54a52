"""Which sums of a run are not shown: areas, divisions, averages, parts of the energy."""

from datetime import date
from types import SimpleNamespace

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tanma.domain.rating import find
from tanma.engine.untold import Untold, untold

TREE = {
    "statutory": {"t1": ["t1", "c1", "r"], "t2": ["t2", "c1", "r"], "t3": ["t3", "c2", "r"],
                  "c1": ["c1", "r"], "c2": ["c2", "r"], "r": ["r"]},
    "management": {"p": ["p", "r"], "r": ["r"]},
}  # fmt: skip
SCHEME = "zhejiang-carbon-efficiency"
JANUARY = date(2026, 1, 1)


def firm(subject, area="t1", industry="1751", **more):
    return {
        "subject": subject, "industry": industry, "area_code": area, "management_code": "",
        "member": True, "size_class": "above", "net_mg": 100, "value_added_fen": 10,
        "output_fen": 40, "missing_upper_mg": 0, "deduction_mg": 0, "statutory_mg": 100,
        "direct_mg": 0, "power_bought_mg": 100, "power_sold_mg": 0, "heat_bought_mg": 0,
        "heat_sold_mg": 0, "restricted": True, "energy_restricted": False, "may_use": False,
    } | more  # fmt: skip


@pytest.fixture
def of(tmp_path):
    def made(*rows, lines=()):
        pq.write_table(pa.Table.from_pylist(list(rows)), tmp_path / "results.parquet")
        used = [{"subject": s, "item": i, "month": JANUARY} for s, i in lines]
        kind = pa.schema([("subject", pa.int64()), ("item", pa.string()), ("month", pa.date32())])
        pq.write_table(pa.Table.from_pylist(used, kind), tmp_path / "lines.parquet")
        run = SimpleNamespace(
            meta={"scheme": SCHEME, "rules": []},
            path=lambda name: tmp_path / f"{name}.parquet",
        )
        return untold(run, lambda: TREE)

    return made


def areas(found, kind="money", hierarchy="statutory"):
    return sorted(k[2] for k in found.keys if k[:2] == (kind, hierarchy) and len(k) == 3)


def test_nothing_is_looked_for_where_nothing_is_withheld(of):
    assert Untold() == of(firm(1, may_use=True), firm(2, restricted=False))


def test_an_area_of_one_takes_along_what_it_would_follow_from(of):
    four = [firm(n, area="t3") for n in range(4)]
    found = of(*four, firm(9, area="t1"))
    # the region is told: of the counties none, since each would give the other
    assert ["c1", "c2", "t1", "t3"] == areas(found)
    assert [] == areas(of(*four, *(firm(n, area="t1") for n in (7, 8, 9))))


def test_a_park_across_the_divisions_is_closed_where_it_differs_by_one(of):
    rows = [firm(n, area="t1", management_code="p") for n in range(3)]
    rows += [firm(n, area="t3") for n in range(3, 7)]
    assert [] == areas(of(*rows), hierarchy="management")
    rows += [firm(7, area="t3", management_code="p")]
    assert ["p"] == areas(of(*rows), hierarchy="management")
    assert [] == areas(of(*rows))


def test_each_sum_has_its_own_enterprises(of):
    """Three gave output, one of them value added: the level of the area would tell that one."""
    rows = [firm(n, value_added_fen=10 if n == 1 else None, member=False) for n in (1, 2, 3)]
    assert {"t1", "c1", "r"} <= set(areas(of(*rows)))
    below = [firm(n, size_class="above" if n == 1 else "below") for n in (1, 2, 3)]
    assert {"t1", "c1", "r"} <= set(areas(of(*below)))


def test_an_average_of_one_or_two_is_not_told_nor_what_would_give_it(of):
    rows = [firm(n, industry="1751") for n in (1, 2, 3)] + [firm(4, industry="1752")]
    found = of(*rows)
    levels = [level.id for level in find(SCHEME).population.levels]
    assert (levels[0], "1752") in found.averages
    assert (levels[0], "1751") in found.averages, "the average of 175 less that of 1751"
    assert (levels[-1], "") not in found.averages
    assert frozenset() == of(*rows[:3]).averages


def test_who_forms_no_average_is_in_none_but_may_be_the_difference(of):
    members = [firm(n) for n in (1, 2, 3)]
    assert frozenset() == of(*members, firm(4, member=False, net_mg=None, output_fen=None)).averages
    # the level of the area is told, of all four: with the average of the three the fourth follows
    found = of(*members, firm(4, member=False))
    assert [] == areas(found)
    assert 4 == len(found.averages)


def test_energy_closes_averages_too(of):
    more = {"restricted": False, "energy_restricted": True}
    assert 4 == len(of(firm(1, **more)).averages)


def test_columns_of_a_row_that_tell_an_average(of):
    found, population = of(firm(1)), find(SCHEME).population
    row = {"industry": "1751", "benchmark_level": "class", "benchmark_key": "1751"}
    assert {"ratio", "benchmark", "margin", "rank"} <= found.of_row(row, population)
    other = row | {"industry": "3011", "benchmark_key": "3011"}
    assert frozenset() == found.of_row(other, population)
    assert frozenset() == Untold().of_row(row, population)
    table = pa.Table.from_pylist([row | {c: 1.0 for c in found.of_row(row, population)}])
    assert [None] == found.of_table(table, population)["ratio"].to_pylist()


def test_parts_of_the_energy_are_closed_by_those_who_have_them(of):
    more = {"restricted": False, "energy_restricted": True}
    rows = [firm(n, heat_bought_mg=7 if n == 1 else 0, **more) for n in (1, 2, 3)]
    found = of(*rows, lines=[(n, "electricity.purchased") for n in (1, 2, 3)])
    assert [] == areas(found, "energy")
    assert {"t1", "c1", "r"} == set(areas(found, "parts"))
    two = of(*rows[:2])
    assert {"t1", "c1", "r"} == set(areas(two, "energy"))


def test_items_and_months_of_few_are_closed(of):
    more = {"restricted": False, "energy_restricted": True}
    rows = [firm(n, **more) for n in (1, 2, 3)]
    power = [(n, "electricity.purchased") for n in (1, 2, 3)]
    found = of(*rows, lines=[*power, (1, "heat.purchased")])
    assert found.has("item", "statutory", "t1", "heat.purchased")
    assert not found.has("month", "statutory", "t1", "2026-01-01")
    # the gross emission is shown, so that the other item goes too: it would follow
    assert found.has("item", "statutory", "t1", "electricity.purchased") != found.has(
        "parts", "statutory", "t1"
    )


def test_a_bound_on_what_one_did_not_report_is_its_own(of):
    more = {"restricted": False, "energy_restricted": True}
    rows = [firm(n, missing_upper_mg=5 if n == 1 else 0, **more) for n in (1, 2, 3)]
    assert ["c1", "r", "t1"] == areas(of(*rows), "upper")


def test_older_files_mark_money_alone(of):
    row = firm(1)
    del row["energy_restricted"]
    assert ["c1", "r", "t1"] == areas(of(row))
