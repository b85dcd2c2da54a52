"""Cases: whatever has a life cycle and calls for a person, in one engine with workflows as data.

`open_case` opens one (once per key), `take` moves it as its workflow allows, `remark` notes what
the system found. A room above tells with `set_panel` what stands on the page of its cases.
"""

from tanma.apps.cases.flow import Said, moves, open_case, remark, rename, set_panel, take
from tanma.apps.cases.models import Case, Step
from tanma.apps.cases.workflows import workflows

__all__ = [
    "Case", "Said", "Step", "moves", "open_case", "remark", "rename", "set_panel",
    "take", "workflows",
]  # fmt: skip
