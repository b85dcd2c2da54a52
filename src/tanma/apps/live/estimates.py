"""Live carbon: an estimate from meters (监测估算值), with the factor it used; never published.

Factors come from the same tables as results, those that the region released among them, by the
rule `latest_published`: for this year the newest year whose factor is out. What has no factor here
is not estimated.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import lru_cache

from django.conf import settings
from django.utils.translation import get_language

from tanma.apps.kit.door import clauses, with_note
from tanma.apps.rules import door as rules
from tanma.domain.factors.lookup import Factor, Query, grid_place, lookup
from tanma.domain.factors.tables import Table
from tanma.domain.messages import Problem
from tanma.domain.methods.shared.fuel import fuel_co2_t, fuel_heat_gj
from tanma.domain.reference.regions import regions
from tanma.engine.valued import Basis
from tanma.intake import units

HEAT_SETS = ("GBT32150-2025", "GBT32151.34-2024", "NDRC-2013-2015")
GAS_SET = "GBT32151.10-2023"
COAL_SET = {"heat": "standard_coal"}
Tables = tuple[Table, ...]


@dataclass(frozen=True)
class PerUnit:
    """Carbon or coal equivalent of one item unit, with where the number comes from."""

    value: float
    unit: str
    factors: tuple[Factor, ...]

    @property
    def named(self) -> str:
        """Names, data years, values, units and documents of the factors."""
        return clauses(_named(f) for f in self.factors)


def _named(factor: Factor) -> str:
    name = factor.name_en if get_language() == "en" else factor.name_zh
    year = str(factor.data_year or "")
    said = with_note(f"{factor.value_text} {factor.unit}", factor.document)
    return " ".join(filter(None, [name, year, said]))


def co2_t_per(item: str, on: dt.date) -> PerUnit | None:
    """Tonnes of CO2 per MWh of power bought, GJ of heat bought, 10⁴ m³ of gas burnt."""
    try:
        place = settings.TANMA.grid_region, settings.TANMA.grid_level
        return _co2(item, on, *place, rules.further())
    except Problem:
        return None


@lru_cache(maxsize=64)
def _co2(
    item: str, on: dt.date, province: str, level: str, further: Tables
) -> PerUnit | None:
    if item == "electricity.purchased":
        place = grid_place(province, level, on) or "CN"
        query = Query("grid", "electricity", "ef", on, region=place, kind="average")
        factor = lookup(query, known_on=on, rule="latest_published", further=further)
        return PerUnit(factor.value, "MWh", (factor,))
    if item == "heat.purchased":
        factor = _heat(on, further)
        return PerUnit(factor.value, "GJ", (factor,))
    if item == "fuel.natural_gas.burnt":
        return _gas(on, further)
    return None


def _heat(on: dt.date, further: Tables) -> Factor:
    """The newest edition in force."""
    problem: Problem | None = None
    for edition in HEAT_SETS:
        try:
            query = Query("heat", "heat", "ef", on, set_id=edition)
            return lookup(query, known_on=on, further=further)
        except Problem as error:
            problem = problem or error
    assert problem is not None
    raise problem


def _gas(on: dt.date, further: Tables) -> PerUnit:
    ncv, carbon, oxidised = (
        lookup(Query("fuel", "natural_gas", p, on, set_id=GAS_SET), known_on=on, further=further)
        for p in ("ncv", "cc", "of")
    )
    heat_gj = fuel_heat_gj(1.0, ncv.value)
    return PerUnit(
        fuel_co2_t(heat_gj, carbon.value, oxidised.value), "10^4 m3", (ncv, carbon, oxidised)
    )


def estimate_t(item: str, amount: float | None, unit: str, on: dt.date) -> float | None:
    """Estimated tonnes of CO2 of an amount in a unit; None where nothing is known."""
    factor = co2_t_per(item, on)
    if factor is None or amount is None:
        return None
    known = units.units()
    if unit not in known or factor.unit not in known:
        return None
    ratio = units.ratio(known[unit], known[factor.unit])
    return None if ratio is None else amount * float(ratio) * factor.value


def basis(known_at: int | None = None) -> Basis:
    """The factors that an estimate made as of a stamp (None: now) takes, as results take theirs."""
    moment = dt.datetime.now(dt.UTC) if known_at is None else (
        dt.datetime.fromtimestamp(known_at / 1e6, dt.UTC))  # fmt: skip
    place = settings.TANMA.grid_region or "CN", settings.TANMA.grid_level
    return Basis(moment.date(), *place, rules.further())


def factor_text(row_id: str) -> str:
    """A row of the factor tables in words: value, unit, region, year, document."""
    row = rules.factor_row(row_id)
    if not row:
        return row_id
    region = regions().get(row["region"])
    english = get_language() == "en"
    where = (region.name_en if english else region.name_zh) if region else row["region"]
    told = " · ".join(filter(None, (where, row["data_year"], row["document"])))
    return with_note(f"{row['value']} {row['unit']}", told)
