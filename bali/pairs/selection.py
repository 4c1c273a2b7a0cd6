"""Which sentences and mentions train, by keys alone: their text is read for the chosen ones only.

Three rules: a document counts in the shard that `kept` names; a mention counts if its candidate was
chosen (rank 0), by an allowed method, with enough score, for a concept of the graph; and a concept
needs only so many sentences.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from bali.errors import InputError
from bali.graph.nodes import NodeIds
from bali.hashing import mix, uniform
from bali.storage import read_table

Integers = NDArray[np.int64]
DOCUMENT = ["pmid", "version"]
SENTENCE = [*DOCUMENT, "sentence"]


@dataclass(frozen=True)
class MentionRule:
    """What a mention needs in order to train."""

    methods: list[str]
    min_score: float


@dataclass(frozen=True)
class Selection:
    """Sentences of one shard with their mentions; offsets are code points of the document's text.

    Attributes:
        sentences: pmid, version, sentence, start, end; a row a sentence with a mention that trains.
        row: (mentions,) sentence of each mention: a row of `sentences`, ascending.
        start: (mentions,) first code point; ascending in a sentence.
        end: (mentions,) code point after the last.
        node: (mentions,) node id of the concept.
    """

    sentences: pa.Table
    row: Integers
    start: Integers
    end: Integers
    node: Integers

    def keep(self, wanted: NDArray[np.bool_]) -> Selection:
        """The selection with some of its sentences only; `wanted` is (sentences,)."""
        row = np.cumsum(wanted) - 1  # new row of a sentence that stays
        stay = wanted[self.row]
        return Selection(
            self.sentences.filter(pa.array(wanted)),
            row[self.row[stay]],
            self.start[stay],
            self.end[stay],
            self.node[stay],
        )


@dataclass
class Tally:
    """Rows read and dropped so far, by reason, over all shards."""

    sentences: int
    mentions: int
    dropped_sentences: Counter[str]
    dropped_mentions: Counter[str]

    @classmethod
    def new(cls) -> Tally:
        """Nothing read."""
        return cls(0, 0, Counter(), Counter())


def select(
    sentences_path: Path,
    mentions_path: Path,
    kept: pa.Table,
    ids: NodeIds,
    rule: MentionRule,
    tally: Tally,
) -> Selection:
    """Choose the mentions of one shard that train, and the sentences that hold them.

    Args:
        sentences_path: sentences.parquet of the shard.
        mentions_path: its mentions.
        kept: rows of `kept` that name this shard.
        ids: the nodes of the graph.
        rule: what a mention needs.
        tally: gets the numbers of rows read and dropped.

    Raises:
        InputError: a mention stands in no sentence: the two files are of different shards.
    """
    sentences = read_table("sentences", sentences_path)
    of_kept = positions(sentences, kept, DOCUMENT) >= 0
    mentions = read_table(
        "mentions", mentions_path, [*SENTENCE, "start", "end", "cui", "score", "rank", "method"]
    )
    row = positions(mentions, sentences, SENTENCE)
    if (row < 0).any():
        lost = mentions.slice(int(np.argmax(row < 0)), 1).to_pylist()[0]
        raise InputError(
            f"{mentions_path}: a mention of PMID {lost['pmid']} stands in sentence "
            f"{lost['sentence']}, which {sentences_path} does not hold; give files of one shard, "
            "in the same order"
        )
    node = ids.of(mentions["cui"], mentions_path).astype(np.int64)
    tests = {
        "document not kept": of_kept[row],
        "not the chosen candidate": mentions["rank"].to_numpy() == 0,
        "method": pc.is_in(mentions["method"], pa.array(rule.methods)).to_numpy(),
        # compared as float32, the column's type: a score of 0.9 is not below 0.9
        "score": mentions["score"].to_numpy() >= rule.min_score,
        "concept not in the graph": node >= 0,
    }
    usable = np.ones(len(row), np.bool_)
    for reason, passed in tests.items():
        tally.dropped_mentions[reason] += int((usable & ~passed).sum())
        usable &= passed
    has_mention = np.zeros(len(of_kept), np.bool_)
    has_mention[row[usable]] = True
    tally.mentions += len(row)
    tally.sentences += len(of_kept)
    tally.dropped_sentences["document not kept"] += int((~of_kept).sum())
    tally.dropped_sentences["no mention that trains"] += int((of_kept & ~has_mention).sum())

    start, end = (mentions[name].to_numpy().astype(np.int64) for name in ("start", "end"))
    order = np.flatnonzero(usable)
    order = order[np.lexsort((end[order], start[order], row[order]))]
    every = Selection(sentences, row[order], start[order], end[order], node[order])
    return every.keep(has_mention)


def positions(rows: pa.Table, other: pa.Table, keys: list[str]) -> Integers:
    """For each of `rows`, the position of the row of `other` with equal keys; -1 for none.

    Args:
        rows: has the columns `keys`.
        other: has them too; a combination of their values occurs once.
        keys: names of the columns.
    """
    left = rows.select(keys).append_column("at", pa.array(np.arange(rows.num_rows)))
    right = other.select(keys).append_column("found", pa.array(np.arange(other.num_rows)))
    joined = left.join(right, keys, join_type="left outer").sort_by("at")
    found: Integers = pc.fill_null(joined["found"], -1).to_numpy()
    return found


def is_validation(pmid: Integers, share: float, seed: int) -> NDArray[np.bool_]:
    """Whether documents go to the validation side: by PMID, so that none is on both sides."""
    return uniform(seed, pmid) < share


def under_cap(selections: list[Selection], most: int, seed: int) -> list[NDArray[np.bool_]]:
    """Which sentences stay when a concept needs `most` of them.

    A sentence stays if, for at least one of its concepts, it is among the first `most` sentences of
    that concept in an order that is drawn by `seed`. So each concept has `most` sentences or all
    of its own; one that often stands beside rarer concepts may have more.

    Args:
        selections: the training sentences of each shard.
        most: sentences a concept.
        seed: of the order.

    Returns:
        For each selection a mask over its sentences.
    """
    sizes = [selection.sentences.num_rows for selection in selections]
    before = np.cumsum([0, *sizes])
    keys = pa.concat_tables([selection.sentences.select(SENTENCE) for selection in selections])
    drawn = mix(seed, *(keys[name].to_numpy() for name in SENTENCE))  # (sentences,) uint64
    row = np.concatenate([s.row + start for s, start in zip(selections, before, strict=False)])
    node = np.concatenate([selection.node for selection in selections])
    # a sentence counts once for a concept that it mentions twice
    nodes = int(node.max(initial=0)) + 1
    row, node = np.divmod(np.unique(row * nodes + node), nodes)
    order = np.lexsort((drawn[row], node))
    row, node = row[order], node[order]
    rank = np.arange(len(node)) - np.searchsorted(node, node)  # among the sentences of the concept
    stays = np.zeros(before[-1], np.bool_)
    stays[row[rank < most]] = True
    return np.split(stays, before[1:-1])
