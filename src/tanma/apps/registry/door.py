"""Registry: areas, enterprises, external identifiers, channels.

`register` and `find` map identifiers to subjects; `save_areas` stores areas with dated parents;
`project` brings today's columns up to the newest facts; `ancestors_on` gives the closure of a day.
"""

from tanma.apps.registry.areas import AreaRow, ancestors_on, placement, save_areas
from tanma.apps.registry.enterprises import find, project, register
from tanma.apps.registry.models import Area, AreaClosure, Channel, Enterprise, ExternalId, Placement

__all__ = [
    "Area", "AreaClosure", "AreaRow", "Channel", "Enterprise", "ExternalId", "Placement",
    "ancestors_on", "find", "placement", "project", "register", "save_areas",
]  # fmt: skip
