"""What stands where the rule of disclosure (`engine.disclosure`) lets a figure not be shown."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext

from tanma.engine.disclosure import least


@dataclass(frozen=True)
class Part:
    """One part of a total: its name, a count of mg, and how many enterprises stand behind it."""

    label: str
    mg: int
    enterprises: int


def words() -> str:
    """What stands where a figure is not shown."""
    return gettext("不足%(n)s家，不公开") % {"n": least()}
