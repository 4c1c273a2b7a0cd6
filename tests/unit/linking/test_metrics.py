"""The figures, worked by hand."""

import pytest

from bali.linking.metrics import Gold, MentionScore, Predicted, RankScore, Rates

A, B, C = "C0000001", "C0000002", "C0000003"
GOLD = [
    Gold(0, 4, frozenset({A, B})),
    Gold(10, 14, frozenset({C})),
    Gold(20, 24, frozenset({A, B})),
    Gold(30, 34, frozenset()),
]


def figures(rates: Rates) -> tuple[int, int, int, int]:
    return rates.predicted_hits, rates.predicted, rates.gold_hits, rates.gold


def test_one_document():
    score = MentionScore()
    score.add(
        [
            Predicted(0, 4, B),  # strict
            Predicted(11, 13, C),  # overlaps only
            Predicted(12, 14, A),  # overlaps the gold of another concept
            Predicted(20, 24, C),  # the right span, a concept of another mention
            Predicted(33, 40, A),  # left out
            Predicted(34, 36, A),  # touches, does not overlap: a false positive
        ],
        GOLD,
    )
    assert score.left_out == 1
    assert figures(score.strict) == (1, 5, 1, 3)
    assert figures(score.overlapping) == (2, 5, 2, 3)
    # predicted A, B, C are all named by the document; both groups {A, B} and {C} are met
    assert figures(score.document) == (3, 3, 2, 2)


def test_documents_are_summed_not_averaged():
    score = MentionScore()
    score.add([Predicted(0, 4, A)], GOLD[:1])
    score.add([Predicted(0, 1, A)], [])
    score.add([], GOLD[1:2])
    assert figures(score.strict) == (1, 2, 1, 2)
    assert (score.strict.precision, score.strict.recall, score.strict.f1) == (0.5, 0.5, 0.5)
    assert figures(score.document) == (1, 2, 1, 2)


def test_f1_is_the_harmonic_mean_and_nothing_is_zero():
    assert Rates(4, 1, 2, 1).f1 == pytest.approx(1 / 3)
    assert (Rates().precision, Rates().recall, Rates().f1) == (0, 0, 0)
    assert MentionScore().document == Rates()


def test_gold_among_the_first_k():
    score = RankScore((1, 2))
    score.add([A, B], frozenset({B, C}))
    score.add([B, A], frozenset({B}))
    score.add([], frozenset({A}))
    score.add([A, B, C], frozenset({C}))
    assert (score.accuracy(1), score.accuracy(2)) == (0.25, 0.5)
    assert RankScore((1,)).accuracy(1) == 0
