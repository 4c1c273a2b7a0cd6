"""The masked-language-model head of a checkpoint, or a fresh one where it has none.

Each architecture keeps its head under names of its own (`cls`, `lm_head`, `head` and `decoder`,
...), but every `...ForMaskedLM` is an encoder followed by that head. So the whole model is loaded
and its encoder replaced by one that hands on what it is given: what is left is the head.
"""

from __future__ import annotations

import logging
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from transformers import MODEL_FOR_MASKED_LM_MAPPING, AutoModelForMaskedLM, PreTrainedModel
from transformers.modeling_outputs import BaseModelOutput

from bali.model.tokenizer import from_folder

logger = logging.getLogger(__name__)


class ArchitectureHead(nn.Module):
    """The head of a `...ForMaskedLM` of transformers."""

    def __init__(self, whole: PreTrainedModel) -> None:
        """Take the head out of the whole model, whose own encoder is dropped."""
        super().__init__()
        setattr(whole, whole.base_model_prefix, _HandOn())
        self.whole = whole

    @property
    def decoder(self) -> nn.Module:
        """The layer that writes the logits; its weight is the input embedding's."""
        decoder: nn.Module = self.whole.get_output_embeddings()  # type: ignore[no-untyped-call]
        return decoder

    def forward(self, hidden: Tensor) -> Tensor:
        """Logits, (tokens, vocabulary), of hidden states, (tokens, dim)."""
        logits: Tensor = self.whole(inputs_embeds=hidden[None]).logits[0]
        return logits


class _HandOn(nn.Module):
    """Stands where an encoder stood."""

    def forward(
        self, input_ids: None = None, *, inputs_embeds: Tensor, **options: object
    ) -> BaseModelOutput:
        return BaseModelOutput(last_hidden_state=inputs_embeds)


class FreshHead(nn.Module):
    """BERT's head (Devlin et al. 2019), for an architecture of which transformers knows none."""

    def __init__(self, dim: int, embedding: nn.Parameter) -> None:
        """Build the layers.

        Args:
            dim: width of the hidden states.
            embedding: of the encoder's input, (vocabulary, width); the width need not be `dim`.
                It becomes the decoder's weight.
        """
        super().__init__()
        vocabulary, width = embedding.shape
        self.dense = nn.Linear(dim, width)
        self.norm = nn.LayerNorm(width)
        self.decoder = nn.Linear(width, vocabulary)
        nn.init.normal_(self.dense.weight, std=0.02)  # as BERT's weights are drawn
        nn.init.zeros_(self.dense.bias)
        nn.init.zeros_(self.decoder.bias)
        self.decoder.weight = embedding

    def forward(self, hidden: Tensor) -> Tensor:
        """Logits, (tokens, vocabulary), of hidden states, (tokens, dim)."""
        logits: Tensor = self.decoder(self.norm(F.gelu(self.dense(hidden))))
        return logits


def load_mlm_head(folder: Path, lm: PreTrainedModel) -> tuple[nn.Module, bool]:
    """Load the head and tie its decoder to the input embeddings of `lm`.

    Args:
        folder: the folder that `lm` was loaded from.
        lm: the bare encoder.

    Returns:
        The head, from hidden states (tokens, dim) to logits (tokens, vocabulary), and whether it
        is fresh: the checkpoint has no weights for it, as that of a sentence encoder or of
        ELECTRA's discriminator has none. A fresh head is tied; a checkpoint's own is if its
        config says so.
    """
    embedding: nn.Parameter = lm.get_input_embeddings().weight  # type: ignore[assignment]
    if type(lm.config) not in MODEL_FOR_MASKED_LM_MAPPING:
        logger.info("%s: an architecture without an MLM head, a fresh one", folder)
        return FreshHead(lm.config.hidden_size, embedding), True
    whole, report = from_folder(
        AutoModelForMaskedLM, folder, dtype=torch.float32, output_loading_info=True
    )
    encoder = f"{whole.base_model_prefix}."
    fresh = any(not key.startswith(encoder) for key in report["missing_keys"])
    head = ArchitectureHead(whole)
    if fresh or whole.config.tie_word_embeddings:
        head.decoder.weight = embedding
    logger.info("%s: %s MLM head", folder, "no weights for it, a fresh" if fresh else "its own")
    return head, fresh
