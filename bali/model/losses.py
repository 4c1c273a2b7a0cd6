"""What a step's objectives came to, by name: history, progress and validation name none of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor


@dataclass(frozen=True)
class Term:
    """The value of one objective in one step."""

    value: Tensor  # scalar with gradient, in nats; a mean over `count` things
    count: Tensor  # scalar, int64: masked tokens, ordered pairs, ... on the value's device
    watched: dict[str, Tensor] = field(default_factory=dict)  # scalars to show that are no losses


@dataclass(frozen=True)
class Losses:
    """The losses of a step. Nothing here waits for the device: numbers are read when asked for."""

    total: Tensor  # scalar: the sum of weight * value over all objectives
    values: dict[str, Tensor]  # objective -> scalar, not weighted
    counts: dict[str, Tensor]  # objective -> what its value is a mean over
    tokens: int  # that the language model read
    cells: int  # them and the padding that it computed
    watched: dict[str, Tensor]  # "<objective>.<what>" -> scalar, as a temperature that is learnt

    @classmethod
    def of(
        cls, terms: Mapping[str, Term], weights: Mapping[str, float], *, tokens: int, cells: int
    ) -> Losses:
        """Weigh and sum the terms of a step, in the order of `terms`; at least one."""
        return cls(
            total=torch.stack([weights[name] * term.value for name, term in terms.items()]).sum(),
            values={name: term.value for name, term in terms.items()},
            counts={name: term.count for name, term in terms.items()},
            tokens=tokens,
            cells=cells,
            watched={
                f"{name}.{what}": number
                for name, term in terms.items()
                for what, number in term.watched.items()
            },
        )
