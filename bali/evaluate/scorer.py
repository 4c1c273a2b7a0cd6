"""Who answers the questions: a language model, TF-IDF over character 3-grams, or equal strings.

All give a `Similarity` between texts and names. What they have in common, their flags, stands here,
so that each task takes them in the same words.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bali.evaluate.search import Similarity
from bali.evaluate.vectors import Recipe, model_digest, read_vectors, unit
from bali.text import normalise

if TYPE_CHECKING:
    from bali.model.encoder import TextEncoder


def add_model_arguments(parser: argparse.ArgumentParser) -> None:
    """Flags of a language model and of how it encodes names."""
    parser.add_argument("--pooling", choices=("mean", "cls"), default="mean", help="of names")
    parser.add_argument("--batch-size", type=int, default=256, help="names encoded at once")
    parser.add_argument("--max-tokens", type=int, default=32, help="a name is cut to so many")
    parser.add_argument("--precision", choices=("fp32", "bf16"), default="fp32")
    parser.add_argument("--threads", type=int, default=1)


def add_scorer_arguments(parser: argparse.ArgumentParser) -> None:
    """Flags of who answers, and of what result it is."""
    scorer = parser.add_mutually_exclusive_group(required=True)
    scorer.add_argument("--model", type=Path, help="folder of a language model")
    scorer.add_argument("--exact", action="store_true", help="compare normal forms instead")
    scorer.add_argument("--tfidf", action="store_true", help="TF-IDF of character 3-grams instead")
    parser.add_argument("--vectors", type=Path, help="of `bali evaluate names` with this model")
    add_model_arguments(parser)


def load_encoder(args: argparse.Namespace, folder: Path) -> TextEncoder:
    """Load the model that flags describe.

    Raises:
        InputError: the folder holds no language model.
    """
    import torch  # late: the baselines need neither

    from bali.model.encoder import TextEncoder

    torch.set_num_threads(args.threads)
    return TextEncoder.load(folder, args.pooling, precision=args.precision)


def recipe_of(args: argparse.Namespace, folder: Path) -> Recipe:
    """How the vectors of a model are made, by its flags."""
    return Recipe(model_digest(folder), args.pooling, args.max_tokens, args.precision)


def build_similarity(
    args: argparse.Namespace,
    queries: Sequence[str],
    strings: Sequence[str],
    query_vectors: NDArray[np.float32] | None = None,
) -> Similarity:
    """The similarity that flags ask for.

    Args:
        args: of `add_scorer_arguments`.
        queries: the texts that are asked for.
        strings: the distinct names.
        query_vectors: (queries, dim), unit rows, where they are no plain encodings of `queries`.

    Raises:
        InputError: there is no such model, or its vectors are not finite.
    """
    if args.exact:
        return exact_similarity(queries, strings)
    if args.tfidf:
        return tfidf_similarity(queries, strings)
    encoder = load_encoder(args, args.model)
    if args.vectors:
        names: Any = read_vectors(args.vectors, strings, recipe_of(args, args.model))
    else:
        names = unit(encoder.encode(strings, args.batch_size, args.max_tokens), args.model)
    if query_vectors is None:
        distinct = list(dict.fromkeys(queries))
        encoded = unit(encoder.encode(distinct, args.batch_size, args.max_tokens), args.model)
        row = {text: i for i, text in enumerate(distinct)}
        query_vectors = encoded[[row[text] for text in queries]]
    return cosine_similarity(query_vectors, names)


def cosine_similarity(queries: NDArray[np.float32], names: Any) -> Similarity:
    """Product of unit vectors.

    Args:
        queries: (queries, dim), float32.
        names: (strings, dim), float32; an array or `NameVectors`.
    """

    def similarity(rows: slice, strings: slice) -> NDArray[np.float32]:
        product: NDArray[np.float32] = queries[rows] @ names[strings].T
        return product

    return similarity


def exact_similarity(queries: Sequence[str], strings: Sequence[str]) -> Similarity:
    """1 where the normal forms are equal, else 0."""
    number: dict[str, int] = {}
    query, string = (
        np.array([number.setdefault(normalise(text), len(number)) for text in texts])
        for texts in (queries, strings)
    )
    return lambda rows, names: (query[rows, None] == string[names]).astype(np.float32)


def tfidf_similarity(queries: Sequence[str], strings: Sequence[str]) -> Similarity:
    """Cosine of TF-IDF vectors of character 3-grams, as the linker's candidates have it."""
    from bali.linking.tfidf import fit

    vectoriser, names = fit(strings, min_df=1)
    query = vectoriser.transform(queries)

    def similarity(rows: slice, strings: slice) -> NDArray[np.float32]:
        product: NDArray[np.float32] = (query[rows] @ names[strings].T).toarray()
        return product

    return similarity


def describe_scorer(args: argparse.Namespace) -> dict[str, Any] | None:
    """What was measured: folder and recipe of the model; None for a baseline."""
    if args.model is None:
        return None
    recipe = recipe_of(args, args.model)
    return {"folder": args.model.as_posix(), "digest": recipe.digest, **asdict(recipe)}
