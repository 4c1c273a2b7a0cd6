"""Random 2-layer language models of several architectures, each with a tokeniser of its family."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import AutoConfig, AutoModel, PreTrainedModel

from support import write_random_bert

SPECIAL = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]  # in RoBERTa's order
SIZE: dict[str, Any] = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 64,
}
# Sizes of ELECTRA differ so that its embeddings are projected; ModernBERT's window is shorter than
# the longest test sentences, so that local attention is met.
OF_KIND: dict[str, dict[str, Any]] = {
    "bert": {"max_position_embeddings": 128},
    "electra": {"max_position_embeddings": 128, "embedding_size": 16},
    "splinter": {"max_position_embeddings": 128},
    "albert": {"max_position_embeddings": 128, "embedding_size": 16},
    "deberta-v2": {"max_position_embeddings": 128},
    "distilbert": {"max_position_embeddings": 128},
    "mpnet": {"max_position_embeddings": 130},
    "xlm-roberta": {"max_position_embeddings": 130},
    "roberta": {"max_position_embeddings": 130, "bos_token_id": 0, "eos_token_id": 2},
    "modernbert": {"local_attention": 4, "global_attn_every_n_layers": 2, "cls_token_id": 0,
                   "sep_token_id": 2, "bos_token_id": 0, "eos_token_id": 2},
}  # fmt: skip
ARCHITECTURES = ("bert", "roberta", "electra", "modernbert")
BYTE_LEVEL = ("roberta", "modernbert")


def write_random_lm(
    folder: Path, kind: str, texts: Iterable[str], auto: Any = AutoModel
) -> PreTrainedModel:
    """Write config, weights and tokeniser of a random model.

    Args:
        folder: where to write.
        kind: a key of OF_KIND.
        texts: the tokeniser's vocabulary comes from them.
        auto: AutoModel, or another of transformers to write with a head.
    """
    if kind in BYTE_LEVEL:
        vocabulary, pad = write_byte_level(folder, texts), SPECIAL.index("<pad>")
    else:
        write_random_bert(folder, texts)
        vocabulary, pad = json.loads((folder / "config.json").read_text())["vocab_size"], 0
        (folder / "model.safetensors").unlink()
    config = AutoConfig.for_model(
        kind, vocab_size=vocabulary, pad_token_id=pad, **SIZE, **OF_KIND[kind]
    )
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model: PreTrainedModel = auto.from_config(config).eval()
        with torch.no_grad():  # biases and norms are drawn as 0 and 1, which would hide mistakes
            for parameter in model.parameters():
                parameter.add_(0.1 * torch.randn_like(parameter))
    model.save_pretrained(folder)
    return model


def write_byte_level(folder: Path, texts: Iterable[str]) -> int:
    """Write a byte-level BPE as RoBERTa has; returns the size of its vocabulary."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=400,
        special_tokens=SPECIAL,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0))
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(folder / "tokenizer.json"))
    roles = {"bos": "<s>", "cls": "<s>", "pad": "<pad>", "eos": "</s>", "sep": "</s>",
             "unk": "<unk>", "mask": "<mask>"}  # fmt: skip
    settings: dict[str, Any] = {f"{role}_token": token for role, token in roles.items()}
    settings |= {"tokenizer_class": "PreTrainedTokenizerFast", "model_max_length": 128}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    return int(tokenizer.get_vocab_size())
