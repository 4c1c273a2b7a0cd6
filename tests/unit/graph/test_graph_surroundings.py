"""The surroundings of mentioned concepts against breadth-first search by networkx."""

import json
import random
from pathlib import Path

import networkx
import numpy as np
import pytest

from bali.__main__ import main
from bali.graph import packing
from bali.storage import from_columns, read_table, write_table

PHRASES = Path(__file__).resolve().parents[3] / "resources" / "relations.tsv"
A, B, C, D, E, F, G, H = (f"C000000{n}" for n in range(1, 9))
# a path A - B - C - D - E whose edges point both ways round, F apart from it, G - H apart
PATH = [(A, B), (C, B), (C, D), (E, D), (G, H)]


def write_mentions(path: Path, cuis: list[tuple[str, int]]) -> None:
    """Rows of mentions of (CUI, rank)."""
    count = len(cuis)
    columns = {
        **{"pmid": range(count), "version": [1] * count, "sentence": [0] * count},
        **{"start": [0] * count, "end": [3] * count, "text": ["flu"] * count},
        **{"cui": [cui for cui, _ in cuis], "score": [1.0] * count},
        **{"rank": [rank for _, rank in cuis], "method": ["exact"] * count},
    }
    write_table("mentions", from_columns("mentions", columns), path)


def build(folder, cuis, relations, shards, *flags):
    """Run the step; `relations` are (head, tail), `shards` lists of (CUI, rank)."""
    write_table(
        "concepts",
        from_columns("concepts", {"cui": cuis, "name": cuis}),
        folder / "concepts.parquet",
    )
    count = len(relations)
    columns = {
        **{"head": [head for head, _ in relations], "tail": [tail for _, tail in relations]},
        **{"rel": ["RO"] * count, "rela": ["treats"] * count, "sab": ["X"] * count},
    }
    write_table("relations", from_columns("relations", columns), folder / "relations.parquet")
    for number, rows in enumerate(shards):
        write_mentions(folder / f"{number}.parquet", rows)
    command = ["graph", "csr", "--concepts", f"{folder}/concepts.parquet"]
    command += ["--relations", f"{folder}/relations.parquet", "--phrases", str(PHRASES)]
    if shards:
        command += ["--mentions", *(f"{folder}/{number}.parquet" for number in range(len(shards)))]
    command += ["--out-dir", f"{folder}/graph", "--counts", f"{folder}/graph/csr.counts.json"]
    return main([*command, "--no-inverse", *flags, "--log", f"{folder}/log"])


def graph(folder) -> tuple[list[str], set[tuple[str, str]]]:
    """CUIs of the nodes in order, and (source, target) of the edges."""
    cui = read_table("nodes", folder / "graph/nodes.parquet")["cui"].to_pylist()
    indptr, neighbour = (np.load(folder / f"graph/{name}.npy") for name in ("indptr", "neighbour"))
    target = np.repeat(np.arange(len(cui)), np.diff(indptr))
    return cui, {(cui[s], cui[t]) for s, t in zip(neighbour, target, strict=True)}


def counts(folder):
    return json.loads((folder / "graph/csr.counts.json").read_text())["tables"]


@pytest.mark.parametrize(
    ("hops", "nodes", "edges"),
    [
        # 1, the published setting: relations of which one end is mentioned
        (1, [A, B, F], [(A, B)]),
        (2, [A, B, C, F], [(A, B), (C, B)]),
        (3, [A, B, C, D, F], [(A, B), (C, B), (C, D)]),
        (9, [A, B, C, D, E, F], [(A, B), (C, B), (C, D), (E, D)]),
    ],
)
def test_a_path_grows_by_an_edge_a_hop(tmp_path, hops, nodes, edges):
    mentions = [[(A, 0), (D, 1)], [(F, 0), (A, 0)]]
    every = [A, B, C, D, E, F, G, H]
    assert build(tmp_path, every, PATH, mentions, "--mentioned-hops", str(hops)) == 0
    assert graph(tmp_path) == (nodes, set(edges))
    account = counts(tmp_path)
    far = ["not near a mentioned concept", 8 - len(nodes)]
    assert account["nodes"] == {"read": 8, "kept": len(nodes), "dropped": [far]}
    assert account["relations"] == {
        "read": 5,
        "kept": len(edges),
        "dropped": [
            ["head or tail is no concept", 0],
            ["relation of a concept with itself", 0],
            ["not near a mentioned concept", 5 - len(edges)],
            ["same edge from another source", 0],
        ],
    }


def test_mentions_are_counted_by_what_became_of_them(tmp_path):
    mentions = [[(A, 0), (D, 1), ("C0000099", 0)], [(A, 0), ("C0000099", 1)]]
    assert build(tmp_path, [A, B], [(A, B)], mentions, "--mentioned-hops", "1") == 0
    assert counts(tmp_path)["mentions"] == {
        "read": 5,
        "kept": 2,
        "dropped": [["not the chosen candidate", 2], ["CUI is no concept", 1]],
    }


@pytest.mark.parametrize("hops", [1, 2, 3])
@pytest.mark.parametrize("seed", [0, 1])
def test_random_graphs_keep_what_breadth_first_search_reaches(tmp_path, monkeypatch, seed, hops):
    monkeypatch.setattr(packing, "PART", 5)
    draw = random.Random(seed)
    cuis = sorted(f"C{number:07d}" for number in draw.sample(range(10**7), 60))
    pairs = [tuple(draw.sample(cuis, 2)) for _ in range(70)]
    mentioned = draw.sample(cuis, 4)
    whole = networkx.Graph(pairs)
    whole.add_nodes_from(cuis)
    distance = networkx.multi_source_dijkstra_path_length(whole, set(mentioned))
    far = len(cuis)
    kept = {p for p in pairs if min(distance.get(end, far) for end in p) <= hops - 1}
    nodes = sorted({*mentioned, *(end for pair in kept for end in pair)})
    assert 0 < len(kept) < len(set(pairs))
    shards = [[(cui, 0) for cui in mentioned]]
    assert build(tmp_path, cuis, pairs, shards, "--mentioned-hops", str(hops)) == 0
    assert graph(tmp_path) == (nodes, kept)


@pytest.mark.parametrize(
    ("mentions", "flags", "words"),
    [
        ([[(A, 0)]], [], ["graph.mentioned_hops", "both or none"]),
        ([], ["--mentioned-hops", "1"], ["graph.mentioned_hops", "both or none"]),
        ([[(A, 0)]], ["--mentioned-hops", "0"], ["--mentioned-hops 0", "1 hop or more"]),
        ([[(A, 1)]], ["--mentioned-hops", "1"], ["0.parquet", "graph.mentioned_hops to null"]),
        ([[("flu", 0)]], ["--mentioned-hops", "1"], ["0.parquet", "'flu'"]),
    ],
)
def test_mistakes_end_in_one_line(tmp_path, capsys, mentions, flags, words):
    assert build(tmp_path, [A, B], [(A, B)], mentions, *flags) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("bali: error: ") and all(word in line for word in words), line
