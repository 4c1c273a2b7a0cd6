"""Each pooling of mentions by hand, and where its gradient goes."""

import math

import pytest
import torch

from bali.errors import InputError
from bali.model.mention_pooling import MENTION_POOLINGS, MentionPooling
from bali.model.projection import build_projection

# sentences of tokens 0-4 and 5-7; row 0 has tokens 2, 3 and 4, row 1 token 4, row 2 tokens 6, 7
HIDDEN = torch.tensor(
    [[1.0, 0], [0, 0], [3, 0], [5, 2], [7, 4], [0, 9], [2, 2], [4, 0]], dtype=torch.float64
)
SENTENCE = torch.tensor([0, 0, 0, 0, 0, 5, 5, 5])
TOKEN = torch.tensor([3, 2, 4, 4, 7, 6])  # in no order
GROUP = torch.tensor([0, 0, 0, 1, 2, 2])


def pool(pooling: str, hidden: torch.Tensor = HIDDEN, query: list[float] | None = None):
    module = MentionPooling(pooling, 2)
    if query is not None:
        with torch.no_grad():
            module.query.copy_(torch.tensor(query))
    return module(hidden, TOKEN, GROUP, 3, SENTENCE)


def test_mean():
    assert pool("mean").tolist() == [[5, 2], [7, 4], [3, 1]]


def test_first_is_the_first_token_of_the_first_mention():
    assert pool("first").tolist() == [[3, 0], [7, 4], [2, 2]]


def test_cls_is_the_sentences_first_token_whatever_the_mention():
    assert pool("cls").tolist() == [[1, 0], [1, 0], [0, 9]]


def test_attention_without_a_query_is_the_mean():
    assert torch.allclose(pool("attention"), pool("mean"))


def test_attention_weighs_tokens_by_the_softmax_of_their_scores():
    pooled = pool("attention", query=[math.sqrt(2) * 0.5, 0.0])
    weights = [math.exp(x) for x in (1.5, 2.5, 3.5)]  # scores 0.5 * 3, 0.5 * 5, 0.5 * 7
    expected = [
        sum(w * x for w, x in zip(weights, column, strict=True)) / sum(weights)
        for column in ((3, 5, 7), (0, 2, 4))
    ]
    assert pooled[0].tolist() == pytest.approx(expected, rel=1e-6)
    assert pooled[1].tolist() == pytest.approx([7, 4])


@pytest.mark.parametrize("pooling", ["mean", "attention"])
def test_every_mention_token_has_a_gradient_and_no_other(pooling: str):
    hidden = HIDDEN.clone().requires_grad_()
    pool(pooling, hidden).sum().backward()
    assert (hidden.grad.abs().sum(dim=1) > 0).tolist() == [
        False, False, True, True, True, False, True, True,
    ]  # fmt: skip


def test_the_query_of_attention_learns_from_its_start():
    module = MentionPooling("attention", 2)
    (module(HIDDEN, TOKEN, GROUP, 3, SENTENCE) ** 2).sum().backward()
    assert (module.query.grad.abs() > 0).all()


@pytest.mark.parametrize("pooling", MENTION_POOLINGS)
def test_the_order_of_the_rows_does_not_matter(pooling: str):
    module = MentionPooling(pooling, 2)
    number = torch.tensor([2, 0, 1])  # of each group now
    permuted = module(HIDDEN, TOKEN.flip(0), number[GROUP].flip(0), 3, SENTENCE)
    assert torch.allclose(permuted[number], module(HIDDEN, TOKEN, GROUP, 3, SENTENCE))


@pytest.mark.parametrize("pooling", MENTION_POOLINGS)
def test_half_precision_is_pooled_in_single_and_no_rows_give_none(pooling: str):
    assert pool(pooling, HIDDEN.bfloat16()).dtype == torch.float32
    nothing = torch.empty(0, dtype=torch.int64)
    assert MentionPooling(pooling, 2)(HIDDEN, nothing, nothing, 0, SENTENCE).shape == (0, 2)


@pytest.mark.parametrize("pooling", MENTION_POOLINGS)
def test_autocast_rounds_nothing(pooling: str):
    hidden, query = torch.randn(8, 2), [0.3, -1.7] if pooling == "attention" else None
    plain = pool(pooling, hidden, query)
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(pool(pooling, hidden, query), plain)


def test_an_unknown_pooling_is_refused():
    with pytest.raises(ValueError, match="'max' is none of mean, first, cls, attention"):
        MentionPooling("max", 2)


def test_projections():
    x = torch.randn(5, 8)
    assert build_projection("none", 8, 3)(x) is x
    linear, mlp = (build_projection(kind, 8, 3) for kind in ("linear", "mlp"))
    assert torch.allclose(linear(x), x @ linear.weight.T + linear.bias, atol=1e-6)
    first, _, last = mlp
    h = x @ first.weight.T + first.bias
    h = 0.5 * h * (1 + torch.erf(h / math.sqrt(2)))
    assert torch.allclose(mlp(x), h @ last.weight.T + last.bias, atol=1e-6)
    with pytest.raises(InputError, match=r"train.projection: 'rbf' is none of none, linear, mlp"):
        build_projection("rbf", 8, 3)
