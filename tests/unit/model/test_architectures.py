"""BERT, RoBERTa, ELECTRA and ModernBERT: MLM heads, and encoding without padding waste."""

from pathlib import Path
from typing import Any

import pytest
import torch
from random_lms import ARCHITECTURES, write_random_lm
from transformers import AutoModelForMaskedLM, AutoModelForPreTraining, PreTrainedModel

from bali.model.batch import Texts
from bali.model.lm import load_lm
from bali.model.mlm_head import FreshHead, load_mlm_head
from bali.model.tokenizer import load_tokenizer

TEXTS = [
    "brim", "calor of the arm", "mirk", "no dask or enth after surgery", "jorn kelp lumo",
    "patients with brim of the arm and calor of the arm had more fural and gomb after surgery",
]  # fmt: skip
# Others that biomedical models are published in; what they have in common with the four is tested
# on the four.
OTHERS = ("albert", "deberta-v2", "distilbert", "mpnet", "xlm-roberta")
ENCODERS = (*ARCHITECTURES, "splinter")


def packed(folder: Path) -> Texts:
    """TEXTS as a step holds them: shortest first, one after another."""
    rows = sorted(load_tokenizer(folder)(TEXTS)["input_ids"], key=len)
    return Texts(
        torch.tensor([token for row in rows for token in row]),
        torch.tensor([len(row) for row in rows]),
    )


def plain(lm: PreTrainedModel, texts: Texts, **options: Any) -> Any:
    """The whole batch at once, by token ids, padded with the model's own padding token."""
    rows = texts.ids.split(texts.lengths.tolist())
    ids = torch.nn.utils.rnn.pad_sequence(
        rows, batch_first=True, padding_value=lm.config.pad_token_id
    )
    mask = torch.arange(ids.shape[1])[None] < texts.lengths[:, None]
    return lm(input_ids=ids, attention_mask=mask.long(), **options), mask


@pytest.mark.parametrize("kind", (*ARCHITECTURES, *OTHERS))
def test_a_checkpoints_own_head_is_used(kind: str, tmp_path: Path):
    published = write_random_lm(tmp_path, kind, TEXTS, AutoModelForMaskedLM)
    lm = load_lm(tmp_path).eval()
    head, fresh = load_mlm_head(tmp_path, lm)
    assert not fresh
    texts = packed(tmp_path)
    expected, mask = plain(published, texts)
    hidden = plain(lm, texts)[0].last_hidden_state[mask]
    assert torch.allclose(head.eval()(hidden), expected.logits[mask], atol=1e-5)
    assert head.decoder.weight is lm.get_input_embeddings().weight


@pytest.mark.parametrize("kind", ENCODERS)
def test_an_encoder_without_a_head_gets_a_fresh_tied_one(kind: str, tmp_path: Path):
    write_random_lm(tmp_path, kind, TEXTS)
    lm = load_lm(tmp_path)
    head, fresh = load_mlm_head(tmp_path, lm)
    assert fresh
    assert head.decoder.weight is lm.get_input_embeddings().weight
    logits = head(torch.randn(3, 32))
    assert logits.shape == (3, lm.config.vocab_size)
    # not the encoder a second time: the tied weight and a head
    assert sum(p.numel() for p in head.parameters()) < sum(p.numel() for p in lm.parameters())
    logits.square().sum().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in head.parameters())


def test_electras_discriminator_has_no_mlm_head(tmp_path: Path):
    write_random_lm(tmp_path, "electra", TEXTS, AutoModelForPreTraining)
    _, fresh = load_mlm_head(tmp_path, load_lm(tmp_path))
    assert fresh


def test_the_head_of_an_unknown_architecture_is_berts(tmp_path: Path):
    write_random_lm(tmp_path, "splinter", TEXTS)
    head, _ = load_mlm_head(tmp_path, load_lm(tmp_path))
    assert isinstance(head, FreshHead)
    hidden = torch.randn(4, 32)
    x = hidden @ head.dense.weight.T + head.dense.bias
    x = 0.5 * x * (1 + torch.erf(x / 2**0.5))
    x = (x - x.mean(1, keepdim=True)) / (x.var(1, keepdim=True, correction=0) + 1e-5).sqrt()
    assert torch.allclose(head(hidden), x @ head.decoder.weight.T, atol=1e-5)
