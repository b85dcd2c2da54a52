"""Two enterprises, a lake of its own for each test, and who looks at gateways."""

from tests.apps.metering.conftest import firms, home
from tests.apps.meters.conftest import office, owner, stranger

__all__ = ["firms", "home", "office", "owner", "stranger"]
