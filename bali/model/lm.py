"""Loading of a language model's folder: config.json, a fast tokeniser, weights. Never the network.

A published model that ships only pytorch_model.bin is read by transformers through
`torch.load(weights_only=True)`; safetensors is preferred where both stand.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from transformers import (
    AutoConfig,
    AutoModel,
    AutoTokenizer,
    PretrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerFast,
)
from transformers.utils import logging as transformers_logging

from bali.errors import InputError

# The load reports of transformers would stand in every log; what is missing is checked below.
transformers_logging.set_verbosity_error()  # type: ignore[no-untyped-call]
transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]

# What a tokeniser may consist of, over the families that transformers knows.
TOKENIZER_FILES = (
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.txt",
    "vocab.json",
    "merges.txt",
    "spiece.model",
    "sentencepiece.bpe.model",
)
WEIGHTS = ("model.safetensors", "pytorch_model.bin")  # in the order of preference
REMEDY = "give a complete Hugging Face folder as lm.source"


def require_config(folder: Path) -> Path:
    """Return `folder` if it holds a config.json.

    Raises:
        InputError: it does not.
    """
    if not (folder / "config.json").is_file():
        raise InputError(f"{folder}: no language model (no config.json); {REMEDY}")
    return folder


def from_folder(loader: Any, folder: Path, **options: Any) -> Any:
    """Call `loader.from_pretrained(folder)` of transformers, offline.

    Raises:
        InputError: it fails. Config, tokeniser and weights have readers of their own, which raise
            errors of many kinds; behind all of them is a file that is missing, cut or not ours.
    """
    try:
        return loader.from_pretrained(folder, local_files_only=True, **options)
    except Exception as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0][:200]
        raise InputError(
            f"{folder}: {loader.__name__} of transformers cannot load it ({reason}); {REMEDY}"
        ) from error


def load_config(folder: Path) -> PretrainedConfig:
    """Load config.json.

    Raises:
        InputError: there is none, or it describes no model that transformers knows.
    """
    require_config(folder)
    config: PretrainedConfig = from_folder(AutoConfig, folder)
    return config


def find_weights(folder: Path) -> Path:
    """The file that holds the model's weights.

    Raises:
        InputError: there is none.
    """
    for name in WEIGHTS:
        if (folder / name).is_file():
            return folder / name
    raise InputError(f"{folder}: no weights ({' or '.join(WEIGHTS)}); {REMEDY}")


def load_tokenizer(folder: Path) -> PreTrainedTokenizerFast:
    """Load the fast tokeniser, whose offsets align tokens with mentions.

    Raises:
        InputError: the folder has none. Given a config.json alone, transformers makes a tokeniser
            that knows nothing but its special tokens; that one is refused too.
    """
    require_config(folder)
    tokenizer = from_folder(AutoTokenizer, folder)
    if len(tokenizer) <= len(tokenizer.all_special_ids):
        raise InputError(
            f"{folder}: no tokeniser; put tokenizer.json, or the vocabulary that the model was "
            "trained with, into the folder"
        )
    if not isinstance(tokenizer, PreTrainedTokenizerFast):
        raise InputError(
            f"{folder}: its tokeniser is not a fast one, and only those tell where a token stands "
            "in the text; add a tokenizer.json"
        )
    return tokenizer


def load_lm(folder: Path) -> PreTrainedModel:
    """Load the bare encoder in float32; a pooler only if it has weights.

    Raises:
        InputError: the folder is incomplete, or its weights do not fill the model.
    """
    require_config(folder)
    find_weights(folder)
    lm, report = from_folder(AutoModel, folder, dtype=torch.float32, output_loading_info=True)
    missing = sorted(report["missing_keys"])
    if any(key.startswith("pooler.") for key in missing):
        lm.pooler = None  # transformers would fill it at random
    lost = [key for key in missing if not key.startswith("pooler.")]
    if lost:
        raise InputError(
            f"{folder}: {len(lost)} of the model's tensors have no weights, {lost[0]} first; "
            f"{REMEDY}"
        )
    model: PreTrainedModel = lm
    return model
