"""The one row whose lock puts writers in line: who gives gapless numbers holds it to the end."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from django.db.models import Model

M = TypeVar("M", bound=Model)


def locked_row(model: type[M], first: Callable[[], M]) -> M:
    """Row 1 of a model, locked until the transaction ends.

    Where there is none yet `first` says how it begins; of several that begin at once one is kept.
    """
    rows = model._default_manager.select_for_update()
    if (found := rows.filter(pk=1).first()) is None:
        model._default_manager.bulk_create([first()], ignore_conflicts=True)
        found = rows.get(pk=1)
    return found
