"""Zero-shot linking of held-out names: is the nearest of all remaining names one of its concept?

A model embeds the query and every name; a concept scores the highest cosine among its names. The
baseline `--exact` scores 1 for equal normal forms and 0 otherwise: held-out names differ from all
others in that form, so that it is at chance, and shows that no question is answered by the string.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from bali.errors import InputError
from bali.evaluate.ranking import Dictionary
from bali.evaluate.result import Result, add_result_arguments, ranking_scores, write_result
from bali.evaluate.scorer import add_scorer_arguments, build_similarity
from bali.evaluate.search import rank_all
from bali.storage import read_table

SPLITS = ("dev", "test")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Flags of `bali evaluate heldout`."""
    parser.add_argument("--heldout", type=Path, required=True, help="table of held-out names")
    parser.add_argument("--names", type=Path, required=True, help="table of all other names")
    add_scorer_arguments(parser)
    add_result_arguments(parser)


def run(args: argparse.Namespace) -> None:
    """Rank all concepts for every held-out name and write accuracies with intervals."""
    heldout = read_table("heldout", args.heldout)
    dictionary = Dictionary.from_names(read_table("names", args.names, ["cui", "name"]))
    queries = heldout["name"].to_pylist()
    cuis = heldout["cui"].to_pylist()
    split = np.array(heldout["split"].to_pylist())
    places = dictionary.places()
    missing = [cui for cui in cuis if cui not in places]
    if missing:
        raise InputError(
            f"{args.heldout}: {len(missing)} concepts, {missing[0]} first, have no name in "
            f"{args.names}; make both tables again: snakemake --forcerun umls"
        )
    for name in SPLITS:
        if name not in split:
            raise InputError(
                f"{args.heldout}: no name of the split {name}, and an accuracy over none is none; "
                "raise umls.heldout.share or lower umls.heldout.min_names"
            )
    similarity = build_similarity(args, queries, dictionary.strings)
    found = rank_all(similarity, [np.array([places[cui]]) for cui in cuis], dictionary)
    result = Result(
        kind="heldout",
        unit="concept",
        units=cuis,
        scores=ranking_scores(found),
        sets={name: split == name for name in SPLITS},
        files=[args.heldout, args.names],
        counts={"read": len(cuis), "kept": len(cuis), "dropped": {}},
        facts={"names": len(dictionary.string), "concepts": len(dictionary.cuis)},
    )
    settings = {"batch_size": args.batch_size, "max_tokens": args.max_tokens}
    write_result(args, result, settings)
