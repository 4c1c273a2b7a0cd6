"""The contrastive losses against hand-worked values, their formulas as loops, public libraries."""

import math
from collections.abc import Callable

import pytest
import torch
from pytorch_metric_learning.losses import MultiSimilarityLoss, NTXentLoss
from torch import Tensor
from torch.nn import functional as F
from torch.utils._python_dispatch import TorchDispatchMode

from bali.model.objectives.contrast import LOSSES, info_nce, multi_similarity, nt_xent

REPEATED = [[0, 1, 2, 3], [0, 0, 1, 2], [5, 5, 5, 9], [3, 1, 3, 1, 1, 7, 7]]
T = 0.07


def vectors(rows: int, dim: int = 6, seed: int = 0, dtype: torch.dtype = torch.float32) -> Tensor:
    return torch.randn(rows, dim, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def cosines(left: Tensor, right: Tensor) -> list[list[float]]:
    return [
        [torch.cosine_similarity(a, b, dim=0).item() for b in right.double()] for a in left.double()
    ]


def mean(terms: list[tuple[int, float]], by_concept: bool) -> tuple[float, int]:
    """The mean of terms of concepts, and over how many pairs, rows or concepts it is."""
    if not by_concept:
        return sum(term for _, term in terms) / len(terms), len(terms)
    concepts = {concept for concept, _ in terms}
    means = []
    for concept in concepts:
        own = [term for other, term in terms if other == concept]
        means.append(sum(own) / len(own))
    return sum(means) / len(means), len(means)


def nt_xent_by_loops(left, right, concept, others, by_concept):
    """method.md section 3, term by term."""
    z, y = torch.cat([left, right, others]), concept * 2 + [-1] * len(others)
    s = cosines(z, z)
    terms = []
    for a in range(2 * len(concept)):
        negatives = sum(math.exp(s[a][n] / T) for n in range(len(y)) if y[n] != y[a])
        for p in range(2 * len(concept)):
            if p != a and y[p] == y[a]:
                e = math.exp(s[a][p] / T)
                terms.append((y[a], -math.log(e / (e + negatives))))
    return mean(terms, by_concept)


def info_nce_by_loops(left, right, concept, others, by_concept):
    s = cosines(left, torch.cat([right, others]))
    terms = []
    for i, mine in enumerate(concept):
        own = math.exp(s[i][i] / T)
        other = [n for n, theirs in enumerate(concept) if theirs != mine]
        extra = range(len(concept), len(concept) + len(others))
        across = sum(math.exp(s[i][n] / T) for n in [*other, *extra])
        back = sum(math.exp(s[n][i] / T) for n in other)
        both = -math.log(own / (own + across)) - math.log(own / (own + back))
        terms.append((mine, both / 2))
    return mean(terms, by_concept)


def multi_similarity_by_loops(left, right, concept, others, by_concept):
    z, y = torch.cat([left, right, others]), concept * 2 + [-1] * len(others)
    s = cosines(z, z)
    terms = []
    for a in range(2 * len(concept)):
        pull = sum(math.exp(-2 * (s[a][p] - 0.5)) for p in range(len(y)) if p != a and y[p] == y[a])
        push = sum(math.exp(50 * (s[a][n] - 0.5)) for n in range(len(y)) if y[n] != y[a])
        terms.append((y[a], math.log(1 + pull) / 2 + math.log(1 + push) / 50))
    return mean(terms, by_concept)


BY_LOOPS: dict[str, Callable] = {
    "ntxent": nt_xent_by_loops,
    "infonce": info_nce_by_loops,
    "multi_similarity": multi_similarity_by_loops,
}


@pytest.mark.parametrize("by_concept", [False, True])
@pytest.mark.parametrize("others", [0, 3])
@pytest.mark.parametrize("concept", REPEATED)
@pytest.mark.parametrize("loss", LOSSES)
def test_it_is_its_formula_term_by_term(
    loss: str, concept: list[int], others: int, by_concept: bool
):
    rows = [vectors(len(concept), seed=1), vectors(len(concept), seed=2), vectors(others, seed=3)]
    term = LOSSES[loss](rows[0], rows[1], torch.tensor(concept), T, rows[2], by_concept)
    value, count = BY_LOOPS[loss](rows[0], rows[1], concept, rows[2], by_concept)
    assert term.value.item() == pytest.approx(value, abs=1e-5)
    assert term.count == count


def test_two_orthogonal_concepts_by_hand():
    # left = right: each of the 4 rows has 1 positive at cosine 1 and 2 negatives at 0
    eye, concept = torch.eye(2, dtype=torch.float64), torch.tensor([0, 1])
    hand = {
        # -log(e / (e + 2)) = log(1 + 2/e)
        "ntxent": math.log(1 + 2 / math.e),
        # across only one negative is left: -log(e / (e + 1))
        "infonce": math.log(1 + 1 / math.e),
        # log(1 + e^(-2 (1 - .5))) / 2 + log(1 + 2 e^(50 (0 - .5))) / 50
        "multi_similarity": math.log(1 + 1 / math.e) / 2 + math.log(1 + 2 * math.exp(-25)) / 50,
    }
    for name, value in hand.items():
        assert LOSSES[name](eye, eye, concept, 1.0).value.item() == pytest.approx(value, abs=1e-12)


def test_a_concept_weighs_the_same_whatever_its_rows_by_hand():
    # concept 0 has 2 rows of each view, all alike: 4 * 3 pairs; concept 1 has 1: 2 * 1 pairs
    eye = torch.eye(2, dtype=torch.float64)
    rows, concept = eye[[0, 0, 1]], torch.tensor([0, 0, 1])
    of_0, of_1 = math.log(1 + 2 / math.e), math.log(1 + 4 / math.e)
    pairs = nt_xent(rows, rows, concept, 1.0)
    assert pairs.value.item() == pytest.approx((12 * of_0 + 2 * of_1) / 14, abs=1e-12)
    concepts = nt_xent(rows, rows, concept, 1.0, by_concept=True)
    assert concepts.value.item() == pytest.approx((of_0 + of_1) / 2, abs=1e-12)
    assert (pairs.count, concepts.count) == (14, 2)


LIBRARY = {
    "ntxent": NTXentLoss(temperature=T),
    "multi_similarity": MultiSimilarityLoss(alpha=2, beta=50, base=0.5),
}


@pytest.mark.parametrize("concept", REPEATED)
@pytest.mark.parametrize("loss", LIBRARY)
def test_value_and_gradient_are_those_of_pytorch_metric_learning(loss: str, concept: list[int]):
    labels = torch.tensor(concept)
    inputs = [vectors(len(concept), 16, seed).requires_grad_() for seed in (3, 4)]
    ours = LOSSES[loss](inputs[0], inputs[1], labels, T).value
    theirs = LIBRARY[loss](torch.cat(inputs), labels.repeat(2))
    assert_same(ours, theirs, inputs)


def test_infonce_of_distinct_concepts_is_two_cross_entropies():
    inputs = [vectors(5, 16, seed).requires_grad_() for seed in (3, 4)]
    ours = info_nce(inputs[0], inputs[1], torch.arange(5), T).value
    logits = F.normalize(inputs[0], dim=1) @ F.normalize(inputs[1], dim=1).T / T
    theirs = F.cross_entropy(logits, torch.arange(5)) + F.cross_entropy(logits.T, torch.arange(5))
    assert_same(ours, theirs / 2, inputs)


def assert_same(ours: Tensor, theirs: Tensor, inputs: list[Tensor]) -> None:
    assert ours.item() == pytest.approx(theirs.item(), abs=1e-5)
    for mine, other in zip(
        torch.autograd.grad(ours, inputs), torch.autograd.grad(theirs, inputs), strict=True
    ):
        assert torch.allclose(mine, other, rtol=0, atol=1e-5)


@pytest.mark.parametrize("by_concept", [False, True])
@pytest.mark.parametrize("loss", LOSSES)
def test_gradcheck_of_the_vectors_and_of_the_temperature(loss: str, by_concept: bool):
    labels = torch.tensor([0, 0, 1, 2])
    inputs = [vectors(rows, 3, rows, torch.float64).requires_grad_() for rows in (4, 4, 2)]
    temperature = torch.tensor(0.5, dtype=torch.float64, requires_grad=loss != "multi_similarity")
    assert torch.autograd.gradcheck(
        lambda a, b, c, t: LOSSES[loss](a, b, labels, t, c, by_concept).value,
        (*inputs, temperature),
    )


@pytest.mark.parametrize("loss", LOSSES)
def test_the_order_of_the_rows_does_not_matter(loss: str):
    labels, order = torch.tensor([0, 0, 1, 2, 3]), torch.tensor([3, 0, 4, 2, 1])
    e, g = vectors(5, seed=7, dtype=torch.float64), vectors(5, seed=8, dtype=torch.float64)
    plain = LOSSES[loss](e, g, labels).value.item()
    permuted = LOSSES[loss](e[order], g[order], labels[order]).value.item()
    assert permuted == pytest.approx(plain, abs=1e-12)


@pytest.mark.parametrize("concept", [[], [7], [7, 7, 7]])
@pytest.mark.parametrize("loss", [nt_xent, info_nce])
def test_without_negatives_the_loss_and_its_gradients_are_zero(loss: Callable, concept: list[int]):
    e = vectors(len(concept)).requires_grad_()
    labels = torch.tensor(concept, dtype=torch.int64)
    value = loss(e, vectors(len(concept), seed=1), labels).value
    value.backward()
    assert value.item() == 0
    assert not e.grad.any()


def test_multi_similarity_pulls_also_where_there_are_no_negatives():
    e = vectors(3, dtype=torch.float64)
    term = multi_similarity(e, e, torch.tensor([7, 7, 7]))
    value, count = multi_similarity_by_loops(e, e, [7, 7, 7], e[:0], False)
    assert term.value.item() == pytest.approx(value, abs=1e-12)
    assert term.count == count == 6


@pytest.mark.parametrize("loss", LOSSES)
def test_autocast_does_not_lower_its_precision(loss: str):
    labels = torch.tensor([0, 1, 1, 2])
    e, g = vectors(4, seed=9), vectors(4, seed=10)
    with torch.autocast("cpu", torch.bfloat16):
        value = LOSSES[loss](e, g, labels).value
    assert value.item() == LOSSES[loss](e, g, labels).value.item()


@pytest.mark.parametrize("loss", LOSSES)
def test_vectors_far_apart_or_alike_give_finite_gradients(loss: str):
    e = torch.tensor([[1.0, 0.0], [-1.0, 0.0], [1.0, 0.0]], requires_grad=True)
    LOSSES[loss](e, e.detach().flip(0), torch.tensor([0, 1, 2]), 0.01).value.backward()
    assert e.grad.isfinite().all()


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


@pytest.mark.parametrize("loss", LOSSES)
def test_memory_grows_with_the_rows_squared_not_with_pairs_times_negatives(loss: str):
    concept = torch.tensor([0] * 30 + list(range(1, 31)))
    rows, pairs = 2 * len(concept), int(nt_xent(vectors(60), vectors(60), concept).count)
    mention, node = vectors(60).requires_grad_(), vectors(60, seed=1).requires_grad_()
    with Largest() as largest:
        LOSSES[loss](mention, node, concept).value.backward()
    assert rows**2 <= largest.elements <= 1.1 * rows**2
    assert pairs * 60 > 10 * largest.elements  # what [pairs x negatives] would take at least
