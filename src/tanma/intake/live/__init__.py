"""What the adapters of devices share: who may write which channel, values to counts, refusals.

An adapter turns bytes into `Said` columns; `taken` checks them against a `Scope` and gives rows in
the columns of a reading and a refusal for every other row; a `Sink` makes them durable. Nothing
here touches a database or a clock. Contract: docs/design/readings.md §1, §2, §5.
"""

from tanma.intake.live.refusals import Refusal, noted, told
from tanma.intake.live.scope import Scope, ScopedChannel, Scopes, token_hash
from tanma.intake.live.sink import AsyncSink, Receipt, Sink
from tanma.intake.live.taking import Column, Said, Taken, taken

__all__ = [
    "AsyncSink",
    "Column",
    "Receipt",
    "Refusal",
    "Said",
    "Scope",
    "ScopedChannel",
    "Scopes",
    "Sink",
    "Taken",
    "noted",
    "taken",
    "token_hash",
    "told",
]
