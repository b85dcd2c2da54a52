"""Live: energy trees, curves, data quality and the region of today; nothing is written here.

`derive`, `days_of`, `points` and `keep_days` fill tables of an `engine()` connection with what
readings and kept days say of some channels (`parts`: what virtual ones add up), `given` the kept
days that enter sums; `freshness` is the age of their newest readings. `basis` and `factor_text` are
the factors of estimates. `curve` and `totals` draw channels over a `Window`. `ago` and `shown`
write ages and figures.
"""

from tanma.apps.live.asked import firm_of
from tanma.apps.live.curves import Window, totals
from tanma.apps.live.curves import points as curve
from tanma.apps.live.estimates import GAS_SET, basis, co2_t_per, estimate_t, factor_text
from tanma.apps.live.known import (
    NEVER,
    Fresh,
    days_of,
    derive,
    engine,
    freshness,
    keep_days,
    lake,
    parts,
    points,
)
from tanma.apps.live.regional import given
from tanma.apps.live.words import STATES, TONES, ago, rate_unit, shown

__all__ = [
    "GAS_SET", "NEVER", "STATES", "TONES", "Fresh", "Window", "ago", "basis", "co2_t_per", "curve",
    "days_of", "derive", "engine", "estimate_t", "factor_text", "firm_of", "freshness", "given",
    "keep_days", "lake", "parts", "points", "rate_unit", "shown", "totals",
]  # fmt: skip
