"""Mentions of one shard, their candidates put in the order of an aligned model.

A mention's vector is pooled from its sentence as in training; a candidate scores the highest cosine
with the vectors of its names. Names that another candidate of the mention has too, in normal form,
tell nothing apart and are left out, unless a candidate has no others. Only the order of candidates
changes: spans stay, and each candidate keeps the score that it was linked with, so that
`pairs.min_score` means the same in both rounds. Mentions of one candidate, and those that begin
behind the token limit, stay as they are.

Cosines are compared to four decimals, and equal ones keep their order: batches of other shards
must not decide by their rounding.
"""

from __future__ import annotations

import argparse
import logging
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import torch
from numpy.typing import NDArray

from bali.counts import Counts
from bali.errors import InputError
from bali.linking.documents import read_documents
from bali.log import progress
from bali.model.encoder import TextEncoder
from bali.model.mention_encoder import POOLINGS, Sentences, encode_mentions
from bali.ranges import ranges
from bali.storage import read_table, stream_table, write_table
from bali.text import normalise

logger = logging.getLogger(__name__)

BLOCK = 4_096  # sentences encoded together
DECIMALS = 4
Integers = NDArray[np.int64]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Flags of `bali linking rerank`."""
    parser.add_argument("--mentions", type=Path, required=True, help="of the round before")
    parser.add_argument("--documents", type=Path, required=True)
    parser.add_argument("--sentences", type=Path, required=True)
    parser.add_argument("--names", type=Path, required=True, help="names.parquet")
    parser.add_argument("--model", type=Path, required=True, help="folder of the run's model")
    parser.add_argument("--name-pooling", choices=("mean", "cls"), required=True)
    parser.add_argument("--mention-pooling", choices=POOLINGS, required=True)
    parser.add_argument("--max-tokens", type=int, required=True, help="tokens of a sentence")
    parser.add_argument("--name-tokens", type=int, required=True, help="tokens of a name")
    parser.add_argument("--batch-size", type=int, required=True, help="texts encoded at once")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--out", type=Path, required=True, help="mentions.parquet")
    parser.add_argument("--counts", type=Path, required=True)


def run(args: argparse.Namespace) -> None:
    """Put the candidates of one shard in order."""
    torch.set_num_threads(args.threads)
    rows = read_table("mentions", args.mentions)
    mentions = Mentions(rows, args.mentions)
    encoder = TextEncoder.load(args.model, args.name_pooling)
    names = Names(args.names, mentions.candidates(), encoder, args.batch_size, args.name_tokens)
    order = np.arange(rows.num_rows)
    seen = changed = 0
    for block in progress(blocks(args, mentions), "blocks of sentences"):
        vectors, found = encode_mentions(
            encoder, block.sentences, args.mention_pooling, args.batch_size, args.max_tokens
        )
        mention = block.mention[found]
        seen += len(mention)
        changed += reorder(order, mentions, mention, normalised(vectors[found]), names)
    for name in ("cui", "score"):
        column = rows[name].take(pa.array(order))
        rows = rows.set_column(rows.schema.get_field_index(name), rows.schema.field(name), column)
    write_table("mentions", rows, args.out)
    counts = Counts("linking.rerank")
    total = len(mentions.first)
    counts.add("mentions", read=total, kept=total, dropped={})
    ambiguous = int((mentions.size > 1).sum())
    counts.facts |= {
        "mentions with several candidates": ambiguous,
        "of these behind the token limit": ambiguous - seen,
        "of these with another concept first": changed,
    }
    counts.write(args.counts)
    logger.info("%d of %d ambiguous mentions changed", changed, ambiguous)


class Mentions:
    """The rows of a shard by mention.

    Attributes:
        rows: the table.
        first: (mentions,) int64; its first row.
        size: (mentions,) int64; its candidates.
    """

    def __init__(self, rows: pa.Table, path: Path) -> None:
        """Group the rows.

        Raises:
            InputError: the ranks of a mention do not count up from 0.
        """
        rank = rows["rank"].to_numpy()
        self.rows = rows
        self.first: Integers = np.flatnonzero(rank == 0)
        self.size: Integers = np.diff(np.append(self.first, len(rank)))
        owner, row = ranges(self.first, self.size)
        if len(row) != len(rank) or (rank != row - self.first[owner]).any():
            raise InputError(f"{path}: ranks of a mention do not count up from 0; link again")

    def candidates(self) -> pa.Array:
        """Distinct CUIs of mentions with several candidates, in order."""
        _, row = ranges(self.first[self.size > 1], self.size[self.size > 1])
        found = pc.unique(self.rows["cui"].take(pa.array(row)))
        return found.take(pc.sort_indices(found))


class Names:
    """Vectors of the names of some concepts."""

    def __init__(
        self, path: Path, cuis: pa.Array, encoder: TextEncoder, batch_size: int, max_tokens: int
    ) -> None:
        """Encode them.

        Args:
            path: names.parquet.
            cuis: the concepts, ascending.
            encoder: the model.
            batch_size: names encoded at once.
            max_tokens: longer names are cut.

        Raises:
            InputError: a concept has no name.
        """
        batches = stream_table("names", path, ["cui", "name"])
        parts = [pa.Table.from_batches([b]).filter(pc.is_in(b["cui"], cuis)) for b in batches]
        rows = pa.concat_tables(parts)
        names = pa.chunked_array(rows["name"].chunks, pa.string()).combine_chunks()
        distinct = names.dictionary_encode()
        texts = distinct.dictionary.to_pylist()
        self.cuis = cuis
        self.string: Integers = distinct.indices.to_numpy().astype(np.int64)  # of each name
        forms = pa.array(map(normalise, texts), pa.string()).dictionary_encode()
        self.form: Integers = forms.indices.to_numpy().astype(np.int64)  # of each string
        concept = pc.index_in(rows["cui"], cuis).to_numpy()  # the table is sorted by CUI
        self.size: Integers = np.bincount(concept, minlength=len(cuis))
        if not self.size.all():
            missing = cuis[int(np.argmin(self.size))].as_py()
            raise InputError(f"{path}: {missing} has no name, but mentions; link again")
        self.first: Integers = np.cumsum(self.size) - self.size
        self.vectors = normalised(encoder.encode(texts, batch_size, max_tokens))

    def best(
        self, vectors: NDArray[np.float32], owner: Integers, concept: Integers
    ) -> NDArray[np.float32]:
        """(candidates,) the highest cosine of a mention with the candidate's names that count.

        Args:
            vectors: (mentions, dim) float32, normalised.
            owner: (candidates,) mention of each.
            concept: (candidates,) number of its concept.
        """
        candidate, name = ranges(self.first[concept], self.size[concept])
        cosine = np.einsum(
            "nd,nd->n", vectors[owner[candidate]], self.vectors[self.string[name]]
        )  # (names of candidates,)
        cosine[~self._counts(owner, candidate, self.form[self.string[name]])] = -2  # below all
        begin = np.cumsum(self.size[concept]) - self.size[concept]
        best: NDArray[np.float32] = np.maximum.reduceat(cosine, begin)
        return best

    @staticmethod
    def _counts(owner: Integers, candidate: Integers, form: Integers) -> NDArray[np.bool_]:
        """(names,) whether a name tells its candidate apart, or its mention has none that do.

        Args:
            owner: (candidates,) mention of each.
            candidate: (names,) candidate of each name.
            form: (names,) number of its normal form.
        """
        key = owner[candidate] * (int(form.max(initial=0)) + 1) + form  # a form in a mention
        distinct = np.unique(key * len(owner) + candidate)
        known, holders = np.unique(distinct // len(owner), return_counts=True)
        own = holders[np.searchsorted(known, key)] == 1
        without = np.bincount(candidate[own], minlength=len(owner)) == 0
        undecided = np.zeros(int(owner.max(initial=0)) + 1, np.bool_)
        undecided[owner[without]] = True
        counts: NDArray[np.bool_] = own | undecided[owner[candidate]]
        return counts


def reorder(
    order: Integers,
    mentions: Mentions,
    mention: Integers,
    vectors: NDArray[np.float32],
    names: Names,
) -> int:
    """Put the candidates of some mentions in order; returns how many have another first.

    Args:
        order: (rows,) the row that goes to each place; changed in place.
        mentions: all mentions.
        mention: (chosen,) numbers of mentions with several candidates.
        vectors: (chosen, dim) float32, normalised.
        names: of all their candidates.
    """
    if not len(mention):
        return 0
    owner, row = ranges(mentions.first[mention], mentions.size[mention])
    cuis = mentions.rows["cui"].take(pa.array(row))
    concept = pc.index_in(cuis, names.cuis).to_numpy().astype(np.int64)
    cosine = np.round(names.best(vectors, owner, concept).astype(np.float64), DECIMALS)
    place = np.lexsort((row, -cosine, owner))
    order[row] = row[place]
    first = np.cumsum(mentions.size[mention]) - mentions.size[mention]
    return int((place[first] != first).sum())


class Block(NamedTuple):
    """Sentences with mentions that have several candidates, and the numbers of these mentions."""

    sentences: Sentences
    mention: Integers


def blocks(args: argparse.Namespace, mentions: Mentions) -> Iterator[Block]:
    """All mentions with several candidates, with their sentences, in blocks of sentences."""
    found = _sentences(args, mentions)
    while block := list(islice(found, BLOCK)):
        texts, spans = zip(*block, strict=True)
        rows = [(n, *span) for n, inside in enumerate(spans) for span in inside]
        sentence, start, end, mention = np.array(rows, np.int64).T
        yield Block(Sentences(texts, sentence, start, end), mention)


def _sentences(
    args: argparse.Namespace, mentions: Mentions
) -> Iterator[tuple[str, list[tuple[int, int, int]]]]:
    """A sentence's text, and (start, end, number) of its mentions."""
    number = np.flatnonzero(mentions.size > 1)
    keys = ("pmid", "version", "sentence", "start", "end")
    rows = mentions.rows.select(keys).take(pa.array(mentions.first[number]))
    columns = [rows[key].to_pylist() for key in keys]
    at = 0
    for document in read_documents(args.documents, args.sentences):
        while at < len(number) and (columns[0][at], columns[1][at]) == document[:2]:
            sentence = columns[2][at]
            begin, stop = document.sentences[sentence]
            inside = []
            while (
                at < len(number)
                and (columns[0][at], columns[1][at]) == document[:2]
                and columns[2][at] == sentence
            ):
                start, end = columns[3][at] - begin, columns[4][at] - begin
                inside.append((start, end, int(number[at])))
                at += 1
            yield document.text[begin:stop], inside
    if at < len(number):
        raise InputError(
            f"{args.mentions}: PMID {columns[0][at]} is no document of {args.documents}; give "
            "files of one shard"
        )


def normalised(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Rows of length 1."""
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit: NDArray[np.float32] = vectors / np.maximum(length, np.finfo(np.float32).tiny)
    return unit
