"""Mention and name pooling against plain means, and the released code's two defects."""

import pytest
import torch

from bali.model.pooling import pool_mentions, pool_names, pool_texts

HIDDEN = torch.tensor([[1.0, 0], [3, 0], [5, 2], [7, 4], [0, 9]], dtype=torch.float64)
TOKEN = torch.tensor([1, 2, 3, 2, 4])  # token 2 belongs to mentions of two concepts
GROUP = torch.tensor([0, 0, 0, 1, 1])


def test_a_mention_is_the_plain_mean_of_all_its_tokens():
    pooled = pool_mentions(HIDDEN, TOKEN, GROUP, 2)
    assert pooled.tolist() == [[5, 2], [2.5, 5.5]]  # (3+5+7)/3, (0+2+4)/3; (5+0)/2, (2+9)/2


def test_defect_1_pooling_leaves_the_hidden_states_as_they_were_and_no_mention_is_zero():
    before = HIDDEN.clone()
    pooled = pool_mentions(HIDDEN, TOKEN, GROUP, 2)
    assert torch.equal(HIDDEN, before)
    assert (pooled.abs().sum(dim=1) > 0).all()


def test_defect_1_every_mention_token_gets_its_share_of_the_gradient():
    hidden = HIDDEN.clone().requires_grad_()
    pool_mentions(hidden, TOKEN, GROUP, 2).sum().backward()
    third, half = 1 / 3, 1 / 2
    assert hidden.grad is not None
    assert hidden.grad[:, 0].tolist() == pytest.approx([0, third, third + half, third, half])


def test_defect_2_the_first_token_of_a_repeated_mention_counts():
    # two mentions of one concept, tokens 1-2 and 3-4
    token, group = torch.tensor([1, 2, 3, 4]), torch.zeros(4, dtype=torch.int64)
    assert pool_mentions(HIDDEN, token, group, 1).tolist() == [[15 / 4, 15 / 4]]


def test_half_precision_is_pooled_in_single():
    assert pool_mentions(HIDDEN.bfloat16(), TOKEN, GROUP, 2).dtype == torch.float32
    hidden = HIDDEN.bfloat16()[None]
    assert pool_names(hidden, torch.ones(1, 5), "mean").dtype == torch.float32


def test_mean_of_a_name_counts_special_tokens_but_no_padding():
    hidden = torch.stack([HIDDEN, HIDDEN])
    mask = torch.tensor([[1, 1, 1, 1, 1], [1, 1, 1, 0, 0]])
    pooled = pool_names(hidden, mask, "mean")
    assert pooled[0].tolist() == [16 / 5, 3]
    assert pooled[1].tolist() == [3, 2 / 3]


def test_cls_is_the_first_token():
    pooled = pool_names(HIDDEN[None], torch.ones(1, 5), "cls")
    assert pooled.tolist() == [[1, 0]]


def test_an_unknown_pooling_is_refused():
    with pytest.raises(ValueError, match="'max' is none of mean, cls"):
        pool_names(HIDDEN[None], torch.ones(1, 5), "max")


@pytest.mark.parametrize("pooling", ["mean", "cls"])
def test_texts_one_after_another_pool_as_padded_names_do(pooling: str):
    lengths = [3, 1, 4]
    hidden = torch.randn(8, 5, generator=torch.Generator().manual_seed(1))
    padded = torch.nn.utils.rnn.pad_sequence(hidden.split(lengths), batch_first=True)
    mask = torch.tensor([[1, 1, 1, 0], [1, 0, 0, 0], [1, 1, 1, 1]])
    first, owner = torch.tensor([0, 3, 4]), torch.tensor([0, 0, 0, 1, 2, 2, 2, 2])
    torch.testing.assert_close(
        pool_texts(hidden, first, owner, pooling), pool_names(padded, mask, pooling)
    )


def test_an_unknown_pooling_of_texts_is_refused():
    with pytest.raises(ValueError, match="pooling 'max' is none of mean, cls"):
        pool_texts(torch.ones(1, 2), torch.tensor([0]), torch.tensor([0]), "max")
