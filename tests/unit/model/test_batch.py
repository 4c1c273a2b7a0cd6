"""Chunks of similar length: nothing is lost, little is padding (defect 11)."""

import torch

from bali.model.batch import MAX_PADDING, MIN_TEXTS, Texts, chunk_sizes

LENGTHS = sorted([3] * 40 + [4] * 30 + [5] * 20 + [9] * 3 + [12] * 25 + [32])


def texts() -> Texts:
    ids = torch.arange(1, sum(LENGTHS) + 1)
    return Texts(ids, torch.tensor(LENGTHS))


def test_the_chunks_hold_every_token_once_in_order():
    chunks = list(texts().chunks())
    assert torch.equal(torch.cat([texts().ids[tokens] for tokens, _ in chunks]), texts().ids)
    assert [int(row.sum()) for _, mask in chunks for row in mask] == LENGTHS
    for tokens, mask in chunks:
        assert mask.sum() == tokens.stop - tokens.start
        assert all(row[: row.sum()].all() for row in mask)  # padding on the right


def test_defect_11_padding_stays_small_where_the_batch_maximum_would_waste_most():
    padded = sum(mask.numel() for _, mask in texts().chunks())
    assert len(LENGTHS) * max(LENGTHS) > 4 * sum(LENGTHS)
    assert padded < 1.2 * sum(LENGTHS)


def test_a_chunk_of_many_texts_keeps_to_its_share_of_padding():
    start = 0
    for size in chunk_sizes(LENGTHS):
        chunk = LENGTHS[start : start + size]
        assert size <= MIN_TEXTS or size * chunk[-1] - sum(chunk) <= MAX_PADDING * sum(chunk)
        start += size
    assert start == len(LENGTHS)


def test_no_texts_no_chunks():
    nothing = torch.empty(0, dtype=torch.int64)
    assert list(Texts(nothing, nothing).chunks()) == []
