"""Two tasks tested as one, from result files written by hand."""

import csv

import pytest
from task_results import result

from bali.__main__ import main
from bali.errors import InputError
from bali.report.gains import gains, read_tasks
from bali.report.pooled import pool


def asked(task, run, units, acc, refined, **change):
    sets = {"full": list(range(len(units))), "refined": refined, task: [0]}
    return result(run, acc, task=task, units=units, sets=sets, **change)


# document 1 is asked about in both tasks
ONE, OTHER = ["0", "0", "1"], ["1", "2"]
RESULTS = [
    asked("a", "base", ONE, [0.0, 0.0, 0.0], [0, 2]),
    asked("a", "gat", ONE, [1.0, 1.0, 1.0], [0, 2]),
    asked("a", "only-a", ONE, [1.0, 1.0, 1.0], [0, 2]),
    asked("b", "base", OTHER, [0.0, 1.0], [1]),
    asked("b", "gat", OTHER, [1.0, 1.0], [1]),
]


def test_pooled_gain_and_test_by_hand(write):
    tasks = read_tasks(write(*RESULTS), ["gat", "only-a"])
    rows = {(r.set, r.run): r for r in gains({"both": pool("both", ["a", "b"], tasks)})
            if r.figure == "acc@1"}  # fmt: skip
    assert {run for _, run in rows} == {"base", "gat"}  # what one task lacks is left out
    assert {name for name, _ in rows} == {"full", "refined"}
    row = rows["full", "gat"]
    assert (row.questions, row.units) == (5, 3)
    assert row.gain.value == pytest.approx(4 / 5)
    # documents gain 2, 2 and 0: half of the eight sign patterns have a sum of +-4
    assert row.p == 4 / 8
    refined = rows["refined", "gat"]  # of the questions 0 and 2 of a, 1 of b: 1, 1, 0
    assert (refined.questions, refined.units) == (3, 3)
    assert refined.gain.value == pytest.approx(2 / 3)


def test_seeds_are_joined_with_their_like(write):
    more = [
        asked("a", "gat", ONE, [0.0, 0.0, 0.0], [0, 2], seed=1),
        asked("b", "gat", OTHER, [0.0, 0.0], [1], seed=1),
    ]
    tasks = read_tasks(write(*RESULTS, *reversed(more)), ["gat"])
    joined = pool("both", ["a", "b"], tasks)["gat"]
    assert [one["seed"] for one in joined] == [0, 1]
    assert [one["items"]["scores"]["acc@1"] for one in joined] == [[1.0] * 5, [0.0] * 5]


@pytest.mark.parametrize(
    ("change", "members", "message"),
    [
        ({}, ["a", "c"], "no result of task 'c'; there are a, b"),
        ({}, ["a", "a"], "a, a; name two tasks or more"),
        ({"kind": "heldout"}, ["a", "b"], "differ in their kind"),
        ({"settings": {"bootstrap": 9}}, ["a", "b"], "differ in their bootstrap"),
        ({"seed": 7}, ["a", "b"], r"has the seeds \[0\] in one task and \[7\]"),
    ],
)
def test_what_does_not_pool_is_one_line(write, change, members, message):
    changed = [one | (change if one["task"] == "b" else {}) for one in RESULTS]
    tasks = read_tasks(write(*changed), ["gat"])
    with pytest.raises(InputError, match=message):
        pool("both", members, tasks)


def test_one_command_over_result_files_gives_the_pooled_rows(write, tmp_path, capsys):
    words = ["--metrics", *map(str, write(*RESULTS)), "--models", "gat"]
    words += ["--gains", f"{tmp_path}/gains.csv"]
    assert main(["report", "tasks", *words, "--pooled", "both=a,b"]) == 0
    with (tmp_path / "gains.csv").open(newline="") as stream:
        rows = {(r["task"], r["set"], r["figure"], r["run"]): r for r in csv.DictReader(stream)}
    assert rows["both", "full", "acc@1", "gat"]["p"] == "0.500000"
    # Holm's correction counts it as one hypothesis more: a and b, full and refined, and the pool
    assert rows["a", "full", "acc@1", "gat"]["p_holm"] == "1.000000"
    assert main(["report", "tasks", *words, "--pooled", "a=a,b"]) == 2
    assert "a name that is no task's" in capsys.readouterr().err
