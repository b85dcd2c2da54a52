"""Codes: evaluation runs, their review and publication, results per enterprise and area.

`compute` makes a run, `take` moves it on its way (review → check with preview → publish);
`latest` is the publication that counts today; `files_of` opens a run's frozen files.
`open_preview` is the run an enterprise may object to with `make_objection`.
`REASONS`, `word` and `number_of` tell of a result in words.
"""

from tanma.apps.codes.flow import MOVES, take
from tanma.apps.codes.models import AreaResult, Objection, Result, Run, State, Step
from tanma.apps.codes.moves import moved
from tanma.apps.codes.objections import file as make_objection
from tanma.apps.codes.objections import of as objections
from tanma.apps.codes.objections import open_preview, previewed
from tanma.apps.codes.publication import (
    GRADED_ON,
    history,
    latest,
    latest_result,
    number_of,
    number_text,
    published,
)
from tanma.apps.codes.runs import SCHEME, compute, files_of, predecessor, sync_lake
from tanma.apps.codes.schedules import make as make_schedule
from tanma.apps.codes.schedules import run_due
from tanma.apps.codes.words import REASONS, lang, word

__all__ = [
    "GRADED_ON", "MOVES", "REASONS", "SCHEME", "AreaResult", "Objection", "Result", "Run", "State",
    "Step", "compute", "files_of", "history", "lang", "latest", "latest_result",
    "make_objection", "make_schedule", "moved", "number_of", "number_text", "objections",
    "open_preview", "predecessor", "previewed", "published", "run_due", "sync_lake", "take", "word",
]  # fmt: skip
