"""Imports: files to facts, what was left out and why.

`import_file` and `import_folder` are the way in for pages, the command line and the demo. A desk
registers itself by `set_desk`, who checks rows of a scheme by `set_judge`, who keeps a list of
what came by `set_follower`; `channels_named` are the channels that rows of a sheet speak of.
`ready`, `add_receipt`, `read_table` and `write_table` let a desk bring in later what had to wait.
`take` starts on an uploaded file; `report_count` and `report_lines` tell what was found in it.
`official` and the cells are shared by the pages about data.
"""

from tanma.apps.imports.batches import Progress, add_receipt, import_file, ready
from tanma.apps.imports.channels import QUANTITY
from tanma.apps.imports.channels import named as channels_named
from tanma.apps.imports.files import read_table, write_table
from tanma.apps.imports.folders import failed, import_folder, steps
from tanma.apps.imports.hooks import Raised, set_desk, set_follower, set_judge
from tanma.apps.imports.meters import Fault
from tanma.apps.imports.models import Batch, now, today
from tanma.apps.imports.reports import report_count, report_lines
from tanma.apps.imports.shown import find_batch, number, official, state_html, titled, when
from tanma.apps.imports.subjects import REGISTER
from tanma.apps.imports.tasks import take
from tanma.apps.imports.usual import mirror
from tanma.apps.imports.withdraw import withdraw

__all__ = [
    "QUANTITY", "REGISTER", "Batch", "Fault", "Progress", "Raised", "add_receipt", "channels_named",
    "failed", "find_batch", "import_file", "import_folder", "mirror", "now", "number",
    "official", "read_table", "ready", "report_count", "report_lines", "set_desk", "set_follower",
    "set_judge", "state_html", "steps", "take", "titled", "today", "when", "withdraw",
    "write_table",
]  # fmt: skip
