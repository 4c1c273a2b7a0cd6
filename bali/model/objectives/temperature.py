"""The temperature of a contrastive loss: fixed, or learnt within bounds."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

LOWEST, HIGHEST = (
    0.01,
    1.0,
)  # of one that is learnt; CLIP (arXiv:2103.00020) has the same lower bound


class Temperature(nn.Module):
    """T = initial * exp(theta), theta learnt from 0 on.

    Of a ratio to the initial value, weight decay pulls back to that value; of log T itself it would
    pull to T = 1. Theta is clamped, not T: at a bound a gradient that leads back still counts.
    """

    def __init__(self, initial: float, learnt: bool) -> None:
        """Start at `initial`.

        Raises:
            ValueError: it is not above 0, or learnt and out of bounds.
        """
        super().__init__()
        if initial <= 0 or (learnt and not LOWEST <= initial <= HIGHEST):
            raise ValueError(
                f"temperature {initial} must be above 0, and from {LOWEST} to {HIGHEST}"
            )
        self.initial = initial
        self.theta = nn.Parameter(torch.zeros(())) if learnt else None

    def forward(self) -> float | Tensor:
        """The temperature: a number, or a scalar with gradient."""
        if self.theta is None:
            return self.initial
        with torch.no_grad():
            bounds = (math.log(bound / self.initial) for bound in (LOWEST, HIGHEST))
            self.theta.clamp_(*bounds)
        return self.initial * self.theta.exp()
