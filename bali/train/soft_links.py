"""Step `train soft_links`: spans of the training text that equal no name, and what they may be.

The linker finds what is written like a name. Here are the other spans, and a guess of their meaning
that no annotation is needed for. By Bayes' rule, of a span s and the concepts c,

    p(c | s)  ~  exp(cos(s, n) / T) * (1 + documents of the training text that mention c)^prior

where n is a name of c and the cosine is the untrained language model's: what the span looks like,
times how often people write of the concept. The most likely names of each span, and the nearest
one, are written with their logits, cos / T + prior log(1 + documents); the objective `soft` teaches
them to the model (Hinton et al. 2015, arXiv:1503.02531), whose cosines alone must then say both.
What a prior is worth where classes are of unequal frequency: Menon et al. 2021, arXiv:2007.07314.

A span without a name near it in its own right, whatever the prior says, is left out.
"""

from __future__ import annotations

import argparse
import logging
import math
from pathlib import Path

import faiss
import numpy as np
import torch
from numpy.typing import NDArray

from bali.counts import Counts
from bali.errors import InputError
from bali.hashing import mix
from bali.log import progress
from bali.model.encoder import TextEncoder
from bali.model.tokenizer import load_tokenizer
from bali.pairs.selection import lists
from bali.pairs.tokeniser import Tokeniser
from bali.storage import from_columns, map_ipc, write_ipc
from bali.train.columns import Ints, Ragged
from bali.train.mentioned import documents_of
from bali.train.spans import Vocabulary, find_spans

Vectors = NDArray[np.float32]
logger = logging.getLogger(__name__)

