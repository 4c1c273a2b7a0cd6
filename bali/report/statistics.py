"""Numbers on the knowledge graph and on the mentions, computed from their tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from bali.report.shards import RECORD, Shard
from bali.storage import read_table, stream_table

TOP = 10  # relation types and concepts listed
Item = TypeVar("Item", str, tuple[str, str])


@dataclass(frozen=True)
class GraphStatistics:
    """The knowledge graph.

    Attributes:
        concepts: nodes.
        names: names of all concepts, held-out ones taken out.
        relations: rows of the table relations.
        edges: of the graph, added inverses included.
        degree_mean: neighbours a node.
        degree_median: neighbours of the node in the middle.
        degree_max: neighbours of the node with most of them.
        without_neighbours: nodes of degree 0.
        top_relations: (REL, RELA, phrase, rows), most frequent first.
    """

    concepts: int
    names: int
    relations: int
    edges: int
    degree_mean: float
    degree_median: float
    degree_max: int
    without_neighbours: int
    top_relations: list[tuple[str, str, str, int]]


@dataclass(frozen=True)
class MentionStatistics:
    """The mentions of all shards; the chosen candidate of each alone.

    Attributes:
        mentions: all of them.
        by_method: method -> mentions.
        sentences: all sentences of the corpus.
        linked: sentences with at least one mention.
        concepts: distinct concepts mentioned.
        top_concepts: (CUI, mentions), most frequent first.
    """

    mentions: int
    by_method: dict[str, int]
    sentences: int
    linked: int
    concepts: int
    top_concepts: list[tuple[str, int]]


def graph_statistics(
    nodes: Path, names: Path, relations: Path, edge_types: Path
) -> GraphStatistics:
    """Count concepts, names, relations and degrees.

    Raises:
        InputError: a table is missing or of another schema.
    """
    degree = read_table("nodes", nodes, ["degree"])["degree"].to_numpy()
    types: Counter[tuple[str, str]] = Counter()
    for batch in stream_table("relations", relations, ["rel", "rela"]):
        groups = (
            pa.Table.from_batches([batch]).group_by(["rel", "rela"]).aggregate([([], "count_all")])
        )
        for row in groups.to_pylist():
            types[row["rel"], row["rela"]] += row["count_all"]
    phrases = {
        (row["rel"], row["rela"]): row["phrase"]
        for row in read_table("edge_types", edge_types).to_pylist()
    }
    return GraphStatistics(
        concepts=degree.size,
        names=_rows("names", names, "preferred"),
        relations=types.total(),
        edges=int(degree.sum()),
        degree_mean=float(degree.mean()),
        degree_median=float(np.median(degree)),
        degree_max=int(degree.max()),
        without_neighbours=int((degree == 0).sum()),
        top_relations=[(*key, phrases.get(key, ""), number) for key, number in _top(types)],
    )


def mention_statistics(shards: Sequence[Shard]) -> MentionStatistics:
    """Count mentions by method and concept, and the sentences that hold one.

    Records that a later shard replaced or deleted do not count.

    Raises:
        InputError: a table is missing or of another schema.
    """
    methods: Counter[str] = Counter()
    concepts: Counter[str] = Counter()
    linked = sentences = 0
    for shard in shards:
        rows = shard.read("mentions", ["sentence", "cui", "rank", "method"])
        chosen = rows.filter(pc.equal(rows["rank"], 0))
        linked += chosen.group_by([*RECORD, "sentence"]).aggregate([]).num_rows
        sentences += shard.read("sentences", []).num_rows
        for column, counter in (("method", methods), ("cui", concepts)):
            for item in chosen[column].value_counts():
                counter[item["values"].as_py()] += item["counts"].as_py()
    return MentionStatistics(
        mentions=methods.total(),
        by_method=dict(sorted(methods.items())),
        sentences=sentences,
        linked=linked,
        concepts=len(concepts),
        top_concepts=_top(concepts),
    )


def concept_names(nodes: Path, cuis: set[str]) -> dict[str, str]:
    """CUI -> name of the concept, for some concepts."""
    wanted = pa.array(sorted(cuis), pa.string())
    return {
        row["cui"]: row["name"]
        for batch in stream_table("nodes", nodes, ["cui", "name"])
        for row in batch.filter(pc.is_in(batch["cui"], wanted)).to_pylist()
    }


def _rows(table: str, path: Path, column: str) -> int:
    """Rows of a table; `column` is a cheap one."""
    return sum(batch.num_rows for batch in stream_table(table, path, [column]))


def _top(counter: Counter[Item]) -> list[tuple[Item, int]]:
    """The most frequent items; those of equal number in their own order."""
    return sorted(counter.items(), key=lambda item: (-item[1], item[0]))[:TOP]
