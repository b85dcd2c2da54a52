"""Cockpit: the figures of areas as published, who may see an area, and what few stand behind.

`frozen` opens a run's files once per process, `area_figures` reads one area of it; `publications`
lists the runs in force of a kind of period. `attention_list` names the enterprises that a rule
calls up, `warn` opens cases about them. `home_of` and `may_see` say which areas a viewer has.
"""

from tanma.apps.cockpit.access import hierarchies_of, home_of, may_see
from tanma.apps.cockpit.attention import listed as attention_list
from tanma.apps.cockpit.figures import AreaFigures, Years, area_figures, names, quotient
from tanma.apps.cockpit.frozen import Frozen, frozen
from tanma.apps.cockpit.handling import warn
from tanma.apps.cockpit.wall import publications

__all__ = [
    "AreaFigures", "Frozen", "Years", "area_figures", "attention_list", "frozen",
    "hierarchies_of", "home_of", "may_see", "names", "publications", "quotient", "warn",
]  # fmt: skip
