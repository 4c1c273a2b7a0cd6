"""Contrast in one direction with stated negatives, and the order of three that is made of it."""

import math
from types import SimpleNamespace

import pytest
import torch
from test_contrast import T, cosines, vectors
from torch import Tensor
from torch.nn import functional as F

from bali.model.objectives.contrast import scores, towards
from bali.model.objectives.hierarchy import Hierarchy
from bali.model.objectives.temperature import Temperature


def test_towards_by_hand():
    # cosines of the anchor with its parent, a sibling, and one above it: 1, 0.6 and 0.8
    anchor = torch.tensor([[2.0, 0.0]], dtype=torch.float64)
    candidate = torch.tensor([[1.0, 0.0], [3.0, 4.0], [4.0, 3.0]], dtype=torch.float64)
    score = scores(anchor, candidate, 0.5)
    term = towards(score, torch.tensor([0]), torch.tensor([[False, True, False]]))
    assert term.value.item() == pytest.approx(math.log(1 + math.exp((0.6 - 1) / 0.5)), abs=1e-12)
    assert term.count.item() == 1


def test_towards_is_its_formula_and_cross_entropy_over_what_counts():
    anchor, candidate = vectors(5, dtype=torch.float64), vectors(9, seed=1, dtype=torch.float64)
    negative = vectors(45, 1, seed=2).view(5, 9) > 0
    positive = torch.tensor([0, 7, 2, 2, 8])
    negative[range(5), positive] = False
    s = cosines(anchor, candidate)
    terms = []
    for i in range(5):
        others = sum(math.exp(s[i][n] / T) for n in range(9) if negative[i, n])
        own = math.exp(s[i][positive[i]] / T)
        terms.append(-math.log(own / (own + others)))
    found = towards(scores(anchor, candidate, T), positive, negative).value
    assert found.item() == pytest.approx(sum(terms) / 5, abs=1e-10)
    counted = negative | F.one_hot(positive, 9).bool()
    logits = F.normalize(anchor, dim=1) @ F.normalize(candidate, dim=1).T / T
    second = F.cross_entropy(logits.masked_fill(~counted, -math.inf), positive)
    assert found.item() == pytest.approx(second.item(), abs=1e-10)
    anchor.requires_grad_()
    candidate.requires_grad_()
    assert torch.autograd.gradcheck(
        lambda a, c: towards(scores(a, c, T), positive, negative).value, (anchor, candidate)
    )


def test_towards_without_negatives_or_anchors_is_zero_with_zero_gradients():
    anchor = vectors(2).requires_grad_()
    none, rows = torch.zeros(2, 3, dtype=torch.bool), torch.arange(2)
    score = scores(anchor, vectors(3), T)
    term = towards(score, rows, none)
    term.value.backward()
    assert term.value.item() == 0
    assert not anchor.grad.any()
    assert towards(score[:0, :0], rows[:0], none[:0, :0]).value.item() == 0
    for positive, negative in ((rows, none.T), (rows[:1], none)):
        with pytest.raises(ValueError, match="must be"):
            towards(score, positive, negative)
    with pytest.raises(ValueError, match="temperature must be above 0"):
        scores(anchor, vectors(3), 0)


def step_of(
    kind: Tensor, parent: Tensor, other: Tensor, unrelated: Tensor, prior: Tensor | None = None
) -> SimpleNamespace:
    """What the objective looks at."""
    prior = torch.zeros(other.shape[1], dtype=kind.dtype) if prior is None else prior
    given = SimpleNamespace(parent=parent, other=other, unrelated=unrelated, prior=prior)
    return SimpleNamespace(kind=kind, hierarchy_input=given)


def test_an_anchor_without_negatives_does_not_count():
    anchor, candidate = vectors(2), vectors(3, seed=1)
    negative = torch.tensor([[False, True, True], [False, False, False]])
    rows = torch.arange(2)
    score = scores(anchor, candidate, T)
    both = towards(score, rows, negative)
    alone = towards(score[:1], rows[:1], negative[:1])
    assert both.value.item() == pytest.approx(alone.value.item())
    assert both.count.item() == alone.count.item() == 1


