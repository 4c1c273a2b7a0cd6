"""Names encoded in bf16 lie where those of fp32 do, and come back as float32."""

import numpy as np

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
