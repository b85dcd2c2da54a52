"""Meters: the pages of the register, and what its forms share with those of gateways.

`NAME` is what an id of a meter may be, `said` a problem as an error of a form.
"""

from tanma.apps.meters.forms import NAME, said

__all__ = ["NAME", "said"]
