"""Imports: files to facts, what was left out and why, and the desk where people decide.

`import_file` and `import_folder` are the way in for pages, the command line and the demo.
"""

from tanma.apps.imports.batches import Progress, import_file
from tanma.apps.imports.folders import import_folder, steps
from tanma.apps.imports.models import Batch, DeskCase, Reminder
from tanma.apps.imports.reminders import reminders_for
from tanma.apps.imports.reports import report_lines
from tanma.apps.imports.withdraw import withdraw

__all__ = [
    "Batch", "DeskCase", "Progress", "Reminder", "import_file", "import_folder",
    "reminders_for", "report_lines", "steps", "withdraw",
]  # fmt: skip
