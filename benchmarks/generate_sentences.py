"""Linked sentences of any number, in shards: the input of `bali pairs tokens`, without a linker.

    python benchmarks/generate_sentences.py --sentences 2000000 --lm FOLDER --seed 29 --out-dir DIR

Writes documents, sentences and mentions of each shard, and kept, nodes and names; the rows depend
on the arguments alone.

What is like PubMed: ten sentences a document; sentences of 22 words on average, some of hundreds;
two mentions a sentence, of one to three words; concepts as skewed as Zipf's law has them; 3 % of
the documents not kept, a tenth of the mentions candidates. What is not: the words are drawn from
the tokeniser's own whole words, evenly, so that a word is a token, more or less; a concept has no
words of its own.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from bali.model.tokenizer import load_tokenizer
from bali.storage import write_table
from bali.tables import TABLES

SHARD = 250_000  # sentences
PER_DOCUMENT = 10
Integers = NDArray[np.int64]


@dataclass(frozen=True)
class Words:
    """Words to draw from; the same ones with a full stop come second."""

    text: pa.Array
    length: Integers  # code points

    @classmethod
    def of(cls, lm: Path) -> Words:
        """Whole words of a tokeniser, and some with letters beyond ASCII."""
        vocabulary = sorted(word for word in load_tokenizer(lm).get_vocab() if word.isalpha())
        words = [word for word in vocabulary if len(word) > 1] + ["naïve", "β-blocker"] * 50
        text = pa.array([*words, *(f"{word}." for word in words)])
        return cls(text, pc.utf8_length(text).to_numpy().astype(np.int64))


def shard_rows(
    number: int, sentences: int, words: Words, concepts: int, seed: int
) -> dict[str, pa.Table]:
    """The tables documents, sentences and mentions of one shard, and its part of kept."""
    rng = np.random.default_rng([seed, number])
    documents = sentences // PER_DOCUMENT
    sentences = documents * PER_DOCUMENT
    pmid = 1 + number * SHARD + np.arange(documents)
    count = np.minimum(rng.geometric(1 / 16, sentences) + 6, 400)  # words of each sentence
    first = np.cumsum(count) - count
    drawn = rng.integers(0, len(words.text) // 2, count.sum())
    drawn[first + count - 1] += len(words.text) // 2  # the last one has the full stop
    width = words.length[drawn] + 1  # with the space behind it
    at = np.cumsum(width) - width
    of_document = np.repeat(at[first[::PER_DOCUMENT]], PER_DOCUMENT)  # where its text begins
    start = at[first] - of_document
    last = first + count - 1
    end = at[last] + words.length[drawn[last]] - of_document
    keys = {
        "pmid": np.repeat(pmid, PER_DOCUMENT),
        "version": np.ones(sentences, np.int32),
        "sentence": np.tile(np.arange(PER_DOCUMENT), documents),
    }
    spoken = words.text.take(pa.array(drawn))
    cuts = np.append(first[::PER_DOCUMENT], len(drawn))
    title_end = first[1::PER_DOCUMENT]
    tables = {
        "documents": _documents(pmid, spoken, cuts, title_end),
        "sentences": _conform("sentences", {**keys, "start": start, "end": end}),
    }
    found = rng.poisson(2, sentences)
    row = np.repeat(np.arange(sentences), found)
    begin = first[row] + (rng.random(len(row)) * count[row]).astype(np.int64)
    stop = np.minimum(begin + rng.integers(0, 3, len(row)), last[row])
    begin_at = at[begin] - of_document[row]
    stop_at = at[stop] + words.length[drawn[stop]] - of_document[row]
    order = np.lexsort((stop_at, begin_at, row))
    row, begin_at, stop_at = row[order], begin_at[order], stop_at[order]
    exact = rng.random(len(row)) < 0.9
    tables["mentions"] = _conform(
        "mentions",
        {
            **{name: key[row] for name, key in keys.items()},
            "start": begin_at,
            "end": stop_at,
            "text": pa.array(np.full(len(row), "x")),  # pairs never reads it
            # the n-th concept 1/n as often as the first: the logarithm of its number is even
            "cui": cuis((concepts ** rng.random(len(row))).astype(np.int64) - 1),
            "score": np.where(exact, 1.0, 0.87).astype(np.float32),
            "rank": np.zeros(len(row), np.int32),
            "method": pa.array(["candidate", "exact"]).take(pa.array(exact.astype(np.int64))),
        },
    )
    kept = pmid[pmid % 32 != 0]
    shard = pa.array([name(number)] * len(kept))
    tables["kept"] = _conform(
        "kept", {"pmid": kept, "version": np.ones(len(kept), np.int32), "shard": shard}
    )
    return tables


def name(number: int) -> str:
    """Of a shard."""
    return f"{number + 1:04d}"


def cuis(numbers: Integers) -> pa.Array:
    """Node ids -> CUIs."""
    return pa.array(np.char.add("C", np.char.zfill(numbers.astype(str), 7)))


def _documents(pmid: Integers, words: pa.Array, cuts: Integers, title_end: Integers) -> pa.Table:
    def joined(first: Integers, last: Integers) -> pa.Array:
        bounds = np.stack([first, last], axis=1).ravel()  # every second list is what lies between
        lists = pa.ListArray.from_arrays(pa.array(bounds.astype(np.int32)), words)
        return pc.binary_join(lists.take(pa.array(np.arange(0, len(bounds) - 1, 2))), " ")

    fixed = {"journal": "", "date": "", "revised": "", "doi": "", "pmc": "", "source": "made"}
    fixed |= {"sections": [], "languages": ["eng"], "year": None, "mesh": []}
    fixed |= {"publication_types": [], "retracted": False}
    schema = TABLES["documents"].schema
    return _conform(
        "documents",
        {
            "pmid": pmid,
            "version": np.ones(len(pmid), np.int32),
            "title": joined(cuts[:-1], title_end),
            "abstract": joined(title_end, cuts[1:]),
        }
        | {
            key: pa.array([value] * len(pmid), schema.field(key).type)
            for key, value in fixed.items()
        },
    )


def _conform(table: str, columns: dict[str, object]) -> pa.Table:
    schema = TABLES[table].schema
    return pa.table({key: columns[key] for key in schema.names}).cast(schema)


def write(sentences: int, concepts: int, lm: Path, seed: int, folder: Path) -> list[str]:
    """Write all tables; returns the names of the shards."""
    words = Words.of(lm)
    shards, kept = [], []
    for number, first in enumerate(range(0, sentences, SHARD)):
        rows = shard_rows(number, min(SHARD, sentences - first), words, concepts, seed)
        kept.append(rows.pop("kept"))
        for table, of_table in rows.items():
            write_table(table, of_table, folder / name(number) / f"{table}.parquet")
        shards.append(name(number))
    write_table("kept", pa.concat_tables(kept), folder / "kept.parquet")
    every = cuis(np.arange(concepts))
    spoken = words.text.take(pa.array(np.arange(concepts) % len(words.text)))
    node = {"node": np.arange(concepts), "cui": every, "name": spoken}
    nodes = _conform("nodes", {**node, "degree": np.zeros(concepts, np.int32)})
    write_table("nodes", nodes, folder / "nodes.parquet")
    source = pa.array(["X"] * concepts)
    about = {"sab": source, "tty": source, "preferred": np.ones(concepts, np.bool_)}
    write_table("names", _conform("names", {**node, **about}), folder / "names.parquet")
    return shards


def main() -> None:
    """Write the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sentences", type=int, default=2_000_000)
    parser.add_argument("--concepts", type=int, default=600_000)
    parser.add_argument("--lm", type=Path, required=True, help="folder with the tokeniser")
    parser.add_argument("--seed", type=int, default=29)
    parser.add_argument("--out-dir", type=Path, required=True)
    args = parser.parse_args()
    shards = write(args.sentences, args.concepts, args.lm, args.seed, args.out_dir)
    print(f"{args.out_dir}: {args.sentences} sentences in {len(shards)} shards")


if __name__ == "__main__":
    main()
