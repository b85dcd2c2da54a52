"""The published region for all tests of the code pages."""

from tests.apps.region import published

__all__ = ["published"]
