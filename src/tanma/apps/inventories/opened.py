"""A publication opened for one reader: what is for statistics alone is taken out before it is read.

Every page that shows frozen rows of one enterprise comes through here.
"""

from __future__ import annotations

from dataclasses import replace

from tanma.apps.inventories import publications
from tanma.apps.inventories.frozen import Frozen, read_all
from tanma.apps.inventories.untold import untold_of
from tanma.apps.people.door import Viewer
from tanma.domain.messages import Problem
from tanma.engine.disclosure import single, withheld
from tanma.engine.rules import scheme_of


def opened(viewer: Viewer, subject: int, name: str, *run_ids: str) -> list[Frozen]:
    """The rows of an enterprise in runs as this viewer may see them; the caller checks the action.

    A Problem where the energy itself is withheld: nothing is left then.
    """
    found = read_all([publications.files(run_id) for run_id in run_ids], subject)
    if viewer.office:
        found = [_alone(frozen) for frozen in found]
    if viewer.may("see_statistical", subject):
        return found
    return [_singles_of(frozen, name) for frozen in found]


def _alone(frozen: Frozen) -> Frozen:
    """Without averages from which who knows the other enterprises would compute a withheld one."""
    hidden = untold_of(frozen.run_id).of_row(frozen.result, scheme_of(frozen.files.meta).population)
    told = {k: None if k in hidden else v for k, v in frozen.result.items()}
    return replace(frozen, result=told, kept_back=bool(hidden))


def _singles_of(frozen: Frozen, name: str) -> Frozen:
    """Without what is for statistics alone; nothing is left where the energy itself is."""
    hidden = withheld(frozen.result)
    if "net_mg" in hidden:
        raise Problem("inventory_statistical_only", name=name)
    return replace(frozen, result=single(frozen.result), withheld=bool(hidden))
