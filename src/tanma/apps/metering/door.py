"""Metering: meters, their channels and what is stated of them; gateways and their tokens.

`declare` gives channels their numbers and states what they are, `state` and `record_event` add
dated facts, `project` brings the listed columns up to them. `channels` are columns for engine and
services; `intake_scopes` says what each token may write, and by which key it must sign.
`found` is the row of an address as its reader may see it, `newest` what a channel said last.
"""

from tanma.apps.metering.above import Placed, refused
from tanma.apps.metering.arrivals import LOOK_BACK, Newest, decimal_text, heard_of, newest, state_of
from tanma.apps.metering.finding import author, enterprise_of, found, number, owner_key, seen
from tanma.apps.metering.formulas import refuse_wrong
from tanma.apps.metering.gateways import (
    channels,
    channels_of,
    create_gateway,
    intake_scopes,
    point,
    renew_token,
    revoke,
    sources_named,
)
from tanma.apps.metering.models import Gateway, Meter
from tanma.apps.metering.projection import attributes, enterprises, meters_on, project, today
from tanma.apps.metering.signing import (
    end_signing,
    find_key,
    sign_by_public_key,
    sign_by_secret,
    verifier,
)
from tanma.apps.metering.stating import (
    BEGIN,
    OPEN,
    Declared,
    Statement,
    conflicts,
    declare,
    record_event,
    register_meter,
    state,
)
from tanma.apps.metering.words import KINDS, STATES, TONES

__all__ = [
    "BEGIN", "KINDS", "LOOK_BACK", "OPEN", "STATES", "TONES", "Declared", "Gateway", "Meter",
    "Newest", "Placed", "Statement", "attributes", "author", "channels", "channels_of", "conflicts",
    "create_gateway", "decimal_text", "declare", "end_signing", "enterprise_of", "enterprises",
    "find_key", "found", "heard_of", "intake_scopes", "meters_on", "newest", "number", "owner_key",
    "point", "project", "record_event", "refuse_wrong", "refused", "register_meter", "renew_token",
    "revoke", "seen", "sign_by_public_key", "sign_by_secret", "sources_named", "state", "state_of",
    "today", "verifier",
]  # fmt: skip
