"""Names encoded in bf16 lie where those of fp32 do, and come back as float32."""

import numpy as np

from bali.evaluate.context import encode_mentions
from bali.model.encoder import TextEncoder
from support import write_random_bert

NAMES = ["fever", "skin rash", "myotonic dystrophy of the hand", "cough"]


def test_bf16_is_near_fp32(tmp_path):
    folder = write_random_bert(tmp_path / "lm", NAMES)
    exact, near = (
        TextEncoder.load(folder, "mean", precision=precision).encode(NAMES, 2, 32)
        for precision in ("fp32", "bf16")
    )
    assert near.dtype == np.float32
    cosine = (exact * near).sum(1) / np.linalg.norm(exact, axis=1) / np.linalg.norm(near, axis=1)
    assert (cosine > 0.999).all()
    assert not np.array_equal(exact, near)


def test_mentions_in_sentences_too(tmp_path):
    folder = write_random_bert(tmp_path / "lm", NAMES)
    spans = [("cough and skin rash", 10, 19), ("fever", 0, 5)]
    exact, near = (
        encode_mentions(TextEncoder.load(folder, "mean", precision=precision), spans, 2, 32)
        for precision in ("fp32", "bf16")
    )
    assert near.dtype == np.float32
    np.testing.assert_allclose(near, exact, atol=0.05)
    assert not np.array_equal(exact, near)
