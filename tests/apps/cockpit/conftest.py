"""The published region, with nothing kept from another test's database."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tanma.apps.areas import frozen
from tests.apps.region import published

__all__ = ["published"]


@pytest.fixture(autouse=True)
def _nothing_kept() -> Iterator[None]:
    frozen.forget()
    yield
    frozen.forget()
