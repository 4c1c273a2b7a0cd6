"""Linked sentences to look at: drawn by seed, cut at their mentions."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from bali.hashing import mix
from bali.report.shards import Shard
from bali.text import document_text


class Key(NamedTuple):
    """Which sentence of which record."""

    pmid: int
    version: int
    sentence: int


@dataclass(frozen=True)
class Segment:
    """A piece of a sentence; a mention where `cui` is not empty."""

    text: str
    cui: str = ""
    method: str = ""
    score: float = 0.0


@dataclass(frozen=True)
class Example:
    """A sentence in pieces, and the title of its record."""

    key: Key
    title: str
    segments: list[Segment]


def choose_examples(shards: Sequence[Shard], number: int, seed: int) -> list[Example]:
    """Draw sentences that hold a mention, each with the same probability.

    The draw is a function of the seed and the sentence's key: the division into shards changes
    nothing. Records that a later shard replaced or deleted are not drawn.

    Returns:
        At most `number` examples, in the order of their keys.

    Raises:
        InputError: a table is missing or of another schema.
    """
    drawn: list[tuple[int, Key, int]] = []  # hash, key, shard
    for at, shard in enumerate(shards):
        columns = list(Key._fields)
        keys = shard.read("mentions", ["sentence"]).group_by(columns).aggregate([])
        arrays = [keys[name].to_numpy() for name in columns]
        hashes = mix(seed, *arrays)
        for row in np.lexsort((*arrays[::-1], hashes))[:number]:
            drawn.append((int(hashes[row]), Key(*(int(array[row]) for array in arrays)), at))
    drawn = sorted(drawn)[:number]
    examples = []
    for at in sorted({at for _, _, at in drawn}):
        examples += _read({key for _, key, its in drawn if its == at}, shards[at])
    return sorted(examples, key=lambda example: example.key)


def _read(keys: Collection[Key], shard: Shard) -> list[Example]:
    """Read the text and the mentions of sentences of one shard."""
    pmids = pa.array(sorted({key.pmid for key in keys}), pa.int64())

    def rows(table: str, columns: list[str]) -> list[dict[str, Any]]:
        """Rows of the sentences' records."""
        found = shard.read(table, columns)
        return list(found.filter(pc.is_in(found["pmid"], pmids)).to_pylist())

    records = {
        (row["pmid"], row["version"]): row for row in rows("documents", ["title", "abstract"])
    }
    columns = ["sentence", "start", "end", "cui", "score", "rank", "method"]
    chosen = [row for row in rows("mentions", columns) if row["rank"] == 0]
    examples = []
    for row in rows("sentences", ["sentence", "start", "end"]):
        key = Key(row["pmid"], row["version"], row["sentence"])
        if key in keys:
            record = records[key.pmid, key.version]
            text = document_text(record["title"], record["abstract"])
            mentions = [m for m in chosen if Key(m["pmid"], m["version"], m["sentence"]) == key]
            segments = cut(text, row["start"], row["end"], mentions)
            examples.append(Example(key, record["title"], segments))
    return examples


def cut(text: str, start: int, end: int, mentions: Sequence[dict[str, Any]]) -> list[Segment]:
    """Cut a sentence at its mentions; of two that overlap, the first and longer one is shown.

    Args:
        text: of the document.
        start: of the sentence, in code points.
        end: of the sentence.
        mentions: rows of the table mentions, in that sentence.
    """
    segments = []
    for mention in sorted(mentions, key=lambda m: (m["start"], -m["end"])):
        if mention["start"] >= start:
            if mention["start"] > start:
                segments.append(Segment(text[start : mention["start"]]))
            marked = text[mention["start"] : mention["end"]]
            segments.append(Segment(marked, mention["cui"], mention["method"], mention["score"]))
            start = mention["end"]
    return [*segments, Segment(text[start:end])] if start < end else segments
