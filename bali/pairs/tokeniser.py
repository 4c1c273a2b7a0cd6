"""The language model's own tokeniser, with the character span of each token."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer
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


class Tokeniser:
    """Tokenises batches of texts, each cut to a limit and still closed by its special tokens.

    It asks the Rust tokeniser itself: the layer of transformers above it makes a dictionary a text
    and takes as long again (docs/pairs.md).
    """

    def __init__(self, tokeniser: PreTrainedTokenizerFast, max_tokens: int) -> None:
        """Take a copy of `tokeniser` that cuts at `max_tokens`, special tokens included."""
        self._rust = Tokenizer.from_str(tokeniser.backend_tokenizer.to_str())
        self._rust.no_padding()
        self._rust.enable_truncation(max_tokens, direction=tokeniser.truncation_side)

    def encode(self, texts: Sequence[str]) -> Encoded:
        """Tokenise texts."""
        batch = self._rust.encode_batch(texts)
        ids = [one.ids for one in batch]
        offsets = np.concatenate([[0], np.cumsum(np.fromiter(map(len, ids), np.int64, len(ids)))])
        spans = chain.from_iterable(chain.from_iterable(one.offsets for one in batch))
        span = np.fromiter(spans, np.int32, 2 * offsets[-1]).reshape(-1, 2)  # (tokens, start, end)
        return Encoded(
            offsets,
            np.fromiter(chain.from_iterable(ids), np.int32, offsets[-1]),
            span[:, 0],
            span[:, 1],
            np.fromiter((bool(one.overflowing) for one in batch), np.bool_, len(ids)),
        )
