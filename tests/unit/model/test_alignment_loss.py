"""NT-Xent against hand-worked values, the formula written as loops, and a public library."""

import math

import pytest
import torch
from pytorch_metric_learning.losses import NTXentLoss
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from bali.model.alignment import nt_xent, positive_pairs

REPEATED = [[0, 1, 2, 3], [0, 0, 1, 2], [5, 5, 5, 9], [3, 1, 3, 1, 1, 7, 7]]


def vectors(rows: int, dim: int = 6, seed: int = 0, dtype: torch.dtype = torch.float32) -> Tensor:
    return torch.randn(rows, dim, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def by_the_formula(mention: Tensor, node: Tensor, concept: list[int], temperature: float) -> float:
    """method.md section 3, term by term."""
    z = torch.cat([mention, node]).double()
    y = concept * 2
    s = [[torch.cosine_similarity(a, b, dim=0).item() / temperature for b in z] for a in z]
    terms = []
    for a in range(len(y)):
        negatives = sum(math.exp(s[a][n]) for n in range(len(y)) if y[n] != y[a])
        for p in range(len(y)):
            if p != a and y[p] == y[a]:
                terms.append(-math.log(math.exp(s[a][p]) / (math.exp(s[a][p]) + negatives)))
    assert positive_pairs(torch.tensor(concept)) == len(terms)
    return sum(terms) / len(terms)


def test_two_orthogonal_concepts_by_hand():
    # e = g: each of the 4 rows has 1 positive at cosine 1 and 2 negatives at 0:
    # -log(e / (e + 2)) = log(1 + 2/e)
    eye = torch.eye(2, dtype=torch.float64)
    loss = nt_xent(eye, eye, torch.tensor([0, 1]), temperature=1.0)
    assert loss.item() == pytest.approx(math.log(1 + 2 / math.e), abs=1e-12)


@pytest.mark.parametrize("concept", REPEATED)
def test_it_is_the_papers_formula_term_by_term(concept: list[int]):
    mention, node = vectors(len(concept), seed=1), vectors(len(concept), seed=2)
    loss = nt_xent(mention, node, torch.tensor(concept), 0.07)
    assert loss.item() == pytest.approx(by_the_formula(mention, node, concept, 0.07), abs=1e-5)


@pytest.mark.parametrize("concept", REPEATED)
def test_value_and_gradient_are_those_of_pytorch_metric_learning(concept: list[int]):
    labels = torch.tensor(concept)
    inputs = [vectors(len(concept), 16, seed).requires_grad_() for seed in (3, 4)]
    ours = nt_xent(inputs[0], inputs[1], labels, 0.07)
    theirs = NTXentLoss(temperature=0.07)(torch.cat(inputs), labels.repeat(2))
    assert ours.item() == pytest.approx(theirs.item(), abs=1e-5)
    for mine, other in zip(
        torch.autograd.grad(ours, inputs), torch.autograd.grad(theirs, inputs), strict=True
    ):
        assert torch.allclose(mine, other, rtol=0, atol=1e-5)


def test_gradcheck():
    labels = torch.tensor([0, 0, 1, 2])
    inputs = [vectors(4, 3, seed, torch.float64).requires_grad_() for seed in (5, 6)]
    assert torch.autograd.gradcheck(lambda e, g: nt_xent(e, g, labels, 0.5), inputs)


def test_the_order_of_the_rows_does_not_matter():
    labels, order = torch.tensor([0, 0, 1, 2, 3]), torch.tensor([3, 0, 4, 2, 1])
    e, g = vectors(5, seed=7, dtype=torch.float64), vectors(5, seed=8, dtype=torch.float64)
    loss = nt_xent(e, g, labels)
    assert nt_xent(e[order], g[order], labels[order]).item() == pytest.approx(
        loss.item(), abs=1e-12
    )


@pytest.mark.parametrize("concept", [[], [7], [7, 7, 7]])
def test_without_negatives_the_loss_and_its_gradients_are_zero(concept: list[int]):
    e = vectors(len(concept)).requires_grad_()
    loss = nt_xent(e, vectors(len(concept), seed=1), torch.tensor(concept, dtype=torch.int64))
    loss.backward()
    assert loss.item() == 0
    assert e.grad is not None
    assert not e.grad.any()


def test_autocast_does_not_lower_its_precision():
    labels = torch.tensor([0, 1, 1, 2])
    e, g = vectors(4, seed=9), vectors(4, seed=10)
    with torch.autocast("cpu", torch.bfloat16):
        loss = nt_xent(e, g, labels)
    assert loss.item() == nt_xent(e, g, labels).item()


def test_errors_name_what_they_got():
    with pytest.raises(ValueError, match=r"concept \(3,\)"):
        nt_xent(vectors(2), vectors(2), torch.tensor([0, 1, 2]))
    with pytest.raises(ValueError, match="above 0, not 0"):
        nt_xent(vectors(2), vectors(2), torch.tensor([0, 1]), temperature=0)


class Largest(TorchDispatchMode):
    """Remembers the number of elements of the largest tensor that any operation made."""

    def __init__(self) -> None:
        super().__init__()
        self.elements = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        result = function(*args, **(kwargs or {}))
        for tensor in result if isinstance(result, tuple | list) else [result]:
            if isinstance(tensor, Tensor):
                self.elements = max(self.elements, tensor.numel())
        return result


def test_memory_grows_with_the_rows_squared_not_with_pairs_times_negatives():
    concept = torch.tensor([0] * 30 + list(range(1, 31)))
    rows, pairs = 2 * len(concept), positive_pairs(concept)
    mention, node = vectors(60).requires_grad_(), vectors(60, seed=1).requires_grad_()
    with Largest() as largest:
        nt_xent(mention, node, concept).backward()
    assert rows**2 <= largest.elements <= 2 * rows**2  # the index of a pair is two numbers
    assert pairs * 60 > 10 * largest.elements  # what [pairs x negatives] would take at least
