"""The control of shuffled edges: other neighbours, the same degrees, a function of the seed."""

import numpy as np
import pytest
from tiny_training import WORDS, TinyInputs

from bali.train.subgraphs import Subgraphs, shuffled


@pytest.mark.parametrize("seed", [0, 1, 29])
def test_everyone_has_anothers_neighbours_and_as_many_as_before(seed: int):
    degree = np.array([3, 0, 3, 1, 1, 3, 7, 0, 3, 1] * 20)
    partner = shuffled(degree, seed)
    assert sorted(partner) == list(range(200))
    assert (partner != np.arange(200)).all()
    # four degrees, so four concepts have the next one's
    assert (degree[partner] != degree).sum() == 4


def test_it_is_a_function_of_the_seed():
    degree = np.zeros(50, np.int64)
    assert np.array_equal(shuffled(degree, 3), shuffled(degree, 3))
    assert not np.array_equal(shuffled(degree, 3), shuffled(degree, 4))


def test_there_may_be_one_concept_or_none():
    assert shuffled(np.array([2]), 0).tolist() == [0]
    assert shuffled(np.array([], np.int64), 0).tolist() == []


def test_a_concept_keeps_its_place_as_the_centre_of_anothers_neighbourhood(tiny: TinyInputs):
    plain, other = Subgraphs(tiny.subgraphs), Subgraphs(tiny.subgraphs, shuffle=5)
    concepts = np.arange(len(WORDS))
    centres = []
    for concept in concepts:
        node, *graph = other.draw(concepts[concept : concept + 1], 0)
        assert node[0] == concept
        # every sample of every concept, to find whose this one is
        samples = [plain.draw(np.array([c]), key) for c in concepts for key in range(12)]
        same = {
            int(candidate[0][0])
            for candidate in samples
            if candidate[0][1:].tolist() == node[1:].tolist()
            and all(np.array_equal(a, b) for a, b in zip(graph, candidate[1:], strict=True))
        }
        (centre,) = same
        assert centre != concept
        centres.append(centre)
    assert sorted(centres) == concepts.tolist()


def test_every_sample_of_a_concept_is_of_the_same_other_one(tiny: TinyInputs):
    other = Subgraphs(tiny.subgraphs, shuffle=5)
    drawn = {tuple(other.draw(np.array([3]), key)[0][1:]) for key in range(40)}
    # a ring: one sample goes to the right of the partner, one to its left and further
    (right,) = (nodes for nodes in drawn if len(nodes) == 1)
    (left,) = (nodes for nodes in drawn if len(nodes) == 2)
    assert (right[0] - left[0]) % len(WORDS) == 2
