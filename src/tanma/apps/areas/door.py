"""Areas: their figures as published, who may see an area, and what few stand behind.

`frozen` opens a run's files once per process, `area_figures` reads one area of it; `publications`
lists the runs in force of a kind of period. `home_of` and `may_see` say which areas a viewer has.
A page of an area asks `opened` for viewer, run and area, and gives its template `base`.
"""

from tanma.apps.areas.access import hierarchies_of, home_of, may_see, require_area
from tanma.apps.areas.figures import (
    COUNTIES,
    FEN_PER_WAN,
    MG_PER_T,
    QUOTIENT,
    TOWNS,
    AreaFigures,
    Years,
    abnormal_words,
    area_figures,
    children,
    comparison,
    level_below,
    names,
    quotient,
)
from tanma.apps.areas.frozen import Frozen, Row, frozen, month_values, publications
from tanma.apps.areas.listings import (
    PERIODS,
    SMALLEST_PAGE,
    amount,
    area_href,
    areas_table,
    enterprise_href,
    item_name,
    of_run,
)
from tanma.apps.areas.pages import address, base, chosen_run, office, opened

__all__ = [
    "COUNTIES", "FEN_PER_WAN", "MG_PER_T", "PERIODS", "QUOTIENT", "SMALLEST_PAGE", "TOWNS",
    "AreaFigures", "Frozen", "Row", "Years", "abnormal_words", "address", "amount",
    "area_figures", "area_href", "areas_table", "base", "children", "chosen_run", "comparison",
    "enterprise_href", "frozen", "hierarchies_of", "home_of", "item_name",
    "level_below", "may_see", "month_values", "names", "of_run", "office", "opened",
    "publications", "quotient", "require_area",
]  # fmt: skip
