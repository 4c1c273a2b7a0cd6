"""The language model's own tokeniser, with the character span of each token."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import NDArray
from transformers import PreTrainedTokenizerFast


@dataclass(frozen=True)
class Encoded:
    """Tokens of many texts as ragged arrays.

    Attributes:
        offsets: (texts + 1,) int64; text i has the tokens offsets[i] up to offsets[i + 1].
        input_ids: (tokens,) int32, special tokens included.
        start: (tokens,) int32; first code point of a token in its text; 0 for special tokens.
        end: (tokens,) int32; code point after its last; 0 for special tokens.
        cut: (texts,) bool; the text was longer than the limit.
    """

    offsets: NDArray[np.int64]
    input_ids: NDArray[np.int32]
    start: NDArray[np.int32]
    end: NDArray[np.int32]
    cut: NDArray[np.bool_]


def encode(tokeniser: PreTrainedTokenizerFast, texts: Sequence[str], max_tokens: int) -> Encoded:
    """Tokenise texts, each cut to `max_tokens` with its special tokens and still closed by them."""
    batch = tokeniser(
        list(texts),
        truncation=True,
        max_length=max_tokens,
        return_offsets_mapping=True,
        return_attention_mask=False,
        return_token_type_ids=False,
    )
    lengths = np.fromiter(map(len, batch["input_ids"]), np.int64, len(texts))
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    spans = chain.from_iterable(chain.from_iterable(batch["offset_mapping"]))
    span = np.fromiter(spans, np.int32, 2 * offsets[-1]).reshape(-1, 2)  # (tokens, start and end)
    return Encoded(
        offsets,
        np.fromiter(chain.from_iterable(batch["input_ids"]), np.int32, offsets[-1]),
        span[:, 0],
        span[:, 1],
        np.fromiter((bool(one.overflowing) for one in batch.encodings), np.bool_, len(texts)),
    )
