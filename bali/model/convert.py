"""Published pytorch_model.bin -> model.safetensors: no later step meets a pickle."""

from __future__ import annotations

import logging
from pathlib import Path

import torch
from safetensors.torch import save_file

from bali.errors import InputError

logger = logging.getLogger(__name__)


def to_safetensors(source: Path, target: Path) -> None:
    """Read tensors, and nothing but tensors, and write them under the same names.

    Raises:
        InputError: the file is cut, holds no tensors by name, or wants code to be run.
    """
    try:
        weights = torch.load(source, map_location="cpu", weights_only=True)
    # its reader raises errors of many kinds; behind all of them is a file that is not weights
    except Exception as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0][:200]
        raise InputError(
            f"{source}: cannot be read as weights alone ({reason}); take a model that ships "
            "model.safetensors"
        ) from error
    named = weights.items() if isinstance(weights, dict) else ()
    # a copy each: tied tensors share memory, which the format refuses
    tensors = {
        name: value.detach().clone(memory_format=torch.contiguous_format)
        for name, value in named
        if isinstance(value, torch.Tensor)
    }
    if not tensors:
        raise InputError(f"{source}: holds no tensors by name; take another model")
    logger.info("%s: %d tensors of %d entries", source.name, len(tensors), len(named))
    save_file(tensors, target, metadata={"format": "pt"})
