"""Codes: evaluation runs, their review and publication, results per enterprise and area.

`compute` makes a run, `take` moves it on its way (review → check with preview → publish);
`latest` is the publication that counts today; `files_of` opens a run's frozen files.
`open_preview` is the run an enterprise may object to with `make_objection`. A schedule makes runs
by itself (`run_due`), a trial tells what a draft would move. `compute_run` and `try_rule` are the
same beside the web server. `REASONS`, `word` and `number_of` tell of a result in words.
`for_viewer` adds to results how an enterprise stands among others where rows keep that from
officials, `why_not_compared` says why a row lacks it.
"""

from tanma.apps.codes.compared import for_viewer, why_not_compared
from tanma.apps.codes.flow import MOVES, take
from tanma.apps.codes.models import (
    AreaResult,
    Objection,
    Result,
    Run,
    Schedule,
    State,
    Step,
    Trial,
)
from tanma.apps.codes.moves import Moved, moved
from tanma.apps.codes.objections import answer as answer_objection
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
from tanma.apps.codes.schedules import MOST_DAYS, next_of, run_due
from tanma.apps.codes.schedules import end as end_schedule
from tanma.apps.codes.schedules import make as make_schedule
from tanma.apps.codes.tasks import compute_run, try_rule
from tanma.apps.codes.trials import moves as trial_moves
from tanma.apps.codes.words import REASONS, word

__all__ = [
    "GRADED_ON", "MOST_DAYS", "MOVES", "REASONS", "SCHEME", "AreaResult", "Moved", "Objection",
    "Result", "Run", "Schedule", "State", "Step", "Trial", "answer_objection", "compute",
    "compute_run", "end_schedule", "files_of", "for_viewer", "history", "latest",
    "latest_result", "make_objection", "make_schedule", "moved", "next_of", "number_of",
    "number_text", "objections", "open_preview", "predecessor", "previewed", "published",
    "run_due", "sync_lake", "take", "trial_moves", "try_rule", "why_not_compared", "word",
]  # fmt: skip
