"""An amount that meters stated opens the readings behind it; no other leaf does."""

from tanma.apps.inventories.shown import shown
from tanma.domain.methods import Node

METERS = {"electricity.purchased/2026-09": "/live/x/behind/7/"}


def line(*evidence: str) -> Node:
    leaves = tuple(
        Node(
            kind="input",
            id="power_kwh",
            symbol="EL",
            name="电",
            unit="kWh",
            value=1.0,
            source_row=row,
        )
        for row in evidence
    )
    return Node(
        kind="line", id="power/electricity.purchased/2026-09", symbol="E", name="购入电力",
        unit="tCO2", value=1.0, children=leaves,
    )  # fmt: skip


def test_a_metered_amount_opens_its_readings():
    made = shown(line("readings:T=1", "batch:7#2", ""), "zh", "Asia/Shanghai", METERS)
    assert ["/live/x/behind/7/", "", ""] == [leaf["href"] for leaf in made["children"]]
    assert "" == made["href"]


def test_without_addresses_nothing_opens():
    (leaf,) = shown(line("readings:T=1"), "en", "UTC")["children"]
    assert "" == leaf["href"]
