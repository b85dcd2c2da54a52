"""The published region for all tests of runs and publications."""

from tests.apps.region import published

__all__ = ["published"]
