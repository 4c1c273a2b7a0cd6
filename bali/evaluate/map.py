"""A map of concept vectors: t-SNE in two dimensions, so that before and after can be looked at.

A concept's vector is the mean of its names'. Concepts are drawn evenly in the order of their CUIs:
the same for every model. The exact method is used, which is a function of its input.
"""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path

import numpy as np
from sklearn.manifold import TSNE

from bali.errors import InputError
from bali.evaluate.ranking import Dictionary
from bali.evaluate.result import Result, add_result_arguments, write_result
from bali.evaluate.scorer import add_scorer_arguments, recipe_of
from bali.evaluate.vectors import read_vectors
from bali.storage import read_table

COLOURED = 6  # most frequent semantic types that are told apart
FEWEST = 5  # concepts


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Flags of `bali evaluate map`."""
    parser.add_argument("--names", type=Path, required=True, help="table of names")
    parser.add_argument("--semantic-types", type=Path, required=True, help="table; the colours")
    parser.add_argument("--most", type=int, default=500, help="concepts on the map")
    add_scorer_arguments(parser)
    add_result_arguments(parser)


def run(args: argparse.Namespace) -> None:
    """Write the places of concepts."""
    if not (args.model and args.vectors):
        raise InputError("--model and --vectors: a map needs both")
    dictionary = Dictionary.from_names(read_table("names", args.names, ["cui", "name"]))
    if len(dictionary.cuis) < FEWEST:
        raise InputError(f"{args.names}: {len(dictionary.cuis)} concepts are too few for a map")
    vectors = read_vectors(args.vectors, dictionary.strings, recipe_of(args, args.model))
    count = min(args.most, len(dictionary.cuis))
    chosen = np.arange(count) * len(dictionary.cuis) // count
    rows = {concept: place for place, concept in enumerate(chosen.tolist())}
    sums = np.zeros((count, vectors.shape[1]), np.float64)
    names = np.zeros(count)
    for string, concept in zip(
        dictionary.string.tolist(), dictionary.concept.tolist(), strict=True
    ):
        if (place := rows.get(concept)) is not None:
            sums[place] += vectors[string : string + 1][0]
            names[place] += 1
    tsne = TSNE(
        init="pca",
        method="exact",
        perplexity=min(30.0, (count - 1) / 3),
        random_state=args.task_seed,
    )
    places = tsne.fit_transform((sums / names[:, None]).astype(np.float32))
    cuis = [dictionary.cuis[concept] for concept in chosen]
    result = Result(
        kind="map",
        unit="concept",
        units=cuis,
        scores={"x": places[:, 0].astype(np.float64), "y": places[:, 1].astype(np.float64)},
        sets={"full": np.ones(count, bool)},
        files=[args.names, args.semantic_types],
        counts={
            "read": len(dictionary.cuis),
            "kept": count,
            "dropped": {"not drawn": len(dictionary.cuis) - count},
        },
        labels={"group": colours(args.semantic_types, cuis)},
    )
    write_result(args, result, {"most": args.most})


def colours(path: Path, cuis: list[str]) -> list[str]:
    """The semantic type of each concept, the rarer ones as "other"."""
    rows = read_table("semantic_types", path, ["cui", "sty"])
    first: dict[str, str] = {}
    for cui, sty in zip(rows["cui"].to_pylist(), rows["sty"].to_pylist(), strict=True):
        first.setdefault(cui, sty)
    types = [first.get(cui, "other") for cui in cuis]
    often = {
        sty for sty, _ in sorted(Counter(types).items(), key=lambda i: (-i[1], i[0]))[:COLOURED]
    }
    return [sty if sty in often else "other" for sty in types]
