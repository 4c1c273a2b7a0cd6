"""A name is nearest to its concept, then to a broader one, then to the rest: the graph in names."""

from __future__ import annotations

import torch
from torch import Tensor

from bali.model.losses import Term
from bali.model.objectives.base import Objective
from bali.model.objectives.contrast import towards
from bali.model.objectives.temperature import Temperature
from bali.model.views import Views


class Hierarchy(Objective):
    """`hierarchy`: another name of a concept before a parent's name, and this before all others.

    Ours, no objective of the paper: the likelihood of that order of three under Plackett and Luce,
    as ListMLE takes it (Xia et al. 2008, doi:10.1145/1390156.1390306), with cosines over T as
    scores. A mention that equals no name mostly says a known concept with something added
    ("hemorrhagic cystitis"); what it looks most like are the narrower concepts that say something
    else in this place ("acute cystitis"), while people who annotate choose the broader one.
    """

    def __init__(self, temperature: Temperature) -> None:
        """Hold the temperature."""
        super().__init__()
        self.temperature = temperature

    def forward(self, views: Views) -> Term:
        """See `Objective`."""
        drawn = views.hierarchy_input
        rows = len(drawn.other)
        anchor, candidate = views.kind[:rows], views.kind[rows:]  # (P, dim), (P + Q, dim)
        own = torch.arange(rows, device=anchor.device)
        temperature = self.temperature()
        first = towards(anchor, candidate, own, drawn.other, temperature)
        second = towards(anchor, candidate, drawn.parent, drawn.unrelated, temperature)
        term = Term(first.value + second.value, first.count)
        if isinstance(temperature, Tensor):
            term.watched["temperature"] = temperature.detach()
        return term
