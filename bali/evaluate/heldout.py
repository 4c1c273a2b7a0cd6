"""Zero-shot linking of held-out names: is the nearest of all remaining names one of its concept?

A model embeds the query and every name; a concept scores the highest cosine among its names. The
baseline `--exact` scores 1 for equal normal forms and 0 otherwise: held-out names differ from all
others in that form, so that it is at chance, and shows that no question is answered by the string.

Search is exact, in chunks of queries: memory is the vectors and a block of `SCORES_HELD` scores.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bali.errors import InputError
from bali.evaluate.ranking import Dictionary, expected_credit, place
from bali.files import sha256, write_json
from bali.intervals import mean_interval
from bali.log import progress
from bali.storage import read_table
from bali.text import normalise

CUTOFFS = (1, 5)  # the k of acc@k
SPLITS = ("dev", "test")
SCORES_HELD = 2**25  # queries x names in memory at once: 128 MiB of float32, and as much again

# A slice of the queries -> their similarity with all distinct strings, (queries, strings) float32.
Similarity = Callable[[slice], NDArray[np.float32]]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Flags of `bali evaluate heldout`."""
    parser.add_argument("--heldout", type=Path, required=True, help="table of held-out names")
    parser.add_argument("--names", type=Path, required=True, help="table of all other names")
    scorer = parser.add_mutually_exclusive_group(required=True)
    scorer.add_argument("--model", type=Path, help="folder of a language model")
    scorer.add_argument("--exact", action="store_true", help="compare normal forms instead")
    parser.add_argument("--pooling", choices=("mean", "cls"), default="mean", help="of names")
    parser.add_argument("--run", required=True, help="name of the run, as the report shows it")
    parser.add_argument("--seed", type=int, required=True, help="seed of the training")
    parser.add_argument("--task-seed", type=int, required=True, help="seed of the bootstrap")
    parser.add_argument("--batch-size", type=int, default=256, help="names encoded at once")
    parser.add_argument("--max-tokens", type=int, default=32, help="a name is cut to so many")
    parser.add_argument("--bootstrap", type=int, default=2000, help="resamples of the concepts")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--out", type=Path, required=True, help="JSON of the results")


def run(args: argparse.Namespace) -> None:
    """Rank all concepts for every held-out name and write accuracies with intervals."""
    heldout = read_table("heldout", args.heldout)
    dictionary = Dictionary.from_names(read_table("names", args.names, ["cui", "name"]))
    queries = heldout["name"].to_pylist()
    cuis = heldout["cui"].to_pylist()
    gold = gold_concepts(cuis, dictionary, args)

    similarity = (
        exact_similarity(queries, dictionary.strings)
        if args.exact
        else cosine_similarity(queries, dictionary.strings, args)
    )
    better, tied = rank_all(similarity, gold, dictionary)

    split = np.array(heldout["split"].to_pylist())
    results: dict[str, Any] = {}
    credit_of: dict[str, Any] = {}
    for name in SPLITS:
        chosen = np.flatnonzero(split == name)
        if not chosen.size:
            raise InputError(
                f"{args.heldout}: no name of the split {name}, and an accuracy over none is none; "
                "raise umls.heldout.share or lower umls.heldout.min_names"
            )
        results[name] = {"queries": chosen.size}
        credit_of[name] = {"cui": [cuis[i] for i in chosen]}
        for k in CUTOFFS:
            credit = expected_credit(better[chosen], tied[chosen], k)
            estimate = mean_interval(credit, args.bootstrap, args.task_seed)
            results[name][f"acc@{k}"] = estimate.value
            results[name][f"interval@{k}"] = [estimate.low, estimate.high]
            credit_of[name][f"@{k}"] = credit.tolist()

    write_json(
        args.out,
        {
            "task": "heldout",
            "run": args.run,
            "seed": args.seed,
            "task_seed": args.task_seed,
            "model": None if args.exact else describe_model(args.model, args.pooling),
            "settings": {
                "batch_size": args.batch_size,
                "max_tokens": args.max_tokens,
                "bootstrap": args.bootstrap,
            },
            "dictionary": {"names": len(dictionary.string), "concepts": len(dictionary.cuis)},
            "splits": results,
            "credit": credit_of,
        },
    )


def gold_concepts(
    cuis: list[str], dictionary: Dictionary, args: argparse.Namespace
) -> NDArray[np.int64]:
    """(queries,), int64: the place of each query's concept in the dictionary.

    Raises:
        InputError: a concept has no name left, so that nothing could be right.
    """
    places = {cui: i for i, cui in enumerate(dictionary.cuis)}
    missing = [cui for cui in cuis if cui not in places]
    if missing:
        raise InputError(
            f"{args.heldout}: {len(missing)} concepts, {missing[0]} first, have no name in "
            f"{args.names}; make both tables again: snakemake --forcerun umls"
        )
    return np.array([places[cui] for cui in cuis], dtype=np.int64)


def rank_all(
    similarity: Similarity, gold: NDArray[np.int64], dictionary: Dictionary
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """`place` for all queries, chunk by chunk."""
    rows = max(1, SCORES_HELD // len(dictionary.string))
    chunks = [slice(start, start + rows) for start in range(0, len(gold), rows)]
    places = [
        place(dictionary.best(similarity(chunk)), gold[chunk])
        for chunk in progress(chunks, "chunks of queries", len(chunks))
    ]
    better, tied = (np.concatenate(column) for column in zip(*places, strict=True))
    return better, tied


def exact_similarity(queries: list[str], strings: list[str]) -> Similarity:
    """1 where the normal forms are equal, else 0."""
    number: dict[str, int] = {}
    query, string = (
        np.array([number.setdefault(normalise(text), len(number)) for text in texts])
        for texts in (queries, strings)
    )
    return lambda chunk: (query[chunk, None] == string).astype(np.float32)


def cosine_similarity(
    queries: list[str], strings: list[str], args: argparse.Namespace
) -> Similarity:
    """Cosine of the vectors that the model gives; each distinct string is encoded once.

    Raises:
        InputError: the folder holds no language model, or its vectors are not finite.
    """
    import torch  # late: the exact baseline needs neither

    from bali.model.encoder import TextEncoder

    torch.set_num_threads(args.threads)
    encoder = TextEncoder.load(args.model, args.pooling)
    number = {text: i for i, text in enumerate(dict.fromkeys([*strings, *queries]))}
    vectors = torch.from_numpy(encoder.encode(list(number), args.batch_size, args.max_tokens))
    if not bool(torch.isfinite(vectors).all()):
        raise InputError(
            f"{args.model}: the model's vectors are not finite; train it again, for instance "
            "with a lower train.lr_lm"
        )
    vectors = torch.nn.functional.normalize(vectors)
    names = vectors[: len(strings)].T.contiguous()  # (dim, strings): they were numbered first
    query = vectors[[number[text] for text in queries]]  # (queries, dim)
    return lambda chunk: (query[chunk] @ names).numpy()


def describe_model(folder: Path, pooling: str) -> dict[str, Any]:
    """What was measured: folder, digest of its weights, pooling."""
    from bali.model.lm import find_weights

    return {
        "folder": folder.as_posix(),
        "sha256": sha256(find_weights(folder)),
        "pooling": pooling,
    }
