"""Live: energy trees, curves, data quality and the region of today; nothing is written here."""

from tanma.apps.live.estimates import estimate_t

__all__ = ["estimate_t"]
