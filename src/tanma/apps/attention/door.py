"""Attention: the enterprises that a rule calls up, what is done about them, and abnormal areas.

`listed` names the enterprises of a run, `listed_in` those of an area; `warn` opens cases about
them. `abnormal_towns` are the townships whose index is abnormal.
"""

from tanma.apps.attention.handling import warn
from tanma.apps.attention.listing import Item, abnormal_towns, listed, listed_in, year_before

__all__ = ["Item", "abnormal_towns", "listed", "listed_in", "warn", "year_before"]
