"""The desk: unknown codes, duplicates, conflicts and grid accounts, decided by persons."""

from tanma.apps.desk.models import DeskCase

__all__ = ["DeskCase"]
