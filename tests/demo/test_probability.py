"""Whether a stated probability is kept: the city's truth, told with the errors that are assumed.

The true grade is that of the true figures; what is told is the truth with random errors of the
size that the scheme assumes for who tells it. Of what was given 90 %, about 90 % must be true.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from tanma.demo import tables, truth
from tanma.domain.rating import find
from tanma.engine.rating import rate

pytestmark = pytest.mark.slow  # the whole region is made first

SCHEME = find("zhejiang-carbon-efficiency")
T, WAN = 10**9, 10**6
MONTHS = slice(-12, None)
DRAWS = 5


class Year:
    """The true last four quarters of who worked in all of them."""

    def __init__(self, city):
        sizing = {c.item: c for c in tables.carriers().values()}
        months = city.plan.months
        found = {item: amounts[:, MONTHS].sum(axis=1) for item, _, amounts in truth.figures(city)}
        works = city.people.active(months)[:, MONTHS].all(axis=1)
        added = found["economy.value_added"] / 10_000
        keep = works & (added > 0)
        self.industry = city.people.industry[keep].tolist()
        self.above = city.people.above(months)[keep, -1]
        self.added_wan = added[keep]
        self.energy_t = {
            item: found[item][keep] * c.sizing_tco2_per_unit * (-1 if c.flow == "sold" else 1)
            for item, c in sizing.items()
            if item in found
        }

    def error(self, item):
        """What the scheme assumes: the grid meters, statistics ask the large, the small declare."""
        rule = SCHEME.uncertainty
        if item.startswith("electricity."):
            return np.full(len(self.above), float(rule.metered))
        return np.where(self.above, float(rule.statistics), float(rule.declared))

    def rated(self, energy_t, added_wan, **more):
        net = sum(energy_t.values())
        table = {
            "id": list(map(str, range(len(net)))), "group": self.industry, "member": self.above,
            "numerator": np.round(net * T).astype(np.int64),
            "denominator": np.round(added_wan * WAN).astype(np.int64),
        }  # fmt: skip
        return rate(pa.table(table | more), SCHEME)

    def told(self, rng):
        """Amounts with errors, and the uncertainty of net emission ÷ value added that follows."""
        energy = {item: told(t, self.error(item), rng) for item, t in self.energy_t.items()}
        net = sum(energy.values())
        square = sum((energy[item] * self.error(item)) ** 2 for item in energy) / net**2
        money = self.error("economy.value_added")
        return energy, told(self.added_wan, money, rng), np.sqrt(square + money**2)


def told(amounts, share, rng):
    return amounts * np.exp(rng.normal(0, np.sqrt(np.log(1 + share**2))))


@pytest.fixture(scope="module")
def stated_and_true(city):
    """One entry per draw, enterprise and grade: the probability stated, and whether it is true."""
    year = Year(city)
    true = year.rated(year.energy_t, year.added_wan)["grade"].to_numpy()
    rng = np.random.default_rng(20261130)
    stated, hit = [], []
    for _ in range(DRAWS):
        energy, added, error = year.told(rng)
        found = year.rated(energy, added, uncertainty=error)["probabilities"].to_pylist()
        known = [row is not None for row in found]
        chances = np.array([row for row in found if row is not None])
        stated.append(chances)
        hit.append(true[known][:, None] == np.arange(1, 6))
    return np.concatenate(stated).ravel(), np.concatenate(hit).ravel()


@pytest.mark.parametrize(
    ("low", "high"), [(0.05, 0.15), (0.45, 0.55), (0.75, 0.85), (0.88, 0.92), (0.95, 0.999)]
)
def test_what_is_stated_comes_true_as_often(stated_and_true, low, high):
    stated, hit = stated_and_true
    there = (stated >= low) & (stated < high)
    assert 500 < there.sum()
    assert stated[there].mean() == pytest.approx(hit[there].mean(), abs=0.02)


def test_ninety_percent_means_ninety_percent(stated_and_true):
    stated, hit = stated_and_true
    there = (stated >= 0.88) & (stated < 0.92)
    assert 0.88 <= hit[there].mean() <= 0.92
