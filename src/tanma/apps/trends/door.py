"""Trends: any figure of an enterprise or an area over any span and grain, against a chosen base.

`History` gives the months of an enterprise as published, `Region` those of an area; `bounds` and
`whole` say which months there are.
"""

from tanma.apps.trends.area import Region
from tanma.apps.trends.history import GREEN, History, bounds, whole
from tanma.apps.trends.measures import Sum

__all__ = ["GREEN", "History", "Region", "Sum", "bounds", "whole"]
