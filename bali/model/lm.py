"""Loading of a language model's folder: config.json and weights. Never from the network.

A published model that ships only pytorch_model.bin is read by transformers through
`torch.load(weights_only=True)`; safetensors is preferred where both stand.
"""

from __future__ import annotations

from pathlib import Path

import torch
from transformers import AutoConfig, AutoModel, PretrainedConfig, PreTrainedModel

from bali.errors import InputError
from bali.model.tokenizer import REMEDY, from_folder, require_config

WEIGHTS = ("model.safetensors", "pytorch_model.bin")  # in the order of preference


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
