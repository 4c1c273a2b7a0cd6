"""What is wrong with the runs of a config: one line for each kind of mistake."""

from typing import Any

import pytest
from tiny_training import SETTINGS

from bali.train.runs import mistakes_of_runs

SOFT = {"w_mlm": 0.0, "w_align": 0.0, "encoder": "none", "w_soft": 1.0}


def mistakes(own: dict[str, Any], **train: object) -> list[str]:
    config = {
        "train": {**SETTINGS, **train},
        "soft_links": {"candidates": 4},
        "runs": {"mine": own, "base": {}, "unasked": {"soft_names": 3}},
    }
    return list(mistakes_of_runs(config, ["mine"]))


def test_runs_without_a_mistake() -> None:
    assert mistakes({}) == []
    assert mistakes({**SOFT, "soft_names": 4}) == []
    assert mistakes({}, soft_names=40) == []  # no run of run_set draws them
    assert mistakes({}, hidden_layer=1) == []


def test_names_of_runs() -> None:
    config = {"train": SETTINGS, "soft_links": {"candidates": 4}, "runs": {"a": {}, "base": {}}}
    assert list(mistakes_of_runs(config, ["a", "b", "base"])) == [
        "run_set names 'b', which runs does not define; it defines a, base",
        "the run name 'base' is taken by a baseline; rename it",
    ]


@pytest.mark.parametrize(
    ("own", "train", "lines"),
    [
        ({"soft_names": 3}, {}, ["runs.mine.soft_names: 3 does nothing in this run; it needs"]),
        (
            {**SOFT, "soft_names": 5},
            {},
            ["runs.mine.soft_names: 5 is more than soft_links.candidates, 4; lower the one"],
        ),
        (SOFT, {"soft_names": 5}, ["train.soft_names: 5 is more than soft_links.candidates, 4"]),
        (
            {**SOFT, "name_pooling": "cls"},
            {"hidden_layer": 1},
            [
                "runs.mine.name_pooling: 'cls', but run mine has w_soft above 0, and soft links "
                "are made with 'mean'; set runs.mine.name_pooling to that, or w_soft to 0",
                "train.hidden_layer: 1, but run mine has w_soft above 0",
            ],
        ),
    ],
)
def test_mistakes_of_a_run(own: dict[str, Any], train: dict[str, Any], lines: list[str]) -> None:
    found = mistakes(own, **train)
    assert len(found) == len(lines)
    for line, expected in zip(found, lines, strict=True):
        assert line.startswith(expected)
