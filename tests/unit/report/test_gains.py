"""Gains of all tasks, from result files written by hand."""

import csv
import io
import math

import numpy as np
import pytest
from task_results import UNITS, result

from bali.__main__ import main
from bali.errors import InputError
from bali.report.gains import gains, gains_csv, gains_latex, read_tasks
from bali.report.task_figures import by_group
from bali.significance import holm, permutation_test

BASE = [0.0] * 12
BETTER = [1.0] * 10 + [0.0] * 2


def rows_of(paths, order=("gat", "other")):
    return {(r.task, r.set, r.figure, r.run): r for r in gains(read_tasks(paths, order))}


def test_gain_interval_and_test_by_hand(write):
    rows = rows_of(write(result("base", BASE), result("gat", BETTER)))
    row = rows["ncbi_50%", "full", "acc@1", "gat"]
    assert row.value.value == row.gain.value == pytest.approx(10 / 12)
    assert (row.questions, row.units, row.seeds) == (12, 6, 1)
    # five of six documents gain 2: of 64 sign patterns those of +-10 in all, twice for the sixth
    assert row.p == 4 / 64
    refined = rows["ncbi_50%", "refined", "acc@1", "gat"]
    assert refined.p == 2 / 8
    assert [row.adjusted, refined.adjusted] == pytest.approx(holm([4 / 64, 2 / 8]))
    assert rows["ncbi_50%", "full", "acc@5", "gat"].p is None  # describes
    assert rows["ncbi_50%", "full", "acc@1", "base"].gain is None
    assert not any(key[1] == "composite" for key in rows)


def test_seeds_are_averaged_question_by_question(write):
    paths = write(
        result("base", BASE),
        result("gat", [1.0] * 12, seed=1),
        result("gat", [0.5] * 12, seed=2),
    )
    row = rows_of(paths)["ncbi_50%", "full", "acc@1", "gat"]
    assert row.value.value == 0.75
    assert row.seeds == 2
    assert row.deviation == pytest.approx(math.sqrt(2 * 0.25**2 / 1))


def test_holm_is_over_all_tasks_and_models(write):
    half = [1.0, 0.0] * 6
    paths = write(
        *(result(run, s, task=t) for t in "ab" for run, s in
          (("base", BASE), ("gat", BETTER), ("other", half)))
    )  # fmt: skip
    rows = [row for row in rows_of(paths).values() if row.p is not None]
    assert len(rows) == 8  # two tasks, two models, full and refined
    assert [row.adjusted for row in rows] == pytest.approx(holm([row.p for row in rows]))
    assert rows[0].p == permutation_test(np.array(BETTER), np.zeros(12), 200, 29, UNITS)


def test_rank_correlations_are_compared_too(write):
    rating = [float(i) for i in range(12)]
    mixed = [1.0, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10]
    shared = {"task": "ehr", "kind": "relatedness"}
    paths = write(
        result("base", {"rating": rating, "cosine": mixed}, **shared),
        result("gat", {"rating": rating, "cosine": rating}, **shared),
    )
    row = rows_of(paths)["ehr", "full", "spearman", "gat"]
    assert row.value.value == pytest.approx(1.0)
    expected = 1 - 6 * 12 / (12 * 143)  # of pairs that changed places: d = 1 in all twelve
    assert row.gain.value == pytest.approx(1.0 - expected)
    assert 0 < row.p <= 1


def test_other_questions_are_refused(write):
    other = result("gat", BETTER)
    other["items"]["unit"] = ["x"] * 12
    with pytest.raises(InputError, match="other questions, data or another"):
        read_tasks(write(result("base", BASE), other), ["gat"])


def test_tables_and_figures_come_from_the_files(write, tmp_path):
    paths = write(result("exact", BASE), result("base", BASE), result("gat", BETTER))
    flags = ["--metrics", *map(str, paths), "--models", "gat"]
    for name in ("gains.csv", "gains-latex.tex", "gains-figure.svg", "groups-figure.svg",
                 "map-figure.svg"):  # fmt: skip
        flags += [f"--{name.split('.')[0]}", f"{tmp_path}/{name}"]
    assert main(["report", "tasks", *flags]) == 0
    table = list(csv.DictReader(io.StringIO((tmp_path / "gains.csv").read_text())))
    [row] = [r for r in table if (r["run"], r["set"], r["figure"]) == ("gat", "full", "acc@1")]
    assert row["value"] == "0.833333" and row["p"] == "0.062500"
    latex = (tmp_path / "gains-latex.tex").read_text()
    assert r"ncbi\_50\%, full, acc@1" in latex
    assert r"gat & 83.3 ($+83.3$)" in latex
    assert "gat" in (tmp_path / "gains-figure.svg").read_text()
    before = (tmp_path / "groups-figure.svg").read_bytes()
    assert main(["report", "tasks", *flags]) == 0
    assert (tmp_path / "groups-figure.svg").read_bytes() == before


def test_accuracy_by_semantic_group(write):
    found = by_group(read_tasks(write(result("base", BASE), result("gat", BETTER)), ["gat"]))
    assert found == {"ncbi_50%": {"DISO": {"base": (0.0, 11), "gat": (pytest.approx(10 / 11), 11)}}}


def test_csv_and_latex_leave_out_what_is_not_there(write):
    rows = gains(read_tasks(write(result("base", BASE)), []))
    assert ",,,,,," in gains_csv(rows)
    assert "base LM & 0.0 & 0.0" in gains_latex(rows)
