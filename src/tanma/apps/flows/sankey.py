"""Nodes and links of a Sankey picture from balances: integers, closed at every node.

Sources → carriers → uses. What is converted is taken from the sources of its carrier, first bought
first; what conversion makes joins its carrier. A negative difference is a source of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from tanma.domain.balances import SUPPLIED, USED, Balance, Flow

Amount = Callable[[Flow], int]


@dataclass(frozen=True, order=True)
class Node:
    """What a node is: its kind, a carrier where it has one, an item or place where it needs one."""

    kind: str
    carrier: str = ""
    what: str = ""


@dataclass(frozen=True)
class Link:
    source: Node
    target: Node
    amount: int


CONVERSION, LOSS, DEFICIT = Node("conversion"), Node("loss"), Node("deficit")


def links(
    balances: Iterable[Balance], amount: Amount,
    below: Mapping[str, Sequence[Flow]] | None = None,
) -> list[Link]:  # fmt: skip
    """Every link above zero, equal ends merged, in order."""
    found: dict[tuple[Node, Node], int] = {}

    def put(source: Node, target: Node, size: int) -> None:
        if size > 0:
            found[source, target] = found.get((source, target), 0) + size

    into = out = 0
    for balance in balances:
        drawn, joined = _carrier(balance, amount, put, below or {})
        into, out = into + drawn, out + joined
    put(CONVERSION, LOSS, into - out)
    put(DEFICIT, CONVERSION, out - into)
    return [Link(*ends, size) for ends, size in found.items()]


def _carrier(
    balance: Balance, amount: Amount, put: Callable[[Node, Node, int], None],
    below: Mapping[str, Sequence[Flow]],
) -> tuple[int, int]:  # fmt: skip
    """The links of one carrier; what conversion draws of it and gives to it, after netting."""
    hub = Node("carrier", balance.carrier)
    wanted = _sum(balance, amount, "converted")
    made = _sum(balance, amount, "made")
    drawn = 0
    for flow in (f for role in SUPPLIED for f in balance.flows if f.role == role):
        size, source = amount(flow), Node(flow.role, balance.carrier, flow.item)
        taken = min(max(size, 0), wanted - drawn)
        put(source, Node("conversion"), taken)
        put(source, hub, size - taken)
        drawn += taken
    # what is left was made by conversion itself and never reaches the carrier
    inside = min(wanted - drawn, made)
    put(DEFICIT, CONVERSION, wanted - drawn - inside)
    put(CONVERSION, hub, made - inside)
    for flow in (f for role in USED for f in balance.flows if f.role == role):
        _use(hub, flow, amount, put, below)
    supplied = _sum(balance, amount, *SUPPLIED)
    left = supplied - drawn + made - inside - _sum(balance, amount, *USED)
    put(hub, Node("difference", balance.carrier), left)
    put(DEFICIT, hub, -left)
    return wanted - inside, made - inside


def _use(
    hub: Node, flow: Flow, amount: Amount, put: Callable[[Node, Node, int], None],
    below: Mapping[str, Sequence[Flow]],
) -> None:  # fmt: skip
    place = Node(flow.role, flow.carrier if flow.role != "metered" else "", flow.place or flow.item)
    put(hub, place, amount(flow))
    devices = [f for f in below.get(flow.place, ()) if f.item == flow.item]
    if 0 < sum(map(amount, devices)) <= amount(flow):
        for device in devices:
            put(place, Node("device", "", device.place), amount(device))


def _sum(balance: Balance, amount: Amount, *roles: str) -> int:
    return sum(amount(f) for f in balance.flows if f.role in roles)
