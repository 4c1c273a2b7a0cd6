"""Masking: the shares, what is never touched, and that nothing but the keys decides."""

import numpy as np
import pytest

from bali.model.masking import IGNORED, mask_tokens

MASK, SPECIAL = 4, np.array([0, 1, 2, 3, 4])
RULES = {"share": 0.15, "special": SPECIAL, "mask_id": MASK, "vocabulary": 1000, "seed": 29}
LENGTH = 50


def sentences(items):
    """Sentences whose token ids are a function of item and position; [CLS] 2 and [SEP] 3."""
    item, position = np.repeat(items, LENGTH), np.tile(np.arange(LENGTH), len(items))
    ids = 5 + (item * 31 + position * 17) % 900
    ids[position == 0], ids[position == LENGTH - 1] = 2, 3
    return ids, item, position


def test_shares_are_15_80_10_10_percent():
    ids, item, position = sentences(np.arange(4000))
    hidden, labels = mask_tokens(ids, item, position, **RULES, epoch=1)
    chosen = labels != IGNORED
    ordinary = ~np.isin(ids, SPECIAL)
    assert chosen[ordinary].mean() == pytest.approx(0.15, abs=0.005)
    assert (hidden[chosen] == MASK).mean() == pytest.approx(0.8, abs=0.01)
    same = hidden[chosen] == ids[chosen]
    assert same.mean() == pytest.approx(0.1, abs=0.01)
    random = hidden[chosen & (hidden != ids) & (hidden != MASK)]
    assert len(random) / chosen.sum() == pytest.approx(0.1, abs=0.01)
    assert random.mean() == pytest.approx(500, abs=20)  # all over the vocabulary


def test_labels_are_the_true_tokens_and_the_others_stay():
    ids, item, position = sentences(np.arange(100))
    hidden, labels = mask_tokens(ids, item, position, **RULES, epoch=1)
    chosen = labels != IGNORED
    assert np.array_equal(labels[chosen], ids[chosen])
    assert np.array_equal(hidden[~chosen], ids[~chosen])


def test_special_tokens_are_never_chosen():
    ids, item, position = sentences(np.arange(200))
    _, labels = mask_tokens(ids, item, position, **{**RULES, "share": 1.0}, epoch=1)
    assert np.array_equal(labels == IGNORED, np.isin(ids, SPECIAL))


def test_the_batch_that_a_sentence_is_in_changes_nothing():
    whole = mask_tokens(*sentences(np.arange(10)), **RULES, epoch=1)
    alone = mask_tokens(*sentences(np.array([7])), **RULES, epoch=1)
    for all_rows, row in zip(whole, alone, strict=True):
        assert np.array_equal(all_rows[7 * LENGTH : 8 * LENGTH], row)


def test_epochs_and_seeds_choose_other_tokens():
    drawn = [
        mask_tokens(*sentences(np.arange(10)), **{**RULES, "seed": seed}, epoch=epoch)[1]
        for seed, epoch in ((29, 1), (29, 2), (30, 1))
    ]
    assert not np.array_equal(drawn[0], drawn[1])
    assert not np.array_equal(drawn[0], drawn[2])
