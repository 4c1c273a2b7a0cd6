"""Packed rows: nothing is lost, little is padding (defect 11), the vectors are the plain ones."""

import numpy as np
import pytest
import torch
from tiny_training import TinyInputs
from transformers import (
    AutoModel,
    BertConfig,
    ElectraConfig,
    ModernBertConfig,
    PreTrainedConfig,
    RobertaConfig,
)

from bali.model.batch import Texts
from bali.model.encoding import encode, find_convention
from bali.model.lm import load_lm
from bali.model.packing import best_fit, one_a_row, pack

LENGTHS = np.array([3] * 40 + [32] + [4] * 30 + [5] * 20 + [9] * 3 + [12] * 25)
SIZE = {
    "vocab_size": 90,
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 48,
    "max_position_embeddings": 192,
}


def test_best_fit_by_hand():
    # 6 opens row 0; 5 opens row 1; 4 fits row 0 exactly; 3 row 1; the first 2 fills row 1
    assert best_fit([6, 5, 4, 3, 2, 2], 10) == ([0, 1, 0, 1, 1, 2], [0, 0, 6, 5, 8, 0])


@pytest.mark.parametrize("layout", [pack, one_a_row])
def test_every_token_has_a_cell_of_its_own_in_its_texts_order(layout):
    rows = layout(LENGTHS)
    tokens = int(LENGTHS.sum())
    assert torch.equal(rows.token.flatten()[rows.place], torch.arange(tokens))
    text = rows.text.flatten()[rows.place]
    assert torch.equal(text, torch.repeat_interleave(torch.from_numpy(LENGTHS)))
    expected = torch.cat([torch.arange(n) for n in LENGTHS])
    assert torch.equal(rows.position.flatten()[rows.place], expected)
    assert int((rows.text >= 0).sum()) == tokens
    first = rows.place[torch.from_numpy(np.cumsum(LENGTHS) - LENGTHS)]
    assert torch.equal(rows.place - first[text], expected)  # side by side
    length = rows.token.shape[1]
    last = first + torch.from_numpy(LENGTHS) - 1
    assert torch.equal(first // length, last // length)  # in one row


def test_defect_11_next_to_nothing_is_padding_where_the_batch_maximum_would_waste_most():
    assert len(LENGTHS) * LENGTHS.max() > 4 * LENGTHS.sum()
    assert pack(LENGTHS).token.numel() <= LENGTHS.sum() / 0.95


def test_no_texts_no_rows(tiny: TinyInputs):
    nothing = torch.empty(0, dtype=torch.int64)
    texts = Texts(nothing, nothing)
    assert (texts.cells, len(texts)) == (0, 0)


def configurations() -> list[PreTrainedConfig]:
    types = ["full_attention", "sliding_attention"]
    return [
        BertConfig(**SIZE),
        ElectraConfig(**SIZE, embedding_size=16),
        RobertaConfig(**SIZE, pad_token_id=1),
        # a window of 16 tokens, which the longest text passes by far
        ModernBertConfig(**SIZE, layer_types=types, local_attention=16, pad_token_id=0),
    ]


@pytest.mark.parametrize("config", configurations(), ids=lambda config: config.model_type)
@pytest.mark.parametrize("attention", ["sdpa", "eager"])
def test_packed_texts_have_the_vectors_of_one_text_a_row(config, attention):
    torch.manual_seed(3)
    lm = AutoModel.from_config(config, attn_implementation=attention).eval()
    convention = find_convention(lm)
    assert convention.first_position == (2 if config.model_type == "roberta" else 0)
    lengths = torch.tensor([4, 60, 7, 7, 2, 31, 5])
    ids = torch.randint(8, 90, (int(lengths.sum()),))
    texts = Texts(ids, lengths)
    assert len(texts.rows.token) < len(lengths)
    packed = encode(lm, texts, convention).split(lengths.tolist())
    for vectors, text in zip(packed, ids.split(lengths.tolist()), strict=True):
        alone = lm(input_ids=text[None], attention_mask=torch.ones(1, len(text)))
        torch.testing.assert_close(vectors, alone.last_hidden_state[0], rtol=0, atol=2e-5)


def test_a_model_without_positions_gets_one_text_a_row(
    tiny: TinyInputs, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
):
    lm = load_lm(tiny.lm).eval()
    forward = lm.forward
    monkeypatch.setattr(
        lm, "forward", lambda input_ids, attention_mask: forward(input_ids, attention_mask)
    )
    convention = find_convention(lm)
    assert convention.first_position is None
    assert "bert: this architecture cannot tell several texts in a row apart" in caplog.text
    texts = Texts(torch.tensor([2, 9, 8, 3, 2, 7, 3]), torch.tensor([4, 3]))
    alone = forward(torch.tensor([[2, 7, 3]])).last_hidden_state[0]
    torch.testing.assert_close(encode(lm, texts, convention)[4:], alone, rtol=0, atol=1e-5)


def test_dropout_is_as_it_was_after_the_trial(tiny: TinyInputs):
    lm = load_lm(tiny.lm).train()
    find_convention(lm)
    assert lm.training
