"""Held-out relations: do concepts that belong together lie near each other?

For a relation that was taken out before the graph was built, the preferred name of one concept
asks for the other among all concepts, in both directions. A concept scores as its most similar
name; the score knows no relation type, since only the language model is asked. Ranks are filtered
(Bordes et al. 2013): the concept itself and all others it is related to, in the graph or among
what was taken out, do not count.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bali.evaluate.ranking import Dictionary
from bali.evaluate.result import Result, add_result_arguments, ranking_scores, write_result
from bali.evaluate.scorer import add_scorer_arguments, build_similarity
from bali.evaluate.search import rank_all
from bali.storage import read_table, stream_table

CUTOFFS = (1, 3, 10)  # the k of hits@k


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Flags of `bali evaluate relations`."""
    parser.add_argument("--heldout", type=Path, required=True, help="relations taken out")
    parser.add_argument("--relations", type=Path, required=True, help="all other relations")
    parser.add_argument("--concepts", type=Path, required=True, help="table of concepts")
    parser.add_argument("--names", type=Path, required=True, help="table of names")
    parser.add_argument("--most", type=int, default=0, help="questions, evenly drawn; 0: all")
    add_scorer_arguments(parser)
    add_result_arguments(parser)


def run(args: argparse.Namespace) -> None:
    """Rank all concepts for both ends of every pair and write filtered MRR and Hits@k."""
    dictionary = Dictionary.from_names(read_table("names", args.names, ["cui", "name"]))
    concepts = read_table("concepts", args.concepts)
    name = dict(zip(concepts["cui"].to_pylist(), concepts["name"].to_pylist(), strict=True))
    places = dictionary.places()
    stated = read_table("heldout_relations", args.heldout, ["head", "tail"])
    pairs = sorted(
        {
            ends
            for head, tail in zip(
                stated["head"].to_pylist(), stated["tail"].to_pylist(), strict=True
            )
            for ends in ((head, tail), (tail, head))
        }
    )
    kept = [(head, tail) for head, tail in pairs if head in places and tail in places]
    known = len(kept)
    if args.most and known > args.most:
        kept = [kept[i * known // args.most] for i in range(args.most)]
    excluded = related(args, kept, pairs, places) if kept else []
    similarity = build_similarity(args, [name[head] for head, _ in kept], dictionary.strings)
    gold = [np.array([places[tail]]) for _, tail in kept]
    scores = {}
    if kept:
        found = rank_all(similarity, gold, dictionary, excluded)
        scores = ranking_scores(found, CUTOFFS)
        scores = {figure.replace("acc@", "hits@"): values for figure, values in scores.items()}
    result = Result(
        kind="relations",
        unit="concept",
        units=[head for head, _ in kept],
        scores=scores,
        sets={"full": np.ones(len(kept), bool)},
        files=[args.heldout, args.relations, args.concepts, args.names],
        counts={
            "read": len(pairs),
            "kept": len(kept),
            "dropped": {
                "concept without a name": len(pairs) - known,
                "not drawn": known - len(kept),
            },
        },
        facts={"names": len(dictionary.string), "concepts": len(dictionary.cuis)},
    )
    settings = {"batch_size": args.batch_size, "max_tokens": args.max_tokens, "most": args.most}
    write_result(args, result, settings)


def related(
    args: argparse.Namespace,
    questions: list[tuple[str, str]],
    pairs: list[tuple[str, str]],
    places: dict[str, int],
) -> list[NDArray[np.int64]]:
    """For each question the places of concepts that do not count.

    Args:
        args: names the relations of the graph.
        questions: (the concept that asks, the one that it asks for).
        pairs: all ordered pairs that were taken out.
        places: CUI -> place in the dictionary.
    """
    asking = {head for head, _ in questions}
    others: defaultdict[str, set[int]] = defaultdict(set)

    def enter(head: str, tail: str) -> None:
        if head in asking and tail in places:
            others[head].add(places[tail])

    for head, tail in pairs:
        enter(head, tail)
    for batch in stream_table("relations", args.relations, ["head", "tail"]):
        for head, tail in zip(batch["head"].to_pylist(), batch["tail"].to_pylist(), strict=True):
            enter(head, tail)
            enter(tail, head)
    return [
        np.array(sorted((others[head] | {places[head]}) - {places[tail]}), np.int64)
        for head, tail in questions
    ]
