"""What the objective hierarchy needs of a step, over a binary tree of twelve nodes."""

from pathlib import Path

import numpy as np
import pytest
import torch
from test_train_run import train
from test_training_data import names_in
from tiny_training import WORDS, TinyInputs

from bali.errors import InputError
from bali.files import read_json
from bali.model.batch import HierarchyInput
from bali.storage import from_columns, write_table
from bali.train.hierarchy import Hierarchy
from bali.train.names import Names

PARENT = {child: (child - 1) // 2 for child in range(1, 12)}


def above(node: int) -> set[int]:
    return set() if node == 0 else {PARENT[node], *above(PARENT[node])}


def related(one: int, other: int) -> bool:
    return one == other or one in above(other) or other in above(one)


def hierarchy(tiny: TinyInputs, pairs: int, siblings: int, shuffle: int | None = None) -> Hierarchy:
    return Hierarchy(tiny.hierarchy, Names(tiny.names, len(WORDS)), pairs, siblings, shuffle)


def nodes_of(tiny: TinyInputs, drawn: HierarchyInput) -> tuple[list[int], list[int]]:
    """Concepts and candidates, by the first word of their names."""
    nodes = [WORDS.index(name.split()[0]) for name in names_in(tiny, drawn.names)]
    concepts = len(drawn.negative)
    assert len(nodes) == sum(drawn.negative.shape)
    return nodes[:concepts], nodes[concepts:]


@pytest.mark.parametrize("siblings", [0, 1, 3])
def test_a_parent_for_each_concept_then_siblings_and_none_related_is_negative(
    tiny: TinyInputs, siblings: int
):
    drawer = hierarchy(tiny, 6, siblings)
    seen = set()
    for step in range(60):
        drawn = drawer.draw(29, 1, step)
        concepts, candidates = nodes_of(tiny, drawn)
        assert concepts == sorted(set(concepts))
        parents, others = candidates[: len(concepts)], candidates[len(concepts) :]
        assert parents == [PARENT[node] for node in concepts]
        brothers = {n for c in concepts for n, p in PARENT.items() if p == PARENT[c] and n != c}
        assert others == sorted(set(others))
        assert set(others) <= brothers
        if siblings == 3:  # of the one brother there is, three draws miss it once in eight
            seen |= set(others)
        expected = [[not related(c, d) for d in candidates] for c in concepts]
        assert drawn.negative.tolist() == expected
    if siblings == 3:
        assert seen == set(range(1, 11))  # 11 is the only child of its parent


def test_they_are_drawn_by_seed_epoch_and_step_over_all_concepts_and_names(tiny: TinyInputs):
    draw = hierarchy(tiny, 4, 1).draw
    assert torch.equal(draw(29, 1, 0).names.ids, draw(29, 1, 0).names.ids)
    keys = ((29, 1, 0), (29, 1, 1), (29, 2, 0), (30, 1, 0))
    assert len({str(draw(*key).names.ids) for key in keys}) == 4
    steps = [draw(29, 1, step) for step in range(60)]
    assert {n for step in steps for n in nodes_of(tiny, step)[0]} == set(PARENT)
    assert {name.count(" ") for step in steps for name in names_in(tiny, step.names)} == {0, 3}


def test_cycles_end_and_what_stands_on_one_is_related(tiny: TinyInputs, tmp_path: Path):
    path = tmp_path / "hierarchy.parquet"
    rows = {"child": [0, 1, 2, 3], "parent": [1, 2, 0, 4]}
    write_table("hierarchy", from_columns("hierarchy", rows), path)
    drawn = Hierarchy(path, Names(tiny.names, len(WORDS)), 40, 0).draw(1, 1, 1)
    assert nodes_of(tiny, drawn) == ([0, 1, 2, 3], [1, 2, 0, 4])
    on_the_cycle = [False, False, False, True]
    assert drawn.negative.tolist() == [on_the_cycle] * 3 + [[True, True, True, False]]


def test_shuffled_parents_go_to_children_of_as_many(tiny: TinyInputs):
    true, wrong = (hierarchy(tiny, 200, 0, shuffle) for shuffle in (None, 7))
    pairs = [
        dict(zip(*nodes_of(tiny, drawer.draw(29, 1, 0)), strict=True)) for drawer in (true, wrong)
    ]
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


def test_a_run_learns_to_put_names_near_their_parents(tiny: TinyInputs, tmp_path: Path):
    changes = {"w_mlm": 0.0, "w_align": 0.0, "w_hierarchy": 1.0, "epochs": 12, "lr_lm": 3e-3}
    assert train(tiny, tmp_path, **changes) == 0
    steps = read_json(tmp_path / "history.json")["steps"]
    losses = [step["losses"]["hierarchy"] for step in steps]
    assert np.mean(losses[-6:]) < 0.7 * np.mean(losses[:6])
