"""Flows: energy balances and Sankey of enterprises, areas, sites and groups; nothing is kept here.

`gather` reads what is stated and metered of enterprises over a span as flows of
`tanma.domain.balances`.
"""

from tanma.apps.flows.gathering import Gathered, gather
from tanma.apps.flows.spans import Span

__all__ = ["Gathered", "Span", "gather"]
