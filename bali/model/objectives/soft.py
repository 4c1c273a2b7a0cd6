"""Spans of text that equal no name, taught with a guess of their meaning."""

from __future__ import annotations

import torch
from torch import Tensor

from bali.model.losses import Term
from bali.model.objectives.base import Objective
from bali.model.objectives.contrast import HIDDEN, scores
from bali.model.objectives.temperature import Temperature
from bali.model.views import Views


class Soft(Objective):
    """`soft`: cosines shall say what a span looks like and how often a concept is meant.

    Ours, no objective of the paper. The guess is of `bali train soft_links`: p(n | s) over names n,
    of the untrained model's cosines and the concepts' frequencies in the text. Over the names of a
    step,

        L = mean over spans s of  sum over n of p(n | s) log( p(n | s) / q(n | s) ),
        q(n | s) = exp(cos(s, n) / T) / sum over m of exp(cos(s, m) / T)

    the relative entropy of q to p, as in distillation (Hinton et al. 2015, arXiv:1503.02531). A
    name that is not among the likeliest of a span has p = 0 and stands in the sum of q alone. Two
    names of one concept share what it is worth: neither is the other's negative beyond p.
    """

    def __init__(self, temperature: Temperature) -> None:
        """Hold the settings."""
        super().__init__()
        self.temperature = temperature

    def forward(self, views: Views) -> Term:
        """See `Objective`."""
        logit = views.soft_input.logit  # (S, C)
        spans, names = views.soft[: len(logit)], views.soft[len(logit) :]
        temperature = self.temperature()
        value = relative_entropy(logit, scores(spans, names, temperature))
        term = Term(value, logit.new_full((), len(logit), dtype=torch.int64))
        if isinstance(temperature, Tensor):
            term.watched["temperature"] = temperature.detach()
        return term


def relative_entropy(teacher: Tensor, student: Tensor) -> Tensor:
    """Mean over rows of the relative entropy of the student's softmax to the teacher's.

    Args:
        teacher: (S, C) logits, float32; HIDDEN where the probability is 0. At least one of a row
            is not.
        student: (S, C) logits, float32.

    Returns:
        Scalar, in nats, at least 0.
    """
    p, q = teacher.log_softmax(dim=1), student.log_softmax(dim=1)
    terms = torch.where(teacher > HIDDEN / 2, p.exp() * (p - q), 0)
    return terms.sum(dim=1).mean()
