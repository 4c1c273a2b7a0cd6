"""Concept relatedness: do cosines of terms rise with the ratings that people gave? Spearman's rho.

The two terms are encoded as they are written in the data, so that no map of identifiers enters.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from bali.evaluate.result import Result, add_result_arguments, write_result
from bali.evaluate.scorer import add_scorer_arguments, build_similarity
from bali.gold.relatedness import read_pairs


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Flags of `bali evaluate relatedness`."""
    parser.add_argument("--pairs", type=Path, required=True, help="rated pairs of terms")
    add_scorer_arguments(parser)
    add_result_arguments(parser)


def run(args: argparse.Namespace) -> None:
    """Write cosines and ratings of all pairs and their rank correlation."""
    pairs = read_pairs(args.pairs)
    left, right = [p.term_1 for p in pairs], [p.term_2 for p in pairs]
    strings = list(dict.fromkeys(right))
    column = {term: i for i, term in enumerate(strings)}
    similarity = build_similarity(args, left, strings)
    table = similarity(slice(0, len(left)), slice(0, len(strings)))  # (pairs, distinct terms)
    cosine = table[np.arange(len(pairs)), [column[term] for term in right]]
    result = Result(
        kind="relatedness",
        unit="pair",
        units=[f"{i}: {p.term_1} / {p.term_2}" for i, p in enumerate(pairs)],
        scores={
            "rating": np.array([p.rating for p in pairs]),
            "cosine": cosine.astype(np.float64),
        },
        sets={"full": np.ones(len(pairs), bool)},
        files=[args.pairs],
        counts={"read": len(pairs), "kept": len(pairs), "dropped": {}},
    )
    write_result(args, result, {"batch_size": args.batch_size, "max_tokens": args.max_tokens})