@pytest.mark.parametrize("weight", [0.0, 0.25, 1.0])
def test_the_order_of_own_name_parent_and_sibling_by_hand(weight: float):
    # two siblings: first names (1, 0) and (0, 1), other names near them, and their parent (4, 3)
    kind = [[2.0, 0.0], [0.0, 3.0], [24.0, 7.0], [7.0, 24.0], [4.0, 3.0]]
    other = torch.tensor([[False, True, True], [True, False, True]])
    unrelated = torch.tensor([[False, True, False], [True, False, False]])
    step = step_of(torch.tensor(kind, dtype=torch.float64), torch.tensor([2, 2]), other, unrelated)
    term = Hierarchy(Temperature(0.5, learnt=False), weight)(step)

    def nll(positive: float, *negatives: float) -> float:
        return math.log(1 + sum(math.exp((n - positive) / 0.5) for n in negatives))

    # cosines: 0.96 with the own other name, 0.28 with the sibling's; 0.8 and 0.6 with the parent
    there = (nll(0.96, 0.28, 0.8) + nll(0.96, 0.28, 0.6)) / 2
    back = nll(0.96, 0.28)  # the parent has no other name that would look back
    above = (nll(0.8, 0.28) + nll(0.6, 0.28)) / 2
    assert term.value.item() == pytest.approx((there + back) / 2 + weight * above, abs=1e-12)
    assert (term.count.item(), term.watched) == (2, {})


def test_the_prior_of_a_candidate_is_taken_from_its_score_by_hand():
    # as above; text mentions the second concept and the parent: its score counts for less
    kind = [[2.0, 0.0], [0.0, 3.0], [24.0, 7.0], [7.0, 24.0], [4.0, 3.0]]
    other = torch.tensor([[False, True, True], [True, False, True]])
    unrelated = torch.tensor([[False, True, False], [True, False, False]])
    prior = torch.tensor([0.0, math.log(4), math.log(10)], dtype=torch.float64)
    kind = torch.tensor(kind, dtype=torch.float64)
    step = step_of(kind, torch.tensor([2, 2]), other, unrelated, prior)
    value = Hierarchy(Temperature(0.5, learnt=False), 0.25)(step).value.item()

    def odds(cosine: float, times: float) -> float:
        return math.exp(cosine / 0.5) / times

    def nll(own: float, *others: float) -> float:
        return -math.log(own / (own + sum(others)))

    first = nll(odds(0.96, 1), odds(0.28, 4), odds(0.8, 10))
    second = nll(odds(0.96, 4), odds(0.28, 1), odds(0.6, 10))
    back = (nll(odds(0.96, 1), odds(0.28, 4)) + nll(odds(0.96, 4), odds(0.28, 1))) / 2
    above = (nll(odds(0.8, 10), odds(0.28, 4)) + nll(odds(0.6, 10), odds(0.28, 1))) / 2
    assert value == pytest.approx(((first + second) / 2 + back) / 2 + 0.25 * above, abs=1e-12)


def test_gradcheck_of_the_order_in_its_names_and_in_a_learnt_temperature():
    # a family of two, whose parent is the fourth candidate, and one whose parent is the second
    parent = torch.tensor([3, 3, 1])
    other = ~torch.eye(3, 4, dtype=torch.bool)
    unrelated = other.clone()
    unrelated[range(3), parent] = False
    unrelated[2, 3] = unrelated[1, 2] = False
    kind = vectors(3 + 4, 4, seed=5, dtype=torch.float64).requires_grad_()
    objective = Hierarchy(Temperature(0.5, learnt=True), 0.7).double()
    theta = objective.temperature.theta
    assert torch.autograd.gradcheck(
        lambda k, _: objective(step_of(k, parent, other, unrelated)).value, (kind, theta)
    )
    term = objective(step_of(kind, parent, other, unrelated))
    term.value.backward()
    assert (kind.grad.abs().sum(dim=1) > 0).all()  # every name: of concepts and parents
    assert term.watched["temperature"].item() == pytest.approx(0.5)
