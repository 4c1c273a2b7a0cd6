"""SapBERT's mining against a hand-worked step, all triplets as loops, and the library it used."""

import math
from itertools import product

import pytest
import torch
from pytorch_metric_learning.losses import MultiSimilarityLoss
from pytorch_metric_learning.miners import TripletMarginMiner
from torch import Tensor
from torch.nn import functional as F

from bali.model.objectives.contrast import MARGIN, hard_pairs, multi_similarity

CONCEPTS = [[0, 1, 2, 3, 4, 5], [0, 0, 1, 2], [5, 5, 5, 9], [3, 1, 3, 1, 1, 7, 7]]


def names(concept: list[int], seed: int, spread: float = 0.8) -> list[Tensor]:
    """Two vectors of each concept, around one of its own: some pairs are easy and some are not."""
    draw = torch.Generator().manual_seed(seed)
    centre = torch.randn(10, 5, generator=draw)[concept]
    return [
        (centre + spread * torch.randn(centre.shape, generator=draw)).requires_grad_()
        for _ in range(2)
    ]


def test_what_is_easy_is_left_out_by_hand():
    # unit vectors at 0, 10, 90 and 100 degrees: concept 0, 0, 1, 1; d = 2 sin(angle / 2)
    angle = torch.tensor([0.0, 10.0, 90.0, 100.0], dtype=torch.float64) * math.pi / 180
    cosine = (angle[:, None] - angle[None, :]).cos()
    same = torch.tensor([[1, 1, 0, 0], [1, 1, 0, 0], [0, 0, 1, 1], [0, 0, 1, 1]]).bool()
    positive = same & ~torch.eye(4).bool()
    # positives lie .174 apart, the nearest negatives 2 sin 40 = 1.286: easy, unless the margin
    # spans the difference of 1.111
    for margin, left in ((0.2, 0), (1.110, 0), (1.112, 2)):
        pull, push = hard_pairs(cosine, positive, ~same, margin)
        # only the rows at 10 and 90 degrees have so near a negative
        assert pull.sum(dim=1).tolist() == [0, left // 2, left // 2, 0]
        assert push.sum(dim=1).tolist() == [0, left // 2, left // 2, 0]
    # at 1.4 all triplets count: 2 sin 50 = 1.532 <= .174 + 1.4
    pull, push = hard_pairs(cosine, positive, ~same, 1.4)
    assert torch.equal(pull, positive)
    assert torch.equal(push, ~same)


@pytest.mark.parametrize("concept", CONCEPTS)
def test_a_pair_counts_if_one_of_its_triplets_does(concept: list[int]):
    z, y = F.normalize(torch.cat(names(concept, 1)).detach().double()), concept * 2
    d = torch.cdist(z, z)
    pull, push = set(), set()
    for a, p, n in product(range(len(y)), repeat=3):
        if a != p and y[a] == y[p] != y[n] and d[a, n] <= d[a, p] + MARGIN:
            pull.add((a, p))
            push.add((a, n))
    same = torch.tensor([[one == other for other in y] for one in y])
    positive = same & ~torch.eye(len(y)).bool()
    found = hard_pairs(z @ z.T, positive, ~same, MARGIN)
    assert [set(map(tuple, part.nonzero().tolist())) for part in found] == [pull, push]
    assert 0 < len(push) < (~same).sum()


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("concept", CONCEPTS)
def test_value_and_gradient_are_those_of_sapberts_library(concept: list[int], seed: int):
    inputs, labels = names(concept, seed), torch.tensor(concept)
    ours = multi_similarity(*inputs, labels, margin=MARGIN).value
    rows = torch.cat(inputs)
    triplets = TripletMarginMiner(margin=0.2, type_of_triplets="all")(rows, labels.repeat(2))
    theirs = MultiSimilarityLoss(alpha=2, beta=50, base=0.5)(rows, labels.repeat(2), triplets)
    assert ours.item() == pytest.approx(theirs.item(), abs=1e-5)
    assert ours.item() < multi_similarity(*inputs, labels).value.item() + 1e-6
    for mine, other in zip(
        torch.autograd.grad(ours, inputs), torch.autograd.grad(theirs, inputs), strict=True
    ):
        assert torch.allclose(mine, other, rtol=0, atol=1e-5)


def test_gradcheck():
    inputs = [part.detach().double().requires_grad_() for part in names([0, 0, 1, 2], 3)]
    labels = torch.tensor([0, 0, 1, 2])
    assert torch.autograd.gradcheck(
        lambda a, b: multi_similarity(a, b, labels, margin=MARGIN).value, inputs
    )


@pytest.mark.parametrize("concept", [[0, 1, 2], [4, 4]])
def test_where_all_is_easy_the_loss_and_its_gradients_are_zero(concept: list[int]):
    left = torch.eye(5)[concept].requires_grad_()
    labels = torch.tensor(concept, dtype=torch.int64)
    value = multi_similarity(left, torch.eye(5)[concept], labels, margin=MARGIN).value
    value.backward()
    assert value.item() == 0
    assert not left.grad.any()
