"""Expected credit for ties, worked by hand and against enumeration of all orders."""

from itertools import permutations

import numpy as np
import pytest

from bali.evaluate.ranking import Dictionary, expected_credit, expected_reciprocal, place
from bali.storage import from_columns


def names(*rows):
    cui, name = zip(*rows, strict=True)
    return from_columns(
        "names",
        {
            "cui": cui,
            "name": name,
            "sab": ["T"] * len(rows),
            "tty": ["PT"] * len(rows),
            "preferred": [False] * len(rows),
        },
    )


def places(scores, *gold):
    return place(np.array([scores], dtype=np.float32), [np.array(gold)])


def credit(scores, gold, k):
    return expected_credit(places(scores, gold), k).item()


@pytest.mark.parametrize(
    ("scores", "gold", "k", "expected"),
    [
        ([0.9, 0.5, 0.1], 0, 1, 1.0),  # alone at the top
        ([0.9, 0.5, 0.1], 1, 1, 0.0),
        ([0.9, 0.5, 0.1], 1, 2, 1.0),
        ([0.9, 0.9, 0.1], 1, 1, 1 / 2),  # one of two at the top
        ([0.9, 0.5, 0.5, 0.5], 2, 2, 1 / 3),  # one place left for three
        ([0.9, 0.5, 0.5, 0.5], 2, 3, 2 / 3),
        ([0.9, 0.5, 0.5, 0.5], 2, 5, 1.0),  # more places than concepts
        ([0.0] * 10, 7, 1, 1 / 10),  # all tied: chance, k / N
        ([0.0] * 10, 7, 5, 5 / 10),
    ],
)
def test_credit_by_hand(scores, gold, k, expected):
    assert credit(scores, gold, k) == pytest.approx(expected, abs=1e-15)


@pytest.mark.parametrize("gold", [(0,), (1,), (0, 1), (1, 3), (1, 3, 4), (2, 5), tuple(range(6))])
def test_figures_are_means_over_all_orders_of_tied_concepts(gold):
    scores = [0.7, 0.3, 0.7, 0.3, 0.3, 0.1]
    ranks = []
    for order in permutations(range(6)):
        ranked = sorted(order, key=lambda concept: -scores[concept])  # stable sort
        ranks.append(1 + min(ranked.index(concept) for concept in gold))
    found = places(scores, *gold)
    for k in (1, 2, 3, 5):
        share = np.mean([rank <= k for rank in ranks])
        assert expected_credit(found, k).item() == pytest.approx(share)
    reciprocal = np.mean([1 / rank for rank in ranks])
    assert expected_reciprocal(found).item() == pytest.approx(reciprocal)


def test_a_model_of_random_scores_is_at_chance():
    rng = np.random.default_rng(3)
    concepts, queries = 50, 20_000
    scores = rng.random((queries, concepts), dtype=np.float32)
    found = place(scores, [np.array([i % concepts]) for i in range(queries)])
    for k in (1, 5):
        expected = k / concepts
        error = 4 * np.sqrt(expected * (1 - expected) / queries)
        assert expected_credit(found, k).mean() == pytest.approx(expected, abs=error)
    chance = np.mean(1 / np.arange(1, concepts + 1))
    assert expected_reciprocal(found).mean() == pytest.approx(chance, abs=0.01)


def test_reciprocal_rank_and_credit_agree_with_scikit_learn():
    from sklearn.metrics import label_ranking_average_precision_score, top_k_accuracy_score

    rng = np.random.default_rng(4)
    scores = rng.random((200, 30), dtype=np.float32)  # without ties
    gold = rng.integers(30, size=200)
    found = place(scores, [np.array([g]) for g in gold])
    one_hot = np.eye(30)[gold]
    # of one relevant label the average precision is the reciprocal rank
    assert expected_reciprocal(found).mean() == pytest.approx(
        label_ranking_average_precision_score(one_hot, scores)
    )
    for k in (1, 5):
        assert expected_credit(found, k).mean() == pytest.approx(
            top_k_accuracy_score(gold, scores, k=k, labels=range(30))
        )


def best(dictionary, similarity):
    """Scores of all concepts, from one run of strings."""
    whole = slice(0, len(dictionary.strings))
    scores = np.full((len(similarity), len(dictionary.cuis)), -np.inf, np.float32)
    dictionary.bearers(whole).raise_best(np.array(similarity, np.float32), scores)
    return scores.tolist()


def test_a_concept_scores_as_its_most_similar_name():
    table = names(("C0000001", "a"), ("C0000001", "b"), ("C0000002", "c"), ("C0000003", "d"))
    dictionary = Dictionary.from_names(table)
    assert dictionary.cuis == ["C0000001", "C0000002", "C0000003"]
    similarity = [[0.1, 0.8, 0.3, -0.5]]
    assert best(dictionary, similarity) == np.array([[0.8, 0.3, -0.5]], "f4").tolist()


def test_concepts_that_share_a_name_share_its_one_score():
    table = names(("C0000001", "cold"), ("C0000002", "cold"), ("C0000002", "chill"))
    dictionary = Dictionary.from_names(table)
    assert dictionary.strings == ["cold", "chill"]
    assert best(dictionary, [[0.6, 0.2]]) == np.array([[0.6, 0.6]], "f4").tolist()
