"""Runs beside their controls, from result files written by hand."""

import csv

import pytest
from task_results import UNITS, result

from bali.__main__ import main
from bali.report.controls import against_controls, read_pairs
from bali.report.gains import gains, read_tasks
from bali.report.pooled import pool

ZERO, ONE = [0.0] * 12, [1.0] * 12
# over ONE_LESS, `aligned` gains a question in three of the six documents
ONE_LESS = [0.0, 1.0] * 3 + [1.0] * 6
ORDER = ["aligned", "synonyms", "gat"]


def compared(paths, *pairs):
    tasks = read_tasks(paths, ORDER)
    return {
        (c.run.task, c.run.set, c.run.figure, c.run.run, c.control.run): c
        for c in against_controls(tasks, read_pairs(pairs, tasks))
    }


def test_gain_over_the_control_and_its_test_by_hand(write):
    paths = write(
        *(result(r, s) for r, s in (("base", ZERO), ("aligned", ONE), ("synonyms", ONE_LESS)))
    )
    found = compared(paths, "aligned=synonyms")
    both = found["ncbi_50%", "full", "acc@1", "aligned", "synonyms"]
    assert (both.run.value.value, both.control.value.value) == (1.0, 9 / 12)
    assert both.run.gain.value == pytest.approx(3 / 12)
    assert 0 <= both.run.gain.low < 3 / 12 < both.run.gain.high <= 0.5  # of half of a document each
    # the sign of three documents counts: all plus and all minus, of eight patterns
    assert both.run.p == 2 / 8
    refined = found["ncbi_50%", "refined", "acc@1", "aligned", "synonyms"]  # the same three
    assert refined.run.gain.value == 0.5 and refined.run.p == 2 / 8
    assert refined.run.gain.low == refined.run.gain.high == 0.5  # each document gains as much
    assert found["ncbi_50%", "full", "acc@5", "aligned", "synonyms"].run.p is None  # describes
    assert {key[3:] for key in found} == {("aligned", "synonyms")}


def test_seeds_of_both_sides_are_averaged(write):
    paths = write(
        result("aligned", ONE, seed=1),
        result("aligned", ZERO, seed=2),
        result("synonyms", ZERO, seed=1),
    )
    both = compared(paths, "aligned=synonyms")["ncbi_50%", "full", "mrr", "aligned", "synonyms"]
    assert (both.run.seeds, both.control.seeds) == (2, 1)
    assert both.run.gain.value == 0.5


def test_correlations_are_held_against_the_control_too(write):
    rating = [float(i) for i in range(12)]
    shared = {"task": "ehr", "kind": "relatedness"}
    paths = write(
        result("aligned", {"rating": rating, "cosine": rating}, **shared),
        result("synonyms", {"rating": rating, "cosine": rating[::-1]}, **shared),
    )
    both = compared(paths, "aligned=synonyms")["ehr", "full", "spearman", "aligned", "synonyms"]
    assert both.run.gain.value == pytest.approx(1 - -1)


def test_holm_is_over_all_pairs_and_not_over_the_gains_on_the_base(write):
    scores = {"base": ZERO, "aligned": ONE, "synonyms": ONE_LESS, "gat": ZERO}
    tasks = read_tasks(write(*(result(r, s) for r, s in scores.items())), ORDER)
    rows = [
        one.run
        for one in against_controls(tasks, [("aligned", "synonyms"), ("aligned", "gat")])
        if one.run.p is not None
    ]
    # over zeros all documents gain as much: 2 of the 64 patterns of full, 2 of the 8 of refined
    assert [row.p for row in rows] == [2 / 8, 2 / 64, 2 / 8, 2 / 8]
    # four hypotheses: 4 x 1/32; then 3 x 1/4, which bounds what follows from below
    assert [row.adjusted for row in rows] == [0.75, 0.125, 0.75, 0.75]
    over_base = [row for row in gains(tasks) if row.p is not None]
    assert len(over_base) == 6  # three models, full and refined, whatever the controls


def test_a_pool_is_a_set_of_its_own_and_a_task_without_both_is_left_out(write):
    paths = write(
        result("aligned", ONE, task="a"),
        result("synonyms", ONE_LESS, task="a"),
        result("aligned", ONE, task="b"),
        result("synonyms", ONE, task="b"),
        result("aligned", ONE, task="c"),
    )
    tasks = read_tasks(paths, ORDER)
    together = {**tasks, "both": pool("both", ["a", "b"], tasks)}
    found = {
        c.run.task: c.run
        for c in against_controls(together, [("aligned", "synonyms")])
        if (c.run.set, c.run.figure) == ("full", "acc@1")
    }
    assert list(found) == ["a", "b", "both"]
    assert found["both"].gain.value == pytest.approx(3 / 24)
    assert (found["both"].units, found["both"].p) == (6, 2 / 8)  # both ask about the same documents


@pytest.fixture
def words(write, tmp_path):
    paths = write(result("base", ZERO), result("aligned", ONE), result("synonyms", ONE_LESS),
                  result("gat", ONE, task="other"))  # fmt: skip
    return ["report", "tasks", "--metrics", *map(str, paths), "--models", *ORDER,
            "--gains", f"{tmp_path}/gains.csv"]  # fmt: skip


def test_the_table_says_both_values(words, tmp_path):
    table = tmp_path / "controls.csv"
    assert main([*words, "--controls", "aligned=synonyms", "--controls-csv", str(table)]) == 0
    with table.open(newline="") as stream:
        rows = {(row["set"], row["figure"]): row for row in csv.DictReader(stream)}
    assert len(rows) == 6  # full and refined, three figures
    row = rows["full", "acc@1"]
    assert (row["run"], row["control"], row["questions"]) == (
        "aligned",
        "synonyms",
        str(len(UNITS)),
    )
    assert (row["value"], row["control_value"]) == ("1.000000", "0.750000")
    assert (row["gain"], row["p"], row["p_holm"]) == ("0.250000", "0.250000", "0.500000")
    assert rows["full", "mrr"]["p"] == ""


def test_without_pairs_the_table_is_its_header(words, tmp_path):
    table = tmp_path / "controls.csv"
    assert main([*words, "--controls-csv", str(table)]) == 0
    assert table.read_text().startswith("task,kind,set,figure,run,control,")
    assert table.read_text().count("\n") == 1


@pytest.mark.parametrize(
    ("pairs", "message"),
    [
        (["aligned=none"], "no result of 'none' among --metrics and --models; there are base, al"),
        (["none=aligned"], "no result of 'none'"),
        (["aligned=aligned"], "give a run and another as its control"),
        (["aligned"], "give a run and another as its control"),
        (["aligned=base", "aligned=base"], "given twice"),
        (["gat=aligned"], "no task has results of both"),
    ],
)
def test_what_is_no_pair_is_one_line(words, tmp_path, capsys, pairs, message):
    table = tmp_path / "controls.csv"
    assert main([*words, "--controls", *pairs, "--controls-csv", str(table)]) == 2
    said = capsys.readouterr().err.strip()
    assert said.startswith(f"bali: error: --controls {pairs[-1]}: ") and message in said
    assert "\n" not in said and not table.exists()


def test_pairs_without_a_table_to_write_are_refused(words, capsys):
    assert main([*words, "--controls", "aligned=synonyms"]) == 2
    assert "--controls: nowhere to write to; give --controls-csv" in capsys.readouterr().err
