"""Equipment: the register of production, transfer, metering and test devices, as dated facts.

`register` makes a device known, `state` says more of it from a day on, `project` brings the list
up. `feeds` are its channels of today, `sources` what tells its run states, for the engine.
"""

from tanma.apps.equipment.feeding import Feeds, feeds, kw_per, limits_kw, sources
from tanma.apps.equipment.models import Equipment
from tanma.apps.equipment.projection import project
from tanma.apps.equipment.stating import FEEDS, ids_of, meters_of, register, state
from tanma.apps.equipment.words import kind_choices, kind_word, role_word

__all__ = [
    "FEEDS", "Equipment", "Feeds", "feeds", "ids_of", "kind_choices", "kind_word", "kw_per",
    "limits_kw", "meters_of", "project", "register", "role_word", "sources", "state",
]  # fmt: skip
