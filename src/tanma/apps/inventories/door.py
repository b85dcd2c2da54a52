"""Inventories: accounts by edition and period, energy, and the explanation of every number.

`basis` builds the explanation trees of an enterprise from the frozen files of a run; `shown` gives
them as texts and `text_lines` as lines. The room that owns publications registers itself by
`set_publications`; `newest` finds one and `files` opens it.
"""

from tanma.apps.inventories.basis import ACCOUNTS, Basis, basis
from tanma.apps.inventories.frozen import Frozen
from tanma.apps.inventories.frozen import read as read_frozen
from tanma.apps.inventories.notes import Note, missing_text, refused_notes
from tanma.apps.inventories.publications import (
    Publication,
    files,
    newest,
    publications,
    set_publications,
)
from tanma.apps.inventories.said import Facts, StoredFacts
from tanma.apps.inventories.shown import shown, text_lines

__all__ = [
    "ACCOUNTS", "Basis", "Facts", "Frozen", "Note", "Publication", "StoredFacts", "basis", "files",
    "missing_text", "newest", "publications", "read_frozen", "refused_notes", "set_publications",
    "shown", "text_lines",
]  # fmt: skip
