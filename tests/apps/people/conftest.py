"""The published region with its officials and enterprises."""

from tests.apps.region import published

__all__ = ["published"]
