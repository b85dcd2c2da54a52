"""Registry: areas, enterprises, external identifiers, channels.

`register` and `find` map identifiers to subjects; `project` brings the listed columns and the area
closure up to the newest facts; `ancestors_on` gives the closure of a day.
"""

from tanma.apps.registry.areas import ancestors_on, inside_on, placement
from tanma.apps.registry.enterprises import find, project, register
from tanma.apps.registry.groups import consent, head_of, members, members_on
from tanma.apps.registry.history import RESTRICTED, Version, readable, versions
from tanma.apps.registry.links import link_if_there
from tanma.apps.registry.listing import area_choices, filtered
from tanma.apps.registry.models import Area, AreaClosure, Channel, Enterprise, ExternalId, Placement
from tanma.apps.registry.standing import Standing, StandingSource, set_standings, standings
from tanma.apps.registry.tree import Node, tree
from tanma.apps.registry.words import (
    area_name,
    area_names,
    author_name,
    evidence_html,
    industry_columns,
    industry_name,
    industry_text,
    item_name,
    source_name,
)

__all__ = [
    "RESTRICTED", "Area", "AreaClosure", "Channel", "Enterprise", "ExternalId", "Node",
    "Placement", "Standing", "StandingSource", "Version", "ancestors_on", "area_choices",
    "area_name", "area_names", "author_name", "consent", "evidence_html", "filtered", "find",
    "head_of", "industry_columns", "industry_name", "industry_text", "inside_on", "item_name",
    "link_if_there", "members", "members_on", "placement", "project", "readable", "register",
    "set_standings", "source_name", "standings", "tree", "versions",
]  # fmt: skip
