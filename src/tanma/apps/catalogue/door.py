"""The data catalogue: classes of data, what arrived, what is missing, and the short declaration."""

from tanma.apps.catalogue.classes import missing
from tanma.apps.catalogue.models import Reminder
from tanma.apps.catalogue.reminders import reminders_for

__all__ = ["Reminder", "missing", "reminders_for"]
