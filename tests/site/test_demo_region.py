"""A small demo region through all its steps: generated, imported, rated, published, previewed."""

import json
from functools import partial

import duckdb
import pytest

from tanma import demo
from tanma.apps.cases import door as cases
from tanma.apps.catalogue import ledger
from tanma.apps.codes import door as codes
from tanma.apps.facts import door as facts
from tanma.apps.imports.usual import mirror
from tanma.apps.live.origins import origin
from tanma.apps.people import door as people
from tanma.apps.registry import door as registry
from tanma.demo import registers
from tanma.domain.items import items
from tanma.domain.messages import Problem
from tanma.engine import activity
from tanma.site import demo_region
from tanma.site.config import Config

pytestmark = pytest.mark.slow


@pytest.fixture
def home(settings, tmp_path, monkeypatch, transactional_db):
    changes = {
        "home": tmp_path, "demo": True, "grid_region": "330000", "grid_level": "region",
        "legal_basis": "演示文件",
    }  # fmt: skip
    settings.TANMA = settings.TANMA.model_copy(update=changes)
    small = partial(demo.generate, enterprises=1000, small=100, quarters=5)
    monkeypatch.setattr(demo, "generate", small)
    monkeypatch.setattr(demo_region, "PUBLISHED_LATER", ("2026Q2/r4", "2026H1"))
    return tmp_path


@pytest.mark.once
def test_the_region_opens_early_and_fills_up_beside_the_server(home, monkeypatch):
    said = []
    monkeypatch.setattr(demo_region, "PATIENCE_S", -1.0)
    demo_region.open_region(home, said.append)
    # patience was gone at once: the accounts stand, nothing is imported yet
    assert demo_region.opened(home)
    assert not demo_region.filled(home)
    assert codes.latest() is None
    assert 8 == people.User.objects.count()

    monkeypatch.setattr(demo_region, "PATIENCE_S", 600.0)
    demo_region.open_region(home, said.append)
    first = codes.latest()
    assert "2026Q3/r4" == first.period
    assert any("2026Q3" in text for text in said)

    demo_region.fill_region(home)
    assert demo_region.filled(home)
    state = demo_region.Progress(home).state
    assert len(state["done"]) == state["total"]
    kinds = set(codes.Run.objects.values_list("period_kind", "state"))
    assert {("rolling", "published"), ("quarter", "checked"), ("half", "published")} <= kinds
    newest = codes.latest()
    assert ("2026Q3/r4", first.pk) == (newest.period, newest.supersedes_id)
    own = people.Membership.objects.get(user__username="enterprise")
    assert codes.latest_result(own.subject).grade is not None
    assert 2 == len(codes.history(own.subject))
    states = list(cases.Case.objects.values_list("state", flat=True))
    assert ["accepted", "answered", "closed", "returned", "sent"] == sorted(states)
    compare_with_truth(home)
    books_are_kept(own.subject)
    metered_months_lead_to_their_readings(newest)


def books_are_kept(own):
    """The account's enterprise has a ledger, and its books give what it burnt."""
    firm = registry.Enterprise.objects.get(pk=own)
    lines = ledger.lines([firm.uscc])
    assert lines
    balances = ledger.balances(own, lines)
    burnt = {f.valid_from: f.value for f in facts.current(facts.facts_of(own))
             if f.item == f"{balances[0].carrier}.burnt"}  # fmt: skip
    assert 3 == len(balances)
    assert {b.month.start: b.used for b in balances} == {
        b.month.start: burnt[b.month.start] for b in balances
    }


def metered_months_lead_to_their_readings(run):
    """The last month of the file's meters is stated by them, and the publication rests on it."""
    stated = facts.Fact.objects.filter(source="meter", item="electricity.purchased")
    assert registers.READING_METERS == stated.count()
    assert all(origin(fact).same for fact in stated)
    path = str(codes.files_of(run).path("lines"))
    with duckdb.connect() as con:
        said = "SELECT count(*) FROM read_parquet($path) WHERE list_contains($seqs, seq)"
        asked = {"path": path, "seqs": [fact.seq for fact in stated]}
        assert registers.READING_METERS == con.execute(said, asked).fetchall()[0][0]


ITEMS = (
    "electricity.purchased", "fuel.bituminous.burnt", "fuel.bituminous.transformed",
    "fuel.coke.produced", "fuel.natural_gas.burnt", "fuel.diesel.burnt", "heat.purchased",
    "water.fresh", "water.reused", "water.total", "economy.output_value",
    "economy.labour_compensation", "economy.net_production_tax", "economy.depreciation",
    "economy.operating_surplus",
)  # fmt: skip
_QUARTERS = """
    SELECT text AS uscc, item, year(month) AS y, quarter(month) AS q, sum(value) AS counts
    FROM activity JOIN (SELECT DISTINCT subject, text FROM known WHERE item = 'id.uscc')
        USING (subject)
    GROUP BY ALL"""
_TRUE = """
    SELECT uscc::VARCHAR AS uscc, item::VARCHAR AS item, left(month::VARCHAR, 4)::INTEGER AS y,
        (right(month::VARCHAR, 2)::INTEGER + 2) // 3 AS q, sum(amount) AS amount
    FROM read_parquet($path) GROUP BY ALL"""


