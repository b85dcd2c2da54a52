"""Live: energy trees, curves, data quality and the region of today; nothing is written here.

`derive` and `days_of` put what meters say into tables of an `engine`; `basis` and `factor_text`
are the factors of estimates, which the rooms above share.
"""

from tanma.apps.live.estimates import basis, estimate_t, factor_text
from tanma.apps.live.known import days_of, derive, engine

__all__ = ["basis", "days_of", "derive", "engine", "estimate_t", "factor_text"]
