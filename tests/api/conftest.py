"""The published region for the tests of the programming interface."""

from tests.apps.region import published

__all__ = ["published"]
