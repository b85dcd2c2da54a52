"""What was usual so far: a typical month per subject and item, against which slips are seen."""

from __future__ import annotations

import duckdb
import pyarrow as pa
from django.conf import settings

from tanma.apps.facts import door as facts
from tanma.lake.facts import FactsMirror

# The median is what a few slips among many months do not move.
_TYPICAL = """
    SELECT text AS subject_value, item, typical FROM (
        SELECT subject, item,
            median(value / greatest(date_diff('day', valid_from, valid_to) / 30.4375, 0.5))
                AS typical
        FROM known WHERE kind = 'amount' AND value > 0 AND valid_to > valid_from
        GROUP BY subject, item
    ) JOIN (
        SELECT subject, any_value(text) AS text FROM known WHERE item = 'id.uscc' GROUP BY subject
    ) USING (subject)"""


def mirror() -> FactsMirror:
    """The lake's mirror of the facts, brought up to the store's watermark."""
    found = FactsMirror(settings.TANMA.lake)
    found.sync(facts.fetch, facts.watermark())
    return found


def months() -> pa.Table:
    """(subject_value, item, typical): the median month by credit code, at the item's scale."""
    found = mirror()
    with duckdb.connect() as con:
        found.relation(con, found.watermark)
        return con.sql(_TYPICAL).to_arrow_table()
