"""Contrastive objectives: a mention and its concept's graph vector, a mention and its own name."""

from __future__ import annotations

from abc import abstractmethod

import torch
from torch import Tensor, nn

from bali.model.losses import Term
from bali.model.objectives.base import Objective
from bali.model.objectives.contrast import LOSSES
from bali.model.objectives.temperature import Temperature
from bali.model.views import Views


class ContrastObjective(Objective):
    """A contrastive loss between two views of concepts."""

    def __init__(
        self,
        loss: str,
        temperature: Temperature,
        by_concept: bool = False,
        heads: tuple[nn.Module, nn.Module] | None = None,
    ) -> None:
        """Choose the loss.

        Args:
            loss: "ntxent", "infonce" or "multi_similarity".
            temperature: a module of its own; multi_similarity does not use it.
            by_concept: each concept weighs the same, whatever its number of rows.
            heads: projections of the left and of the right view; None compares them as they are.
        """
        super().__init__()
        self.loss = LOSSES[loss]
        self.temperature = temperature
        self.by_concept = by_concept
        self.left_head, self.right_head = heads or (nn.Identity(), nn.Identity())

    def concept(self, views: Views) -> Tensor:
        """What the rows are about, (M,): the mentions, unless a subclass says otherwise."""
        return views.concept

    @abstractmethod
    def rows(self, views: Views) -> tuple[Tensor, Tensor, Tensor | None]:
        """left, right and others, as the functions of `contrast` take them."""

    def forward(self, views: Views) -> Term:
        """See `Objective`."""
        concept = self.concept(views)
        if not len(concept):
            return Term(views.nothing(), torch.zeros_like(concept).sum())
        left, right, others = self.rows(views)
        with torch.autocast(left.device.type, enabled=False):  # small; cosines want float32
            left, right = self.left_head(left), self.right_head(right)
            others = None if others is None else self.right_head(others)
        temperature = self.temperature()
        term = self.loss(left, right, concept, temperature, others, self.by_concept)
        if isinstance(temperature, Tensor):
            term.watched["temperature"] = temperature.detach()
        return term


class Alignment(ContrastObjective):
    """`align`: e_v and g_v, method.md section 3. Siblings' graph vectors are further negatives."""

    def rows(self, views: Views) -> tuple[Tensor, Tensor, Tensor | None]:
        """See `ContrastObjective`."""
        graph = views.graph_input
        # a concept of several sentences is encoded once and stands in the loss once a sentence
        right, others = views.graph[graph.row_centre], views.graph[graph.sibling]
        return views.mention, right, others


class OwnName(ContrastObjective):
    """`own_name`: e_v and x_v, text only; the name is the one that the graph encoder reads."""

    def rows(self, views: Views) -> tuple[Tensor, Tensor, Tensor | None]:
        """See `ContrastObjective`."""
        graph = views.graph_input
        right, others = views.centre_name[graph.row_centre], views.centre_name[graph.sibling]
        return views.mention, right, others
