"""The result tables: accuracies of every run, and paired differences, from the evaluate JSONs.

A run of several seeds counts as the mean of its seeds' credit, concept by concept; intervals are
over concepts. Every difference is over the same resamples of the same concepts for both sides.
"""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bali.errors import InputError
from bali.files import read_json
from bali.intervals import Estimate, mean_interval, paired_interval
from bali.report.roles import QUESTIONS, comparable, role

CUTOFFS = (1, 5)  # the k of acc@k
SPLITS = ("dev", "test")
BASELINES = {"exact": "exact string match", "tfidf": "TF-IDF of 3-grams", "base": "base LM"}


@dataclass(frozen=True)
class Result:
    """One row of the result table.

    Attributes:
        run: name of the run; exact and base are the baselines.
        seeds: training seeds that were averaged.
        credit: (split, k) -> (concepts,), float64, the mean over seeds.
        accuracy: (split, k) -> its mean over concepts, with the interval.
    """

    run: str
    seeds: int
    credit: dict[tuple[str, int], NDArray[np.float64]]
    accuracy: dict[tuple[str, int], Estimate]

    @property
    def label(self) -> str:
        """Name to show."""
        return BASELINES.get(self.run, self.run)

    def queries(self, split: str) -> int:
        """Held-out names asked for in a split."""
        return int(self.credit[split, CUTOFFS[0]].size)


@dataclass(frozen=True)
class Difference:
    """Accuracy of `left` minus that of `right` on the same concepts, and what it answers."""

    question: str
    left: str
    right: str
    k: int
    estimate: Estimate

    @property
    def verdict(self) -> str:
        """What the interval says, whichever way it falls."""
        if self.estimate.low > 0:
            return f"the interval lies above 0: {self.left} is better"
        if self.estimate.high < 0:
            return f"the interval lies below 0: {self.left} is worse"
        return "the interval contains 0: no difference shown"


def read_results(paths: Sequence[Path], run_set: Sequence[str]) -> list[Result]:
    """Read the JSONs of held-out names: baselines, base LM, then models as in `run_set`.

    Raises:
        InputError: a file is missing or no JSON, or two files are over different concepts or
            other settings of the bootstrap.
    """
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    first = None
    for path in paths:
        metrics = read_json(path)
        if metrics["kind"] != "heldout":
            continue
        asked = [metrics["task_seed"], metrics["settings"]["bootstrap"]]
        asked += [metrics["items"][key] for key in ("unit", "sets")]
        first = first or (path, asked)
        if asked != first[1]:
            raise InputError(
                f"{path}: other held-out names or another bootstrap than in {first[0]}; measure "
                "all runs again: snakemake --forcerun evaluate"
            )
        found[metrics["run"]].append(metrics)
    order = [run for run in (*BASELINES, *run_set) if run in found]
    return [_average(run, found[run]) for run in order]


def _average(run: str, metrics: Sequence[dict[str, Any]]) -> Result:
    """Average the seeds of one run."""
    rows = metrics[0]["items"]["sets"]
    credit = {
        (split, k): np.mean([m["items"]["scores"][f"acc@{k}"] for m in metrics], axis=0)[
            rows[split]
        ]
        for split in SPLITS
        for k in CUTOFFS
    }
    resamples, seed = metrics[0]["settings"]["bootstrap"], metrics[0]["task_seed"]
    accuracy = {key: mean_interval(values, resamples, seed) for key, values in credit.items()}
    return Result(run, len(metrics), credit, accuracy)


def compare(
    results: Sequence[Result], settings: Mapping[str, Any], resamples: int, seed: int
) -> list[Difference]:
    """All differences on test that answer one of `QUESTIONS`, in its order.

    Args:
        results: of `read_results`.
        settings: the whole config; tells what each run stands for.
        resamples: of the bootstrap.
        seed: of the bootstrap.
    """
    runs = [
        (result, role(result.run, settings))
        for result in results
        if result.run not in ("exact", "tfidf")
    ]
    return [
        Difference(
            question,
            left.label,
            right.label,
            k,
            paired_interval(left.credit["test", k], right.credit["test", k], resamples, seed),
        )
        for (left_role, right_role), question in QUESTIONS.items()
        for left, left_is in runs
        for right, right_is in runs
        if (left_is, right_is) == (left_role, right_role)
        and comparable(left.run, right.run, settings)
        for k in CUTOFFS
    ]


def results_csv(results: Iterable[Result]) -> str:
    """The result table, one row a run, split and cut-off; accuracies as shares."""
    rows = (
        [split, result.run, result.seeds, result.queries(split), f"acc@{k}"]
        + [f"{x:.6f}" for x in result.accuracy[split, k]]
        for split in SPLITS
        for result in results
        for k in CUTOFFS
    )
    header = ["split", "run", "seeds", "queries", "metric", "value", "low", "high"]
    return csv_text(header, rows)


def differences_csv(differences: Iterable[Difference]) -> str:
    """The differences on test, one a row; as shares."""
    rows = (
        [d.question, d.left, d.right, f"acc@{d.k}", *(f"{x:.6f}" for x in d.estimate), d.verdict]
        for d in differences
    )
    header = ["question", "left", "right", "metric", "difference", "low", "high", "verdict"]
    return csv_text(header, rows)


def csv_text(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table as CSV with a header and lines that end in LF."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue()
