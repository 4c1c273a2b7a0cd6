"""What stands around a concept, as a tree: its neighbours, theirs, and what was left out.

Everything is said from the node that is nearer to the centre: an edge u -> v in the row of v
states "u RELA v", and under v it reads "v INVERSE u". Neighbours to which the same phrase leads
form a group. Of many neighbours a few are shown, drawn in turn from all groups so that no rare
relation hides behind a frequent one; which ones is a function of (seed, node, neighbour).
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

import numpy as np

from bali.graph.artifacts import Graph
from bali.hashing import mix
from bali.relations import Relations


@dataclass
class Group:
    """Neighbours of a node to which the same phrase leads.

    Attributes:
        phrase: to be read from the node to its neighbours.
        shown: neighbours that stand here, with what stands around them.
        again: neighbours that the tree shows elsewhere.
        more: how many others there are.
    """

    phrase: str
    shown: list[Branch] = field(default_factory=list)
    again: list[int] = field(default_factory=list)
    more: int = 0


@dataclass
class Branch:
    """A node, how far from the centre it stands, and its groups, sorted by phrase."""

    node: int
    hop: int
    groups: list[Group] = field(default_factory=list)

    def nodes(self) -> set[int]:
        """This node and all below it."""
        below = (branch.nodes() for group in self.groups for branch in group.shown)
        return {self.node}.union(*below)

    def depth(self) -> int:
        """Hops from this node to the farthest one below it."""
        below = (branch.depth() + 1 for group in self.groups for branch in group.shown)
        return max(below, default=0)


def neighbourhood(
    graph: Graph, words: Relations, centre: int, hops: int, sample: int, seed: int
) -> Branch:
    """The tree around a node, built hop by hop: a node stands where it is reached first.

    Args:
        graph: the graph.
        words: knows inverses and phrases.
        centre: node id.
        hops: how far to go.
        sample: most neighbours that a node brings in.
        seed: of the choice among more.
    """
    phrases = [words.phrase(*words.inverse(kind.rel, kind.rela)) for kind in graph.relations]
    root = Branch(centre, 0)
    placed = {centre}
    parent: dict[int, int] = {}
    ring = [root]
    for hop in range(1, hops + 1):
        following: list[Branch] = []
        for branch in ring:
            around = _around(graph, phrases, branch.node)
            around.pop(parent.get(branch.node, -1), None)
            fresh = {node: phrase for node, phrase in around.items() if node not in placed}
            chosen = _choose(fresh, branch.node, sample, seed)
            groups: dict[str, Group] = {}
            for node, phrase in around.items():
                group = groups.setdefault(phrase, Group(phrase))
                if node in chosen:
                    group.shown.append(Branch(node, hop))
                elif node in placed:
                    group.again.append(node)
                else:
                    group.more += 1
            branch.groups = [groups[phrase] for phrase in sorted(groups)]
            placed |= chosen
            parent.update(dict.fromkeys(chosen, branch.node))
            following += [below for group in branch.groups for below in group.shown]
        ring = following
    return root


def _around(graph: Graph, phrases: list[str], node: int) -> dict[int, str]:
    """Each neighbour, ascending, and the phrase that leads to it from `node`."""
    row = slice(int(graph.csr.indptr[node]), int(graph.csr.indptr[node + 1]))
    kinds: dict[int, list[int]] = defaultdict(list)
    ends = zip(graph.csr.neighbour[row].tolist(), graph.csr.relation[row].tolist(), strict=True)
    for neighbour, relation in ends:
        kinds[neighbour].append(relation)
    # of several relations those with a RELA come first; a phrase is said once
    for relations in kinds.values():
        relations.sort(key=lambda relation: (not graph.relations[relation].rela, relation))
    return {
        neighbour: " · ".join(dict.fromkeys(phrases[relation] for relation in kinds[neighbour]))
        for neighbour in sorted(kinds)
        if neighbour != node
    }


def _choose(fresh: dict[int, str], node: int, sample: int, seed: int) -> set[int]:
    """At most `sample` neighbours: the first of each group, then the second of each, ..."""
    if len(fresh) <= sample:
        return set(fresh)
    keys = mix(seed, node, np.fromiter(fresh, np.int64)).tolist()
    groups: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for key, (neighbour, phrase) in zip(keys, fresh.items(), strict=True):
        groups[phrase].append((key, neighbour))
    turns = [
        (turn, phrase, neighbour)
        for phrase, members in groups.items()
        for turn, (_, neighbour) in enumerate(sorted(members))
    ]
    return {neighbour for _, _, neighbour in sorted(turns)[:sample]}
