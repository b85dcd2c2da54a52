"""Codes: evaluation runs, their review and publication, results per enterprise and area.

`compute` makes a run, `take` moves it on its way (review → check with preview → publish);
`latest` is the publication that counts today; `files_of` opens a run's frozen files.
`figures_alone` gives a result its figures.
`public_code` reads what anybody may learn of a code, `public_answer` writes it as JSON.
"""

from tanma.apps.codes.figures import figures_alone
from tanma.apps.codes.flow import MOVES, take
from tanma.apps.codes.models import AreaResult, Objection, Result, Run, State, Step
from tanma.apps.codes.moves import moved
from tanma.apps.codes.public import REASONS, PublicCode, address_of
from tanma.apps.codes.public import answer as public_answer
from tanma.apps.codes.public import read as public_code
from tanma.apps.codes.publication import history, latest, latest_result, published
from tanma.apps.codes.runs import SCHEME, compute, files_of, predecessor, sync_lake
from tanma.apps.codes.schedules import make as make_schedule
from tanma.apps.codes.schedules import run_due

__all__ = [
    "MOVES", "REASONS", "SCHEME", "AreaResult", "Objection", "PublicCode", "Result", "Run", "State",
    "Step", "address_of", "compute", "figures_alone", "files_of", "history", "latest",
    "latest_result", "make_schedule", "moved", "predecessor", "public_answer", "public_code",
    "published", "run_due", "sync_lake", "take",
]  # fmt: skip
