"""Groups of customers (客户群): connected borrowers, and circles of mutual guarantees (互保圈)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import networkx as nx


@dataclass(frozen=True)
class Group:
    """Borrowers who stand or fall together.

    Attributes:
        group_no: G- and the smallest of the members' numbers; it changes only if that one joins or leaves.
        members: borrower numbers, sorted; two at least.
        circle: those of them who guarantee for each other, directly or round a circle.
    """

    group_no: str
    members: tuple[str, ...]
    circle: frozenset[str]


def groups(relations: Iterable[tuple[str, str]], guarantees: Iterable[tuple[str, str]]) -> list[Group]:
    """SIG-3: the groups that relations and guarantees make, in the order of their numbers.

    Args:
        relations: pairs of connected borrowers, in either order.
        guarantees: (guarantor, debtor), both of them borrowers.
    """
    vouches = nx.DiGraph((a, b) for a, b in guarantees if a != b)
    connected = nx.Graph(vouches.edges)
    connected.add_edges_from((a, b) for a, b in relations if a != b)
    in_circle = {who for circle in nx.strongly_connected_components(vouches) if len(circle) > 1 for who in circle}
    found = [
        Group(f"G-{min(members)}", tuple(sorted(members)), frozenset(members & in_circle))
        for members in nx.connected_components(connected)
    ]
    return sorted(found, key=lambda group: group.group_no)
