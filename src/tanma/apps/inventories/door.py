"""Inventories: accounts by edition and period, energy, and the explanation of every number.

`basis` builds the explanation trees of an enterprise from the frozen files of a run; `shown` gives
them as texts and `text_lines` as lines. The room that owns publications registers itself by
`set_publications`; `newest` finds one, `files` opens it and `opened` reads it for one viewer.
`untold_of` says which sums and averages of a run are not shown.
`account` gives an edition's totals by month; `monthly` and `money` what is no line of an account.
"""

from tanma.apps.inventories.account_page import TOTALS, region_name
from tanma.apps.inventories.basis import ACCOUNTS, Basis, basis
from tanma.apps.inventories.figures import (
    Account,
    Entry,
    FrozenGrid,
    account,
    added,
    frozen_grid,
    signed,
)
from tanma.apps.inventories.frozen import Frozen
from tanma.apps.inventories.frozen import read as read_frozen
from tanma.apps.inventories.notes import Note, missing_text, refused_notes
from tanma.apps.inventories.opened import opened
from tanma.apps.inventories.products import Months, money, monthly
from tanma.apps.inventories.publications import (
    Publication,
    files,
    newest,
    publications,
    set_publications,
)
from tanma.apps.inventories.said import Facts, StoredFacts
from tanma.apps.inventories.shown import shown, text_lines
from tanma.apps.inventories.untold import untold_of

__all__ = [
    "ACCOUNTS", "TOTALS", "Account", "Basis", "Entry", "Facts", "Frozen", "FrozenGrid", "Months",
    "Note", "Publication", "StoredFacts", "account", "added", "basis", "files", "frozen_grid",
    "missing_text", "money", "monthly", "newest", "opened", "publications", "read_frozen",
    "refused_notes", "region_name", "set_publications", "shown", "signed", "text_lines",
    "untold_of",
]  # fmt: skip
