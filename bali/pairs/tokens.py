"""Step `pairs tokens`: sentences + mentions -> tokenised training examples and node names.

Text is read for chosen sentences only. One look at the keys of every shard finds the sentences that
can train and the bounds of the cap on sentences per concept; a second one, at what the first left
on disk, those of the sample; then the chosen sentences are tokenised, shard by shard, and put in
order. Memory is that of one shard, whatever their number.

Documents, not sentences, are split into train and validation. The cap is for training only:
validation keeps the natural frequencies.
"""

from __future__ import annotations

import argparse
import logging
import os
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from bali.counts import Counts
from bali.errors import InputError
from bali.graph.nodes import NodeIds
from bali.heldout import HeldoutText
from bali.log import progress
from bali.model.tokenizer import load_tokenizer
from bali.pairs.build import Facts, Staged
from bali.pairs.choice import SPLITS, Choice, Limits, Shard, kept_documents
from bali.pairs.names import write_names
from bali.pairs.selection import MentionRule, Tally
from bali.pairs.staging import merged
from bali.pairs.tokeniser import Tokeniser
from bali.storage import read_table, write_ipc

logger = logging.getLogger(__name__)


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
    parser.add_argument("--heldout", type=Path, help="table of names that no sentence may write")
    parser.add_argument("--lm", type=Path, required=True, help="folder of the language model")
    parser.add_argument("--max-tokens", type=int, required=True, help="tokens a sentence")
    parser.add_argument("--name-tokens", type=int, required=True, help="tokens a name")
    parser.add_argument("--methods", nargs="+", required=True, help="of mentions that train")
    parser.add_argument("--min-score", type=float, required=True, help="of mentions that train")
    parser.add_argument("--max-per-concept", type=int, help="sentences a concept (default: all)")
    parser.add_argument(
        "--over-cap",
        choices=["keep", "drop"],
        default="keep",
        help="mentions beyond it in sentences that stay for another concept",
    )
    parser.add_argument("--max-sentences", type=int, help="sentences to train on (default: all)")
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
    shards = [
        Shard(*files)
        for files in zip(args.shards, args.documents, args.sentences, args.mentions, strict=True)
    ]
    counts, tally = Counts("pairs.tokens"), Tally.new()
    with TemporaryDirectory(prefix="bali-pairs-") as folder:
        scratch = Path(folder)
        choice = choose(args, shards, ids, scratch, tally)
        held_out = read_table("heldout", args.heldout, ["name"]) if args.heldout else None
        heldout = HeldoutText(held_out["name"].to_pylist() if held_out else ())
        staged = Staged(scratch, Tokeniser(tokeniser, args.max_tokens), heldout)
        for shard in progress(shards, "shards tokenised", len(shards)):
            for split in SPLITS:
                staged.add(shard, split, choice.chosen(shard, split))
        if not staged.sentences["train"]:
            raise InputError(
                f"{args.mentions[0]}: no sentence of any shard is left to train on (mentions "
                f"dropped: {dict(tally.dropped_mentions)}); widen pairs.methods or lower "
                "pairs.min_score"
            )
        staged.count(tally, counts)
        names = args.out_dir / "node_names.arrow"
        write_names(args.names, ids, Tokeniser(tokeniser, args.name_tokens), names, counts)
        for split in SPLITS:
            facts = Facts(ids.count)
            rows = (facts.see(table) for table in merged(staged.files[split]))
            write_ipc("pairs", rows, args.out_dir / f"{split}.arrow")
            counts.facts |= facts.named(split)
    logger.info("pairs: %s", counts.facts)
    counts.write(args.counts)


def choose(
    args: argparse.Namespace, shards: Sequence[Shard], ids: NodeIds, scratch: Path, tally: Tally
) -> Choice:
    """Choose sentences by the keys of all shards."""
    rule = MentionRule(args.methods, args.min_score)
    limits = Limits(
        args.max_per_concept,
        args.over_cap == "drop",
        args.max_sentences,
        args.validation_share,
        args.seed,
    )
    choice = Choice(ids, rule, limits, scratch, tally)
    kept = kept_documents(args.kept, shards)
    for shard in progress(shards, "shards looked at", len(shards)):
        choice.look(shard, kept.pop(shard.name))
    choice.draw()
    return choice
