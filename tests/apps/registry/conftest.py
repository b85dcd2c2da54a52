"""The published region for the tests of the register."""

from tests.apps.region import published

__all__ = ["published"]
