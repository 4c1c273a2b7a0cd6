"""Step `pairs tokens`: sentences + mentions -> tokenised training examples and node names.

Two passes: the first chooses sentences by keys alone, over all shards; the second reads and
tokenises the text of the chosen ones, shard by shard. Documents, not sentences, are split into
train and validation. The cap on sentences per concept is for training only: validation keeps the
natural frequencies.
"""

from __future__ import annotations

import argparse
import logging
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from transformers import PreTrainedTokenizerFast

from bali.counts import Counts
from bali.errors import InputError
from bali.graph.nodes import NodeIds
from bali.log import progress
from bali.model.tokenizer import load_tokenizer
from bali.pairs.names import write_names
from bali.pairs.rows import Rows, pair_rows
from bali.pairs.selection import (
    DOCUMENT,
    SENTENCE,
    MentionRule,
    Selection,
    Tally,
    is_validation,
    positions,
    select,
    under_cap,
)
from bali.pairs.tokeniser import encode
from bali.storage import read_table, write_ipc
from bali.tables import TABLES
from bali.text import document_text

logger = logging.getLogger(__name__)

BATCH = 2_048  # sentences tokenised at once; bounds memory, changes no result
SPLITS = ("train", "validation")
OVER_CAP, NO_TOKEN = "over the cap", "no token before the limit"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Flags of `bali pairs tokens`."""
    for name in ("documents", "sentences", "mentions"):
        parser.add_argument(
            f"--{name}", type=Path, nargs="+", required=True, help=f"{name}.parquet, one a shard"
        )
    parser.add_argument("--shards", nargs="+", required=True, help="their names, in that order")
    parser.add_argument("--kept", type=Path, required=True, help="kept.parquet")
    parser.add_argument("--nodes", type=Path, required=True, help="nodes.parquet")
    parser.add_argument("--names", type=Path, required=True, help="names.parquet")
    parser.add_argument("--lm", type=Path, required=True, help="folder of the language model")
    parser.add_argument("--max-tokens", type=int, required=True, help="tokens a sentence")
    parser.add_argument("--name-tokens", type=int, required=True, help="tokens a name")
    parser.add_argument("--methods", nargs="+", required=True, help="of mentions that train")
    parser.add_argument("--min-score", type=float, required=True, help="of mentions that train")
    parser.add_argument("--max-per-concept", type=int, required=True, help="sentences a concept")
    parser.add_argument("--validation-share", type=float, required=True, help="of the documents")
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--threads", type=int, default=1, help="of the tokeniser")
    parser.add_argument("--out-dir", type=Path, required=True, help="folder of the pairs")
    parser.add_argument("--counts", type=Path, required=True)


def run(args: argparse.Namespace) -> None:
    """Write train.arrow, validation.arrow and node_names.arrow."""
    if not len(args.documents) == len(args.sentences) == len(args.mentions) == len(args.shards):
        raise InputError(
            f"{len(args.documents)} files of documents, {len(args.sentences)} of sentences, "
            f"{len(args.mentions)} of mentions and {len(args.shards)} shards: give one of each "
            "for every shard, in the same order"
        )
    os.environ["RAYON_NUM_THREADS"] = str(args.threads)  # read when it first tokenises
    tokeniser = load_tokenizer(args.lm)
    ids = NodeIds.read(args.nodes)
    tally = Tally.new()
    chosen = choose(args, ids, tally)

    parts: dict[str, list[Rows]] = {split: [] for split in SPLITS}
    shards = zip(args.documents, chosen, strict=True)
    for documents, by_split in progress(shards, "shards", len(chosen)):
        for split, selection in by_split.items():
            parts[split].extend(tokenise(documents, selection, tokeniser, args.max_tokens))
    none = TABLES["pairs"].schema.empty_table()
    pairs = {
        split: pa.concat_tables([none, *(part.pairs for part in parts[split])]) for split in SPLITS
    }
    if not pairs["train"].num_rows:
        raise InputError(
            f"{args.mentions[0]}: no sentence of any shard is left to train on (mentions dropped: "
            f"{dict(tally.dropped_mentions)}); widen pairs.methods or lower pairs.min_score"
        )
    counts = Counts("pairs.tokens")
    add_counts(counts, tally, [part for split in SPLITS for part in parts[split]], pairs)
    write_names(
        args.names, ids, tokeniser, args.name_tokens, args.out_dir / "node_names.arrow", counts
    )
    for split, rows in pairs.items():
        in_order = rows.sort_by([(key, "ascending") for key in SENTENCE])
        write_ipc("pairs", [in_order], args.out_dir / f"{split}.arrow")
    counts.write(args.counts)


def choose(args: argparse.Namespace, ids: NodeIds, tally: Tally) -> list[dict[str, Selection]]:
    """The sentences of each shard that go on, by split."""
    rule = MentionRule(args.methods, args.min_score)
    kept = read_table("kept", args.kept)
    chosen: list[dict[str, Selection]] = []
    for shard, sentences, mentions in zip(args.shards, args.sentences, args.mentions, strict=True):
        of_shard = kept.filter(pc.equal(kept["shard"], shard))
        selection = select(sentences, mentions, of_shard, ids, rule, tally)
        validation = is_validation(
            selection.sentences["pmid"].to_numpy(), args.validation_share, args.seed
        )
        chosen.append(
            {"train": selection.keep(~validation), "validation": selection.keep(validation)}
        )
    masks = under_cap([by_split["train"] for by_split in chosen], args.max_per_concept, args.seed)
    for by_split, stays in zip(chosen, masks, strict=True):
        before = by_split["train"]
        by_split["train"] = before.keep(stays)
        tally.dropped_sentences[OVER_CAP] += int((~stays).sum())
        tally.dropped_mentions[OVER_CAP] += len(before.row) - len(by_split["train"].row)
    return chosen


def tokenise(
    documents: Path, selection: Selection, tokeniser: PreTrainedTokenizerFast, max_tokens: int
) -> Iterator[Rows]:
    """Tokenise the selected sentences of one shard, batch by batch.

    Raises:
        InputError: a sentence belongs to no document: the files are of different shards.
    """
    if not selection.sentences.num_rows:
        return
    table = read_table("documents", documents, [*DOCUMENT, "title", "abstract"])
    row = positions(selection.sentences, table, DOCUMENT)
    if (row < 0).any():
        pmid = selection.sentences["pmid"][int(np.argmax(row < 0))].as_py()
        raise InputError(
            f"{documents}: holds no document {pmid}, which has sentences; give files of one "
            "shard, in the same order"
        )
    # the text of a document is made once, however many of its sentences are selected
    distinct, number = np.unique(row, return_inverse=True)
    fields = table.select(["title", "abstract"]).take(pa.array(distinct)).to_pydict()
    texts = [document_text(*both) for both in zip(*fields.values(), strict=True)]
    spans = (selection.sentences[name].to_pylist() for name in ("start", "end"))
    sentences = [
        texts[document][start:end]
        for document, start, end in zip(number.tolist(), *spans, strict=True)
    ]
    for first in range(0, len(sentences), BATCH):
        batch = np.zeros(len(sentences), np.bool_)
        batch[first : first + BATCH] = True
        encoded = encode(tokeniser, sentences[first : first + BATCH], max_tokens)
        yield pair_rows(selection.keep(batch), encoded)


def add_counts(counts: Counts, tally: Tally, parts: list[Rows], pairs: dict[str, pa.Table]) -> None:
    """Enter what was read, kept and dropped, and what each split holds."""
    tally.dropped_sentences[NO_TOKEN] = sum(part.empty for part in parts)
    tally.dropped_mentions[NO_TOKEN] = sum(part.lost for part in parts)
    sentences = sum(rows.num_rows for rows in pairs.values())
    mentions = sum(part.mentions for part in parts)
    counts.add("sentences", read=tally.sentences, kept=sentences, dropped=tally.dropped_sentences)
    counts.add("mentions", read=tally.mentions, kept=mentions, dropped=tally.dropped_mentions)
    counts.facts["mentions_cut_in_part"] = sum(part.cut for part in parts)
    for split, rows in pairs.items():
        concept = pc.list_flatten(rows["concept"])
        counts.facts[f"{split}_sentences"] = rows.num_rows
        counts.facts[f"{split}_documents"] = len(pc.unique(rows["pmid"]))
        counts.facts[f"{split}_mentions"] = len(concept)
        counts.facts[f"{split}_concepts"] = len(pc.unique(concept))
    logger.info("pairs: %s", counts.facts)
