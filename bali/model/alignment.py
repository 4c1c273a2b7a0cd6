"""NT-Xent: a mention's vector and its concept's graph vector are a positive pair.

Source: method.md section 3 (Sakhovskiy & Tutubalina 2025, as released). With z = [e; g] (2M rows),
y = the concept ids twice and s = cosine, over all ordered pairs (a, p), a != p, y_a = y_p:

    L = mean of -log( exp(s_ap/T) / ( exp(s_ap/T) + sum over n with y_n != y_a of exp(s_an/T) ) )

Rows of one modality count too, and other positives are not in the denominator. The sum over the
negatives is the same for all positives of a row, so one (2M x 2M) matrix and one log-sum-exp a row
are enough: memory grows with the rows squared, not with positive pairs times negatives.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F


def nt_xent(mention: Tensor, node: Tensor, concept: Tensor, temperature: float = 0.07) -> Tensor:
    """The contrastive loss of one step.

    Args:
        mention: (M, dim), float; e, one row a concept and sentence. Any length.
        node: (M, dim), float; g, the graph vector of the same concept.
        concept: (M,), int64; node ids. The same id elsewhere in the batch is a positive.
        temperature: T, divides the cosine; dimensionless, above 0.

    Returns:
        Scalar, float32 (float64 if the inputs are), in nats per ordered positive pair. It is 0,
        with zero gradients, for a batch without rows or with one concept only: no negatives.

    Raises:
        ValueError: the shapes disagree or `temperature` is not above 0.
    """
    if mention.shape != node.shape or concept.shape != mention.shape[:1]:
        raise ValueError(
            f"mention {tuple(mention.shape)}, node {tuple(node.shape)} and concept "
            f"{tuple(concept.shape)} must be (M, dim), (M, dim) and (M,)"
        )
    if temperature <= 0:
        raise ValueError(f"temperature must be above 0, not {temperature}")
    with torch.autocast(mention.device.type, enabled=False):  # cosines / 0.07 need float32
        z = torch.cat([mention, node])  # (2M, dim)
        z = F.normalize(z if z.dtype == torch.float64 else z.float(), dim=1)
        y = concept.repeat(2)  # (2M,)
        same = y[:, None] == y[None, :]  # (2M, 2M)
        if same.all():
            return (z * 0).sum()
        logits = z @ z.T / temperature  # (2M, 2M)
        negatives = logits.masked_fill(same, float("-inf")).logsumexp(dim=1)  # (2M,)
        itself = torch.eye(len(y), dtype=torch.bool, device=y.device)
        anchor, positive = (same & ~itself).nonzero(as_tuple=True)  # (pairs,) each
        # -log(e^s / (e^s + e^n)) = -logsigmoid(s - n), without cancellation
        return -F.logsigmoid(logits[anchor, positive] - negatives[anchor]).mean()


def positive_pairs(concept: Tensor) -> int:
    """How many ordered pairs `nt_xent` takes its mean over: 2k(2k - 1) for k rows of a concept."""
    rows = 2 * torch.unique(concept, return_counts=True)[1]
    return int((rows * (rows - 1)).sum())
