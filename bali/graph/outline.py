"""A concept and its neighbourhood as text for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from textwrap import wrap

from bali.graph.lookup import Concept
from bali.graph.neighbourhood import Branch
from bali.semantic_groups import SemanticGroups

WIDTH = 100
MOST_NAMES = 20


def describe(concept: Concept, groups: SemanticGroups) -> Iterator[str]:
    """Lines about one concept: CUI and name, all names, semantic types, definitions."""
    yield f"{concept.cui}  {concept.name}"
    for position, (name, sab, tty, preferred) in enumerate(concept.names[:MOST_NAMES]):
        label = "" if position else "names"
        yield f"  {label:<11} {name}  [{sab} {tty}{', preferred' if preferred else ''}]"
    if len(concept.names) > MOST_NAMES:
        yield f"  {'':<11} and {len(concept.names) - MOST_NAMES} more"
    for position, (tui, sty) in enumerate(concept.types):
        group = groups.group_names.get(groups.group_of.get(tui, ""), "no group")
        yield f"  {'' if position else 'types':<11} {sty}  [{tui}, {group}]"
    for position, (sab, definition) in enumerate(concept.definitions):
        lines = wrap(f"{definition}  [{sab}]", WIDTH - 14)
        for number, line in enumerate(lines):
            yield f"  {'definition' if not position and not number else '':<11} {line}"


def outline(branch: Branch, named: Mapping[int, tuple[str, str]], stem: str = "") -> Iterator[str]:
    """Lines of the tree below a node: what leads to each neighbour, its name, its CUI.

    Args:
        branch: the node.
        named: node id -> (CUI, name) of all nodes in the tree.
        stem: what stands left of each line.
    """
    entries: list[tuple[str, Branch | None]] = []
    for group in branch.groups:
        for below in sorted(group.shown, key=lambda b: named[b.node][1]):
            cui, name = named[below.node]
            entries.append((f"{group.phrase}: {name}  {cui}", below))
        for node in sorted(group.again, key=lambda n: named[n][1]):
            cui, name = named[node]
            entries.append((f"{group.phrase}: {name}  {cui}  (shown elsewhere)", None))
        if group.more:
            and_more = "and " if group.shown or group.again else ""
            entries.append((f"{group.phrase}: {and_more}{group.more} more", None))
    for position, (text, next_branch) in enumerate(entries):
        last = position == len(entries) - 1
        yield f"{stem}{'└── ' if last else '├── '}{text}"
        if next_branch:
            yield from outline(next_branch, named, stem + ("    " if last else "│   "))
