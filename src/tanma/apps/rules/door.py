"""Rules in force here: the package's and the region's own, each by name, edition and day.

`pinned` gives a run the scheme edition of its period and the released texts it takes along,
accounting editions and factor tables among them; `editions_on` are the accounting editions in
force on a day; `scheme` finds the edition that a result names; `pack_of` opens a draft for trying
it out. `further` are the released factor tables, which estimates and trends take beside those of
the package; `factor_row` finds a row of either, `named` is its name; `GROUPS` are the words
for groups of items.
"""

from tanma.apps.rules.models import Kind, Pack, State
from tanma.apps.rules.packs import digest_of, edit, fault, start, title
from tanma.apps.rules.released import (
    editions,
    editions_on,
    factor_row,
    further,
    library_here,
    pinned,
    rows,
    scheme,
    scheme_on,
    schemes,
    tables,
)
from tanma.apps.rules.views import edition_address
from tanma.apps.rules.views_packs import pack_of
from tanma.apps.rules.words import GROUPS, mark_html, named

__all__ = [
    "GROUPS", "Kind", "Pack", "State", "digest_of", "edit", "edition_address", "editions",
    "editions_on", "factor_row", "fault", "further", "library_here", "mark_html", "named",
    "pack_of", "pinned", "rows", "scheme", "scheme_on", "schemes", "start", "tables", "title",
]  # fmt: skip
