"""Watch: devices at work, alarms over limits, and the running estimate of carbon intensity.

`evaluate` holds what changed since last time against its limits, and writes letters.
"""

from tanma.apps.cases import door as cases
from tanma.apps.watch import alarms, intensity
from tanma.apps.watch.limits import state as state_limits
from tanma.apps.watch.models import Alarm, Breach


def evaluate() -> alarms.Evaluated:
    """Open, restate and lapse alarms as the days say now; write about new ones."""
    done = alarms.evaluate(intensity.watch)
    cases.send_letters()
    return done


__all__ = ["Alarm", "Breach", "evaluate", "state_limits"]
