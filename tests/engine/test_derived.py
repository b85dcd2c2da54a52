"""What follows from what was said: fuel burnt as a balance, certificates for their holder."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tanma.domain.items import items as catalogue
from tanma.engine import accounts, activity, derived
from tests.engine.region import MWH, TONNE, Region

BURNT, CONSUMED = "fuel.coke.burnt", "fuel.coke.consumed"
FEEDSTOCK, TRANSFORMED = "fuel.coke.feedstock", "fuel.coke.transformed"
CERTIFICATE, CONTRACT = "electricity.green.certificate", "electricity.green.contract"
FORM = {"source": "stat.205-1", "data_class": "statistical_only"}
MONTHS = ("2026-07", "2026-08", "2026-09")


WHOLE = "subject, month, value, source, derived"


def activity_of(made, columns=WHOLE, item=BURNT, name="activity"):
    con = made.connection()
    activity.build(con, accounts.items())
    query = f"SELECT {columns} FROM {name} WHERE item = ? ORDER BY 1, 2"
    return con.execute(query, [item]).fetchall()


def test_burnt_is_what_was_consumed_less_feedstock_and_transformation():
    made = Region()
    for item, tonnes in ((CONSUMED, 100), (FEEDSTOCK, 30), (TRANSFORMED, 25)):
        made.say(1, item, "2026-09", tonnes * TONNE, **FORM)
    expected = [(1, date(2026, 9, 1), 45 * TONNE, "stat.205-1", True)]
    assert expected == activity_of(made)


def test_the_derived_row_rests_on_the_fact_of_consumption_and_keeps_the_strictest_class():
    made = Region()
    made.say(1, FEEDSTOCK, "2026-09", TONNE, **FORM)
    made.say(1, CONSUMED, "2026-09", 2 * TONNE, source="declared")
    assert [(2, "declared", "statistical_only")] == activity_of(made, "seq, source, data_class")


def test_what_was_reported_burnt_is_never_replaced():
    made = Region()
    made.say(1, CONSUMED, "2026-09", 100 * TONNE, **FORM)
    made.say(1, BURNT, "2026-09", 7 * TONNE, source="declared")
    made.say(1, CONSUMED, "2026-08", 3 * TONNE, **FORM)
    found = activity_of(made, "month, value, derived")
    assert [(date(2026, 8, 1), 3 * TONNE, True), (date(2026, 9, 1), 7 * TONNE, False)] == found


def test_a_part_that_is_reported_in_other_months_is_not_taken_for_zero():
    made = Region()
    made.say(1, FEEDSTOCK, "2026-08", TONNE, **FORM)
    for month in ("2026-08", "2026-09"):
        made.say(1, CONSUMED, month, 5 * TONNE, **FORM)
    assert [(date(2026, 8, 1), 4 * TONNE)] == activity_of(made, "month, value")
    refused = activity_of(made, "month, reason", name="activity_refused")
    assert [(date(2026, 9, 1), "part_missing")] == refused


def test_a_negative_balance_is_flagged_and_not_used():
    made = Region()
    made.say(1, CONSUMED, "2026-09", 5 * TONNE, **FORM)
    made.say(1, FEEDSTOCK, "2026-09", 6 * TONNE, **FORM)
    assert [] == activity_of(made)
    refused = activity_of(made, "month, value, reason", name="activity_refused")
    assert [(date(2026, 9, 1), -TONNE, "negative")] == refused


amounts = st.integers(0, 10**12) | st.none()
reports = st.fixed_dictionaries(
    {(role, m): amounts for role in (BURNT, CONSUMED, FEEDSTOCK, TRANSFORMED) for m in MONTHS}
)


def model(said):
    """The rule in plain Python."""
    found = {}
    for month in MONTHS:
        burnt, consumed = said[BURNT, month], said[CONSUMED, month]
        if burnt is not None:
            found[month] = burnt
            continue
        parts = [said[p, month] for p in (FEEDSTOCK, TRANSFORMED)
                 if any(said[p, m] is not None for m in MONTHS)]  # fmt: skip
        if consumed is None or None in parts or consumed < sum(parts):
            continue
        found[month] = consumed - sum(parts)
    return found


@given(reports)
def test_the_balance_agrees_with_a_model_in_python(said):
    made = Region()
    made.say(2, "electricity.purchased", "2026-09", 1)
    for (item, month), value in said.items():
        if value is not None:
            made.say(1, item, month, value, **FORM)
    found = {m.isoformat()[:7]: v for m, v in activity_of(made, "month, value")}
    assert model(said) == found


def test_every_fuel_of_the_catalogue_has_its_balance():
    burnt = {item for item in catalogue() if item.startswith("fuel.") and item.endswith(".burnt")}
    assert burnt == {result for result, _, _ in derived.balances()}


# --- certificates


def certificates(*claims):
    """(certificate, holder, month, MWh, number); enterprises 1 and 2 hold U1 and U2."""
    made = Region()
    for subject in (1, 2):
        made.tell(subject, "id.uscc", f"U{subject}")
    for certificate, holder, month, mwh, number in claims:
        made.tell(certificate, "id.certificate", number)
        made.tell(certificate, "certificate.holder", holder)
        made.say(certificate, CERTIFICATE, month, mwh * MWH, source="declared")
    return made


def test_certificates_enter_the_account_of_their_holder_once():
    made = certificates(
        (11, "U1", "2026-09", 2, "A"), (12, "U1", "2026-09", 3, "B"), (13, "U2", "2026-09", 4, "C")
    )
    expected = [(1, date(2026, 9, 1), 5 * MWH), (2, date(2026, 9, 1), 4 * MWH)]
    assert expected == activity_of(made, "subject, month, value", CERTIFICATE)


def test_a_number_claimed_twice_counts_once():
    made = certificates((11, "U1", "2026-08", 2, "A"), (12, "U2", "2026-09", 2, "A"))
    found = activity_of(made, "subject, value", CERTIFICATE)
    assert [(1, 2 * MWH)] == found
    refused = activity_of(made, "subject, reason", CERTIFICATE, "activity_refused")
    assert [(12, "claimed_twice")] == refused


@pytest.mark.parametrize(("contract", "counted"), [(0, 5), (3, 2), (5, 0), (9, 0)])
def test_a_kwh_under_contract_is_not_claimed_again_by_certificate(contract, counted):
    made = certificates((11, "U1", "2026-09", 5, "A"))
    made.say(1, CONTRACT, "2026-09", contract * MWH)
    assert [(1, counted * MWH)] == activity_of(made, "subject, value", CERTIFICATE)
    assert [(1, contract * MWH)] == activity_of(made, "subject, value", CONTRACT)


def test_a_certificate_of_an_unknown_holder_is_left_out_and_told():
    made = certificates((11, "U9", "2026-09", 5, "A"))
    assert [] == activity_of(made, "subject, value", CERTIFICATE)
    refused = activity_of(made, "subject, reason", CERTIFICATE, "activity_refused")
    assert [(11, "holder_unknown")] == refused
