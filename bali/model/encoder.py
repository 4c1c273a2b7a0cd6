"""Texts -> vectors, with a language model's folder: names and mentions for the evaluation."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from transformers import BatchEncoding, PreTrainedModel, PreTrainedTokenizerFast

from bali.errors import InputError
from bali.model.export import read_hidden_layer
from bali.model.lm import load_lm
from bali.model.pooling import NAME_POOLINGS, pool_names
from bali.model.tokenizer import load_tokenizer

# Texts tokenised and sorted at once: enough for batches of one length, and a bound on memory.
BLOCK = 65_536


class TextEncoder:
    """A language model and its pooling, for inference.

    Args of `load` and its use:
        >>> encoder = TextEncoder.load(Path("resources/lm/minilm-l6"), "mean")
        >>> encoder.encode(["Seizure", "Ataxia"], batch_size=256, max_tokens=32).shape
        (2, 384)
    """

    def __init__(
        self,
        lm: PreTrainedModel,
        tokenizer: PreTrainedTokenizerFast,
        pooling: str,
        hidden_layer: int = -1,
    ) -> None:
        """Wrap a loaded model; see `load`."""
        self.lm = lm
        self.lm.train(False)
        self.tokenizer = tokenizer
        self.pooling = pooling
        self.hidden_layer = hidden_layer

    @classmethod
    def load(cls, folder: Path, pooling: str, device: str = "cpu", precision: str = "fp32") -> Self:
        """Load a folder. A model that names were trained with at a lower layer is read there.

        Args:
            folder: config, tokeniser and weights, as Hugging Face lays them out.
            pooling: "mean" or "cls"; should be the one that the model was trained with.
            device: where to compute, as torch names it.
            precision: "fp32" or "bf16": the weights too, pooling in fp32.

        Raises:
            InputError: the folder is incomplete, or the pooling is unknown.
        """
        if pooling not in NAME_POOLINGS:
            raise InputError(f"pooling {pooling!r}: choose one of {', '.join(NAME_POOLINGS)}")
        lm = load_lm(folder)
        if precision == "bf16":
            lm.bfloat16()
        torch.nn.Module.to(lm, device)  # PreTrainedModel.to is wrapped without its types
        return cls(lm, load_tokenizer(folder), pooling, read_hidden_layer(folder))

    @property
    def dim(self) -> int:
        """Length of a vector."""
        return int(self.lm.config.hidden_size)

    @torch.inference_mode()
    def encode(self, texts: Sequence[str], batch_size: int, max_tokens: int) -> NDArray[np.float32]:
        """Encode texts; each vector depends on its own text only, up to rounding.

        Args:
            texts: in any order; rows of the result keep it.
            batch_size: texts encoded at once. Batches hold texts of similar length.
            max_tokens: longer texts are cut; special tokens count.

        Returns:
            (len(texts), dim), float32; not normalised.
        """
        vectors = np.empty((len(texts), self.dim), np.float32)
        for rows, tokens in self._batches(texts, batch_size, max_tokens):
            batch = self.tokenizer.pad({"input_ids": tokens}, return_tensors="pt")
            batch = batch.to(self.lm.device)
            hidden = self.token_vectors(batch)  # (rows, length, dim)
            pooled = pool_names(hidden, batch["attention_mask"], self.pooling)
            vectors[rows] = pooled.cpu().numpy()
        return vectors

    def token_vectors(self, batch: BatchEncoding) -> Tensor:
        """(rows, length, dim), float: the layer that texts are pooled from, of a padded batch."""
        if self.hidden_layer == -1:
            last: Tensor = self.lm(**batch).last_hidden_state
            return last
        layer: Tensor = self.lm(**batch, output_hidden_states=True).hidden_states[self.hidden_layer]
        return layer

    def _batches(
        self, texts: Sequence[str], batch_size: int, max_tokens: int
    ) -> Iterator[tuple[NDArray[np.int64], list[list[int]]]]:
        """Row numbers and token ids of each batch, shortest texts of a block first."""
        for start in range(0, len(texts), BLOCK):
            block = self.tokenizer(
                list(texts[start : start + BLOCK]),
                truncation=True,
                max_length=max_tokens,
                return_attention_mask=False,
                return_token_type_ids=False,
            )["input_ids"]
            order = np.argsort([len(ids) for ids in block], kind="stable")
            for first in range(0, len(order), batch_size):
                rows = order[first : first + batch_size]
                yield start + rows, [block[row] for row in rows]
