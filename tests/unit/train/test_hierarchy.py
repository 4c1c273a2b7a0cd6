"""What the objective hierarchy needs of a step, over a binary tree of twelve nodes."""

import json
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import torch
from test_train_run import load_data_of, train
from test_training_data import load, names_in
from tiny_training import SETTINGS, WORDS, TinyInputs

from bali.errors import InputError
from bali.files import read_json
from bali.model.batch import HierarchyInput
from bali.model.encoder import TextEncoder
from bali.model.tokenizer import load_tokenizer
from bali.model.views import Views
from bali.storage import from_columns, map_ipc, write_ipc, write_table
from bali.train.build import build_aligner
from bali.train.hierarchy import Hierarchy
from bali.train.names import Names
from bali.train.settings import Settings

PARENT = {child: (child - 1) // 2 for child in range(1, 12)}


def above(node: int) -> set[int]:
    return set() if node == 0 else {PARENT[node], *above(PARENT[node])}


def related(one: int, other: int) -> bool:
    return one == other or one in above(other) or other in above(one)


def hierarchy(tiny: TinyInputs, pairs: int, siblings: int, shuffle: int | None = None) -> Hierarchy:
    return Hierarchy(tiny.hierarchy, Names(tiny.names, len(WORDS)), pairs, siblings, shuffle)


class Drawn(NamedTuple):
    """A step's nodes, by the first word of their names."""

    concepts: list[int]
    parents: list[int]  # of each concept
    candidates: list[int]


def nodes_of(tiny: TinyInputs, drawn: HierarchyInput) -> Drawn:
    names = names_in(tiny, drawn.names)
    nodes = [WORDS.index(name.split()[0]) for name in names]
    concepts, candidates = drawn.unrelated.shape
    assert len(nodes) == concepts + candidates
    assert nodes[:concepts] == nodes[concepts : 2 * concepts]
    assert not any(
        one == other for one, other in zip(names[:concepts], names[concepts:], strict=False)
    )
    candidate = nodes[concepts:]
    return Drawn(nodes[:concepts], [candidate[i] for i in drawn.parent], candidate)


@pytest.mark.parametrize(("siblings", "families"), [(0, 6), (1, 3), (2, 2)])
def test_families_with_their_parent_and_none_related_is_negative(
    tiny: TinyInputs, siblings: int, families: int
):
    drawer = hierarchy(tiny, 6, siblings)
    most = 0
    for step in range(60):
        drawn = drawer.draw(29, 1, step)
        concepts, parents, candidates = nodes_of(tiny, drawn)
        assert concepts == sorted(set(concepts))
        assert parents == [PARENT[node] for node in concepts]
        assert len(set(parents)) <= families
        children = [[n for n, p in PARENT.items() if p == parent] for parent in parents]
        # as many of a family's children as there are, up to the siblings' number; none alone
        for parent, of_parent in zip(parents, children, strict=True):
            assert parents.count(parent) == min(1 + siblings, len(of_parent))
            assert len(of_parent) > 1 or not siblings
        assert len(concepts) <= families * (1 + siblings)
        most = max(most, len(concepts))
        # the parents that are no concepts of the step themselves, each once
        assert candidates == concepts + sorted(set(parents) - set(concepts))
        expected = [[not related(c, d) for d in candidates] for c in concepts]
        assert drawn.unrelated.tolist() == expected
        assert drawn.other.tolist() == [[c != d for d in candidates] for c in concepts]
    # a family of this tree has at most two children
    assert most >= (families - 1) * min(1 + siblings, 2)


def test_siblings_come_with_their_family(tiny: TinyInputs):
    steps = [nodes_of(tiny, hierarchy(tiny, 2, 1).draw(29, 1, step)) for step in range(40)]
    # one family a step: the two children of a parent; node 11 has no sibling
    assert all(len(step.concepts) == 2 and len(set(step.parents)) == 1 for step in steps)
    assert {node for step in steps for node in step.concepts} == set(PARENT) - {11}


def test_they_are_drawn_by_seed_epoch_and_step_over_all_concepts_and_names(tiny: TinyInputs):
    draw = hierarchy(tiny, 4, 1).draw
    assert torch.equal(draw(29, 1, 0).names.ids, draw(29, 1, 0).names.ids)
    keys = ((29, 1, 0), (29, 1, 1), (29, 2, 0), (30, 1, 0))
    assert len({str(draw(*key).names.ids) for key in keys}) == 4
    steps = [draw(29, 1, step) for step in range(60)]
    assert {n for step in steps for n in nodes_of(tiny, step).concepts} == set(PARENT) - {11}
    assert {name.count(" ") for step in steps for name in names_in(tiny, step.names)} == {0, 3}


def test_candidates_bring_how_often_the_text_mentions_them(tiny: TinyInputs):
    documents: dict[int, set[tuple[int, int]]] = {}
    for row in map_ipc("pairs", tiny.train).to_pylist():
        for node in row["concept"]:
            documents.setdefault(node, set()).add((row["pmid"], row["version"]))
    assert len({len(found) for found in documents.values()}) > 1
    for weight in (0.0, 0.5):
        changes = {"w_hierarchy": 1.0, "mention_prior": weight}
        data = load_data_of(tiny, Settings.from_json(json.dumps({**SETTINGS, **changes})))
        drawn = data.at(0).hierarchy
        candidates = nodes_of(tiny, drawn).candidates
        expected = [weight * np.log(1 + len(documents.get(node, ()))) for node in candidates]
        assert drawn.prior.tolist() == pytest.approx(expected)


def test_cycles_end_and_what_stands_on_one_is_related(tiny: TinyInputs, tmp_path: Path):
    path = tmp_path / "hierarchy.parquet"
    rows = {"child": [0, 1, 2, 3], "parent": [1, 2, 0, 4]}
    write_table("hierarchy", from_columns("hierarchy", rows), path)
    drawn = Hierarchy(path, Names(tiny.names, len(WORDS)), 40, 0).draw(1, 1, 1)
    assert nodes_of(tiny, drawn) == ([0, 1, 2, 3], [1, 2, 0, 4], [0, 1, 2, 3, 4])
    on_the_cycle = [False, False, False, True, True]
    assert drawn.unrelated.tolist() == [on_the_cycle] * 3 + [[True, True, True, False, False]]


def test_shuffled_parents_go_to_children_of_as_many(tiny: TinyInputs):
    true, wrong = (hierarchy(tiny, 200, 0, shuffle) for shuffle in (None, 7))
    pairs: list[dict[int, int]] = [{}, {}]
    for found, drawer in zip(pairs, (true, wrong), strict=True):
        for step in range(40):
            found.update(zip(*nodes_of(tiny, drawer.draw(29, 1, step))[:2], strict=True))
    assert pairs[0] == PARENT
    assert not any(PARENT[child] == parent == pairs[0][child] for child, parent in pairs[1].items())
    assert set(pairs[1]) <= set(PARENT)


def test_an_empty_hierarchy_or_one_of_another_graph_is_an_error(tiny: TinyInputs, tmp_path: Path):
    names = Names(tiny.names, len(WORDS))
    for rows, message in (
        ({"child": [], "parent": []}, "no concept has a parent, but train.w_hierarchy is above 0"),
        ({"child": [0], "parent": [12]}, "run snakemake"),
    ):
        path = tmp_path / "hierarchy.parquet"
        write_table("hierarchy", from_columns("hierarchy", rows), path)
        with pytest.raises(InputError, match=message):
            Hierarchy(path, names, 4, 1)


def test_a_concept_of_one_name_has_it_twice(tiny: TinyInputs, tmp_path: Path):
    table = map_ipc("node_names", tiny.names)
    rows = table.filter([len(name.split()) > 1 for name in table["name"].to_pylist()])
    write_ipc("node_names", [rows], tmp_path / "names.arrow")
    names = Names(tmp_path / "names.arrow", len(WORDS))
    drawn = Hierarchy(tiny.hierarchy, names, 6, 0).draw(29, 1, 0)
    texts = names_in(tiny, drawn.names)
    concepts = len(drawn.other)
    assert texts[:concepts] == texts[concepts : 2 * concepts]
    assert not drawn.other.any()  # nothing is held against a name that equals its other name
    assert drawn.unrelated.any()


def test_the_value_is_the_likelihood_of_the_order(tiny: TinyInputs):
    """Own name, parent, rest: by loops over cosines of names encoded one by one."""
    data = load(tiny, hierarchy=hierarchy(tiny, 6, 1))
    torch.manual_seed(0)
    settings = Settings.from_json(
        json.dumps({**SETTINGS, "w_hierarchy": 1.0, "hierarchy_parent": 0.5})
    )
    aligner = build_aligner(tiny.lm, settings).eval()
    batch = data.at(0)
    views = Views(batch, aligner)
    with torch.no_grad():
        value = aligner.objectives["hierarchy"](views).value.item()
        texts = names_in(tiny, batch.hierarchy.names)
        encoder = TextEncoder(aligner.lm, load_tokenizer(tiny.lm), "mean")
        x = encoder.encode(texts, 1, 32).astype(np.float64)
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    concepts, parents, candidates = nodes_of(tiny, batch.hierarchy)
    rows = len(concepts)
    scores = np.exp(x[:rows] @ x[rows:].T / settings.temperature)
    there = back = above = 0.0
    for i, (concept, parent, score) in enumerate(zip(concepts, parents, scores, strict=True)):
        others = sum(s for s, node in zip(score, candidates, strict=True) if node != concept)
        first = sum(scores[j, i] for j in range(rows) if j != i)
        far = sum(
            s for s, node in zip(score, candidates, strict=True) if not related(node, concept)
        )
        near = score[candidates.index(parent)]
        there -= np.log(score[i] / (score[i] + others))
        back -= np.log(score[i] / (score[i] + first))
        above -= np.log(near / (near + far))
    expected = ((there + back) / 2 + 0.5 * above) / rows
    assert value == pytest.approx(expected, rel=1e-4)


def test_a_run_learns_to_put_names_near_their_parents(tiny: TinyInputs, tmp_path: Path):
    changes = {"w_mlm": 0.0, "w_align": 0.0, "w_hierarchy": 1.0, "epochs": 12, "lr_lm": 3e-3}
    assert train(tiny, tmp_path, **changes) == 0
    steps = read_json(tmp_path / "history.json")["steps"]
    losses = [step["losses"]["hierarchy"] for step in steps]
    assert np.mean(losses[-6:]) < 0.7 * np.mean(losses[:6])
