"""The learning rate's course over a run: linear warm-up, then half a cosine down to zero."""

from __future__ import annotations

import math


def warmup_length(steps: int, share: float, most: int) -> int:
    """Steps of warm-up: `share` of all `steps`, at most `most` (method.md section 4)."""
    return min(int(share * steps), most)


def learning_rate_factor(step: int, steps: int, warmup: int) -> float:
    """What the peak learning rate is multiplied with in a step.

    Args:
        step: number of the step, from 0 to `steps` - 1.
        steps: of the whole run.
        warmup: steps of warm-up, fewer than `steps`.

    Returns:
        1 / warmup in the first step and 1 in the last of the warm-up, so that no step is lost at
        rate 0; 1 in the first after it, and towards 0 from there.
    """
    if step < warmup:
        return (step + 1) / warmup
    return 0.5 * (1 + math.cos(math.pi * (step - warmup) / max(1, steps - warmup)))
