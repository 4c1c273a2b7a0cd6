"""A step's inputs against the tables, read row by row."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import torch
from tiny_training import WORDS, TinyInputs

from bali.errors import InputError
from bali.model.masking import IGNORED
from bali.model.tokenizer import load_tokenizer
from bali.storage import (
    from_columns,
    map_ipc,
    read_table,
    write_ipc,
    write_table,
)
from bali.train.columns import Ragged
from bali.train.data import TrainingData
from bali.train.names import Names
from bali.train.sentences import Vocabulary
from bali.train.subgraphs import Subgraphs
from paths import REPOSITORY

VOCABULARY = Vocabulary(np.array([0, 1, 2, 3, 4]), 4, 80)  # of the tiny tokeniser


def load(tiny: TinyInputs, pairs: Path | None = None, **options) -> TrainingData:
    subgraphs = Subgraphs(tiny.subgraphs)
    settings = {
        "names": Names(tiny.names, subgraphs.nodes),
        "subgraphs": subgraphs,
        "use_graph": True,
        "mask_share": 0.15,
        "batch_size": 8,
        "seed": 29,
    }
    return TrainingData(pairs or tiny.train, VOCABULARY, **{**settings, **options})


def split(texts):
    """Token ids of each text."""
    return [part.tolist() for part in texts.ids.split(texts.lengths.tolist())]


def names_in(tiny: TinyInputs, texts) -> list[str]:
    return load_tokenizer(tiny.lm).batch_decode(split(texts), skip_special_tokens=True)


def test_a_ragged_column_of_many_chunks_is_read_like_a_list():
    values = [[1], [], [2, 3], [4, 5, 6], [7], []]
    kind = pa.list_(pa.int32())
    column = pa.chunked_array([pa.array(values[:2], kind), pa.array(values[2:], kind)[1:]])
    rows = Ragged(column).rows(np.array([4, 0, 3, 2, 1]))
    assert rows.tolist() == [[], [1], [7], [4, 5, 6], []]
    assert Ragged(column).all().tolist() == column.to_pylist() == [[1], [], [4, 5, 6], [7], []]


def test_an_epoch_holds_every_sentence_once_and_keeps_the_smaller_last_step(tiny: TinyInputs):
    data = load(tiny, mask_share=0.0)
    batches = list(data.epoch(1))
    assert [len(batch.sentences.lengths) for batch in batches] == [8, 8, 4]
    assert data.steps == 3
    seen = sorted(row for batch in batches for row in split(batch.sentences))
    assert seen == sorted(map_ipc("pairs", tiny.train)["input_ids"].to_pylist())


def test_epochs_come_in_different_orders_and_an_epoch_always_in_the_same(tiny: TinyInputs):
    def ids(epoch: int, seed: int = 29) -> list[list[int]]:
        batches = load(tiny, mask_share=0.0, seed=seed, batch_size=3).epoch(epoch)
        return [batch.sentences.ids.tolist() for batch in batches]

    assert ids(1) == ids(1)
    assert ids(1) != ids(2)
    assert ids(1) != ids(1, seed=30)


def test_mention_rows_are_the_concepts_of_each_sentence_with_all_their_tokens(tiny: TinyInputs):
    pairs = map_ipc("pairs", tiny.train).to_pylist()
    batch = load(tiny, mask_share=0.0).batch(np.array([5, 0, 7]), 1, 0)
    found = set()
    for token, group in zip(batch.token.tolist(), batch.group.tolist(), strict=True):
        found.add((int(batch.sentences.ids[token]), int(batch.concept[group])))
    expected = {
        (row["input_ids"][token], row["concept"][owner])
        for row in (pairs[item] for item in (5, 0, 7))
        for token, owner in zip(row["token"], row["owner"], strict=True)
    }
    assert found == expected
    assert sorted(batch.concept.tolist()) == sorted(
        c for i in (5, 0, 7) for c in pairs[i]["concept"]
    )


def test_a_concepts_mentions_in_a_sentence_are_one_row_and_overlaps_count_once(
    tiny: TinyInputs, tmp_path: Path
):
    # mentions 0 and 2 are of concept 5 and overlap in token 2; mention 1 of concept 6 lies inside
    row = {
        "pmid": [1],
        "version": [1],
        "sentence": [0],
        "input_ids": [[2, 10, 11, 12, 13, 3]],
        "token": [[1, 2, 2, 2, 4]],
        "owner": [[0, 0, 1, 2, 2]],
        "concept": [[5, 6, 5]],
    }
    write_ipc("pairs", [from_columns("pairs", row)], tmp_path / "pairs.arrow")
    batch = load(tiny, tmp_path / "pairs.arrow").batch(np.array([0]), 1, 0)
    links = list(zip(batch.token.tolist(), batch.concept[batch.group].tolist(), strict=True))
    assert sorted(links) == [(1, 5), (2, 5), (2, 6), (4, 5)]
    assert batch.concept.tolist() == [5, 6]


def test_masking_hides_tokens_and_keeps_the_truth_as_labels(tiny: TinyInputs):
    plain = load(tiny, mask_share=0.0).batch(np.arange(20), 1, 0)
    masked = load(tiny, mask_share=0.5).batch(np.arange(20), 1, 0)
    chosen = masked.labels != IGNORED
    assert chosen.any()
    assert torch.equal(
        torch.where(chosen, masked.labels, masked.sentences.ids), plain.sentences.ids
    )


def test_each_distinct_concept_has_one_subgraph_that_the_table_holds(tiny: TinyInputs):
    rows = read_table("subgraphs", tiny.subgraphs).to_pylist()
    batch = load(tiny).batch(np.arange(8), 1, 0)
    graph = batch.graph
    name = [text.split()[0] for text in names_in(tiny, graph.names)]
    node = [WORDS.index(name[member]) for member in graph.member.tolist()]
    centres = [node[position] for position in graph.centre.tolist()]
    assert centres == sorted(set(batch.concept.tolist()))
    assert [centres[row] for row in graph.row_centre.tolist()] == batch.concept.tolist()
    ends = [*graph.centre.tolist()[1:], len(node)]
    for first, end, centre in zip(graph.centre.tolist(), ends, centres, strict=True):
        inside = (graph.edge_index[0] >= first) & (graph.edge_index[0] < end)
        local = (graph.edge_index[:, inside] - first).tolist()
        relation = graph.relation[inside].tolist()
        assert [node[first:end], *local, relation] in [
            [row["node"], row["source"], row["target"], row["relation"]]
            for row in rows
            if row["centre"] == centre
        ]


def test_defect_11_each_distinct_node_is_named_once_a_step(tiny: TinyInputs):
    graph = load(tiny).batch(np.arange(8), 1, 0).graph
    nodes = [text.split()[0] for text in names_in(tiny, graph.names)]
    assert len(nodes) == len(set(nodes))
    assert len(graph.member) > len(nodes)  # several subgraphs share a node


def test_all_names_and_all_samples_are_drawn_over_the_steps(tiny: TinyInputs):
    data = load(tiny)
    graphs = [data.batch(np.array([0]), 1, step).graph for step in range(60)]
    drawn = {name for graph in graphs for name in names_in(tiny, graph.names)}
    assert {"brim", "brim of the arm"} <= drawn
    # the samples of its two concepts have one edge or two
    assert {graph.edge_index.shape[1] for graph in graphs} == {2, 3, 4}


def test_without_a_graph_only_the_concepts_themselves_are_named(tiny: TinyInputs):
    batch = load(tiny, use_graph=False).batch(np.arange(8), 1, 0)
    concepts = sorted(set(batch.concept.tolist()))
    named = [WORDS.index(text.split()[0]) for text in names_in(tiny, batch.graph.names)]
    assert sorted(named) == concepts
    assert batch.graph.edge_index.shape == (2, 0)


def test_a_concept_is_named_alike_with_and_without_the_graph(tiny: TinyInputs):
    # so that runs differ in the graph alone
    def named(use_graph: bool, step: int) -> set[str]:
        graph = load(tiny, use_graph=use_graph).batch(np.array([2, 7]), 1, step).graph
        names = names_in(tiny, graph.names)
        return {names[graph.member[position]] for position in graph.centre}

    for step in range(10):
        assert named(True, step) == named(False, step)


def test_without_alignment_there_is_no_graph(tiny: TinyInputs):
    assert load(tiny, names=None).batch(np.arange(8), 1, 0).graph is None


def test_the_order_of_the_sentences_in_a_step_changes_no_choice(tiny: TinyInputs):
    data = load(tiny)
    one, other = data.batch(np.arange(8), 1, 0), data.batch(np.arange(8)[::-1], 1, 0)
    assert sorted(split(one.sentences)) == sorted(split(other.sentences))
    assert torch.equal(one.graph.names.ids, other.graph.names.ids)
    assert torch.equal(one.graph.edge_index, other.graph.edge_index)


def test_defect_7_the_inputs_do_not_depend_on_pythonhashseed(tiny: TinyInputs):
    # a process of its own with another hash seed than this one's, which is random or 0
    script = (
        "import pathlib, sys; sys.path[:0] = ['tests', 'tests/unit/train']\n"
        "from tiny_training import inputs_in; from test_training_data import everything\n"
        f"print(everything(inputs_in(pathlib.Path({str(tiny.lm.parent)!r}))))"
    )
    seed = "2" if os.environ.get("PYTHONHASHSEED") == "1" else "1"
    other = subprocess.run(
        [sys.executable, "-c", script],
        cwd=REPOSITORY,
        env={**os.environ, "PYTHONHASHSEED": seed},
        check=True,
        capture_output=True,
        text=True,
    )
    assert other.stdout.strip() == str(everything(tiny))


def everything(tiny: TinyInputs) -> list[list[int]]:
    """All that a step holds."""
    batch = load(tiny).batch(np.arange(20), 1, 0)
    tensors = (batch.sentences.ids, batch.labels, batch.token, batch.group, batch.concept)
    graph = (batch.graph.names.ids, batch.graph.member, batch.graph.edge_index, batch.graph.centre)
    return [tensor.tolist() for tensor in (*tensors, *graph)]


def test_inputs_that_do_not_fit_together_are_refused(tiny: TinyInputs, tmp_path: Path):
    rows = map_ipc("node_names", tiny.names)
    write_ipc("node_names", [rows.slice(0, 6), rows.slice(8)], tmp_path / "names.arrow")
    with pytest.raises(InputError, match=r"names.arrow: node 3 has no name"):
        Names(tmp_path / "names.arrow", len(WORDS))
    subgraphs = read_table("subgraphs", tiny.subgraphs)
    write_table("subgraphs", subgraphs.slice(0, 7), tmp_path / "odd.parquet")
    with pytest.raises(InputError, match=r"odd.parquet: not the same number of samples"):
        Subgraphs(tmp_path / "odd.parquet")
    write_table("subgraphs", subgraphs.slice(0, 8), tmp_path / "few.parquet")
    with pytest.raises(InputError, match=r"train.arrow: concept 11 is no node of the graph"):
        load(tiny, subgraphs=Subgraphs(tmp_path / "few.parquet"))
    write_ipc("pairs", [], tmp_path / "none.arrow")
    with pytest.raises(InputError, match=r"none.arrow: no sentences"):
        load(tiny, tmp_path / "none.arrow")
