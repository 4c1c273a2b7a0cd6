"""The edges of the graph and their types, from the table of relations to distinct sorted keys.

Two edges of different relations between the same nodes are both kept; the same statement from
several sources is one edge. A relation of a concept with itself is no edge: graph encoders add
their own self-loops.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from bali.errors import InputError
from bali.graph.nodes import NodeIds
from bali.graph.packing import Integers, Layout, absent_from, change, keep, parts, sort_distinct
from bali.log import progress
from bali.relations import RELS, EdgeType, Relations
from bali.storage import count_rows, stream_table

Statements = dict[tuple[str, str], int]  # (REL, RELA) -> number, in the order of arrival


@dataclass(frozen=True)
class EdgeKeys:
    """Edges, packed.

    Attributes:
        keys: (edges,) int64.
        layout: of the keys.
        types: what their relation ids stand for; not every one need occur.
        room: the array that `keys` is the beginning of; with inverses twice as long as the input.
    """

    keys: Integers
    layout: Layout
    types: list[EdgeType]
    room: Integers


@dataclass
class Rows:
    """Rows of relations by what became of them."""

    read: int = 0
    unknown: int = 0
    own: int = 0


def read_edges(
    path: Path, ids: NodeIds, words: Relations, *, inverse: bool
) -> tuple[EdgeKeys, Rows]:
    """Read the relations between nodes, in the order of the table; the same one may occur twice.

    Args:
        path: the table of relations.
        ids: the nodes.
        words: knows the inverses.
        inverse: make room for the inverse edges and their types.

    Returns:
        The edges, and the numbers of rows read and left out.

    Raises:
        InputError: a REL is none of MRREL's, a CUI is none, or there are too many relations.
    """
    layout = Layout.of(ids.count)
    # untouched pages of an array cost nothing
    room = np.empty(count_rows("relations", path) * (2 if inverse else 1), np.int64)
    rows = Rows()
    statements: Statements = {}
    end = 0
    batches = stream_table("relations", path, ["head", "tail", "rel", "rela"], ["rel", "rela"])
    for batch in progress(batches, "batches of relations"):
        source, target = ids.of(batch["head"], path), ids.of(batch["tail"], path)
        known = (source >= 0) & (target >= 0)
        edge = known & (source != target)
        rows.read += len(edge)
        rows.unknown += len(edge) - int(known.sum())
        rows.own += int(known.sum() - edge.sum())
        relation = _numbers(batch, edge, statements, path)
        if len(statements) > 2 ** (layout.relation_bits - 2):  # with inverses and added ones: 4
            raise InputError(
                f"{path}: more than {2 ** (layout.relation_bits - 2)} different pairs of REL and "
                "RELA; are the columns of MRREL in their places?"
            )
        part = layout.pack(source[edge], target[edge], relation)
        room[end : end + len(part)] = part
        end += len(part)
    edges = EdgeKeys(room[:end], layout, [], room)
    return _in_order(edges, statements, words if inverse else None), rows


def _numbers(
    rows: pa.RecordBatch, edge: NDArray[np.bool_], statements: Statements, path: Path
) -> NDArray[np.int32]:
    """Number the (REL, RELA) of each row that is an edge, entering new ones into `statements`."""
    rel, rela = rows["rel"], rows["rela"]  # dictionaries, and an index a row
    both = rel.indices.to_numpy()[edge].astype(np.int64) * len(rela.dictionary)
    both += rela.indices.to_numpy()[edge]
    number = np.zeros(len(rel.dictionary) * len(rela.dictionary), np.int32)
    number[both] = 1
    for place in np.flatnonzero(number).tolist():
        first, second = divmod(place, len(rela.dictionary))
        pair = rel.dictionary[first].as_py(), rela.dictionary[second].as_py()
        if pair[0] not in RELS:
            raise InputError(
                f"{path}: REL {pair[0]!r} is none of {', '.join(RELS)}; drop it by umls.relations"
            )
        number[place] = statements.setdefault(pair, len(statements))
    number_of_row: NDArray[np.int32] = number[both]
    return number_of_row


def _in_order(edges: EdgeKeys, statements: Statements, words: Relations | None) -> EdgeKeys:
    """Give relation ids in the order of their types: 2 i is stated, 2 i + 1 the same, added."""
    pairs = set(statements)
    if words:
        pairs |= {words.inverse(*pair) for pair in statements}
    ordered = sorted(pairs)
    rank = {pair: 2 * place for place, pair in enumerate(ordered)}
    new = np.array([rank[pair] for pair in statements], np.int64)  # by number of arrival
    low = (1 << edges.layout.relation_bits) - 1
    change(edges.keys, lambda part: (part & ~low) | new[part & low])
    types = [EdgeType(*pair, added) for pair in ordered for added in (False, True)]
    return replace(edges, types=types)


def distinct(edges: EdgeKeys) -> EdgeKeys:
    """The edges in the order of (target, source, relation), each once."""
    return replace(edges, keys=sort_distinct(edges.keys))


def mirror(edges: EdgeKeys, words: Relations) -> Integers:
    """The inverses of all edges, v -> u for u -> v, as if they were stated too.

    They are sorted at once if the edges still are in the order of the table of relations, (head,
    tail): it is that of the targets and sources of their inverses.

    Args:
        edges: all stated, in any order; read with room for the inverses, which is used.
        words: knows the inverses.

    Returns:
        Sorted keys, each once.
    """
    number = {kind: relation for relation, kind in enumerate(edges.types)}
    opposite = np.array(
        [
            number.get(EdgeType(*words.inverse(kind.rel, kind.rela), added=False), -1)
            for kind in edges.types
        ],
        np.int32,
    )
    layout, count = edges.layout, len(edges.keys)
    mirrored = edges.room[count : 2 * count]
    for part, place in zip(parts(edges.keys), parts(mirrored), strict=True):
        edge = layout.unpack(part)
        place[:] = layout.pack(edge.target, edge.source, opposite[edge.relation])
    return sort_distinct(mirrored, nearly=True)


def add_inverses(edges: EdgeKeys, mirrored: Integers) -> EdgeKeys:
    """Add the inverses that are not stated themselves.

    UMLS states both directions of what it holds, so that next to nothing is added to it; a graph
    that was cut or brought from elsewhere may state one.

    Args:
        edges: all stated, in order and distinct.
        mirrored: what `mirror` made of them, behind them in their room.

    Returns:
        All edges, in order; the types of the added ones are marked.
    """
    missing = keep(mirrored, lambda part: absent_from(edges.keys, part))
    stated = len(edges.keys)
    every = edges.room[: stated + len(missing)]
    every[stated:] = missing
    every[stated:] |= 1  # the id of the added type is the next one
    every.sort(kind="stable")  # merges two sorted pieces
    return replace(edges, keys=every)


def number_types(edges: EdgeKeys) -> tuple[list[EdgeType], NDArray[np.int32]]:
    """The types that occur, in order, and for each relation id its place among them."""
    seen = np.zeros(len(edges.types), np.int64)
    for part in parts(edges.keys):
        seen += np.bincount(edges.layout.relation(part), minlength=len(seen))
    types = [kind for kind, number in zip(edges.types, seen, strict=True) if number]
    return types, (np.cumsum(seen > 0) - 1).astype(np.int32)
