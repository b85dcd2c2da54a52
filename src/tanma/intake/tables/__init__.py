"""Table packages: files of enterprises, departments and meters to checked facts and readings.

`read` takes a file apart, `check` judges it, `write_rejects` gives back what was refused and
`write_template` the sheet to fill. Nothing here knows a database.
"""

from tanma.intake.tables.cells import Context
from tanma.intake.tables.checking import Checked, check
from tanma.intake.tables.facts import FACT_SCHEMA
from tanma.intake.tables.packages import load_package, package_names, packages
from tanma.intake.tables.readings import READING_SCHEMA
from tanma.intake.tables.rejects import safe_cell, write_rejects
from tanma.intake.tables.report import Line, Report
from tanma.intake.tables.sheet import Sheet, read, read_bytes
from tanma.intake.tables.templates import write_template

__all__ = [
    "FACT_SCHEMA",
    "READING_SCHEMA",
    "Checked",
    "Context",
    "Line",
    "Report",
    "Sheet",
    "check",
    "load_package",
    "package_names",
    "packages",
    "read",
    "read_bytes",
    "safe_cell",
    "write_rejects",
    "write_template",
]
