"""The step that writes sampled neighbourhoods."""

import json
import os
import subprocess
import sys

import numpy as np
import pyarrow as pa
import pytest

from bali.__main__ import main
from bali.graph.adjacency import Csr, save_csr
from bali.graph.subgraphs import block_size, blocks_of
from bali.storage import from_columns, read_table, write_table

# 0 <- 1, 0 <- 2, 0 <- 3; 1 <- 0; 4 is alone
CSR = Csr(
    np.array([0, 3, 4, 4, 4, 4], np.int64),
    np.array([1, 2, 3, 0], np.int32),
    np.array([0, 1, 0, 2], np.int32),
)


def write_graph(folder, nodes=5):
    save_csr(CSR.indptr, [(CSR.neighbour, CSR.relation)], folder)
    names = [f"C{n:07d}" for n in range(nodes)]
    columns = {"node": range(nodes), "cui": names, "name": names, "degree": [0] * nodes}
    write_table("nodes", from_columns("nodes", columns), folder / "nodes.parquet")


def command(folder, *flags):
    files = [
        word
        for name in ("indptr", "neighbour", "relation")
        for word in (f"--{name}", str(folder / f"{name}.npy"))
    ]
    tail = ["--out", str(folder / "out.parquet"), "--counts", str(folder / "counts.json")]
    tail += ["--log", str(folder / "log")]
    head = ["graph", "subgraphs", "--nodes", str(folder / "nodes.parquet"), *files]
    return [*head, "--fan-out", "2", "1", "--samples", "3", "--seed", "29", *flags, *tail]


def test_all_samples_of_all_concepts_are_written(tmp_path):
    write_graph(tmp_path)
    assert main(command(tmp_path)) == 0
    rows = read_table("subgraphs", tmp_path / "out.parquet").to_pylist()
    assert [(row["centre"], row["sample"]) for row in rows] == [
        (centre, sample) for centre in range(5) for sample in range(3)
    ]
    assert rows[-1] == {
        **{"sample": 2, "centre": 4, "node": [4]},
        **{"source": [], "target": [], "relation": []},
    }
    assert rows[3]["node"][:2] == [1, 0]  # 1 <- 0, then one of the neighbours of 0
    assert (rows[3]["source"][0], rows[3]["target"][0], rows[3]["relation"][0]) == (1, 0, 2)
    counts = json.loads((tmp_path / "counts.json").read_text())
    assert counts["tables"]["subgraphs"] == {"read": 15, "kept": 15, "dropped": []}
    assert counts["facts"]["without_edges"] == 9  # 2, 3 and 4, three times each
    nodes = [len(row["node"]) for row in rows]
    assert counts["facts"]["nodes_max"] == max(nodes)
    assert counts["facts"]["nodes_mean"] == round(sum(nodes) / 15, 3)


@pytest.mark.parametrize(
    ("fan_out", "samples", "centres"),
    # 1 + 100 + 10,000 nodes a subgraph: 415 of them have 4M
    [
        ([3], 4, 1_024),
        ([10, 5], 1, 4_096),
        ([100, 100], 5, 83),
        ([9], 10_000, 1),
        ([2000, 2000], 1, 1),
    ],
)
def test_fewer_centres_are_sampled_at_once_where_their_subgraphs_are_large(
    fan_out, samples, centres
):
    assert block_size(fan_out, samples) == centres


def test_size_of_the_blocks_changes_no_row():
    whole, small = (
        pa.Table.from_batches(blocks_of(CSR, [2, 1], 4, 29, block)) for block in (100, 2)
    )
    assert whole.num_rows == 20
    assert whole.equals(small)


def test_with_replacement_every_node_with_neighbours_draws_its_fan_out(tmp_path):
    write_graph(tmp_path)
    assert main(command(tmp_path, "--replacement", "--fan-out", "4")) == 0
    rows = read_table("subgraphs", tmp_path / "out.parquet").to_pylist()
    assert [len(row["source"]) for row in rows[::3]] == [4, 4, 0, 0, 0]
    assert rows[3]["node"] == [1, 0] and rows[3]["relation"] == [2] * 4


def test_by_relation_a_rare_relation_is_drawn_as_often_as_a_frequent_one(tmp_path):
    # 0 has relation 0 twice and relation 1 once: a third of uniform draws, half of these
    write_graph(tmp_path)
    flags = ["--draw", "relation", "--fan-out", "1", "--samples", "2000"]
    assert main(command(tmp_path, *flags)) == 0
    rows = read_table("subgraphs", tmp_path / "out.parquet").slice(0, 2_000).to_pylist()
    drawn = sum(row["relation"] == [1] for row in rows)
    assert {row["centre"] for row in rows} == {0}
    assert 900 < drawn < 1_100  # 1,000 expected, standard deviation 22; uniform: 667


def test_hash_seed_of_python_changes_no_byte(tmp_path):
    # defect 7
    written = []
    for seed in ("0", "1"):
        folder = tmp_path / seed
        write_graph(folder)
        subprocess.run(
            [sys.executable, "-m", "bali", *command(folder)],
            env={**os.environ, "PYTHONHASHSEED": seed},
            check=True,
        )
        written.append((folder / "out.parquet").read_bytes())
    assert written[0] == written[1]


def error_line(capsys):
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("bali: error: ")
    return line


def test_a_fan_out_of_zero_is_refused(tmp_path, capsys):
    write_graph(tmp_path)
    assert main(command(tmp_path, "--fan-out", "3", "0")) == 2
    assert "graph.fan_out" in error_line(capsys)


def test_nodes_of_another_graph_are_refused(tmp_path, capsys):
    write_graph(tmp_path, nodes=6)
    assert main(command(tmp_path)) == 2
    line = error_line(capsys)
    assert "nodes.parquet" in line and "6 nodes" in line and "5 rows" in line


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("relation", None, ["no such file", "bali graph csr"]),
        ("relation", b"garbage", ["no .npy array"]),
        ("neighbour", np.zeros(4, np.int64), ["int64", "int32"]),
        ("neighbour", np.zeros(7, np.int32), ["7 edges", "4"]),
        ("indptr", np.array(["x"], object), ["no .npy array"]),
    ],
)
def test_a_broken_array_is_named(tmp_path, capsys, name, content, words):
    write_graph(tmp_path)
    path = tmp_path / f"{name}.npy"
    path.unlink()
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content is not None:
        np.save(path, content, allow_pickle=True)
    assert main(command(tmp_path)) == 2
    line = error_line(capsys)
    assert path.name in line and all(word in line for word in words), line
    assert not (tmp_path / "out.parquet").exists()
