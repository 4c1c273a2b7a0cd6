"""Step `evaluate names`: a model's vectors of all names, encoded once for all its tasks."""

from __future__ import annotations

import argparse
from pathlib import Path

from bali.evaluate.ranking import Dictionary
from bali.evaluate.scorer import add_model_arguments, load_encoder, recipe_of
from bali.evaluate.vectors import write_vectors
from bali.storage import read_table


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Flags of `bali evaluate names`."""
    parser.add_argument("--names", type=Path, required=True, help="table of names")
    parser.add_argument("--model", type=Path, required=True, help="folder of a language model")
    add_model_arguments(parser)
    parser.add_argument("--out", type=Path, required=True, help="npy file; <out>.json beside it")


def run(args: argparse.Namespace) -> None:
    """Encode the distinct names."""
    dictionary = Dictionary.from_names(read_table("names", args.names, ["cui", "name"]))
    write_vectors(
        args.out,
        dictionary.strings,
        load_encoder(args, args.model),
        recipe_of(args, args.model),
        batch_size=args.batch_size,
        source=args.model,
    )
