"""Rows of the tables of all tasks: a figure of a run on a set, and its gain over another model.

A run of several seeds counts as the mean of its seeds' scores, question by question; their
standard deviation stands beside it. Interval and test draw whole units (documents, or concepts),
the same for both sides.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bali.intervals import Estimate, mean_interval, paired_interval, spearman, spearman_interval
from bali.report.pooled import Files
from bali.report.results import BASELINES
from bali.significance import holm, permutation_test, rank_permutation_test

# Kind -> its figures, the tested one first, and its main sets.
FIGURES = {
    "heldout": (("acc@1", "acc@5", "mrr"), ("test",)),
    "linking": (("acc@1", "acc@5", "mrr"), ("full", "refined")),
    "relations": (("mrr", "hits@1", "hits@3", "hits@10"), ("full",)),
    "relatedness": (("spearman",), ("full",)),
}


@dataclass(frozen=True)
class Row:
    """One figure of one model on one set.

    Attributes:
        task: name of the task, or of a pool of tasks.
        kind: its kind.
        set: of questions.
        figure: as in acc@1; from 0 to 1, or a correlation.
        run: name of the model.
        seeds: training seeds that were averaged.
        questions: in the set.
        units: documents or concepts that they are of.
        value: with its interval.
        deviation: standard deviation over seeds; None of fewer than two.
        gain: value minus that of another model, with its interval; None if held against none.
        p: of the gain; None where none was tested.
        adjusted: p after Holm's correction.
    """

    task: str
    kind: str
    set: str
    figure: str
    run: str
    seeds: int
    questions: int
    units: int
    value: Estimate
    deviation: float | None = None
    gain: Estimate | None = None
    p: float | None = None
    adjusted: float | None = None

    @property
    def label(self) -> str:
        """Name of the model to show."""
        return BASELINES.get(self.run, self.run)

    @property
    def main(self) -> bool:
        """Whether this is a tested figure on a main set."""
        figures, sets = FIGURES[self.kind]
        return self.figure == figures[0] and self.set in sets


def questions_of(task: str, files: Files) -> Iterator[Questions]:
    """Every figure over every set of a task that has questions.

    Args:
        task: its name.
        files: of all its runs.
    """
    one = next(iter(files.values()))[0]
    kind, items = one["kind"], one["items"]
    for name, chosen in items["sets"].items():
        units = [items["unit"][i] for i in chosen]
        if not units:
            continue
        for figure in FIGURES[kind][0]:
            settings = one["settings"]["bootstrap"], one["task_seed"]
            yield Questions(task, kind, name, figure, chosen, units, *settings)


def corrected(rows: Sequence[Row]) -> list[Row]:
    """The rows with Holm's correction, over those that were tested."""
    adjusted = iter(holm([row.p for row in rows if row.p is not None]))
    return [row if row.p is None else replace(row, adjusted=next(adjusted)) for row in rows]


@dataclass(frozen=True)
class Questions:
    """A figure over a set of questions of a task, and what it says of a run.

    Scores are (sides, questions): ratings and cosines of a correlation, else the one figure.
    """

    task: str
    kind: str
    set: str
    figure: str
    chosen: list[int]
    units: list[str]
    resamples: int
    seed: int

    def row(self, run: str, files: Files, other: str | None) -> Row:
        """The row of a run, with its gain over another model, tested if the row is a main one.

        Args:
            run: its name.
            files: of all runs.
            other: the model that it is held against; None: none.
        """
        results, own = files[run], self.mean(files[run])
        row = Row(
            *(self.task, self.kind, self.set, self.figure, run),
            *(len(results), len(self.units), len(set(self.units))),
            value=self.value(own),
            deviation=self.deviation(results),
        )
        if other is None:
            return row
        base = self.mean(files[other])
        p = self.p_value(own, base) if row.main else None
        return replace(row, gain=self.gain(own, base), p=p)

    def scores(self, result: dict[str, Any]) -> NDArray[np.float64]:
        """Scores of one seed: (1, questions), or ratings and cosines (2, questions)."""
        found = result["items"]["scores"]
        sides = ("rating", "cosine") if self.figure == "spearman" else (self.figure,)
        return np.array([found[side] for side in sides], np.float64)[:, self.chosen]

    def mean(self, results: Sequence[dict[str, Any]]) -> NDArray[np.float64]:
        """Scores averaged over seeds."""
        mean: NDArray[np.float64] = np.mean([self.scores(result) for result in results], axis=0)
        return mean

    def value(self, scores: NDArray[np.float64]) -> Estimate:
        """The figure, with its interval."""
        if self.figure == "spearman":
            return spearman_interval(scores[0], scores[1], self.resamples, self.seed)
        return mean_interval(scores[0], self.resamples, self.seed, self.units)

    def deviation(self, results: Sequence[dict[str, Any]]) -> float | None:
        """Standard deviation over seeds, n - 1 in the denominator."""
        if len(results) < 2:
            return None
        each = [self.scores(result) for result in results]
        rho = self.figure == "spearman"
        values = [float(spearman(s[0], s[1]) if rho else s[0].mean()) for s in each]
        return float(np.std(values, ddof=1))

    def gain(self, own: NDArray[np.float64], base: NDArray[np.float64]) -> Estimate:
        """How much higher the figure is than another model's, over the same resamples."""
        if self.figure != "spearman":
            return paired_interval(own[0], base[0], self.resamples, self.seed, self.units)
        generator = np.random.Generator(np.random.PCG64(self.seed))
        drawn = generator.integers(own.shape[1], size=(self.resamples, own.shape[1]))
        change = spearman(*own[:, drawn]) - spearman(*base[:, drawn])
        low, high = np.quantile(change, [0.025, 0.975])
        return Estimate(float(spearman(*own) - spearman(*base)), float(low), float(high))

    def p_value(self, own: NDArray[np.float64], base: NDArray[np.float64]) -> float:
        """Two-sided, of the gain."""
        if self.figure == "spearman":
            return rank_permutation_test(own[0], own[1], base[1], self.resamples, self.seed)
        return permutation_test(own[0], base[0], self.resamples, self.seed, self.units)


def number(value: float | None) -> str:
    """A field of a CSV: empty where there is no value."""
    return "" if value is None else f"{value:.6f}"
