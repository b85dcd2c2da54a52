"""Live: energy trees, curves, data quality and the region of today; nothing is written here.

`derive`, `days_of`, `points` and `keep_days` fill tables of an `engine()` connection with what
readings and kept days say of some channels (`parts`: what virtual ones add up), `given` the kept
days that enter sums; `freshness` is the age of their newest readings. `account` is the estimated
account of a month, `withheld` what of an area's is not shown; `basis`, `edition_links`
and `factor_text` tell editions and factors of estimates, `of_amounts` values single amounts.
`curve` and `totals` draw channels over a `Window`. `ago`, `shown` and `amount` write ages,
figures and amounts with their unit.
"""

from tanma.apps.live.account import Account, Line, account, following, given
from tanma.apps.live.asked import firm_of
from tanma.apps.live.closing import COAL, DIRECT, INDIRECT, TOTAL, Closed, withheld
from tanma.apps.live.curves import Window, totals
from tanma.apps.live.curves import points as curve
from tanma.apps.live.estimates import (
    Valued,
    basis,
    edition_links,
    estimable,
    factor_text,
    factors,
    of_amounts,
    valued,
)
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
from tanma.apps.live.words import STATES, TONES, ago, amount, how_many, not_public, rate_unit, shown

__all__ = [
    "COAL", "DIRECT", "INDIRECT", "NEVER", "STATES", "TONES", "TOTAL", "Account", "Closed", "Fresh",
    "Line", "Valued", "Window", "account", "ago", "amount", "basis", "curve", "days_of", "derive",
    "edition_links", "engine", "estimable", "factor_text", "factors", "firm_of", "following",
    "freshness", "given", "how_many", "keep_days", "lake", "not_public", "of_amounts", "parts",
    "points", "rate_unit", "shown", "totals", "valued", "withheld",
]  # fmt: skip
