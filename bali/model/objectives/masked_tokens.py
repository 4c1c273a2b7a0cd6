"""The masked-language-model objective."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F

from bali.model.losses import Term
from bali.model.objectives.base import Objective
from bali.model.views import Views


class MaskedTokens(Objective):
    """`mlm`: mean cross-entropy over the hidden tokens (Devlin et al. 2019); 0 if there is none."""

    def __init__(self, head: nn.Module, fresh: bool) -> None:
        """Take the head.

        Args:
            head: from hidden states (tokens, dim) to logits (tokens, vocabulary); its decoder is
                tied to the language model.
            fresh: it was not loaded, so it learns at the rate of all else.
        """
        super().__init__()
        self.head = head
        self.fresh = fresh

    def parameters_of_lm(self) -> list[nn.Parameter]:
        """A head that the checkpoint brought belongs to the language model."""
        return [] if self.fresh else list(self.parameters())

    def forward(self, views: Views) -> Term:
        """See `Objective`; counts hidden tokens."""
        masked = views.batch.masked_tokens()  # (masked,)
        # the vocabulary is by far the widest layer: only where there is something to predict
        logits = self.head(views.hidden[masked])  # (masked, vocabulary)
        labels = views.batch.labels[masked]
        logits = logits if logits.dtype == torch.float64 else logits.float()
        total = F.cross_entropy(logits, labels, reduction="sum")
        count = torch.full((), len(masked), device=total.device)
        return Term(total / max(len(masked), 1), count)
