"""Tanma: from a region's facts to published carbon-efficiency codes, every number explained."""

__version__ = "0.1.0"
