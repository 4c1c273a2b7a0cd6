"""Batches made ahead of the step that needs them, by worker processes.

A batch is a function of the step's number, so the workers share nothing and their number changes
nothing. They inherit the mapped files from this process, and hand tensors over in shared memory.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Generator
from typing import Any

import torch
from torch.utils.data import DataLoader, Dataset

from bali.model.batch import Batch

AHEAD = 4  # batches that each worker makes before they are asked for


class _Steps(Dataset[Batch]):
    """What DataLoader indexes: the number of a step -> its batch."""

    def __init__(self, make: Callable[[int], Batch]) -> None:
        self._make = make

    def __getitem__(self, step: int) -> Batch:
        return self._make(step)


def load(make: Callable[[int], Batch], steps: range, workers: int) -> Generator[Batch, None, None]:
    """The batches of some steps, in their order; `close` it, or use it up, to end the workers.

    Args:
        make: the number of a step -> its batch.
        steps: the numbers.
        workers: processes; 0 makes each batch when it is asked for, in this process.
    """
    loader = DataLoader(
        _Steps(make),
        batch_size=None,  # what a worker makes is a batch already
        sampler=steps,
        num_workers=workers,
        prefetch_factor=AHEAD if workers else None,
        collate_fn=_as_it_is,
        pin_memory=torch.cuda.is_available(),  # else a copy to the GPU waits for all before it
        worker_init_fn=_leave_signals,
        generator=torch.Generator(),  # its own: DataLoader would draw from the one of dropout
        multiprocessing_context="fork" if workers else None,
    )
    batches: Any = iter(loader)
    try:
        yield from batches
    finally:
        # Python would end what is left of them by SIGTERM, which they do not hear
        if workers:
            batches._shutdown_workers()


def _as_it_is(batch: Any) -> Any:
    return batch


def _leave_signals(worker: int) -> None:
    """A worker ends with the training, which saves first when a cluster signals to all."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
