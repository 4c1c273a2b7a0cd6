"""A name lies nearer to a broader concept than to its siblings: the graph, said of names alone."""

from __future__ import annotations

from torch import Tensor

from bali.model.losses import Term
from bali.model.objectives.base import Objective
from bali.model.objectives.contrast import towards
from bali.model.objectives.temperature import Temperature
from bali.model.views import Views


class Hierarchy(Objective):
    """`hierarchy`: the name of a concept and the name of a parent, against those of siblings.

    Ours, no objective of the paper. A mention that equals no name mostly says a known concept with
    something added ("hemorrhagic cystitis"); what it looks most like are the narrower concepts that
    say something else in this place ("acute cystitis"), while people who annotate choose the
    broader one. A name is such a mention of its parent, as long as its own concept is not asked
    for. That it must stay nearest to its own synonyms is the business of `synonyms`.
    """

    def __init__(self, temperature: Temperature) -> None:
        """Hold the temperature."""
        super().__init__()
        self.temperature = temperature

    def forward(self, views: Views) -> Term:
        """See `Objective`."""
        negative = views.hierarchy_input.negative  # (P, C)
        anchor, candidate = views.kind.split(list(negative.shape))  # (P, dim), (C, dim)
        temperature = self.temperature()
        term = towards(anchor, candidate, negative, temperature)
        if isinstance(temperature, Tensor):
            term.watched["temperature"] = temperature.detach()
        return term
