"""Families of formulas shared by all accounting editions; importing this registers them."""

from tanma.domain.methods.shared import accounts, energy, fuel, heat, metered, power, process

__all__ = ["accounts", "energy", "fuel", "heat", "metered", "power", "process"]
