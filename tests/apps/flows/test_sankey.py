"""The picture closes: what flows into a node flows out of it, digit for digit."""

from hypothesis import given
from hypothesis import strategies as st

from tanma.apps.flows.sankey import CONVERSION, DEFICIT, LOSS, Node, links
from tanma.domain.balances import IN, OUT, Flow, balances, whole

CARRIERS = ("electricity", "heat", "fuel.natural_gas", "fuel.coke")
ENDS = {"loss", "difference", "metered", "burnt", "feedstock", "stored", "sold", "device"}
STARTS = {"bought", "own", "drawn", "deficit"}
FLOWS = st.lists(
    st.builds(
        Flow, st.sampled_from(CARRIERS), st.sampled_from((*IN, *OUT)), st.sampled_from("xyz"),
        st.integers(0, 10**6), st.integers(0, 10**6),
    ),
    max_size=24,
)  # fmt: skip


def coal(flow):
    return flow.gce or 0


def sums(made):
    into, out = {}, {}
    for link in made:
        into[link.target] = into.get(link.target, 0) + link.amount
        out[link.source] = out.get(link.source, 0) + link.amount
    return into, out


@given(FLOWS)
def test_every_node_between_source_and_end_is_closed(flows):
    into, out = sums(links(balances(flows), coal))
    for node in set(into) | set(out):
        if node.kind not in ENDS | STARTS:
            assert into.get(node, 0) == out.get(node, 0), node


@given(FLOWS)
def test_the_picture_shows_the_difference_of_the_table(flows):
    made = balances(flows)
    into, out = sums(links(made, coal))
    drawn = sum(n for node, n in into.items() if node.kind in ("difference", "loss"))
    told = whole(made)
    assert told.difference + told.loss == drawn - out.get(DEFICIT, 0)


@given(FLOWS)
def test_nothing_flows_in_a_circle(flows):
    made = links(balances(flows), coal)
    left = {link.source for link in made} | {link.target for link in made}
    while left:
        free = {n for n in left if not any(x.target == n and x.source in left for x in made)}
        assert free, "a circle"
        left -= free


def test_a_fuel_made_at_a_higher_heating_value_than_it_is_used_has_no_supply_below_zero():
    coke = "fuel.coke"
    flows = [Flow(coke, "made", "x", 1, 5), Flow(coke, "converted", "x", 2, 4)]
    made = links(balances(flows), coal)
    assert {
        ("deficit", "conversion"), ("conversion", "carrier"), ("carrier", "difference"),
    } == {(x.source.kind, x.target.kind) for x in made}  # fmt: skip
    assert {1} == {x.amount for x in made}


def flow(carrier, role, gce, item="", **more):
    return Flow(carrier, role, item or f"{carrier}.{role}", gce, gce, **more)


def test_coal_becomes_heat_with_a_loss():
    made = links(
        balances([flow("fuel.bituminous", "bought", 100), flow("fuel.bituminous", "converted", 100),
                  flow("heat", "made", 80), flow("heat", "sold", 50)]), coal,
    )  # fmt: skip
    told = {(x.source.kind, x.target.kind): x.amount for x in made}
    assert {("bought", "conversion"): 100, ("conversion", "carrier"): 80, ("carrier", "sold"): 50,
            ("carrier", "difference"): 30, ("conversion", "loss"): 20} == told  # fmt: skip


def test_power_that_conversion_uses_of_its_own_output_never_reaches_the_carrier():
    made = links(balances([flow("electricity", "made", 50), flow("electricity", "converted", 20),
                           flow("electricity", "metered", 30, place="织造")]), coal)  # fmt: skip
    into, out = sums(made)
    assert 30 == into[Node("carrier", "electricity")]
    assert 30 == into[CONVERSION] == out[CONVERSION]
    assert LOSS not in into


def test_devices_hang_below_their_section_and_never_exceed_it():
    section = flow("electricity", "metered", 30, item="electricity.purchased", place="A")
    device = flow("electricity", "metered", 20, item="electricity.purchased", place="A1")
    over = flow("electricity", "metered", 40, item="electricity.purchased", place="A2")
    made = balances([flow("electricity", "bought", 40), section])
    ends = {x.target.what for x in links(made, coal, {"A": [device]})}
    assert {"A", "A1", ""} == ends
    assert "A2" not in {x.target.what for x in links(made, coal, {"A": [over]})}
