"""Invented training input at real proportions: a random 4x256 BERT, sentences, names, subgraphs.

Lengths in tokens follow log-normal laws, sentences around 34 (10 to 128) and names around 8 (3 to
32), special tokens included; 1 to 3 mentions a sentence; concepts by Zipf's law over 20,000, so
that some return within a step; 3 neighbours a concept, drawn by the same law.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from transformers import BertConfig, BertModel

from bali.storage import from_columns, write_ipc, write_table
from bali.train.sentences import Vocabulary

NODES, NEIGHBOURS, VOCABULARY = 20_000, 3, 30_522
CLS, SEP, MASK, FIRST = 101, 102, 103, 1_000  # ids of BERT's vocabulary; FIRST: ordinary words
VOCAB = Vocabulary(np.array([0, 100, CLS, SEP, MASK]), MASK, VOCABULARY)
SETTINGS = yaml.safe_load((Path(__file__).parents[1] / "config.yaml").read_text())["train"] | {
    "encoder": "gat",
    "layers": 3,
    "heads": 2,
    "residual": False,
    "w_mlm": 1.0,
    "w_align": 1.0,
    "batch_size": 32,
    "precision": "fp32",
    "lr_lm": 1e-5,
    "lr_rest": 1e-4,
}


def paths(folder: Path) -> argparse.Namespace:
    """Where the input stands, by the names of the flags of `bali train run`."""
    return argparse.Namespace(
        lm=folder / "lm",
        pairs=folder / "train.arrow",
        validation=folder / "validation.arrow",
        names=folder / "node_names.arrow",
        subgraphs=folder / "subgraphs.parquet",
    )


def settings_json(**changes: Any) -> str:
    """The settings as `bali train run` takes them."""
    return json.dumps(SETTINGS | changes)


def write_input(folder: Path, sentences: int, hidden: int = 256, layers: int = 4) -> None:
    """Write everything but a tokeniser; the bytes depend on the arguments alone."""
    draw = np.random.default_rng(29)
    place = paths(folder)
    config = BertConfig(
        vocab_size=VOCABULARY,
        hidden_size=hidden,
        num_hidden_layers=layers,
        num_attention_heads=hidden // 64,
        intermediate_size=4 * hidden,
    )
    BertModel(config, add_pooling_layer=False).save_pretrained(place.lm)
    nodes = np.repeat(np.arange(NODES), 2)
    ids = [text(draw, 8, 0.45, 3, 32) for _ in nodes]
    rows = {"node": nodes.tolist(), "name": [str(n) for n in range(len(ids))], "input_ids": ids}
    write_ipc("node_names", [from_columns("node_names", rows)], place.names)
    centre = np.arange(NODES)
    near = [np.unique(zipf(draw, NEIGHBOURS * 2))[:NEIGHBOURS] for _ in centre]
    star = [[c, *(n for n in several.tolist() if n != c)] for c, several in enumerate(near)]
    columns = {
        "sample": [0] * NODES,
        "centre": centre.tolist(),
        "node": star,
        "source": [list(range(1, len(s))) for s in star],
        "target": [[0] * (len(s) - 1) for s in star],
        "relation": [[0] * (len(s) - 1) for s in star],
    }
    write_table("subgraphs", from_columns("subgraphs", columns), place.subgraphs)
    for path, number in ((place.pairs, sentences), (place.validation, 64)):
        write_ipc("pairs", [from_columns("pairs", mentions(draw, number))], path)


def mentions(draw: np.random.Generator, number: int) -> dict[str, list[Any]]:
    """Columns of the table of pairs."""
    names = ("pmid", "version", "sentence", "input_ids", "token", "owner", "concept")
    columns: dict[str, list[Any]] = {name: [] for name in names}
    for row in range(number):
        ids = text(draw, 34, 0.45, 10, 128)
        count = int(draw.integers(1, 4))
        starts = np.sort(draw.choice(np.arange(1, len(ids) - 3), count, replace=False))
        token = [int(t) for start in starts for t in (start, start + 1)]
        values = (row, 1, 0, ids, token, np.repeat(np.arange(count), 2).tolist())
        for column, value in zip(columns.values(), values, strict=False):
            column.append(value)
        columns["concept"].append(zipf(draw, count).tolist())
    return columns


def text(draw: np.random.Generator, median: int, spread: float, least: int, most: int) -> list[int]:
    """Token ids of a text of random length."""
    length = int(np.clip(draw.lognormal(np.log(median), spread), least, most))
    return [CLS, *draw.integers(FIRST, VOCABULARY, length - 2).tolist(), SEP]


def zipf(draw: np.random.Generator, number: int) -> np.ndarray:
    """Nodes with probability about 1 / rank."""
    return np.minimum(NODES ** draw.random(number), NODES - 1).astype(np.int64)
