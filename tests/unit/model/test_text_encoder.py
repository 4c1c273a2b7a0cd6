"""TextEncoder against the model called by hand, one text at a time."""

from pathlib import Path

import numpy as np
import pytest
import torch
from tiny_training import TinyInputs
from transformers import AutoModel, AutoTokenizer

from bali.errors import InputError
from bali.model import encoder as module
from bali.model.encoder import TextEncoder

TEXTS = ["brim of the arm had more brim", "calor", "", "dask of", "a clinic of the arm", "calor"]


def by_hand(folder: Path, text: str, pooling: str, max_tokens: int) -> torch.Tensor:
    ids = AutoTokenizer.from_pretrained(folder)(text)["input_ids"]
    ids = ids if len(ids) <= max_tokens else [*ids[: max_tokens - 1], ids[-1]]
    with torch.no_grad():
        hidden = AutoModel.from_pretrained(folder)(torch.tensor([ids])).last_hidden_state[0]
    return hidden.mean(dim=0) if pooling == "mean" else hidden[0]


@pytest.mark.parametrize("pooling", ["mean", "cls"])
def test_vectors_are_those_of_each_text_alone_in_the_order_given(tiny: TinyInputs, pooling: str):
    vectors = TextEncoder.load(tiny.lm, pooling).encode(TEXTS, batch_size=2, max_tokens=6)
    assert vectors.dtype == np.float32
    for vector, text in zip(vectors, TEXTS, strict=True):
        assert np.allclose(vector, by_hand(tiny.lm, text, pooling, 6), atol=1e-5)


def test_blocks_and_batches_change_nothing(tiny: TinyInputs, monkeypatch: pytest.MonkeyPatch):
    encoder = TextEncoder.load(tiny.lm, "mean")
    whole = encoder.encode(TEXTS, batch_size=64, max_tokens=32)
    monkeypatch.setattr(module, "BLOCK", 4)
    assert np.allclose(encoder.encode(TEXTS, batch_size=1, max_tokens=32), whole, atol=1e-5)


def test_no_texts_give_no_vectors(tiny: TinyInputs):
    vectors = TextEncoder.load(tiny.lm, "mean").encode([], batch_size=4, max_tokens=8)
    assert vectors.shape == (0, 32)


def test_an_unknown_pooling_is_refused(tiny: TinyInputs):
    with pytest.raises(InputError, match="pooling 'max': choose one of mean, cls"):
        TextEncoder.load(tiny.lm, "max")
