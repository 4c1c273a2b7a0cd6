"""The masked-language-model loss by hand."""

import math
from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

from bali.model.batch import Batch, Texts
from bali.model.masking import IGNORED
from bali.model.objectives.masked_tokens import MaskedTokens

LABELS = torch.tensor([IGNORED, 1, IGNORED, 0, 2])
NONE = torch.empty(0, dtype=torch.int64)
BATCH = Batch(Texts(torch.arange(5), torch.tensor([5])), LABELS, NONE, NONE, NONE, None)


class Views:
    """What the objective looks at."""

    def __init__(self, hidden: Tensor, batch: Batch = BATCH) -> None:
        self.hidden, self.batch = hidden, batch


def head() -> nn.Linear:
    """To a vocabulary of 3; token k is as likely as e to the k-th coordinate."""
    linear = nn.Linear(3, 3, bias=False, dtype=torch.float64)
    nn.init.eye_(linear.weight)
    return linear


def test_the_mean_over_the_hidden_tokens_by_hand():
    hidden = torch.zeros(5, 3, dtype=torch.float64)
    hidden[1, 1] = 2.0  # its true token has e^2 of e^2 + 2
    hidden[0] = hidden[2] = 100.0  # asked nothing
    term = MaskedTokens(head(), fresh=True)(Views(hidden))
    by_hand = (math.log(1 + 2 * math.exp(-2)) + 2 * math.log(3)) / 3
    assert term.value.item() == pytest.approx(by_hand, abs=1e-12)
    assert term.count == 3


def test_gradcheck_of_token_vectors_and_head():
    module = MaskedTokens(head(), fresh=True)
    hidden = torch.randn(5, 3, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    inputs = (hidden.requires_grad_(), module.head.weight)
    assert torch.autograd.gradcheck(lambda h, w: module(Views(h)).value, inputs)


def test_where_nothing_is_hidden_the_loss_and_its_gradient_are_zero():
    hidden = torch.ones(5, 3, dtype=torch.float64, requires_grad=True)
    batch = replace(BATCH, labels=torch.full((5,), IGNORED))
    term = MaskedTokens(head(), fresh=True)(Views(hidden, batch))
    term.value.backward()
    assert (term.value.item(), int(term.count)) == (0, 0)
    assert not hidden.grad.any()


def test_a_batch_finds_what_is_masked_before_it_is_moved():
    assert BATCH.masked is None
    moved = BATCH.to(torch.device("cpu"))
    assert moved.masked.tolist() == [1, 3, 4]
    assert moved.masked_tokens() is moved.masked
