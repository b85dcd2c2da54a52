"""Product outputs of the period: a ratio only where every month was reported."""

import pytest

from tanma.apps.inventories.products import products

pytestmark = [pytest.mark.db, pytest.mark.django_db]


def test_per_product_only_where_every_month_reported_it(frozen, cement):
    made = {p.item.item: p for p in products(frozen, cement.facts)}
    whole, part = made["product.cement.output"], made["product.clinker.output"]
    net_mg = frozen.result["net_mg"]
    assert net_mg / 1e9 / 600 == pytest.approx(whole.per_unit(net_mg, 9))
    assert part.per_unit(net_mg, 9) is None
    assert whole.per_unit(None, 9) is None
