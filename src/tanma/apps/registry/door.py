"""Registry: areas, enterprises, external identifiers, channels.

`register` and `find` map identifiers to subjects; `project` brings the listed columns and the area
closure up to the newest facts; `ancestors_on` gives the closure of a day.
"""

from tanma.apps.registry.areas import ancestors_on, placement
from tanma.apps.registry.enterprises import find, project, register
from tanma.apps.registry.models import Area, AreaClosure, Channel, Enterprise, ExternalId, Placement

__all__ = [
    "Area", "AreaClosure", "Channel", "Enterprise", "ExternalId", "Placement", "ancestors_on",
    "find", "placement", "project", "register",
]  # fmt: skip
