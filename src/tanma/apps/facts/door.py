"""Facts: what was said or measured, appended and never edited.

`append` / `append_all` take columns (see `INPUT`), give every append one stamp and one change-feed
row, and make a repeated content a no-op. `watermark` is the known time up to which all is readable;
`fetch` feeds the lake's mirror, from which results are computed. `facts_of` and `current` are the
small reads of pages; `follow` and `attributes` serve rooms that list things from facts, and
`locked_row` those that give gapless numbers.
"""

from tanma.apps.facts.following import attributes, follow
from tanma.apps.facts.locks import locked_row
from tanma.apps.facts.models import Append, Cursor, Fact
from tanma.apps.facts.store import (
    APPEND_LIMIT,
    NOTHING,
    Receipt,
    append,
    append_all,
    content_key,
    current,
    facts_of,
    fetch,
    newest,
    rank,
    table,
    watermark,
)
from tanma.domain.facts import INPUT

__all__ = [
    "APPEND_LIMIT", "INPUT", "NOTHING", "Append", "Cursor", "Fact", "Receipt", "append",
    "append_all", "attributes", "content_key", "current", "facts_of", "fetch", "follow",
    "locked_row", "newest", "rank", "table", "watermark",
]  # fmt: skip
