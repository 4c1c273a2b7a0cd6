"""Packed texts through a language model: the vectors of their tokens, without padding.

What a row of several texts needs of the model is that it takes positions and a mask from cell to
cell. Architectures differ in how: positions of RoBERTa start behind the id of padding, ModernBERT
wants one mask for the layers that see everything and one for those that see a window. What is
right is not looked up but tried, once, against one text a row.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from transformers import PreTrainedModel

from bali.model.batch import Texts, moved
from bali.model.packing import Rows, one_a_row

logger = logging.getLogger(__name__)

TOLERANCE = 1e-4  # of a vector's elements, which layer norms keep around 1; float32 gives 1e-6


@dataclass(frozen=True)
class Convention:
    """How a model is told of several texts in a row."""

    first_position: int | None  # position of a text's first token; None: one text a row only

    def cells(self, texts: Texts) -> int:
        """Tokens and padding that the model computes."""
        if self.first_position is not None:
            return texts.cells
        return len(texts) * int(texts.lengths.max()) if len(texts) else 0


def find_convention(lm: PreTrainedModel) -> Convention:
    """Try what gives the same vectors as one text a row."""
    training = lm.training
    lm.train(False)
    try:
        with torch.no_grad(), torch.autocast(lm.device.type, enabled=False):
            texts = _sample(lm)
            expected = encode(lm, texts, Convention(None))
            padding = getattr(lm.config, "pad_token_id", None)
            for first in (0, (padding or 0) + 1):
                found = Convention(first)
                try:
                    close = torch.allclose(
                        encode(lm, texts, found), expected, rtol=0, atol=TOLERANCE
                    )
                except (TypeError, ValueError, RuntimeError, IndexError):
                    continue  # it takes no positions, or no mask from cell to cell
                if close:
                    return found
    finally:
        lm.train(training)
    logger.warning(
        "%s: this architecture cannot tell several texts in a row apart; one a row is slower",
        lm.config.model_type,
    )
    return Convention(None)


def encode(lm: PreTrainedModel, texts: Texts, convention: Convention, **options: Any) -> Tensor:
    """Last-layer vectors of all tokens of some texts: (tokens, dim), in the texts' order."""
    hidden: Tensor = run(lm, texts, convention, **options).last_hidden_state
    return hidden.flatten(0, 1)[_rows(texts, convention).place]


def encode_layers(
    lm: PreTrainedModel, texts: Texts, convention: Convention, layer: int
) -> tuple[Tensor, Tensor]:
    """Vectors of all tokens of some texts, of the last layer and of another: (tokens, dim) each.

    Args:
        lm: the language model.
        texts: to encode.
        convention: of the model.
        layer: as transformers counts hidden states: 0 is the embeddings, -1 the last.
    """
    if layer == -1:
        last = encode(lm, texts, convention)
        return last, last
    output = run(lm, texts, convention, output_hidden_states=True)
    place = _rows(texts, convention).place
    last, other = (
        hidden.flatten(0, 1)[place]
        for hidden in (output.last_hidden_state, output.hidden_states[layer])
    )
    return last, other


def run(lm: PreTrainedModel, texts: Texts, convention: Convention, **options: Any) -> Any:
    """The model's output on packed rows; its matrices are (rows, length, ...)."""
    rows = _rows(texts, convention)
    ids = texts.ids[rows.token]  # (rows, length)
    if convention.first_position is None:
        return lm(input_ids=ids, attention_mask=(rows.text >= 0).long(), **options)
    position = rows.position + convention.first_position
    return lm(input_ids=ids, position_ids=position, attention_mask=_mask(lm, rows), **options)


def _rows(texts: Texts, convention: Convention) -> Rows:
    if convention.first_position is None:
        device = texts.ids.device
        return moved(one_a_row(texts.lengths.numpy()), lambda tensor: tensor.to(device))
    return texts.rows


def _mask(lm: PreTrainedModel, rows: Rows) -> Any:
    """Which cell sees which: those of its text; (rows, 1, length, length).

    Cells of padding see one another: a row of the mask without any cell would give NaN.
    """
    same = (rows.text[:, :, None] == rows.text[:, None, :])[:, None]
    masks = {"full_attention": same}
    if "sliding_attention" in (getattr(lm.config, "layer_types", None) or ()):
        cell = torch.arange(same.shape[-1], device=same.device)
        window = (cell[:, None] - cell[None, :]).abs() <= lm.config.sliding_window
        masks["sliding_attention"] = same & window
    if lm.config._attn_implementation == "eager":  # adds the mask to the scores
        lowest = torch.finfo(lm.dtype).min
        masks = {
            name: torch.zeros_like(mask, dtype=lm.dtype).masked_fill(~mask, lowest)
            for name, mask in masks.items()
        }
    return masks if len(masks) > 1 else masks["full_attention"]


def _sample(lm: PreTrainedModel) -> Texts:
    """Texts of many lengths, the longest of more tokens than a window of ModernBERT spans."""
    most = min(int(getattr(lm.config, "max_position_embeddings", 512)) - 8, 160)
    lengths = torch.tensor([3, most, 5, 2, most // 3, 9])
    # no id of padding: RoBERTa would take it for padding, wherever it stands
    ids = torch.arange(int(lengths.sum())) % (lm.config.vocab_size - 8) + 8
    return Texts(ids, lengths).to(lm.device)
