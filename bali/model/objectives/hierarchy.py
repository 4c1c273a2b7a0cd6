"""A name is nearest to its concept, then to a broader one, then to the rest: the graph in names."""

from __future__ import annotations

import torch
from torch import Tensor

from bali.model.losses import Term
from bali.model.objectives.base import Objective
from bali.model.objectives.contrast import scores, towards
from bali.model.objectives.temperature import Temperature
from bali.model.views import Views


class Hierarchy(Objective):
    """`hierarchy`: another name of a concept before a parent's name, and this before all others.

    Ours, no objective of the paper. With cosines over T as scores, and the parent's weight 1,

        L = L_own + weight L_parent

    is the negative log-likelihood of that order of three under Plackett and Luce, as ListMLE takes
    it (Xia et al. 2008, doi:10.1145/1390156.1390306). L_own is also taken the other way, from the
    other names to the first ones, and the two are averaged, as `contrast.info_nce` does. The names
    that compete are those of whole families: siblings tell a name's own concept from what is most
    like it.

    From each candidate's score its prior is taken, w log(1 + documents that mention its concept).
    Families are drawn without regard to how often text speaks of them; where the loss is least, the
    cosines alone then hold that too, as if concepts were drawn as the text has them: the logit
    adjustment of Menon et al. 2021 (arXiv:2007.07314), turned round. w = 0 leaves it out.

    The second half is for mentions that equal no name: these mostly say a known concept with
    something added ("hemorrhagic cystitis"); what they look most like are the narrower concepts
    that say something else in this place ("acute cystitis"), while people who annotate choose the
    broader one. It costs names that nobody has seen, whose parents then stand in their way.
    """

    def __init__(self, temperature: Temperature, parent: float = 1.0) -> None:
        """Hold the settings.

        Args:
            temperature: of both halves.
            parent: weight of the second half; 0 leaves it out, and parents are but negatives.
        """
        super().__init__()
        self.temperature = temperature
        self.parent = parent

    def forward(self, views: Views) -> Term:
        """See `Objective`."""
        drawn = views.hierarchy_input
        rows = len(drawn.other)
        first, candidate = views.kind[:rows], views.kind[rows:]  # (P, dim), (P + Q, dim)
        place = torch.arange(rows, device=first.device)
        temperature = self.temperature()
        score = scores(first, candidate, temperature)  # (P, P + Q)
        expected = score - drawn.prior
        there = towards(expected, place, drawn.other)
        # the other way: the concepts' other names are anchors, their first names candidates
        turned = score[:, :rows].T - drawn.prior[:rows]
        back = towards(turned, place, drawn.other[:, :rows])
        value = (there.value + back.value) / 2
        if self.parent:
            above = towards(expected, drawn.parent, drawn.unrelated)
            value = value + self.parent * above.value
        term = Term(value, there.count)
        if isinstance(temperature, Tensor):
            term.watched["temperature"] = temperature.detach()
        return term
