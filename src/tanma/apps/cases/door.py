"""Cases: whatever has a life cycle and calls for a person, in one engine with workflows as data.

`open_case` opens one (once per key), `take` moves it as its workflow allows, `remark` notes what
the system found. A room above tells with `set_panel` what stands on the page of its cases, and
which template shows it. `send_letters` writes to whomever the states of cases call.
"""

from tanma.apps.cases.flow import (
    Said,
    may_open,
    moves,
    open_case,
    remark,
    rename,
    set_panel,
    take,
)
from tanma.apps.cases.letters import send as send_letters
from tanma.apps.cases.letters import waiting_for
from tanma.apps.cases.models import Case, Step
from tanma.apps.cases.shown import address, due_html
from tanma.apps.cases.workflows import workflows

__all__ = [
    "Case", "Said", "Step", "address", "due_html", "may_open", "moves", "open_case", "remark",
    "rename", "send_letters", "set_panel", "take", "waiting_for", "workflows",
]  # fmt: skip
