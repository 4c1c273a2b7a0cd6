"""Which sentences and mentions of a shard can train, by keys alone: no text is read.

A document counts in the shard that `kept` names; a mention counts if its candidate was chosen
(rank 0), by an allowed method, with enough score, for a concept of the graph.
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
from bali.hashing import uniform
from bali.pairs.keys import SENTENCE, Integers, SentenceKeys, find
from bali.storage import read_table
from bali.tables import INT32, list_of

MENTION = ["mention_start", "mention_end", "mention_node"]  # as lists, of a selection on disk


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

    def keep_mentions(self, wanted: NDArray[np.bool_]) -> Selection:
        """The same sentences with some of their mentions only; `wanted` is (mentions,)."""
        columns = (self.row, self.start, self.end, self.node)
        return Selection(self.sentences, *(column[wanted] for column in columns))

    def part(self, first: int, stop: int) -> Selection:
        """The sentences from `first` up to `stop`."""
        begin, end = np.searchsorted(self.row, (first, stop))
        return Selection(
            self.sentences.slice(first, stop - first),
            self.row[begin:end] - first,
            self.start[begin:end],
            self.end[begin:end],
            self.node[begin:end],
        )

    def table(self) -> pa.Table:
        """The sentences, each with lists of its mentions' starts, ends and nodes."""
        count = np.bincount(self.row, minlength=self.sentences.num_rows)
        offsets = offsets_of(count)
        table = self.sentences
        for name in MENTION:
            table = table.append_column(name, lists(offsets, getattr(self, name.split("_")[1])))
        return table

    @classmethod
    def of(cls, table: pa.Table) -> Selection:
        """The selection that `table` made."""
        count = pc.list_value_length(table[MENTION[0]]).to_numpy()
        row = np.repeat(np.arange(len(count)), count)
        flat = (pc.list_flatten(table[name]).to_numpy().astype(np.int64) for name in MENTION)
        return cls(table.drop_columns(MENTION), row, *flat)


def offsets_of(lengths: Integers) -> Integers:
    """Boundaries of lists of these lengths: (lists + 1,)."""
    return np.concatenate([[0], np.cumsum(lengths)])


def lists(offsets: Integers, values: Integers | NDArray[np.int32]) -> pa.Array:
    """A list column of int32 from ragged arrays."""
    return pa.ListArray.from_arrays(
        offsets.astype(np.int32), values.astype(np.int32), type=list_of(INT32)
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
    kept: Integers,
    ids: NodeIds,
    rule: MentionRule,
    tally: Tally,
) -> Selection:
    """Choose the mentions of one shard that can train, and the sentences that hold them.

    Args:
        sentences_path: sentences.parquet of the shard.
        mentions_path: its mentions.
        kept: keys of the documents that `kept` has in this shard, ascending.
        ids: the nodes of the graph.
        rule: what a mention needs.
        tally: gets the numbers of rows read and dropped.

    Raises:
        InputError: a mention stands in no sentence: the two files are of different shards.
    """
    sentences = read_table("sentences", sentences_path)
    keys = SentenceKeys(sentences, sentences_path)
    of_kept = (find(keys.documents, kept) >= 0)[keys.document]
    mentions = read_table(
        "mentions", mentions_path, [*SENTENCE, "start", "end", "cui", "score", "rank", "method"]
    )
    row = keys.find(mentions)
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


def is_validation(pmid: Integers, share: float, seed: int) -> NDArray[np.bool_]:
    """Whether documents go to the validation side: by PMID, so that none is on both sides."""
    return uniform(seed, pmid) < share
