"""Inventories: accounts by edition and period as a run froze them; every number explained.

`basis` builds the explanation trees of an enterprise from the frozen files of a run; `shown` gives
them as texts and `text_lines` as lines. The room that owns publications registers itself by
`set_publications`; `newest` finds one, `files` opens it and `opened` reads it for one viewer.
`untold_of` says which sums and averages of a run are not shown.
`account` gives an edition's totals by month; `monthly`, `products`, `water` and `money` what is no
line of an account.
"""

from tanma.apps.inventories.basis import ACCOUNTS, Basis, basis, explained
from tanma.apps.inventories.figures import (
    TOTALS,
    Account,
    Entry,
    FactorUsed,
    FrozenGrid,
    Source,
    account,
    added,
    frozen_grid,
    region_name,
    share,
    signed,
)
from tanma.apps.inventories.frozen import Frozen, Row
from tanma.apps.inventories.frozen import read as read_frozen
from tanma.apps.inventories.leaves import item_name, source_name
from tanma.apps.inventories.opened import opened
from tanma.apps.inventories.products import Months, Product, money, monthly, products, water
from tanma.apps.inventories.publications import (
    Publication,
    files,
    newest,
    publications,
    set_publications,
)
from tanma.apps.inventories.said import Facts, StoredFacts
from tanma.apps.inventories.shown import BADGES, MARKS, shown, text_lines
from tanma.apps.inventories.untold import untold_of

__all__ = [
    "ACCOUNTS", "BADGES", "MARKS", "TOTALS", "Account", "Basis", "Entry", "FactorUsed", "Facts",
    "Frozen", "FrozenGrid", "Months", "Product", "Publication", "Row", "Source", "StoredFacts",
    "account", "added", "basis", "explained", "files", "frozen_grid", "item_name", "money",
    "monthly", "newest", "opened", "products", "publications", "read_frozen", "region_name",
    "set_publications", "share", "shown", "signed", "source_name", "text_lines", "untold_of",
    "water",
]  # fmt: skip
