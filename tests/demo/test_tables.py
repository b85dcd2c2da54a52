from __future__ import annotations

from tanma.demo import tables
from tanma.domain.items import carriers, items
from tanma.intake import units


def test_longest_prefix_wins():
    assert "3011" == tables.profile_of("3011").prefix
    assert "30" == tables.profile_of("3021").prefix
    assert tables.profile_of("1610") is None
    assert "水泥" == tables.product_of("3011").product_zh
    assert "化学纤维" == tables.product_of("2822").product_zh
    assert tables.product_of("3990") is None


def test_shares_of_a_profile_are_a_whole():
    for profile in tables.profiles().values():
        assert 0.9 < sum(profile.shares.values()) < 1.05, profile.prefix


def test_every_carrier_is_an_item_under_its_own_name():
    names = {name: c.carrier for c in carriers().values() for name in c.names}
    for carrier in tables.carriers().values():
        item = items()[carrier.item]
        assert names[carrier.carrier_zh] == item.carrier
        assert carrier.flow == item.flow
        assert units.find(carrier.unit) is not None


def test_sizing_figures_lie_within_five_percent_of_the_reference_factors():
    from tests.demo.rating_check import fuel_tco2_per_unit

    reference = fuel_tco2_per_unit()
    for name, carrier in tables.carriers().items():
        if carrier.flow == "burnt":
            assert abs(carrier.sizing_tco2_per_unit / reference[name] - 1) < 0.05, name


def test_products_and_process_materials_are_known():
    named = {c.name_zh: c.carrier for c in carriers().values() if c.group == "product"}
    for product in tables.products().values():
        item = items()[f"{named[product.product_zh]}.output"]
        assert product.unit == item.unit
    for process in tables.processes():
        assert f"{process.carrier}.amount" in items()
        assert process.basis in tables.carriers()
