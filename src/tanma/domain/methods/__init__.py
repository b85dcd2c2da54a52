"""Accounting methods: shared families of formulas, and editions that declare which lines count."""

from tanma.domain.methods.edition import (
    Derived,
    Edition,
    LeftOut,
    LineDef,
    TotalDef,
    activity_of,
    edition,
    editions,
    line_formulas,
    read_edition,
)
from tanma.domain.methods.explain import LeafValue, LineInput, Node, explain, render_tree
from tanma.domain.methods.plans import (
    Binding,
    BoundLine,
    FormulaPlan,
    bind,
    formula_plan,
    lines_sql,
    missing_problem,
    same_unit,
)
from tanma.domain.methods.successor import check_successor, edition_on, succession

__all__ = [
    "Binding",
    "BoundLine",
    "Derived",
    "Edition",
    "FormulaPlan",
    "LeafValue",
    "LeftOut",
    "LineDef",
    "LineInput",
    "Node",
    "TotalDef",
    "activity_of",
    "bind",
    "check_successor",
    "edition",
    "edition_on",
    "editions",
    "explain",
    "formula_plan",
    "line_formulas",
    "lines_sql",
    "missing_problem",
    "read_edition",
    "render_tree",
    "same_unit",
    "succession",
]
