"""What lies above a meter: founded, of the same enterprise, and never in a circle on any day."""

from datetime import date

import pytest

from tanma.apps.metering import door as metering
from tanma.apps.metering.stating import BEGIN, OPEN, Statement
from tanma.apps.registry import door as registry
from tanma.domain.identity import id_text

pytestmark = [pytest.mark.db, pytest.mark.django_db]
OWN, OTHER = "91990101MA0DEM001L", "91990102MA0DEM0026"
NEW_YEAR = date(2026, 1, 1)


def row(number, meter, parent="", since=BEGIN, until=OPEN, firm=OWN):
    return metering.Placed(number, meter, firm, parent, since, until)


@pytest.fixture
def chain(db):
    """C below B below A, registered."""
    registry.register("uscc", [OWN, OTHER], author="test")
    found = {}
    for name, above in (("A", ""), ("B", "A"), ("C", "B")):
        parent = id_text(found[above]) if above else ""
        found[name] = metering.register_meter(name, OWN, author="test", parent=parent)
    return found


def test_registered_or_in_the_file(chain):
    rows = [row(1, "D", "C"), row(2, "F", "E"), row(3, "E"), row(4, "G", "H")]
    assert {4: "unknown"} == metering.refused(rows)


def test_a_row_falls_with_the_row_of_its_parent(chain):
    rows = [row(1, "D", "nobody"), row(2, "E", "D"), row(3, "F", "E"), row(4, "G", "A")]
    assert dict.fromkeys((1, 2, 3), "unknown") == metering.refused(rows)


def test_of_the_same_enterprise_as_registered_or_as_the_file_says(chain):
    assert {1: "other"} == metering.refused([row(1, "X", "A", firm=OTHER)])
    moved = [row(1, "X", "A", firm=OTHER), row(2, "A", firm=OTHER)]
    assert {} == metering.refused(moved)


def test_a_file_cannot_close_a_circle_with_what_is_registered(chain):
    assert {7: "circle"} == metering.refused([row(7, "A", "C")])
    assert {7: "circle"} == metering.refused([row(7, "A", "A")])


def test_only_the_rows_on_the_circle_are_to_blame(chain):
    rows = [row(1, "X", "Y"), row(2, "Y", "X"), row(3, "Z", "A")]
    assert {1: "circle", 2: "circle"} == metering.refused(rows)


def test_meters_may_change_places_on_a_day(chain):
    """A under B from New Year, when B lies under nothing any more: no day has a circle."""
    ends = [row(1, "B", "A", until=NEW_YEAR), row(2, "A", "B", since=NEW_YEAR)]
    # B below A was stated without an end: both would hold from New Year on
    assert {2: "circle"} == metering.refused(ends)
    metering.state(
        [
            Statement(chain["B"], "meter.parent", None),
            Statement(chain["B"], "meter.parent", id_text(chain["A"]), BEGIN, NEW_YEAR),
        ],
        author="test",
    )
    assert {} == metering.refused([row(2, "A", "B", since=NEW_YEAR)])
    early = date(2025, 12, 31)
    assert {2: "circle"} == metering.refused([row(2, "A", "B", since=early)])


def test_a_circle_that_stood_before_is_nobodys_fault(chain):
    metering.state([Statement(chain["A"], "meter.parent", id_text(chain["C"]))], author="test")
    assert {} == metering.refused([row(1, "D", "C"), row(2, "A")])


def test_the_same_days_said_again_replace_what_was_said(chain):
    """A file may put a circle right that it would otherwise close."""
    rows = [row(1, "B", "", since=BEGIN), row(2, "C", "A"), row(3, "B", "C")]
    assert {} == metering.refused(rows)