def compare_with_truth(home):
    """Those on forms and those told by account: every quarter of every item, to the last count."""
    told = json.loads((home / "demo" / "region" / "truth.json").read_text(encoding="utf-8"))
    with duckdb.connect() as con:
        found = mirror()
        found.relation(con, found.watermark)
        activity.build(con, ITEMS)
        said = {tuple(row[:4]): row[4] for row in con.execute(_QUARTERS).fetchall()}
        path = str(home / "demo" / "region" / "truth.parquet")
        true = {tuple(row[:4]): row[4] for row in con.execute(_TRUE, {"path": path}).fetchall()}
    assert told["on_forms"]
    compare(said, true, set(told["on_forms"]), set(ITEMS) - {"electricity.purchased"})
    compare(said, true, set(told["by_account"]), {"electricity.purchased"})


def compare(said, true, firms, wanted):
    # value added is told in parts: what is true is their sum
    parts = {i for i in ITEMS if i.startswith("economy.") and i != "economy.output_value"}
    wanted = wanted - parts
    scale = {i: 10 ** items()[i].scale for i in wanted}
    expected = {k: round(v * scale[k[1]]) for k, v in true.items()
                if k[0] in firms and k[1] in wanted}  # fmt: skip
    counts = {k: int(v) for k, v in said.items() if k in expected or (
        k[0] in firms and k[1] in wanted and v)}  # fmt: skip
    assert {i for _, i, _, _ in expected} <= wanted
    assert expected == counts
    if not wanted & {"economy.output_value"}:
        return
    sums: dict[tuple[object, ...], int] = {}
    for (firm, item, *when), value in said.items():
        if firm in firms and item in parts:
            sums[firm, *when] = sums.get((firm, *when), 0) + int(value)
    added = {(f, y, q): round(v * 100) for (f, i, y, q), v in true.items()
             if f in firms and i == "economy.value_added"}  # fmt: skip
    assert added == sums


def test_a_step_that_is_done_is_not_done_again(tmp_path):
    progress, done = demo_region.Progress(tmp_path), []
    progress.once("a", "一", "one", lambda: done.append(1))
    demo_region.Progress(tmp_path).once("a", "一", "one", lambda: done.append(2))
    assert [1] == done


def test_a_step_that_failed_is_tried_again(tmp_path):
    def fail():
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        demo_region.Progress(tmp_path).once("a", "一", "one", fail)
    done = []
    demo_region.Progress(tmp_path).once("a", "一", "one", lambda: done.append(1))
    assert [1] == done


def test_the_home_of_the_demo_is_its_own(monkeypatch, tmp_path):
    monkeypatch.delenv("TANMA_HOME")
    assert "tanma-demo" == demo_region.demo_home().name
    monkeypatch.setenv("TANMA_HOME", str(tmp_path))
    assert tmp_path == demo_region.demo_home()
    for name in demo_region.SETTINGS:
        monkeypatch.delenv(f"TANMA_{name.upper()}", raising=False)
    demo_region.enter(tmp_path)
    said = Config(home=tmp_path)
    assert demo_region.SETTINGS == {name: getattr(said, name) for name in demo_region.SETTINGS}


def test_a_region_of_another_size_is_asked_for_before_it_is_made(tmp_path):
    assert {} == demo_region.size(tmp_path)
    demo_region.choose(tmp_path, {})
    wanted = {"enterprises": 42_226, "region": "province", "quarters": 4}
    demo_region.choose(tmp_path, wanted)
    assert wanted == demo_region.size(tmp_path)
    demo_region.choose(tmp_path, wanted)
    demo_region.choose(tmp_path, {})
    with pytest.raises(Problem) as caught:
        demo_region.choose(tmp_path, {"enterprises": 2000})
    assert "demo_size_other" == caught.value.code
    assert '"enterprises": 42226' in caught.value.text("zh")
    assert '{"enterprises": 2000} was asked for' in caught.value.text("en")


def test_a_region_that_is_made_keeps_its_size(tmp_path):
    demo_region.Progress(tmp_path).once("generate", "一", "one", lambda: None)
    with pytest.raises(Problem) as caught:
        demo_region.choose(tmp_path, {"small": 10})
    assert "TANMA_HOME" in caught.value.text("en")
    assert {} == demo_region.size(tmp_path)


def test_a_size_that_cannot_be_made_is_not_kept(tmp_path):
    with pytest.raises(Problem) as caught:
        demo_region.choose(tmp_path, {"enterprises": 12})
    assert "demo_size_wrong" == caught.value.code
    assert "1000" in caught.value.text("zh")
    assert "industries need at least 1000" in caught.value.text("en")
    assert {} == demo_region.size(tmp_path)


def test_only_periods_that_the_region_has_whole_are_published():
    year = ["2025Q4", "2026Q1", "2026Q2", "2026Q3"]
    assert ["2026Q2", "2026H1"] == demo_region.published_later(year)
    more = [f"{y}Q{q}" for y in (2023, 2024, 2025, 2026) for q in (1, 2, 3, 4)]
    assert list(demo_region.PUBLISHED_LATER) == demo_region.published_later(more)
