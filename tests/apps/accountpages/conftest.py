"""The published region, and the frozen account of a cement works, for all tests of the pages."""

from tests.apps.inventories.conftest import cement, frozen
from tests.apps.region import published

__all__ = ["cement", "frozen", "published"]
