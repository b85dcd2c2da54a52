"""Balances close, digit for digit, whatever flows there are."""

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from tanma.domain.balances import (
    IN,
    OUT,
    Balance,
    Flow,
    balances,
    mass,
    materials,
    roles,
    whole,
)
from tanma.domain.items import items

CARRIERS = ("electricity", "heat", "fuel.natural_gas", "fuel.bituminous", "fuel.coke")
FLOWS = st.lists(
    st.builds(
        Flow, st.sampled_from(CARRIERS), st.sampled_from((*IN, *OUT)), st.just("x"),
        st.integers(0, 10**12), st.integers(0, 10**12),
    ),
    max_size=30,
)  # fmt: skip


def flow(carrier, role, count, gce=None, **more):
    return Flow(carrier, role, f"{carrier}.{role}", count, count if gce is None else gce, **more)


@given(FLOWS)
def test_every_carrier_closes(flows):
    for made in balances(flows):
        assert made.supply == made.total(*OUT) + made.difference
        assert made.gce(*IN) == made.gce(*OUT) + made.difference_gce


@given(FLOWS)
def test_everything_together_closes_with_the_loss_of_conversion(flows):
    made = whole(balances(flows))
    assert made.supplied == sum(made.used.values()) + made.loss + made.difference


@given(FLOWS, st.integers(0, 30))
def test_sums_of_members_are_the_sum_of_all(flows, cut):
    """A group is the flows of its members: nothing is lost and nothing counted twice."""
    stated = [f for f in flows if f.carrier in ("electricity", "heat")]
    parts = [whole(balances(part)) for part in (stated[:cut], stated[cut:])]
    both = whole(balances(stated))
    assert both.supplied == sum(p.supplied for p in parts)
    assert both.loss == sum(p.loss for p in parts)
    assert both.difference == sum(p.difference for p in parts)


def test_the_difference_and_its_share():
    power = Balance("electricity", (flow("electricity", "bought", 1000),
                                    flow("electricity", "metered", 900, place="织造"),
                                    flow("electricity", "sold", 20)))  # fmt: skip
    assert (80, Fraction(8, 100)) == (power.difference, power.share)
    more = Balance("electricity", (flow("electricity", "bought", 10),
                                   flow("electricity", "metered", 12)))  # fmt: skip
    assert (-2, Fraction(-1, 5)) == (more.difference, more.share)


def test_nothing_supplied_has_no_share():
    assert Balance("heat", (flow("heat", "sold", 3),)).share is None


def test_a_fuel_that_nobody_states_as_bought_is_supplied_by_its_uses():
    (gas,) = balances([flow("fuel.natural_gas", "burnt", 70), flow("fuel.natural_gas", "sold", 5)])
    assert (75, 0, True) == (gas.supply, gas.difference, gas.inferred)
    (coke,) = balances([flow("fuel.coke", "made", 50), flow("fuel.coke", "burnt", 70)])
    assert (20, 0) == (coke.total("bought"), coke.difference)


def test_what_is_stated_as_bought_is_not_inferred():
    (coal,) = balances([flow("fuel.bituminous", "bought", 100),
                        flow("fuel.bituminous", "burnt", 90)])  # fmt: skip
    assert (10, False) == (coal.difference, coal.inferred)


def test_a_missing_coefficient_makes_the_sums_missing_and_keeps_the_counts():
    gas = Flow("fuel.x", "burnt", "fuel.x.burnt", 5, None)
    made = balances([gas, flow("electricity", "bought", 3)])
    assert whole(made).supplied is None
    assert {0, 3} == {b.difference for b in made}


def test_every_flow_of_the_catalogue_that_moves_energy_has_a_role():
    told = {i.flow for i in items().values() if i.group in ("electricity", "heat", "fuel")}
    without = {"", "consumed", "stock", "green.contract", "green.certificate"}
    assert {i for i in told - without} == {items()[i].flow for i in roles()}
    assert "bought" == roles()["fuel.coke.purchased"].role


@given(st.dictionaries(st.sampled_from(sorted(materials())), st.integers(0, 10**12)))
def test_materials_close_where_both_sides_are_told(counts):
    made = mass(counts)
    assert counts == {**made.into, **made.out}
    if made.difference is not None:
        assert sum(made.into.values()) == sum(made.out.values()) + made.difference


def test_one_side_alone_says_nothing_of_the_difference():
    assert mass({"process.in_limestone.amount": 5}).difference is None
    both = mass({"process.in_limestone.amount": 5, "product.crude_steel.output": 4})
    assert (1, Fraction(1, 5)) == (both.difference, both.share)


def test_materials_are_masses_of_one_scale_and_known_items():
    assert {("t", 6)} == {(items()[i].unit, items()[i].scale) for i in materials()}
    assert "out" == materials()["product.cement.output"]
    assert "in" == materials()["fuel.coke.feedstock"]
    assert "product.garments.output" not in materials()
