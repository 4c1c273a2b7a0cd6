"""What an interval says in words, and which differences are asked for."""

import numpy as np
import pytest
from report_inputs import TRAIN

from bali.intervals import Estimate
from bali.report.results import Difference, Result, compare
from bali.report.roles import role

SETTINGS = {
    "train": TRAIN,
    "runs": {"a": {}, "b": {"encoder": "none"}, "c": {"w_align": 0.0}, "d": {"encoder": "sage"}},
}


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [
        (0.01, 0.03, "the interval lies above 0: gat is better"),
        (-0.03, -0.01, "the interval lies below 0: gat is worse"),
        (-0.01, 0.03, "the interval contains 0: no difference shown"),
        (0.0, 0.03, "the interval contains 0: no difference shown"),
        (0.0, 0.0, "the interval contains 0: no difference shown"),
    ],
)
def test_verdict_goes_by_the_interval(low, high, verdict):
    estimate = Estimate((low + high) / 2, low, high)
    assert Difference("?", "gat", "base LM", 1, estimate).verdict == verdict


def test_runs_are_compared_by_what_their_settings_make_them():
    credit = {("test", k): np.zeros(3) for k in (1, 5)}
    results = [Result(run, 1, credit, {}) for run in ("exact", "base", "a", "b", "c", "d")]
    differences = compare(results, SETTINGS, resamples=10, seed=1)
    asked = {(d.left, d.right) for d in differences}
    assert len(differences) == 2 * len(asked)
    assert asked == {
        *(("a", "b"), ("d", "b")),  # graph minus names
        *(("a", "c"), ("b", "c"), ("d", "c")),  # aligned minus MLM only
        *((run, "base LM") for run in "abcd"),
    }


def test_a_control_of_the_graph_speaks_of_the_run_that_differs_in_it_alone():
    runs = {
        "gat": {"encoder": "gat"},
        "sage": {"encoder": "sage"},
        "more layers": {"layers": 9},
        "shuffled": {"edges": "shuffled"},
        "frozen": {"freeze_graph": True},
        "frozen sage": {"freeze_graph": True, "encoder": "sage"},
    }
    credit = {("test", k): np.zeros(3) for k in (1, 5)}
    results = [Result(run, 1, credit, {}) for run in runs]
    differences = compare(results, {"train": TRAIN, "runs": runs}, resamples=10, seed=1)
    assert {(d.question, d.left, d.right) for d in differences} == {
        ("What true edges add to shuffled ones", "gat", "shuffled"),
        ("What training the graph encoder adds to a frozen one", "gat", "frozen"),
        ("What training the graph encoder adds to a frozen one", "sage", "frozen sage"),
    }


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, "graph"),
        ({"encoder": "linear-v1"}, "graph"),
        ({"encoder": "none"}, "names"),
        ({"encoder": "none", "edges": "shuffled"}, "names"),
        ({"edges": "shuffled"}, "shuffled"),
        ({"freeze_graph": True}, "frozen"),
        ({"w_align": 0.0, "w_own_name": 1.0}, "names"),
        ({"w_align": 0.0, "w_link": 1.0}, "graph"),
        ({"w_align": 0.0, "w_synonyms": 1.0}, "synonyms"),
        ({"w_align": 0.0, "w_synonyms": 1.0, "w_hierarchy": 1.0}, "graph"),
        ({"w_align": 0.0, "w_hierarchy": 1.0, "edges": "shuffled"}, "shuffled"),
        ({"w_align": 0.0, "w_link": 1.0, "edges": "shuffled"}, "shuffled"),
        ({"w_align": 0.0, "w_hierarchy": 1.0, "freeze_graph": True}, "graph"),
        ({"w_align": 0.0, "w_soft": 1.0}, "spans"),
        ({"w_align": 0.0, "w_soft": 1.0, "w_hierarchy": 1.0}, "graph"),
        ({"w_align": 0.0}, "mlm"),
    ],
)
def test_what_a_run_stands_for(changes, expected):
    assert role("run", {"train": TRAIN, "runs": {"run": changes}}) == expected


def test_what_is_no_run_stands_for_itself():
    settings = {"train": TRAIN, "runs": {}}
    assert (role("base", settings), role("published", settings)) == ("base", "other")
