"""The masked-language-model head of a checkpoint, or a fresh one where it has none."""

from __future__ import annotations

import logging
from pathlib import Path

import torch
from torch import nn
from transformers import AutoModelForMaskedLM, PreTrainedModel

from bali.errors import InputError
from bali.model.tokenizer import from_folder

logger = logging.getLogger(__name__)

# Architecture -> attribute of its ...ForMaskedLM that maps (tokens, dim) to (tokens, vocabulary).
HEADS = {"bert": "cls", "roberta": "lm_head"}


def load_mlm_head(folder: Path, lm: PreTrainedModel) -> tuple[nn.Module, bool]:
    """Load the head and tie its decoder to the input embeddings of `lm`.

    Args:
        folder: the folder that `lm` was loaded from.
        lm: the bare encoder.

    Returns:
        The head, from hidden states (tokens, dim) to logits (tokens, vocabulary), and whether it
        is fresh: the checkpoint has no weights for it, as that of a sentence encoder has none.

    Raises:
        InputError: an architecture whose head is not known, or weights that do not load.
    """
    kind = lm.config.model_type
    if kind not in HEADS:
        raise InputError(
            f"{folder}: no masked-language-model head is known for the architecture {kind!r}; "
            f"use one of {', '.join(HEADS)} or set train.w_mlm to 0"
        )
    whole, report = from_folder(
        AutoModelForMaskedLM, folder, dtype=torch.float32, output_loading_info=True
    )
    head: nn.Module = getattr(whole, HEADS[kind])
    fresh = any(key.startswith(f"{HEADS[kind]}.") for key in report["missing_keys"])
    if fresh or whole.config.tie_word_embeddings:
        whole.get_output_embeddings().weight = lm.get_input_embeddings().weight
    logger.info("%s: %s MLM head", folder, "no weights for it, a fresh" if fresh else "its own")
    return head, fresh
