"""The finished region in memory: who, where, what really happened, and how it is told."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from tanma.demo import activity, calibrate, forms, geography, population, reporting, tables
from tanma.demo.activity import Activity
from tanma.demo.calibrate import Design
from tanma.demo.geography import Geography
from tanma.demo.plan import Plan
from tanma.demo.population import Flags, Floats, Ints, Population
from tanma.demo.reporting import Reporting


@dataclass(frozen=True)
class Region:
    plan: Plan
    land: Geography
    people: Population
    activity: Activity
    told: Reporting
    design: Design
    form_reporters: Ints
    """Enterprises that report on statistics forms instead of plain sheets."""

    @cached_property
    def above(self) -> Flags:
        return self.people.above(self.plan.months)

    @cached_property
    def active(self) -> Flags:
        return self.people.active(self.plan.months)

    @cached_property
    def on_forms(self) -> Flags:
        return np.isin(np.arange(self.people.count), self.form_reporters)

    @cached_property
    def transformers(self) -> Ints:
        return forms.transformers(self.form_reporters, self.activity.amounts)

    @cached_property
    def transformed_t(self) -> Floats:
        """Coal that becomes coke, enterprise × month; nothing of it is burnt."""
        return self._of(self.transformers, forms.transformed_t(self.activity.amounts["bituminous"]))

    @cached_property
    def coke_t(self) -> Floats:
        return self._of(self.transformers, forms.coke_t(self.activity.amounts["bituminous"]))

    @cached_property
    def fresh_water_m3(self) -> Floats:
        return self._of(self.form_reporters, forms.fresh_water_m3(self.activity.output_yuan))

    @cached_property
    def reused_water_m3(self) -> Floats:
        return self._of(self.form_reporters, forms.reused_water_m3(self.activity.output_yuan))

    def _of(self, firms: Ints, amounts: Floats) -> Floats:
        """The amounts of some enterprises, and nothing of the others."""
        return np.where(np.isin(np.arange(self.people.count), firms)[:, None], amounts, 0.0)


def build(plan: Plan) -> Region:
    """Draw, calibrate, and round to the digits that departments report."""
    land = geography.build(plan)
    people = population.build(plan, land)
    told = reporting.build(plan, people)
    drawn = activity.build(plan, people, told.fuels)
    rated = reporting.rated(plan, people, told)
    settled, design = calibrate.calibrate(plan, land, people, drawn, rated)
    now = _rounded(_with_losses(settled, told))
    chosen = forms.reporters(plan, people, told, rated)
    return Region(plan, land, people, now, told, design, chosen)


def _with_losses(now: Activity, told: Reporting) -> Activity:
    added = now.value_added_yuan.copy()
    added[told.losing, -12:] *= -0.15
    return replace(now, value_added_yuan=added)


def _rounded(now: Activity) -> Activity:
    """The truth has the digits of the reports, so that a comparison can ask for equality."""
    amounts = {
        name: np.round(amount, tables.carriers()[name].decimals)
        for name, amount in now.amounts.items()
    }
    return replace(
        now,
        output_yuan=np.round(now.output_yuan),
        value_added_yuan=np.round(now.value_added_yuan),
        amounts=amounts,
        pv_generated_kwh=np.round(now.pv_generated_kwh),
        pv_exported_kwh=np.round(now.pv_exported_kwh),
    )


def process_amounts(region: Region) -> dict[str, Floats]:
    """Process activity in tonnes a month, from the fuel that goes with it."""
    found: dict[str, Floats] = {}
    for process in tables.processes():
        ours = np.char.startswith(region.people.industry, process.prefix)
        basis = region.activity.amounts.get(process.basis)
        if basis is not None and ours.any():
            found[process.carrier] = np.round(basis * ours[:, None] * process.t_per_basis_unit, 1)
    return found
