"""The small region of the tests of imports."""

from tests.apps.imports.conftest import firms, home, sheet

__all__ = ["firms", "home", "sheet"]
