"""Names of one concept are pulled together, as SapBERT does: a strong control."""

from __future__ import annotations

from functools import partial

from torch import Tensor

from bali.model.objectives.alignment import ContrastObjective
from bali.model.objectives.contrast import MARGIN
from bali.model.objectives.temperature import Temperature
from bali.model.views import Views

MININGS = ("none", "hard")


class Synonyms(ContrastObjective):
    """`synonyms`: two names of a concept (Liu et al. 2021, arXiv:2010.11784), no text, no graph.

    Its concepts are drawn from the whole graph, whether the step mentions them or not. It has no
    projection heads: names are searched by the vectors that are exported.
    """

    def __init__(self, loss: str, temperature: Temperature, mining: str = "none") -> None:
        """Choose the loss.

        Args:
            loss: as of `ContrastObjective`.
            temperature: as of `ContrastObjective`.
            mining: "hard" leaves out pairs that are easy, see `contrast.hard_pairs`; it is of
                multi_similarity. "none": all rows of the step count.
        """
        super().__init__(loss, temperature)
        if mining == "hard":
            self.loss = partial(self.loss, margin=MARGIN)

    def concept(self, views: Views) -> Tensor:
        """The concepts drawn for it: (P,)."""
        return views.synonym_input.concept

    def rows(self, views: Views) -> tuple[Tensor, Tensor, Tensor | None]:
        """See `ContrastObjective`."""
        left, right = views.synonym.chunk(2)  # (P, dim) each
        return left, right, None
