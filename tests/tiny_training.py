"""A tiny language model with training pairs, names and subgraphs over an invented ring graph."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bali.model.tokenizer import load_tokenizer
from bali.storage import from_columns, write_ipc, write_table
from support import write_random_bert

WORDS = "brim calor dask enth fural gomb hesk ilmo jorn kelp lumo mirk".split()
FRAMES = ("patients with {} had more {}", "{} was seen in the clinic", "no {} or {} after surgery")
PHRASES = ("had more", "was seen in", "with")  # of the relations

SETTINGS: dict[str, Any] = {
    "encoder": "gat",
    "layers": 2,
    "heads": 2,
    "dropout": 0.1,
    "residual": True,
    "relations": "none",
    "edges": "stated",
    "freeze_graph": False,
    "linear_tokens": 40,
    "mention_pooling": "mean",
    "name_pooling": "mean",
    "hidden_layer": -1,
    "projection": "none",
    "projection_dim": 16,
    "w_mlm": 0.5,
    "w_align": 1.0,
    "w_own_name": 0.0,
    "w_synonyms": 0.0,
    "w_hierarchy": 0.0,
    "w_soft": 0.0,
    "w_link": 0.0,
    "align_loss": "ntxent",
    "align_mean": "pairs",
    "temperature": 0.07,
    "temperature_learnt": False,
    "hard_negatives": 0,
    "synonyms_loss": "multi_similarity",
    "synonyms_mining": "none",
    "synonym_pairs": 4,
    "hierarchy_pairs": 4,
    "hierarchy_siblings": 1,
    "hierarchy_parent": 1.0,
    "mention_prior": 0.0,
    "soft_spans": 4,
    "soft_names": 2,
    "link_score": "distmult",
    "mask_share": 0.15,
    "mask_mentions": 0.0,
    "mask_names": 0.0,
    "batch_size": 8,
    "epochs": 1,
    "lr_lm": 1e-3,
    "lr_rest": 1e-3,
    "weight_decay": 0.01,
    "warmup_share": 0.1,
    "warmup_steps": 100,
    "max_grad_norm": 1.0,
    "precision": "fp32",
    "compile": False,
    "validate_every": 0,
    "probe": 10,
    "export": "last",
}


@dataclass(frozen=True)
class TinyInputs:
    """Paths of one training's inputs."""

    lm: Path
    train: Path
    validation: Path
    names: Path
    subgraphs: Path
    edge_types: Path
    hierarchy: Path
    soft_links: Path


def names_of(node: int) -> list[str]:
    """A node has a short and a long name."""
    return [WORDS[node], f"{WORDS[node]} of the arm"]


def inputs_in(folder: Path) -> TinyInputs:
    """Where the inputs stand in a folder."""
    return TinyInputs(
        folder / "lm",
        folder / "train.arrow",
        folder / "validation.arrow",
        folder / "node_names.arrow",
        folder / "subgraphs.parquet",
        folder / "edge_types.parquet",
        folder / "hierarchy.parquet",
        folder / "soft_links.arrow",
    )


def write_tiny_inputs(folder: Path, sentences: int = 20) -> TinyInputs:
    """Write everything that `bali train run` reads."""
    texts = [name for node in range(len(WORDS)) for name in names_of(node)]
    inputs = inputs_in(folder)
    write_random_bert(inputs.lm, [*texts, *FRAMES])
    tokenizer = load_tokenizer(inputs.lm)
    rows: dict[str, list[Any]] = {"node": [], "name": [], "input_ids": []}
    for node in range(len(WORDS)):
        for name in names_of(node):
            row = (node, name, tokenizer(name)["input_ids"])
            for column, value in zip(rows.values(), row, strict=True):
                column.append(value)
    write_ipc("node_names", [from_columns("node_names", rows)], inputs.names)
    write_subgraphs(inputs.subgraphs)
    write_edge_types(inputs.edge_types)
    write_hierarchy(inputs.hierarchy)
    write_soft_links(inputs.soft_links, tokenizer)
    write_sentences(inputs.train, tokenizer, sentences, first=0)
    write_sentences(inputs.validation, tokenizer, 6, first=3)
    return inputs


def write_soft_links(path: Path, tokenizer: Any) -> None:
    """A span a node; it may mean both names of the node, or the short one of the next node.

    The likeliest is the node's short name, the nearest its long one.
    """
    columns = ("span", "input_ids", "name", "logit", "nearest")
    rows: dict[str, list[Any]] = {name: [] for name in columns}
    for node in range(len(WORDS)):
        span, following = f"{WORDS[node]} arm", (node + 1) % len(WORDS)
        names, logits = [2 * node, 2 * node + 1, 2 * following], [3.0, 2.5, 1.0 + node / 8]
        row = (span, tokenizer(span)["input_ids"], names, logits, 1)
        for column, value in zip(rows.values(), row, strict=True):
            column.append(value)
    write_ipc("soft_links", [from_columns("soft_links", rows)], path)


def write_subgraphs(path: Path) -> None:
    """Two samples a node: one hop to the right, and one hop to the left and on to the next.

    Relation 0 points to the right, 1 and 2 to the left.
    """
    count = len(WORDS)
    rows: dict[str, list[Any]] = {
        name: [] for name in ("sample", "centre", "node", "source", "target", "relation")
    }
    for node in range(count):
        left, next_left = (node - 1) % count, (node - 2) % count
        right = (0, node, [node, (node + 1) % count], [1], [0], [0])
        for row in (right, (1, node, [node, left, next_left], [1, 2], [0, 1], [1, 2])):
            for column, value in zip(rows.values(), row, strict=True):
                column.append(value)
    write_table("subgraphs", from_columns("subgraphs", rows), path)


def write_edge_types(path: Path) -> None:
    """The relations of the subgraphs."""
    rows: dict[str, list[Any]] = {
        "relation": list(range(len(PHRASES))),
        "rel": ["RO"] * len(PHRASES),
        "rela": [phrase.replace(" ", "_") for phrase in PHRASES],
        "added": [False] * len(PHRASES),
        "phrase": list(PHRASES),
    }
    write_table("edge_types", from_columns("edge_types", rows), path)


def write_hierarchy(path: Path) -> None:
    """A binary tree: 0 stands above 1 and 2, 1 above 3 and 4, and so on."""
    children = list(range(1, len(WORDS)))
    rows = {"child": children, "parent": [(child - 1) // 2 for child in children]}
    write_table("hierarchy", from_columns("hierarchy", rows), path)


def write_sentences(path: Path, tokenizer: Any, number: int, first: int) -> None:
    """Sentence i mentions the nodes i, i + 1, ... in the gaps of its frame."""
    rows: dict[str, list[Any]] = {
        name: []
        for name in ("pmid", "version", "sentence", "input_ids", "token", "owner", "concept")
    }
    for item in range(first, first + number):
        frame = FRAMES[item % len(FRAMES)]
        concept = [(item + gap) % len(WORDS) for gap in range(frame.count("{}"))]
        words = frame.format(*(WORDS[node] for node in concept))
        ids = tokenizer(words)["input_ids"]
        pieces = tokenizer.convert_ids_to_tokens(ids)
        token = [pieces.index(WORDS[node]) for node in concept]
        row = (item, 1, 0, ids, token, list(range(len(concept))), concept)
        for column, value in zip(rows.values(), row, strict=True):
            column.append(value)
    write_ipc("pairs", [from_columns("pairs", rows)], path)
