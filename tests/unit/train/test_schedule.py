"""The learning rate's course, by hand."""

import math

import pytest

from bali.train.schedule import learning_rate_factor, warmup_length


@pytest.mark.parametrize(
    ("steps", "share", "most", "expected"),
    [(100, 0.1, 10_000, 10), (65_000, 0.1, 10_000, 6_500), (200_000, 0.1, 10_000, 10_000)],
)
def test_warm_up_is_a_share_of_all_steps_with_an_upper_bound(steps, share, most, expected):
    assert warmup_length(steps, share, most) == expected


def test_warm_up_is_linear_and_ends_at_the_peak():
    assert [learning_rate_factor(step, 12, 4) for step in range(5)] == [0.25, 0.5, 0.75, 1, 1]


def test_the_cosine_is_at_a_half_in_the_middle_and_near_zero_at_the_end():
    assert learning_rate_factor(8, 12, 4) == pytest.approx(0.5)
    assert learning_rate_factor(6, 12, 4) == pytest.approx((1 + math.sqrt(0.5)) / 2)
    assert learning_rate_factor(11, 12, 4) == pytest.approx(
        (1 - math.cos(math.pi / 8)) / 2, abs=0.1
    )
    assert learning_rate_factor(12, 12, 4) == pytest.approx(0)


def test_without_warm_up_the_first_step_is_at_the_peak():
    assert learning_rate_factor(0, 5, 0) == 1


def test_a_run_that_is_all_warm_up_never_leaves_it():
    assert [learning_rate_factor(step, 2, 2) for step in range(2)] == [0.5, 1]
