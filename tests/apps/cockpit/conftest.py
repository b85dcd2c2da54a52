"""The published region, with nothing kept from another test's database."""

from __future__ import annotations

from tests.apps.region import nothing_kept, published

__all__ = ["nothing_kept", "published"]
