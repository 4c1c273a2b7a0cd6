"""Permutation tests and Holm's correction, against SciPy and cases worked by hand."""

import numpy as np
import pytest
from scipy import stats

from bali import significance
from bali.intervals import mean_interval
from bali.significance import holm, permutation_test, rank_permutation_test


def test_three_gains_in_three_units_by_hand():
    # of 8 sign patterns only +++ and --- are as extreme
    assert permutation_test(np.ones(3), np.zeros(3), 1000, seed=1) == 2 / 8
    # two units of two and one item: sums 2, 1; +-2 +-1 gives |3|, |1|, |1|, |3|
    units = ["a", "a", "b"]
    assert permutation_test(np.ones(3), np.zeros(3), 1000, seed=1, units=units) == 2 / 4


def test_no_difference_is_no_evidence():
    same = np.array([0.0, 1.0, 0.5])
    assert permutation_test(same, same, 1000, seed=1) == 1.0


@pytest.mark.parametrize("items", [8, 60])  # all patterns; drawn ones
def test_p_value_is_that_of_scipy(items):
    rng = np.random.default_rng(5)
    right = rng.uniform(size=items)
    left = right + rng.normal(0.06, 0.2, size=items)
    expected = stats.permutation_test(
        (left, right),
        lambda a, b, axis: np.mean(a, axis=axis) - np.mean(b, axis=axis),
        permutation_type="samples",
        vectorized=True,
        n_resamples=20_000,
        rng=np.random.default_rng(6),
    ).pvalue
    found = permutation_test(left, right, 20_000, seed=3)
    assert found == pytest.approx(expected, abs=1e-12 if items == 8 else 0.012)


def test_swapping_whole_documents_is_the_test_over_their_sums():
    rng = np.random.default_rng(7)
    units = [f"d{i // 5}" for i in range(50)]
    left, right = rng.uniform(0, 1.1, size=50), rng.uniform(size=50)
    sums = [np.sum((left - right)[i : i + 5]) for i in range(0, 50, 5)]
    expected = stats.permutation_test(
        (np.array(sums), np.zeros(10)),
        lambda a, b, axis: np.mean(a, axis=axis) - np.mean(b, axis=axis),
        permutation_type="samples",
        vectorized=True,
        n_resamples=10_000,
    ).pvalue
    assert permutation_test(left, right, 10_000, seed=1, units=units) == pytest.approx(expected)


def test_rank_correlations_swap_ranks():
    rng = np.random.default_rng(8)
    truth = rng.normal(size=9)
    left, right = truth + rng.normal(0, 0.3, size=9), rng.normal(size=9)
    ranks = np.stack([stats.rankdata(left), stats.rankdata(right)])
    observed = None
    extreme = []
    for pattern in range(2**9):
        swap = np.array([pattern >> i & 1 for i in range(9)], bool)
        one, other = np.where(swap, ranks[::-1], ranks)
        statistic = stats.spearmanr(one, truth)[0] - stats.spearmanr(other, truth)[0]
        observed = statistic if observed is None else observed
        extreme.append(abs(statistic) >= abs(observed) - 1e-9)
    found = rank_permutation_test(truth, left, right, 1000, seed=1)
    assert found == pytest.approx(np.mean(extreme))


def test_chunks_change_no_p_value(monkeypatch):
    rng = np.random.default_rng(9)
    left, right = rng.uniform(size=30), rng.uniform(size=30)
    whole = permutation_test(left, right, 500, seed=2)
    monkeypatch.setattr(significance, "SIGNS_HELD", 30 * 7)
    assert permutation_test(left, right, 500, seed=2) == whole


def test_holm_by_hand():
    # sorted .005 .01 .03 .04 times 4 3 2 1: .02 .03 .06 .04, the last raised to .06
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.6, 0.7]) == [1.0, 1.0]
    assert holm([]) == []


def test_intervals_draw_whole_documents():
    # two documents, all right and all wrong: the mean of a resample is 0, 1/2 or 1
    values, units = np.array([1.0] * 50 + [0.0] * 50), ["a"] * 50 + ["b"] * 50
    assert mean_interval(values, 400, 1, units) == (0.5, 0.0, 1.0)
    _, low, high = mean_interval(values, 400, 1)
    assert 0.38 < low < 0.45 and 0.55 < high < 0.62


def test_documents_of_different_lengths_weigh_by_their_mentions():
    # resamples of (a, b): aa 1, ab and ba 3/4, bb 0; quantiles of a four-point distribution
    values, units = np.array([1.0, 1.0, 1.0, 0.0]), ["a", "a", "a", "b"]
    assert mean_interval(values, 2000, 4, units) == (0.75, 0.0, 1.0)
