"""Mentions in their sentences -> vectors, as training pools them, with an exported model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from bali.model.encoder import TextEncoder
from bali.model.pooling import pool_mentions

POOLINGS = ("mean", "first", "cls")  # all tokens, the first one, the sentence's first one
Integers = NDArray[np.int64]


class Sentences(NamedTuple):
    """Sentences and the mentions in them.

    Attributes:
        texts: of the sentences.
        sentence: (mentions,) int64; number of a mention's sentence, ascending.
        start: (mentions,) int64; its first code point in the sentence.
        end: (mentions,) int64; the code point after its last.
    """

    texts: Sequence[str]
    sentence: Integers
    start: Integers
    end: Integers


@torch.inference_mode()
def encode_mentions(
    encoder: TextEncoder, sentences: Sentences, pooling: str, batch_size: int, max_tokens: int
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Encode mentions; each vector depends on its own sentence only, up to rounding.

    Args:
        encoder: the language model.
        sentences: with their mentions.
        pooling: one of POOLINGS.
        batch_size: sentences encoded at once. Batches hold sentences of similar length.
        max_tokens: longer sentences are cut; special tokens count.

    Returns:
        (mentions, dim) float32, not normalised, zero where the second array is False; and
        (mentions,) whether the mention has a token before the limit.
    """
    count = len(sentences.sentence)
    vectors = np.zeros((count, encoder.dim), np.float32)
    found = np.zeros(count, np.bool_)
    if not count:
        return vectors, found
    tokens = encoder.tokenizer(
        list(sentences.texts),
        truncation=True,
        max_length=max_tokens,
        return_offsets_mapping=True,
        return_attention_mask=False,
        return_token_type_ids=False,
    )
    ids, offsets = tokens["input_ids"], tokens["offset_mapping"]
    bounds = np.searchsorted(sentences.sentence, np.arange(len(ids) + 1))
    order = np.argsort([len(one) for one in ids], kind="stable")
    for first in range(0, len(order), batch_size):
        rows = order[first : first + batch_size].tolist()
        batch = encoder.tokenizer.pad({"input_ids": [ids[r] for r in rows]}, return_tensors="pt")
        batch = batch.to(encoder.lm.device)
        hidden = encoder.token_vectors(batch)  # (rows, length, dim)
        token: list[int] = []
        group: list[int] = []
        mentions: list[int] = []
        for row, number in enumerate(rows):
            spans = np.array(offsets[number])  # (tokens, start and end)
            for mention in range(bounds[number], bounds[number + 1]):
                chosen = _tokens_of(
                    spans, sentences.start[mention], sentences.end[mention], pooling
                )
                token += (row * hidden.shape[1] + chosen).tolist()
                group += [len(mentions)] * len(chosen)
                if len(chosen):
                    mentions.append(mention)
        if not mentions:
            continue
        flat = hidden.reshape(-1, hidden.shape[2])
        where = torch.tensor([token, group], device=flat.device)
        pooled = pool_mentions(flat, where[0], where[1], len(mentions))
        vectors[mentions] = pooled.cpu().numpy()
        found[mentions] = True
    return vectors, found


def _tokens_of(spans: Integers, start: int, end: int, pooling: str) -> Integers:
    """Tokens that a mention is pooled from: those whose span overlaps its own, as in pairs."""
    inside = (spans[:, 0] < end) & (spans[:, 1] > start) & (spans[:, 0] < spans[:, 1])
    chosen: Integers = np.flatnonzero(inside)
    if pooling == "mean" or not len(chosen):
        return chosen
    return chosen[:1] if pooling == "first" else np.zeros(1, np.int64)