BATCH = 256  # texts encoded at once
BLOCK = 4_096  # spans searched for at once
# Setting -> its least and greatest value.
LARGE = 2**31 - 1
BOUNDS = (
    ("candidates", 2, LARGE),
    ("most_words", 1, LARGE),
    ("most_spans", 1, LARGE),
    ("least_cosine", -1, 1),
    ("prior", 0, LARGE),
    ("seed", 0, LARGE),
    ("name_tokens", 3, LARGE),
    ("threads", 1, LARGE),
)
ROUNDING = 1e-5  # of a cosine: two that differ by less are equal
DIGITS = 3  # of a logit: what differs beyond is rounding of the processor
_SPAN = 41  # parts this choice from others of the same keys


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Flags of `bali train soft_links`."""
    parser.add_argument("--pairs", type=Path, required=True, help="train.arrow")
    parser.add_argument("--names", type=Path, required=True, help="node_names.arrow")
    parser.add_argument("--lm", type=Path, required=True, help="folder of the language model")
    parser.add_argument("--pooling", choices=("mean", "cls"), required=True, help="of names")
    parser.add_argument("--name-tokens", type=int, required=True, help="a name or span is cut to")
    parser.add_argument("--most-words", type=int, required=True, help="of a span")
    parser.add_argument("--most-spans", type=int, required=True, help="drawn by seed")
    parser.add_argument("--least-cosine", type=float, required=True, help="of a span's best name")
    parser.add_argument("--candidates", type=int, required=True, help="names a span")
    parser.add_argument("--temperature", type=float, required=True)
    parser.add_argument("--prior", type=float, required=True, help="exponent of 1 + documents")
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--out", type=Path, required=True, help="soft_links.arrow")
    parser.add_argument("--counts", type=Path, required=True)


def run(args: argparse.Namespace) -> None:
    """Write the spans with their candidates."""
    if not 0 < args.temperature < math.inf:
        raise InputError(f"soft_links.temperature: {args.temperature} must be above 0")
    for name, least, most in BOUNDS:
        value = getattr(args, name)
        if not least <= value <= most:  # no number that is none passes either
            raise InputError(f"soft_links.{name}: {value} must be from {least} to {most}")
    torch.set_num_threads(args.threads)
    faiss.omp_set_num_threads(args.threads)
    tokenizer = load_tokenizer(args.lm)
    pairs, names = map_ipc("pairs", args.pairs), map_ipc("node_names", args.names)
    sentences, named = (Ragged(table["input_ids"]).all() for table in (pairs, names))
    spans, equal = find_spans(sentences, named, Vocabulary(tokenizer), args.most_words)
    drawn = np.argsort(mix(_SPAN, args.seed, spans.hash))[: args.most_spans]
    ids = spans.ids.take(drawn).tolist()
    # batch_decode makes one empty text of no ids
    texts = sorted({text.strip() for text in tokenizer.batch_decode(ids)} if ids else ())
    encoder = TextEncoder.load(args.lm, args.pooling)
    queries, vectors = (
        encoder.encode(strings, BATCH, args.name_tokens)
        for strings in (texts, names["name"].to_pylist())
    )
    faiss.normalize_L2(queries)
    faiss.normalize_L2(vectors)
    node = names["node"].to_numpy().astype(np.int64)
    documents = documents_of(pairs, int(node.max()) + 1)
    bias = args.prior * args.temperature * np.log1p(documents[node])
    cosine, near = (found[:, 0] for found in most_likely(queries, vectors, np.zeros_like(bias), 1))
    kept = np.flatnonzero(cosine >= args.least_cosine)
    score, place = most_likely(queries[kept], vectors, bias, args.candidates)
    # every draw of a step holds the nearest name, so it stands among them in any case; names that
    # differ in case alone are equally near, and then it is the likeliest of them
    equal_to_nearest = score - bias[place] >= cosine[kept, None] - ROUNDING
    far = ~equal_to_nearest.any(axis=1)
    place[far, -1], score[far, -1] = near[kept][far], (cosine + bias[near])[kept][far]
    equal_to_nearest[far, -1] = True
    encoded = Tokeniser(tokenizer, args.name_tokens).encode([texts[i] for i in kept])
    rows = {
        "span": [texts[i] for i in kept],
        "input_ids": lists(encoded.offsets, encoded.input_ids),
        "name": place.tolist(),
        "logit": np.round(score / args.temperature, DIGITS).tolist(),
        "nearest": equal_to_nearest.argmax(axis=1),
    }
    write_ipc("soft_links", [from_columns("soft_links", rows)], args.out)
    counts = Counts("train.soft_links")
    counts.add(
        "spans",
        read=len(spans.hash) + equal,
        kept=len(kept),
        dropped={
            "equals a name": equal,
            "not drawn": len(spans.hash) - len(texts),
            "no name near": len(texts) - len(kept),
        },
    )
    counts.facts["concepts_mentioned"] = int((documents > 0).sum())
    counts.write(args.counts)
    logger.info("%d spans of %d", len(kept), len(spans.hash) + equal)


def most_likely(
    queries: Vectors, names: Vectors, bias: NDArray[np.float64], candidates: int
) -> tuple[Vectors, Ints]:
    """The names of the highest cosine + bias, for each query.

    The bias is one more number of a name's vector, and that of a query is 1: their product is the
    sum, and a search for the largest product finds it.

    Args:
        queries: (queries, dim), unit rows.
        names: (names, dim), unit rows.
        bias: (names,), in units of the cosine.
        candidates: names a query; at most all.

    Returns:
        scores and numbers of the names, (queries, candidates) each, the highest score first.
    """
    ones = np.ones((len(queries), 1), np.float32)
    left = np.hstack([queries, ones])
    right = np.hstack([names, bias.astype(np.float32)[:, None]])
    number = min(candidates, len(names))
    score = np.empty((len(queries), number), np.float32)
    place = np.empty((len(queries), number), np.int64)
    for start in progress(range(0, len(queries), BLOCK), "blocks of spans"):
        block = slice(start, start + BLOCK)
        product = faiss.METRIC_INNER_PRODUCT
        score[block], place[block] = faiss.knn(left[block], right, number, metric=product)
    return score, place
