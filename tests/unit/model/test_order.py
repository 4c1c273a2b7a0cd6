"""Contrast in one direction with stated negatives, and the order of three that is made of it."""

import math
from types import SimpleNamespace

import pytest
import torch
from test_contrast import T, cosines, vectors
from torch import Tensor
from torch.nn import functional as F

from bali.model.objectives.contrast import towards
from bali.model.objectives.hierarchy import Hierarchy
from bali.model.objectives.temperature import Temperature


def test_towards_by_hand():
    # cosines of the anchor with its parent, a sibling, and one above it: 1, 0.6 and 0.8
    anchor = torch.tensor([[2.0, 0.0]], dtype=torch.float64)
    candidate = torch.tensor([[1.0, 0.0], [3.0, 4.0], [4.0, 3.0]], dtype=torch.float64)
    term = towards(anchor, candidate, torch.tensor([[False, True, False]]), 0.5)
    assert term.value.item() == pytest.approx(math.log(1 + math.exp((0.6 - 1) / 0.5)), abs=1e-12)
    assert term.count.item() == 1


def test_towards_is_its_formula_and_cross_entropy_over_what_counts():
    anchor, candidate = vectors(5, dtype=torch.float64), vectors(9, seed=1, dtype=torch.float64)
    negative = vectors(45, 1, seed=2).view(5, 9) > 0
    negative.fill_diagonal_(False)
    s = cosines(anchor, candidate)
    terms = []
    for i in range(5):
        others = sum(math.exp(s[i][n] / T) for n in range(9) if negative[i, n])
        terms.append(-math.log(math.exp(s[i][i] / T) / (math.exp(s[i][i] / T) + others)))
    found = towards(anchor, candidate, negative, T).value
    assert found.item() == pytest.approx(sum(terms) / 5, abs=1e-10)
    counted = negative | torch.eye(5, 9, dtype=torch.bool)
    logits = F.normalize(anchor, dim=1) @ F.normalize(candidate, dim=1).T / T
    second = F.cross_entropy(logits.masked_fill(~counted, -math.inf), torch.arange(5))
    assert found.item() == pytest.approx(second.item(), abs=1e-10)
    anchor.requires_grad_()
    candidate.requires_grad_()
    assert torch.autograd.gradcheck(
        lambda a, c: towards(a, c, negative, T).value, (anchor, candidate)
    )


def test_towards_without_negatives_or_anchors_is_zero_with_zero_gradients():
    anchor = vectors(2).requires_grad_()
    term = towards(anchor, vectors(3), torch.zeros(2, 3, dtype=torch.bool))
    term.value.backward()
    assert term.value.item() == 0
    assert not anchor.grad.any()
    assert towards(vectors(0), vectors(0), torch.zeros(0, 0, dtype=torch.bool)).value.item() == 0
    with pytest.raises(ValueError, match="C not below P"):
        towards(vectors(3), vectors(2), torch.zeros(3, 2, dtype=torch.bool))
    with pytest.raises(ValueError, match="temperature must be above 0"):
        towards(vectors(2), vectors(2), torch.zeros(2, 2, dtype=torch.bool), 0)


def step_of(kind: Tensor, other: Tensor, unrelated: Tensor) -> SimpleNamespace:
    """What the objective looks at."""
    return SimpleNamespace(
        kind=kind, hierarchy_input=SimpleNamespace(other=other, unrelated=unrelated)
    )


def test_the_order_of_own_name_parent_and_sibling_by_hand():
    # cosines of the concept with its other name, its parent and a sibling: 0.96, 0.8 and 0.6
    kind = torch.tensor([[2.0, 0.0], [24.0, 7.0], [4.0, 3.0], [3.0, 4.0]], dtype=torch.float64)
    step = step_of(kind, torch.tensor([[False, True, True]]), torch.tensor([[False, True]]))
    term = Hierarchy(Temperature(0.5, learnt=False))(step)
    own_first = math.log(1 + math.exp((0.8 - 0.96) / 0.5) + math.exp((0.6 - 0.96) / 0.5))
    parent_before_sibling = math.log(1 + math.exp((0.6 - 0.8) / 0.5))
    assert term.value.item() == pytest.approx(own_first + parent_before_sibling, abs=1e-12)
    assert (term.count.item(), term.watched) == (1, {})


def test_gradcheck_of_the_order_in_its_names_and_in_a_learnt_temperature():
    # three concepts, the second one's parent is above the third, and two siblings
    other = ~torch.eye(3, 8, dtype=torch.bool)
    unrelated = ~torch.eye(3, 5, dtype=torch.bool)
    unrelated[2, 1] = False
    kind = vectors(3 + 8, 4, seed=5, dtype=torch.float64).requires_grad_()
    objective = Hierarchy(Temperature(0.5, learnt=True)).double()
    theta = objective.temperature.theta
    assert torch.autograd.gradcheck(
        lambda k, _: objective(step_of(k, other, unrelated)).value, (kind, theta)
    )
    term = objective(step_of(kind, other, unrelated))
    term.value.backward()
    assert (kind.grad.abs().sum(dim=1) > 0).all()  # every name: of concepts, parents, siblings
    assert term.watched["temperature"].item() == pytest.approx(0.5)
