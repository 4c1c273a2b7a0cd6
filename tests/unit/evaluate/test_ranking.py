"""Expected credit for ties, worked by hand and against enumeration of all orders."""

from itertools import permutations

import numpy as np
import pytest

from bali.evaluate.ranking import Dictionary, expected_credit, place
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


def credit(scores, gold, k):
    better, tied = place(np.array([scores], dtype=np.float32), np.array([gold]))
    return expected_credit(better, tied, k).item()


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


def test_credit_is_the_share_of_orders_that_place_the_gold_concept_among_the_first_k():
    scores = [0.7, 0.3, 0.7, 0.3, 0.3, 0.1]
    for gold in range(6):
        for k in (1, 2, 3, 5):
            orders = list(permutations(range(6)))
            hits = sum(
                gold in sorted(order, key=lambda concept: -scores[concept])[:k]  # stable sort
                for order in orders
            )
            assert credit(scores, gold, k) == pytest.approx(hits / len(orders))


def test_a_concept_scores_as_its_most_similar_name():
    table = names(("C0000001", "a"), ("C0000001", "b"), ("C0000002", "c"), ("C0000003", "d"))
    dictionary = Dictionary.from_names(table)
    similarity = np.array([[0.1, 0.8, 0.3, -0.5]], dtype=np.float32)
    assert dictionary.cuis == ["C0000001", "C0000002", "C0000003"]
    assert dictionary.best(similarity).tolist() == np.array([[0.8, 0.3, -0.5]], "f4").tolist()


def test_concepts_that_share_a_name_share_its_one_score():
    table = names(("C0000001", "cold"), ("C0000002", "cold"), ("C0000002", "chill"))
    dictionary = Dictionary.from_names(table)
    assert dictionary.strings == ["cold", "chill"]
    assert dictionary.best(np.array([[0.6, 0.2]], dtype=np.float32)).tolist() == (
        np.array([[0.6, 0.6]], "f4").tolist()
    )
