"""names.parquet -> the knowledge base that all shards are linked against, built once."""

from __future__ import annotations

import argparse
import logging
from collections.abc import Iterator
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from bali.counts import Counts
from bali.errors import InputError
from bali.linking import tfidf
from bali.linking.store import Store
from bali.storage import read_table

logger = logging.getLogger(__name__)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Flags of `bali linking kb`."""
    parser.add_argument("--names", type=Path, required=True)
    parser.add_argument("--semantic-types", type=Path, required=True)
    parser.add_argument("--definitions", type=Path, required=True)
    parser.add_argument("--min-df", type=int, required=True, help="least names of a 3-gram")
    parser.add_argument("--out-dir", type=Path, required=True)
    parser.add_argument("--counts", type=Path, required=True)


def run(args: argparse.Namespace) -> None:
    """Write concepts, names, vectoriser and vectors."""
    names = read_table("names", args.names, ["cui", "name", "preferred"])
    if not names.num_rows:
        raise InputError(f"{args.names}: holds no name; check umls.languages and umls.suppressed")
    types = read_table("semantic_types", args.semantic_types, ["cui", "tui"])
    definitions = read_table("definitions", args.definitions, ["cui", "definition"])
    store = Store(args.out_dir)
    store.write_entities(entities(names, types, definitions))

    distinct = sorted(set(names["name"].to_pylist()))
    vectoriser, vectors = tfidf.fit(distinct, args.min_df)
    filled = np.flatnonzero(np.diff(vectors.indptr))  # the index takes no empty vector
    aliases, vectors = [distinct[i] for i in filled], vectors[filled]
    store.write_aliases(aliases)
    tfidf.save(vectoriser, store.vocabulary, store.idf)
    store.write_vectors(vectors)

    counts = Counts("linking.kb")
    dropped = {"no character 3-gram of the vocabulary": len(distinct) - len(aliases)}
    counts.add("distinct names", read=len(distinct), kept=len(aliases), dropped=dropped)
    counts.facts["3-grams"] = vectors.shape[1]
    counts.write(args.counts)
    logger.info("%d names, %d 3-grams", *vectors.shape)


def entities(names: pa.Table, types: pa.Table, definitions: pa.Table) -> Iterator[dict[str, Any]]:
    """Concepts in scispaCy's layout, by CUI.

    Args:
        names: columns cui, name, preferred; sorted by cui.
        types: columns cui, tui.
        definitions: columns cui, definition; the first of a concept is taken.

    Yields:
        The fields of scispacy.linking_utils.Entity.
    """
    tuis: dict[str, list[str]] = {}
    for cui, tui in zip(types["cui"].to_pylist(), types["tui"].to_pylist(), strict=True):
        tuis.setdefault(cui, []).append(tui)
    texts: dict[str, str] = {}
    for cui, text in zip(
        definitions["cui"].to_pylist(), definitions["definition"].to_pylist(), strict=True
    ):
        texts.setdefault(cui, text)
    rows = zip(*(names[c].to_pylist() for c in ("cui", "name", "preferred")), strict=True)
    for cui, group in groupby(rows, key=itemgetter(0)):
        # preferred names first, else in the table's order
        ordered = [name for _, name, _ in sorted(group, key=lambda row: not row[2])]
        yield {
            "concept_id": cui,
            "canonical_name": ordered[0],
            "aliases": ordered[1:],
            "types": tuis.get(cui, []),
            "definition": texts.get(cui),
        }
