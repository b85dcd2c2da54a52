"""An area: exact sums of its enterprises, nothing that tells of one, for its office."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tanma.apps.flows import area
from tanma.apps.flows.door import Gathered, Span
from tanma.apps.flows.gathering import gather
from tanma.apps.metering import door as metering
from tanma.domain.balances import IN, OUT, Flow, balances, summed
from tests.apps.flows.codes import CODES
from tests.apps.flows.conftest import KWH

MONTH = Span(dt.date(2026, 9, 1), dt.date(2026, 10, 1))
CARRIERS = ("electricity", "heat", "fuel.coke")
FLOWS = st.lists(
    st.builds(
        Flow, st.sampled_from(CARRIERS), st.sampled_from((*IN, *OUT)), st.just("x"),
        st.integers(0, 1000), st.integers(1, 1000),
    ),
    max_size=8,
)  # fmt: skip
REGION = st.lists(FLOWS, min_size=1, max_size=9)


def made(firms):
    return Gathered(MONTH, dict(enumerate(firms)))


@given(REGION)
def test_cells_are_the_exact_sums_of_enterprises_and_rows_close(firms):
    cells = area.matrix(made(firms))
    own = [b for flows in firms for b in balances(flows)]
    for role in (*IN, *OUT):
        told = cells.get((area.TOTAL, role))
        assert (told.gce if told else 0) == summed(b.gce(role) for b in own)
    for carrier in (*CARRIERS, area.TOTAL):
        row = {role: cells[c, role].gce for c, role in cells if c == carrier}
        into, out = (sum(row.get(r, 0) for r in roles) for roles in (IN, OUT))
        assert into == out + row.get("difference", 0)


@given(REGION)
def test_no_hidden_cell_follows_from_its_row_or_column(firms):
    cells = area.matrix(made(firms))
    shut = area.hidden(cells)
    for by in (0, 1):
        for line in {key[by] for key in cells}:
            there = [key for key in cells if key[by] == line]
            gone = [key for key in there if key in shut]
            assert len(gone) != 1 or len(there) == 1
    for key, cell in cells.items():
        assert cell.enterprises >= 3 or key in shut


def flow(carrier, role, gce):
    return Flow(carrier, role, "x", gce, gce)


def test_what_two_enterprises_use_is_not_told_and_what_five_use_is():
    firms = [[flow("electricity", "bought", 10)] for _ in range(5)]
    firms[0].append(flow("heat", "bought", 3))
    firms[1].append(flow("heat", "bought", 4))
    cells = area.matrix(made(firms))
    power = cells["electricity", "bought"]
    assert (50, 5) == (power.gce, power.enterprises)
    shut = area.hidden(cells)
    assert ("heat", "bought") in shut
    everything = [[flow("electricity", "bought", 10)] for _ in range(5)]
    assert not area.hidden(area.matrix(made(everything)))


def test_energy_of_one_told_to_nobody_is_not_found_among_open_ones():
    """Officials read the other four: the sum would leave the fifth."""
    firms = [[flow("electricity", "bought", 10), flow("heat", "bought", 5)] for _ in range(5)]
    assert not area.hidden(area.matrix(made(firms)))
    assert {("electricity", "bought"), ("heat", "bought"), (area.TOTAL, "bought")} <= area.hidden(
        area.matrix(made(firms), closed=[0])
    )
    assert not area.hidden(area.matrix(made(firms), closed=[0, 1, 2]))


@pytest.mark.db
@pytest.mark.django_db
def test_the_page_is_for_the_office_of_all_its_enterprises(region_of_five):
    from tanma.apps.people.door import Role
    from tests.apps.live.conftest import person

    park, firms = region_of_five
    page = person("bureau", Role.BUREAU).get(f"/flows/area/{park}/?period=2026-09")
    assert 200 == page.status_code
    text = page.content.decode()
    assert "5 家企业，5 家有数" in text
    assert "6.145" in text  # 5 × 10 MWh at 0.1229
    assert "不公开" in text
    assert 403 == person("yi", Role.ENTERPRISE, subject=firms[0]).get(
        f"/flows/area/{park}/"
    ).status_code  # fmt: skip
    assert 403 == person("other", Role.BUREAU, area_code="000000").get(
        f"/flows/area/{park}/"
    ).status_code  # fmt: skip
    assert 404 == person("b2", Role.BUREAU).get("/flows/area/none/").status_code
    home = person("b3", Role.BUREAU).get("/flows/").content.decode()
    assert f"/flows/area/{park}/" in home
    files = person("b4", Role.BUREAU).get(f"/flows/area/{park}/?period=2026-09&export=csv")
    assert "不公开" in b"".join(files).decode()


@pytest.mark.db
@pytest.mark.django_db
def test_the_area_is_the_sum_of_what_its_enterprises_show(region_of_five):
    from django.conf import settings

    from tanma.apps.live import door as live
    from tanma.lake.facts import FactsMirror

    _, firms = region_of_five
    about = {"author": "test"}
    metering.register_meter("P-1", CODES[0], **about)
    metering.declare([metering.Declared("P-1", "heat.purchased", unit="GJ")], **about)
    mirror = FactsMirror(settings.TANMA.lake).pin()
    with live.engine() as con:
        mirror.relation(con, mirror.watermark, "known")
        together = gather(con, "known", firms, MONTH, fresh=False)
        alone = [gather(con, "known", [f], MONTH, fresh=False) for f in firms]
    whole_area = area.matrix(together)
    each = [area.matrix(Gathered(MONTH, {f: a.flows[f]})) for f, a in zip(firms, alone)]
    assert whole_area["electricity", "bought"].gce == sum(
        m["electricity", "bought"].gce for m in each
    )
    assert 50_000 * KWH == sum(x.count for x in together.all() if x.carrier == "electricity")


@pytest.mark.db
@pytest.mark.django_db
def test_members_are_those_of_the_last_day_of_the_span(region_of_five):
    """One leaves the park on 1 October: September has five members, October four."""
    from tanma.apps.facts import door as facts
    from tanma.apps.imports.door import mirror
    from tanma.apps.people.door import Role
    from tanma.apps.registry import door as registry
    from tests.apps.flows.conftest import _attribute, say
    from tests.apps.live.conftest import person

    park, firms = region_of_five
    left = _attribute(firms[4], "area.management", "") | {"valid_from": dt.date(2026, 10, 1)}
    facts.append(facts.table([left]), author="test")
    registry.project()
    for code in CODES:
        say(code, "2026-10", electricity__purchased=10_000 * KWH)
    mirror()
    bureau = person("bureau", Role.BUREAU)
    assert 4 == registry.placement([park]).count()
    for period, members, tce in (("2026-09", 5, "6.145"), ("2026-10", 4, "4.916")):
        text = bureau.get(f"/flows/area/{park}/?period={period}").content.decode()
        assert f"{members} 家企业，{members} 家有数" in text
        assert tce in text
    # half-way: the last day counts, as it does in results
    text = bureau.get(f"/flows/area/{park}/?period=2026-09/2026-10").content.decode()
    assert "4 家企业，4 家有数" in text
