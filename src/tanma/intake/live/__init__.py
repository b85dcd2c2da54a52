"""What the adapters of devices share: who may write which channel, values to counts, refusals.

An adapter turns bytes into `Said` columns; `taken` checks them against a `Scope` and gives rows in
the columns of a reading and a refusal for every other row; an `AsyncSink` makes them durable.
Nothing here touches a database or a clock. Contract: docs/design/readings.md §1, §2, §5.
"""

from tanma.intake.live.refusals import Refusal, noted, told
from tanma.intake.live.scope import Scope, ScopedChannel, Scopes, token_hash
from tanma.intake.live.signing import ED25519, HMAC, Signed, SigningKey, digest_field
from tanma.intake.live.sink import AsyncSink, Receipt
from tanma.intake.live.taking import Column, Said, Taken, taken

__all__ = [
    "ED25519",
    "HMAC",
    "AsyncSink",
    "Column",
    "Receipt",
    "Refusal",
    "Said",
    "Scope",
    "ScopedChannel",
    "Scopes",
    "Signed",
    "SigningKey",
    "Taken",
    "digest_field",
    "noted",
    "taken",
    "token_hash",
    "told",
]
