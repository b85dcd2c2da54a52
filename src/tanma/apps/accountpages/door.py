"""Accountpages: what a reader sees of an enterprise's accounts, and the notes beside them.

`missing_text` and `refused_notes` say what is missing and what was not used, for lists of runs.
"""

from tanma.apps.accountpages.notes import missing_text, refused_notes

__all__ = ["missing_text", "refused_notes"]
