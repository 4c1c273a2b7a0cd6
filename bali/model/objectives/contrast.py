"""Contrastive losses over rows of vectors: two views of concepts are pulled together.

All take the same rows. `left` and `right` are two views of the concepts `concept` (a mention and
its graph vector, two names, ...); z = [left; right], 2M rows, y = `concept` twice, s = cosine. The
same concept elsewhere in the step is a positive or left out, never a negative. `others` are
further vectors of concepts that occur in no row: negatives of every row, anchors of none.

Each needs one (2M x (2M + K)) matrix; memory grows with the rows squared, not with positive pairs
times negatives, and no length depends on the values, so that no step waits for the device.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

from bali.model.losses import Term

ALPHA, BETA, BASE = 2.0, 50.0, 0.5  # of multi_similarity, as method.md section 3 sets them
MARGIN = 0.2  # of mining, as SapBERT was released (TripletMarginMiner)
# Stands for minus infinity: a row whose logits are all hidden then has a gradient of 0, not NaN.
HIDDEN = -1e30

Contrast = Callable[..., Term]


def nt_xent(
    left: Tensor,
    right: Tensor,
    concept: Tensor,
    temperature: float | Tensor = 0.07,
    others: Tensor | None = None,
    by_concept: bool = False,
) -> Term:
    """NT-Xent as BALI released it (method.md section 3).

    Over all ordered pairs (a, p), a != p, y_a = y_p:

        L = mean of -log( exp(s_ap/T) / ( exp(s_ap/T) + sum over n, y_n != y_a, of exp(s_an/T) ) )

    Rows of one view count too, and other positives are not in the denominator. The sum over the
    negatives is the same for all positives of a row: one log-sum-exp a row is enough.

    Args:
        left: (M, dim), float; one view, of any length.
        right: (M, dim), float; the other view of the same concepts.
        concept: (M,), int64; ids.
        temperature: T, divides the cosine; dimensionless, above 0.
        others: (K, dim), float; negatives of every row.
        by_concept: each concept weighs the same; otherwise each pair, so that a concept of k rows
            weighs 2k(2k - 1).

    Returns:
        The mean, in nats, float32 (float64 if the inputs are), and how many pairs or concepts it
        is over. 0, with zero gradients, where there are no negatives.

    Raises:
        ValueError: the shapes disagree or `temperature` is not above 0.
    """
    with torch.autocast(left.device.type, enabled=False):  # cosines / 0.07 need float32
        cosine, same = _compare(left, right, concept, others)  # (2M, 2M + K)
        logits = cosine / _positive(temperature)
        negatives = logits.masked_fill(same, HIDDEN).logsumexp(dim=1, keepdim=True)  # (2M, 1)
        positive = _without_itself(same)
        # -log(e^s / (e^s + e^n)) = -logsigmoid(s - n), without cancellation
        terms = -F.logsigmoid(logits - negatives)
        sums = torch.where(positive, terms, 0).sum(dim=1)  # (2M,)
        return _mean(sums, positive.sum(dim=1), same, by_concept)


def info_nce(
    left: Tensor,
    right: Tensor,
    concept: Tensor,
    temperature: float | Tensor = 0.07,
    others: Tensor | None = None,
    by_concept: bool = False,
) -> Term:
    """InfoNCE across the views only (van den Oord et al. 2018, arXiv:1807.03748), both ways.

        L = mean over rows i of (l(left_i, right) + l(right_i, left)) / 2
        l(a_i, b) = -log( exp(s(a_i, b_i)/T) / ( exp(s(a_i, b_i)/T) + sum over n, y_n != y_i, of
                    exp(s(a_i, b_n)/T) ) )

    Two mentions, or two names, are never compared, and other rows of the same concept are neither
    positives nor negatives. `others` are of the right view: they count in l(left_i, right).

    Args, Returns and Raises: as of `nt_xent`; the mean is over rows, or over concepts.
    """
    with torch.autocast(left.device.type, enabled=False):
        cosine, same = _compare(left, right, concept, others)
        logits = cosine / _positive(temperature)
        rows = len(concept)
        terms = logits.new_zeros(rows)
        for anchor, columns in (
            (slice(None, rows), slice(rows, None)),  # left against right and the others
            (slice(rows, None), slice(None, rows)),  # right against left
        ):
            # the right view begins the columns of the first part, the left view the second's
            part, alike = logits[anchor, columns], same[anchor, columns]
            negatives = part.masked_fill(alike, HIDDEN).logsumexp(dim=1)  # (M,)
            terms = terms - F.logsigmoid(part.diagonal() - negatives) / 2
        return _mean(terms, torch.ones_like(concept), same[:rows, :rows], by_concept)


def multi_similarity(
    left: Tensor,
    right: Tensor,
    concept: Tensor,
    temperature: float | Tensor = 1.0,
    others: Tensor | None = None,
    by_concept: bool = False,
    margin: float | None = None,
) -> Term:
    """Multi-similarity loss (Wang et al. 2019, arXiv:1904.06627).

        L = mean over rows a of  log(1 + sum over positives p of exp(-alpha (s_ap - base))) / alpha
                               + log(1 + sum over negatives n of exp(beta (s_an - base))) / beta

    Args, Returns and Raises: as of `nt_xent`; the mean is over the 2M rows, or over concepts.
        `temperature` has no meaning here: alpha and beta stand in its place. `margin` leaves out
        pairs that are easy, see `hard_pairs`; without it all count.
    """
    with torch.autocast(left.device.type, enabled=False):
        cosine, same = _compare(left, right, concept, others)
        positive, negative = _without_itself(same), ~same
        if margin is not None:
            positive, negative = hard_pairs(cosine.detach(), positive, negative, margin)
        pull = _log_one_plus_sum(ALPHA * (BASE - cosine), positive) / ALPHA
        push = _log_one_plus_sum(BETA * (cosine - BASE), negative) / BETA
        return _mean(pull + push, torch.ones_like(concept).repeat(2), same, by_concept)


def hard_pairs(
    cosine: Tensor, positive: Tensor, negative: Tensor, margin: float
) -> tuple[Tensor, Tensor]:
    """The pairs of the triplets that SapBERT mines (Liu et al. 2021, arXiv:2010.11784).

    Of all triplets (a, p, n) those count whose negative is not farther than the positive by more
    than the margin, d_an <= d_ap + margin, d the Euclidean distance of unit vectors. A pair counts
    if one of its triplets does: a positive is held against the row's nearest negative, a negative
    against its farthest positive, so that no triplet is written out.

    Args:
        cosine: (rows, columns), float, without gradient.
        positive: (rows, columns), bool.
        negative: (rows, columns), bool.
        margin: of distances, which go from 0 to 2.

    Returns:
        What is left of `positive` and of `negative`.
    """
    distance = (2 - 2 * cosine).clamp(min=0).sqrt()
    nearest = distance.masked_fill(~negative, math.inf).amin(dim=1, keepdim=True)
    farthest = distance.masked_fill(~positive, -math.inf).amax(dim=1, keepdim=True)
    return (
        positive & (nearest <= distance + margin),
        negative & (distance <= farthest + margin),
    )


def towards(score: Tensor, positive: Tensor, negative: Tensor) -> Term:
    """InfoNCE in one direction, with a stated positive p_i and stated negatives of each anchor i.

        L = mean over i of -log( exp(s_ip) / ( exp(s_ip) + sum over n with negative_in of
            exp(s_in) ) )

    Args:
        score: (P, C), float: of anchors and candidates, as of `scores`.
        positive: (P,), int64 -> candidates.
        negative: (P, C), bool; an anchor without any does not count.

    Returns:
        The mean, in nats, of the scores' type, and how many anchors it is over. 0, with zero
        gradients, where none counts.

    Raises:
        ValueError: the shapes disagree.
    """
    if negative.shape != score.shape or positive.shape != (len(score),):
        raise ValueError(
            f"score {tuple(score.shape)}, positive {tuple(positive.shape)} and negative "
            f"{tuple(negative.shape)} must be (P, C), (P,) and (P, C)"
        )
    against = score.masked_fill(~negative, HIDDEN).logsumexp(dim=1)  # (P,)
    own = score.gather(1, positive[:, None]).squeeze(1)  # (P,)
    counts = negative.any(dim=1)
    terms = torch.where(counts, -F.logsigmoid(own - against), 0)
    return Term(terms.sum() / counts.sum().clamp(min=1), counts.sum())


def scores(anchor: Tensor, candidate: Tensor, temperature: float | Tensor) -> Tensor:
    """Cosines over T: (P, C), float32 (float64 if the inputs are).

    Args:
        anchor: (P, dim), float; of any length.
        candidate: (C, dim), float.
        temperature: T, dimensionless, above 0.

    Raises:
        ValueError: `temperature` is not above 0.
    """
    with torch.autocast(anchor.device.type, enabled=False):
        return unit(anchor) @ unit(candidate).T / _positive(temperature)


LOSSES: dict[str, Contrast] = {
    "ntxent": nt_xent,
    "infonce": info_nce,
    "multi_similarity": multi_similarity,
}


def _compare(
    left: Tensor, right: Tensor, concept: Tensor, others: Tensor | None
) -> tuple[Tensor, Tensor]:
    """Cosines of all rows with all rows and the others, and where both are of one concept.

    Returns:
        Both (2M, 2M + K): float32 (float64 if the inputs are) and bool.
    """
    if left.shape != right.shape or concept.shape != left.shape[:1]:
        raise ValueError(
            f"left {tuple(left.shape)}, right {tuple(right.shape)} and concept "
            f"{tuple(concept.shape)} must be (M, dim), (M, dim) and (M,)"
        )
    anchors = unit(torch.cat([left, right]))  # (2M, dim)
    columns = anchors if others is None else torch.cat([anchors, unit(others)])  # (2M + K, dim)
    y = concept.repeat(2)  # (2M,)
    same = F.pad(y[:, None] == y[None, :], (0, len(columns) - len(anchors)))  # others: False
    return anchors @ columns.T, same


def unit(vectors: Tensor) -> Tensor:
    """Vectors of length 1 in float32 (float64 if they are): (rows, dim)."""
    return F.normalize(vectors if vectors.dtype == torch.float64 else vectors.float(), dim=1)


def _without_itself(same: Tensor) -> Tensor:
    """`same` without the pairs of a row with itself; a copy, since autograd keeps masks."""
    return same.clone().fill_diagonal_(False)


def _log_one_plus_sum(logits: Tensor, mask: Tensor) -> Tensor:
    """log(1 + sum of exp(logits) where `mask` is true), a row: (rows,)."""
    return F.pad(logits.masked_fill(~mask, HIDDEN), (0, 1)).logsumexp(dim=1)  # e^0 is the one


def _mean(sums: Tensor, counts: Tensor, same: Tensor, by_concept: bool) -> Term:
    """Mean over all terms, or the mean over concepts of the mean over their terms.

    Args:
        sums: (rows,), a sum of `counts` terms each.
        counts: (rows,), int64; the same for all rows of a concept.
        same: (rows, ...), bool; true as often as the row's concept has rows.
        by_concept: which of the two.
    """
    if not by_concept:
        total = counts.sum()
        return Term(sums.sum() / total.clamp(min=1), total)
    rows = same.sum(dim=1, dtype=sums.dtype)  # of the row's concept
    share = torch.where(counts > 0, 1 / rows, 0)  # sums to 1 over the rows of a concept with terms
    concepts = share.sum().round().long()
    return Term((share * sums / counts.clamp(min=1)).sum() / concepts.clamp(min=1), concepts)


def _positive(temperature: float | Tensor) -> float | Tensor:
    """The temperature; one that is learnt is kept above 0 by its module."""
    if not isinstance(temperature, Tensor) and temperature <= 0:
        raise ValueError(f"temperature must be above 0, not {temperature}")
    return temperature
