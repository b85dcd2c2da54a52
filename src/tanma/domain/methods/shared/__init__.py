"""Families of formulas shared by all accounting editions; importing this registers them."""

from tanma.domain.methods.shared import (
    accounts,
    devices,
    energy,
    fuel,
    heat,
    metered,
    power,
    process,
)

__all__ = ["accounts", "devices", "energy", "fuel", "heat", "metered", "power", "process"]
