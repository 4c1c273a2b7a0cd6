"""The folder that a run leaves: AutoModel and SentenceTransformer load it without code of ours.

config.json, model.safetensors, tokeniser files     the bare encoder, for transformers
modules.json, 1_Pooling/, sentence_bert_config.json  the pooling that names were trained with
graph_encoder.json, graph_encoder.safetensors        beside it; not needed for inference
"""

from __future__ import annotations

import shutil
from importlib.metadata import version
from pathlib import Path
from typing import Any

from safetensors.torch import save_file
from torch import nn
from transformers import PreTrainedModel

from bali.files import read_json, write_json
from bali.model.tokenizer import TOKENIZER_FILES

TRANSFORMER = "sentence_bert_config.json"
TOKENS = "token_embeddings"  # what sentence-transformers calls the vectors that are pooled


def read_hidden_layer(folder: Path) -> int:
    """The layer that `export_sentence_transformer` wrote; -1 for other folders.

    Raises:
        InputError: the file is no JSON.
    """
    if not (folder / TRANSFORMER).is_file():
        return -1
    text = read_json(folder / TRANSFORMER).get("modality_config", {}).get("text", {})
    match text.get("method_output_name"):
        case ["hidden_states", int(layer)]:
            return layer
        case _:
            return -1


def read_pooling(folder: Path) -> str | None:
    """The pooling of names that a folder of sentence-transformers states; None where it does not.

    Raises:
        InputError: the file is no JSON.
    """
    path = folder / "1_Pooling" / "config.json"
    if not path.is_file():
        return None
    stated = read_json(path)
    modes = {"cls": "pooling_mode_cls_token", "mean": "pooling_mode_mean_tokens"}
    return next((pooling for pooling, key in modes.items() if stated.get(key)), None)


def export_lm(lm: PreTrainedModel, base: Path, folder: Path) -> None:
    """Write config, weights and tokeniser.

    Args:
        lm: the trained bare encoder; its pooler goes along if the base had one.
        base: the base model's folder, whose tokeniser files are copied as they are.
        folder: an existing folder.
    """
    lm.save_pretrained(folder)
    for name in TOKENIZER_FILES:
        if (base / name).is_file():
            shutil.copyfile(base / name, folder / name)


def export_sentence_transformer(
    folder: Path, *, dim: int, name_pooling: str, max_tokens: int, hidden_layer: int = -1
) -> None:
    """Write what sentence-transformers reads: the trained pooling, and no normalisation after it.

    An older sentence-transformers that knows no `modality_config` pools the last layer,
    whatever `hidden_layer`.

    Args:
        folder: where `export_lm` wrote.
        dim: width of the vectors.
        name_pooling: "mean" or "cls".
        max_tokens: longest text, in tokens with special ones.
        hidden_layer: whose vectors names were pooled from, as transformers counts; -1: the last.
    """
    prefix = "sentence_transformers.models"
    modules = [
        {"idx": 0, "name": "0", "path": "", "type": f"{prefix}.Transformer"},
        {"idx": 1, "name": "1", "path": "1_Pooling", "type": f"{prefix}.Pooling"},
    ]
    pooling = {
        "word_embedding_dimension": dim,
        "pooling_mode_cls_token": name_pooling == "cls",
        "pooling_mode_mean_tokens": name_pooling == "mean",
        "pooling_mode_max_tokens": False,
        "pooling_mode_mean_sqrt_len_tokens": False,
    }
    versions = {
        "sentence_transformers": version("sentence-transformers"),
        "transformers": version("transformers"),
        "pytorch": version("torch"),
    }
    write_json(folder / "modules.json", modules)
    write_json(folder / "1_Pooling" / "config.json", pooling)
    transformer: dict[str, Any] = {"max_seq_length": max_tokens, "do_lower_case": False}
    if hidden_layer != -1:
        output = {"method": "forward", "method_output_name": ["hidden_states", hidden_layer]}
        transformer |= {"modality_config": {"text": output}, "module_output_name": TOKENS}
    write_json(folder / TRANSFORMER, transformer)
    write_json(
        folder / "config_sentence_transformers.json",
        {"__version__": versions, "similarity_fn_name": "cosine"},
    )


def export_graph_encoder(encoder: nn.Module, settings: dict[str, Any], folder: Path) -> None:
    """Write the graph encoder's weights, if it has any, and the settings to build it again."""
    write_json(folder / "graph_encoder.json", settings)
    # parameters, not the state dict: that holds GATv2's shared weights twice
    weights = {name: tensor.detach().contiguous() for name, tensor in encoder.named_parameters()}
    if weights:
        save_file(weights, folder / "graph_encoder.safetensors")
