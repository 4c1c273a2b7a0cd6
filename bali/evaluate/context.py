"""Vectors of mentions inside their sentences, pooled as in training: a mean over their tokens."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from bali.log import progress
from bali.model.encoder import TextEncoder
from bali.model.pooling import pool_mentions

Span = tuple[str, int, int]  # a sentence, and first and last-but-one code point of the mention


@torch.inference_mode()
def encode_mentions(
    encoder: TextEncoder, spans: Sequence[Span], batch_size: int, max_tokens: int
) -> NDArray[np.float32]:
    """Encode mentions in context.

    Args:
        encoder: the language model; its pooling of names is not used.
        spans: mentions.
        batch_size: sentences encoded at once, of similar length.
        max_tokens: of a sentence, special ones counted; of a longer one the tokens around the
            mention are taken.

    Returns:
        (len(spans), dim), float32; not normalised.
    """
    vectors = np.empty((len(spans), encoder.dim), np.float32)
    cut = [window(encoder, span, max_tokens) for span in spans]
    order = sorted(range(len(spans)), key=lambda row: len(cut[row][0]))
    batches = [order[i : i + batch_size] for i in range(0, len(order), batch_size)]
    for rows in progress(batches, "batches of mentions", len(batches)):
        ids = {"input_ids": [cut[row][0] for row in rows]}
        batch = encoder.tokenizer.pad(ids, return_tensors="pt").to(encoder.lm.device)
        layers = encoder.lm(**batch, output_hidden_states=True).hidden_states
        hidden = layers[encoder.hidden_layer]  # (rows, length, dim)
        length = hidden.shape[1]
        token = [i * length + t for i, row in enumerate(rows) for t in cut[row][1]]
        group = [i for i, row in enumerate(rows) for _ in cut[row][1]]
        pooled = pool_mentions(
            hidden.flatten(0, 1), torch.tensor(token), torch.tensor(group), len(rows)
        )
        vectors[rows] = pooled.numpy()
    return vectors


def window(encoder: TextEncoder, span: Span, max_tokens: int) -> tuple[list[int], range]:
    """Token ids of a sentence, cut to a length around the mention, and the mention's positions.

    A mention of which no token is left, as one of characters that the tokeniser drops, is the whole
    sentence.
    """
    sentence, start, end = span
    coded = encoder.tokenizer(sentence, return_offsets_mapping=True)
    ids, offsets = coded["input_ids"], coded["offset_mapping"]
    words = [i for i, (s, e) in enumerate(offsets) if s < e]  # special tokens are at (0, 0)
    if not words:
        return ids, range(len(ids))
    inside = [i for i in words if offsets[i][0] < end and start < offsets[i][1]] or words
    head, tail = ids[: words[0]], ids[words[-1] + 1 :]
    room = max_tokens - len(head) - len(tail)
    first, last = inside[0], inside[-1] + 1
    begin = max(words[0], min((first + last - room) // 2, words[-1] + 1 - room))
    begin = min(begin, first)  # of a mention longer than the window its beginning
    kept = ids[begin : min(begin + room, words[-1] + 1)]
    shift = len(head) - begin
    return head + kept + tail, range(first + shift, min(last + shift, len(head) + len(kept)))
