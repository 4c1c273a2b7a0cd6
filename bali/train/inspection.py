"""The batch of a step whose loss is not finite, saved so that a person can look at it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

from safetensors.torch import save_file
from torch import Tensor

from bali.files import atomic_folder, write_json
from bali.model.batch import Batch, Texts


def save_batch(batch: Batch, record: dict[str, Any], folder: Path) -> None:
    """Write the tensors of a step, and what is known of it.

    Args:
        batch: the step's inputs.
        record: JSON: step, epoch, rows of the sentences, losses. Numbers that JSON lacks, as NaN,
            should stand as text.
        folder: gets batch.safetensors and batch.json; an earlier one is replaced.
    """
    with atomic_folder(folder, "batch.json") as part:
        tensors = {name: value.contiguous().clone() for name, value in batch_tensors(batch)}
        save_file(tensors, part / "batch.safetensors")
        write_json(part / "batch.json", record)


def batch_tensors(value: Any, prefix: str = "") -> Iterator[tuple[str, Tensor]]:
    """All tensors of a batch with their names, as in "graph.names.ids"."""
    if isinstance(value, Tensor):
        yield prefix, value
    elif isinstance(value, Texts):
        yield f"{prefix}.ids", value.ids
        yield f"{prefix}.lengths", value.lengths
    elif is_dataclass(value):
        for field in fields(value):
            name = f"{prefix}.{field.name}" if prefix else field.name
            yield from batch_tensors(getattr(value, field.name), name)


def texts_of(value: Any) -> Iterator[Texts]:
    """All texts of a batch that the language model encodes."""
    if isinstance(value, Texts):
        yield value
    elif is_dataclass(value):
        for field in fields(value):
            yield from texts_of(getattr(value, field.name))
