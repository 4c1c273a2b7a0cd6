"""Bootstrap intervals against the binomial distribution and against SciPy."""

import numpy as np
import pytest
from scipy import stats

from bali import intervals
from bali.intervals import mean_interval, paired_interval


def test_one_success_in_ten_has_the_quantiles_of_the_binomial():
    # the mean of a resample of ten is Binomial(10, 1/10) / 10: a discrete distribution whose
    # 2.5 % and 97.5 % points (0 and 3) are far from a jump
    values = np.array([1.0] + [0.0] * 9)
    low, high = stats.binom(10, 0.1).ppf([0.025, 0.975]) / 10
    assert mean_interval(values, 4000, seed=1) == pytest.approx((0.1, low, high))


def test_interval_agrees_with_scipy():
    values = np.random.default_rng(5).uniform(size=400)
    expected = stats.bootstrap(
        (values,), np.mean, n_resamples=5000, method="percentile", rng=np.random.default_rng(7)
    ).confidence_interval
    _, low, high = mean_interval(values, 5000, seed=3)
    assert (low, high) == pytest.approx((expected.low, expected.high), abs=0.002)


def test_paired_interval_agrees_with_scipy():
    rng = np.random.default_rng(11)
    right = rng.uniform(size=300)
    left = right + rng.normal(0.02, 0.1, size=300)
    expected = stats.bootstrap(
        (left, right),
        lambda a, b, axis: np.mean(a, axis=axis) - np.mean(b, axis=axis),
        paired=True,
        vectorized=True,
        n_resamples=5000,
        method="percentile",
        rng=np.random.default_rng(7),
    ).confidence_interval
    _, low, high = paired_interval(left, right, 5000, seed=3)
    assert (low, high) == pytest.approx((expected.low, expected.high), abs=0.002)


def test_a_constant_gain_is_certain_however_much_the_concepts_differ():
    right = np.array([0.0, 1.0, 0.0, 1.0, 0.5])
    assert paired_interval(right + 0.25, right, 500, seed=1) == pytest.approx((0.25, 0.25, 0.25))


def test_the_seed_decides_and_the_chunk_does_not(monkeypatch):
    values = np.random.default_rng(0).uniform(size=50)
    whole = mean_interval(values, 500, seed=2)
    monkeypatch.setattr(intervals, "DRAWS_HELD", 50 * 7)
    assert mean_interval(values, 500, seed=2) == whole
    assert mean_interval(values, 500, seed=3) != whole


def test_different_concepts_are_no_pair():
    with pytest.raises(ValueError, match=r"\(2,\) and \(3,\)"):
        paired_interval(np.zeros(2), np.zeros(3), 10, seed=1)
