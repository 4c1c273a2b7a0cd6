"""What is measured on the way: losses over the validation sentences, and the linking probe."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch

from bali.model.batch import Batch
from bali.train.loop import Trainer


@torch.no_grad()
def mean_losses(
    trainer: Trainer, batches: Iterable[Batch], check: Callable[[], None] = lambda: None
) -> dict[str, Any]:
    """Losses over whole data, without dropout.

    Args:
        trainer: its model, in the run's precision.
        batches: of epoch 0: the same masks, names and subgraphs each time.
        check: called before each batch; may raise to leave.

    Returns:
        loss and losses, as in the record of a step. Each objective's is a mean over all that it
        counts, not over batches, of which the last is smaller; `loss` is their weighted sum.
    """
    trainer.aligner.eval()
    fetched = []
    for batch in batches:
        check()
        losses = trainer.losses(batch)
        pairs = [(losses.values[name].double(), losses.counts[name]) for name in losses.values]
        fetched.append(torch.stack([number.double() for pair in pairs for number in pair]))
    numbers = torch.stack(fetched).view(len(fetched), -1, 2).cpu()  # batches, objectives, 2
    value, count = numbers.unbind(dim=2)
    # an objective without anything to count in a batch may be anything there; it weighs nothing
    sums = torch.where(count > 0, value * count, 0).sum(dim=0)
    means = dict(zip(losses.values, (sums / count.sum(dim=0).clamp(min=1)).tolist(), strict=True))
    weights = trainer.aligner.weights
    return {"loss": sum(weights[name] * mean for name, mean in means.items()), "losses": means}
