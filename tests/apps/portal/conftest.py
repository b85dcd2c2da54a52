"""The published region for the tests of the portal."""

from tests.apps.region import published

__all__ = ["published"]
