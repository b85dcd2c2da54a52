"""The published region for all tests of the office's pages."""

from tests.apps.region import published

__all__ = ["published"]
