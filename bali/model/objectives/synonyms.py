"""Names of one concept are pulled together, as in SapBERT but without mining: a strong control."""

from __future__ import annotations

from torch import Tensor

from bali.model.objectives.alignment import ContrastObjective
from bali.model.views import Views


class Synonyms(ContrastObjective):
    """`synonyms`: two names of a concept (Liu et al. 2021, arXiv:2010.11784), no text, no graph.

    Its concepts are drawn from the whole graph, whether the step mentions them or not. SapBERT
    mines its hardest triplets; here all rows of the step count.
    """

    def concept(self, views: Views) -> Tensor:
        """The concepts drawn for it: (P,)."""
        return views.synonym_input.concept

    def rows(self, views: Views) -> tuple[Tensor, Tensor, Tensor | None]:
        """See `ContrastObjective`."""
        left, right = views.synonym.chunk(2)  # (P, dim) each
        return left, right, None
