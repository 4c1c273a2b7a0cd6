"""Link prediction: from a neighbour's name and a relation to the mention, and back.

A triple of a step is (neighbour u, relation r, mention row of v) for an edge u -> v into a concept
v that the step mentions; h = x_u, t = e_v, both of length 1. The released code computes RotatE's
score and never adds it to the loss (method.md section 5, defect 4); here the score is the logit:

    L = mean over triples of ( l(t among the step's mentions | h, r)
                             + l(h among the step's names | r, t) ) / 2
    l = -log softmax of score / T over the candidates

with the negatives that the step has anyway (1-to-all within the batch, as in Ruffinelli et al.
2020). A candidate that another triple of the step confirms is no negative; one that only the whole
graph would confirm is.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from bali.model.losses import Term
from bali.model.objectives.base import Objective
from bali.model.objectives.contrast import HIDDEN, unit
from bali.model.objectives.temperature import Temperature
from bali.model.views import Views


class TransE(nn.Module):
    """score = -|h + r - t| (Bordes et al. 2013)."""

    def __init__(self, relations: int, dim: int) -> None:
        """Begin with r = 0: the nearer, the likelier."""
        super().__init__()
        self.relation = nn.Embedding(relations, dim)
        nn.init.zeros_(self.relation.weight)

    def forward(self, known: Tensor, relation: Tensor, candidate: Tensor, head: bool) -> Tensor:
        """Scores of all candidates for the other end of each triple.

        Args:
            known: (triples, dim); the end that is given: h, or t if `head`.
            relation: (triples,), int64; ids.
            candidate: (candidates, dim).
            head: heads are looked for.

        Returns:
            (triples, candidates).
        """
        r = self.relation(relation)  # (triples, dim)
        return -torch.cdist(known - r if head else known + r, candidate)


class DistMult(nn.Module):
    """score = sum of h * r * t (Yang et al. 2015, arXiv:1412.6575)."""

    def __init__(self, relations: int, dim: int) -> None:
        """Begin with r = 1: the score is the cosine."""
        super().__init__()
        self.relation = nn.Embedding(relations, dim)
        nn.init.ones_(self.relation.weight)

    def forward(self, known: Tensor, relation: Tensor, candidate: Tensor, head: bool) -> Tensor:
        """See `TransE.forward`; heads and tails are alike."""
        scores: Tensor = (known * self.relation(relation)) @ candidate.T
        return scores


class RotatE(nn.Module):
    """score = -|h o e^(i r) - t| (Sun et al. 2019, arXiv:1902.10197).

    A vector's first half holds the real parts, its second half the imaginary ones.
    """

    def __init__(self, relations: int, dim: int) -> None:
        """Begin with r = 0: no rotation.

        Raises:
            ValueError: `dim` is odd.
        """
        super().__init__()
        if dim % 2:
            raise ValueError(f"RotatE needs an even width, not {dim}")
        self.relation = nn.Embedding(relations, dim // 2)  # angles
        nn.init.zeros_(self.relation.weight)

    def forward(self, known: Tensor, relation: Tensor, candidate: Tensor, head: bool) -> Tensor:
        """See `TransE.forward`; a rotation keeps distances, so heads are found by turning back."""
        angle = self.relation(relation)  # (triples, dim / 2)
        cos, sin = angle.cos(), angle.sin() * (-1 if head else 1)
        re, im = known.chunk(2, dim=1)
        turned = torch.cat([re * cos - im * sin, re * sin + im * cos], dim=1)  # (triples, dim)
        return -torch.cdist(turned, candidate)


SCORES: dict[str, type[TransE | DistMult | RotatE]] = {
    "transe": TransE,
    "distmult": DistMult,
    "rotate": RotatE,
}


class LinkPrediction(Objective):
    """`link`: see above. Counts triples."""

    def __init__(self, score: nn.Module, temperature: Temperature) -> None:
        """Take the score, one of `SCORES`, and a temperature of its own."""
        super().__init__()
        self.score = score
        self.temperature = temperature

    def forward(self, views: Views) -> Term:
        """See `Objective`."""
        links = views.links
        if not len(links.row):
            return Term(views.nothing(), torch.zeros_like(links.row).sum())
        temperature = self.temperature()
        # encoded out here, in the run's precision; only what follows needs float32
        vectors = views.name, views.mention  # (names, dim), (M, dim)
        with torch.autocast(views.concept.device.type, enabled=False):
            name, mention = (unit(part) for part in vectors)
            value = link_loss(
                self.score, name, mention, links.head, links.relation, links.row, temperature
            )
        term = Term(value, torch.ones_like(links.row).sum())
        if isinstance(temperature, Tensor):
            term.watched["temperature"] = temperature.detach()
        return term


def link_loss(
    score: nn.Module,
    name: Tensor,
    mention: Tensor,
    head: Tensor,
    relation: Tensor,
    row: Tensor,
    temperature: float | Tensor,
) -> Tensor:
    """The loss of a step's triples, at least one.

    Args:
        score: one of `SCORES`.
        name: (names, dim), float; candidates for heads.
        mention: (M, dim), float; candidates for tails.
        head: (triples,), int64 -> names.
        relation: (triples,), int64; ids.
        row: (triples,), int64 -> mentions.
        temperature: divides the score.
    """
    losses = []
    for known, candidate, given, wanted, of_heads in (
        (name, mention, head, row, False),
        (mention, name, row, head, True),
    ):
        logits = score(known[given], relation, candidate, of_heads) / temperature  # (triples, C)
        question = torch.stack([given, relation])  # the same question may have several answers
        alike = (question[:, :, None] == question[:, None, :]).all(dim=0)  # (triples, triples)
        every = torch.arange(len(candidate), device=wanted.device)
        answer = (wanted[:, None] == every).to(logits.dtype)  # (triples, C)
        confirmed = (alike.to(logits.dtype) @ answer > 0) & (answer == 0)  # by another triple
        losses.append(F.cross_entropy(logits.masked_fill(confirmed, HIDDEN), wanted))
    return torch.stack(losses).mean()
