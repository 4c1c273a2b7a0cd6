"""What every model gains over the base LM, on every set of every task, from the result files.

A run of several seeds counts as the mean of its seeds' scores, question by question; their standard
deviation stands beside it. Interval and test draw whole units (documents, or concepts), the
same for both sides. Holm's correction is over all models and all main sets of all tasks and pools
of tasks, for the first figure of each; the other rows describe and carry no test.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bali.errors import InputError
from bali.files import read_json
from bali.intervals import Estimate, mean_interval, paired_interval, spearman, spearman_interval
from bali.report.pooled import Files
from bali.report.results import BASELINES, csv_text
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
        gain: value minus that of the base LM, with its interval; None of baselines and the base.
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


def read_tasks(paths: Sequence[Path], order: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Read result files: task -> run -> files, the runs in order.

    Args:
        paths: of all tasks.
        order: of the runs, after baselines and base LM.

    Raises:
        InputError: two files of a task are over other questions, data or settings.
    """
    tasks: dict[str, dict[str, list[dict[str, Any]]]] = defaultdict(lambda: defaultdict(list))
    first: dict[str, tuple[Path, Any]] = {}
    for path in paths:
        result = read_json(path)
        task, items = result["task"], result["items"]
        asked = [result["kind"], result["task_seed"], result["settings"]["bootstrap"]]
        asked += [items["unit"], items["sets"], sorted(result["data"].values())]
        before, wanted = first.setdefault(task, (path, asked))
        if asked != wanted:
            raise InputError(
                f"{path}: other questions, data or another bootstrap than in {before}; measure "
                "all models again: snakemake --forcerun evaluate"
            )
        tasks[task][result["run"]].append(result)
    runs = [*BASELINES, *order]
    return {
        task: {run: found[run] for run in runs if run in found} for task, found in tasks.items()
    }


def gains(tasks: Mapping[str, Files]) -> list[Row]:
    """All rows, by task, set, figure and model, with Holm's correction over the tested ones."""
    rows = [row for task, files in tasks.items() for row in _task_rows(task, files)]
    tested = [i for i, row in enumerate(rows) if row.p is not None]
    p_values = [row.p for row in rows if row.p is not None]
    for i, adjusted in zip(tested, holm(p_values), strict=True):
        rows[i] = replace(rows[i], adjusted=adjusted)
    return rows


def _task_rows(task: str, files: Files) -> Iterable[Row]:
    one = next(iter(files.values()))[0]
    kind, items = one["kind"], one["items"]
    for name, chosen in items["sets"].items():
        units = [items["unit"][i] for i in chosen]
        if not units:
            continue
        for figure in FIGURES[kind][0]:
            asked = _Set(
                kind, figure, chosen, units, one["settings"]["bootstrap"], one["task_seed"]
            )
            base = asked.mean(files["base"]) if "base" in files else None
            for run, results in files.items():
                row = Row(
                    *(task, kind, name, figure, run, len(results), len(units), len(set(units))),
                    value=asked.value(asked.mean(results)),
                    deviation=asked.deviation(results),
                )
                if base is not None and run not in BASELINES:
                    own = asked.mean(results)
                    p = asked.p_value(own, base) if row.main else None
                    row = replace(row, gain=asked.gain(own, base), p=p)
                yield row


@dataclass(frozen=True)
class _Set:
    """A figure over a set of questions.

    Scores are (sides, questions): ratings and cosines of a correlation, else the one figure.
    """

    kind: str
    figure: str
    chosen: list[int]
    units: list[str]
    resamples: int
    seed: int

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
        if self.figure != "spearman":
            return paired_interval(own[0], base[0], self.resamples, self.seed, self.units)
        generator = np.random.Generator(np.random.PCG64(self.seed))
        drawn = generator.integers(own.shape[1], size=(self.resamples, own.shape[1]))
        change = spearman(*own[:, drawn]) - spearman(*base[:, drawn])
        low, high = np.quantile(change, [0.025, 0.975])
        return Estimate(float(spearman(*own) - spearman(*base)), float(low), float(high))

    def p_value(self, own: NDArray[np.float64], base: NDArray[np.float64]) -> float:
        if self.figure == "spearman":
            return rank_permutation_test(own[0], own[1], base[1], self.resamples, self.seed)
        return permutation_test(own[0], base[0], self.resamples, self.seed, self.units)


def gains_csv(rows: Iterable[Row]) -> str:
    """All rows; a field is empty where there is nothing to say."""
    header = ["task", "kind", "set", "figure", "run", "seeds", "questions", "units"]
    header += ["value", "low", "high", "deviation", "gain", "gain_low", "gain_high", "p", "p_holm"]
    return csv_text(
        header,
        (
            [row.task, row.kind, row.set, row.figure, row.run, row.seeds, row.questions, row.units]
            + [_number(x) for x in row.value]
            + [_number(row.deviation)]
            + [_number(x) for x in row.gain or (None, None, None)]
            + [_number(row.p), _number(row.adjusted)]
            for row in rows
        ),
    )


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.6f}"


_LATEX = str.maketrans(
    {"&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}"}
    | {"~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "\\": r"\textbackslash{}"}
)


def gains_latex(rows: Iterable[Row]) -> str:
    """The main rows as a LaTeX table (package booktabs): a model a row, a set a column.

    Figures in points; after a sign the gain, in bold where Holm's p is below .05.
    """
    main = [row for row in rows if row.main]
    columns = list(dict.fromkeys((row.task, row.set, row.figure) for row in main))
    models = list(dict.fromkeys(row.label for row in main))
    cell = {(row.label, row.task, row.set): row for row in main}
    lines = [rf"\begin{{tabular}}{{l{'r' * len(columns)}}}", r"\toprule"]
    heads = [f"{task}, {name}, {figure}" for task, name, figure in columns]
    lines.append(" & ".join(["model", *(head.translate(_LATEX) for head in heads)]) + r" \\")
    lines.append(r"\midrule")
    for model in models:
        cells = [_cell(cell.get((model, task, name))) for task, name, _ in columns]
        lines.append(" & ".join([model.translate(_LATEX), *cells]) + r" \\")
    return "\n".join([*lines, r"\bottomrule", r"\end{tabular}", ""])


def _cell(row: Row | None) -> str:
    if row is None:
        return "--"
    text = f"{100 * row.value.value:.1f}"
    if row.deviation is not None:
        text += rf" $\pm$ {100 * row.deviation:.1f}"
    if row.gain is not None:
        gain = f"{100 * row.gain.value:+.1f}"
        sure = row.adjusted is not None and row.adjusted < 0.05
        text += rf" (\textbf{{${gain}$}})" if sure else f" (${gain}$)"
    return text
