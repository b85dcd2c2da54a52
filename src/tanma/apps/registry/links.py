"""Addresses in rooms that may not be part of this installation."""

from __future__ import annotations

from django.urls import NoReverseMatch, reverse


def link_if_there(name: str, *args: object) -> str:
    """The address of a page, or "" when its room is not mounted."""
    try:
        return reverse(name, args=args)
    except NoReverseMatch:
        return ""
