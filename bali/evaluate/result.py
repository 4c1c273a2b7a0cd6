"""The JSON file of one run, seed and task, in one layout for all tasks.

    task, kind, run, seed, task_seed       what was measured
    model                                  folder, digest and pooling; null for a baseline
    data                                   SHA-256 of each file that was read
    settings, versions                     of the measurement
    counts                                 read = kept + dropped by reason
    items                                  one entry a question: unit, set membership, scores
    sets                                   a set -> number of questions and figures with intervals

It is a function of its inputs, byte by byte. When it was made and how long that took stands beside
it, in <task_seed>.time.json.
"""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bali.errors import InputError
from bali.evaluate.ranking import Places, expected_credit, expected_reciprocal
from bali.evaluate.scorer import describe_scorer
from bali.files import sha256, write_json
from bali.intervals import mean_interval, spearman_interval

CUTOFFS = (1, 5)  # the k of acc@k
# Packages whose versions bear on a figure.
PACKAGES = ("bali", "numpy", "torch", "transformers", "tokenizers", "scikit-learn", "scipy")

STARTED = time.time()


def add_result_arguments(parser: argparse.ArgumentParser) -> None:
    """Flags that name a result."""
    parser.add_argument("--run", required=True, help="name of the run, as the report shows it")
    parser.add_argument("--seed", type=int, required=True, help="seed of the training")
    parser.add_argument("--task", required=True, help="name of the task")
    parser.add_argument("--task-seed", type=int, required=True, help="seed of the bootstrap")
    parser.add_argument("--bootstrap", type=int, default=2000, help="resamples of the units")
    parser.add_argument("--out", type=Path, required=True, help="JSON of the results")


@dataclass
class Result:
    """What a task found.

    Attributes:
        kind: of the task, as in "linking".
        unit: what each question's unit is, as in "document".
        units: (questions,), the unit of each.
        scores: figure -> (questions,), float64.
        sets: name -> (questions,), bool; which questions are in it.
        counts: read, kept, and dropped by reason.
        labels: name -> (questions,), what else is known of each question.
        facts: what else is known of the whole.
        files: what was read.
    """

    kind: str
    unit: str
    units: list[str]
    scores: dict[str, NDArray[np.float64]]
    sets: dict[str, NDArray[np.bool_]]
    files: Sequence[Path]
    counts: dict[str, Any] = field(default_factory=dict)
    labels: dict[str, list[str]] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)


def ranking_scores(places: Places, cutoffs: Sequence[int] = CUTOFFS) -> dict[str, Any]:
    """acc@k and MRR of each question, ties with their expectation."""
    scores = {f"acc@{k}": expected_credit(places, k) for k in cutoffs}
    return {**scores, "mrr": expected_reciprocal(places)}


def write_result(args: argparse.Namespace, result: Result, settings: Mapping[str, Any]) -> None:
    """Add means with intervals, and write the file and its times.

    Args:
        args: with the flags of `add_result_arguments` and `add_scorer_arguments`.
        result: of the task.
        settings: of the measurement, beside those that every task has.

    Raises:
        InputError: there is no question.
    """
    if not result.units:
        raise InputError(
            f"task {args.task}: no question is left of those read: {result.counts}; check its "
            "files, types and identifiers"
        )
    write_json(
        args.out,
        {
            "task": args.task,
            "kind": result.kind,
            "run": args.run,
            "seed": args.seed,
            "task_seed": args.task_seed,
            "model": describe_scorer(args),
            "data": {path.as_posix(): sha256(path) for path in result.files},
            "settings": {"bootstrap": args.bootstrap, **settings},
            "versions": versions(),
            "counts": result.counts,
            "facts": result.facts,
            "unit": result.unit,
            "items": {
                "unit": result.units,
                "labels": result.labels,
                "scores": {name: values.tolist() for name, values in result.scores.items()},
                "sets": {name: np.flatnonzero(rows).tolist() for name, rows in result.sets.items()},
            },
            "sets": {
                name: figures(result, np.flatnonzero(rows), args.bootstrap, args.task_seed)
                for name, rows in result.sets.items()
            },
        },
    )
    usage = resource.getrusage(resource.RUSAGE_SELF)
    write_json(
        args.out.with_suffix(".time.json"),
        {
            "finished": datetime.now(UTC).isoformat(timespec="seconds"),
            "seconds": round(time.time() - STARTED, 1),
            "cpu_seconds": round(usage.ru_utime + usage.ru_stime, 1),
            "peak_mb": usage.ru_maxrss // 1024,
            "threads": args.threads,
        },
    )


def figures(result: Result, rows: NDArray[np.int64], resamples: int, seed: int) -> dict[str, Any]:
    """Number of questions and units of a set, and each figure with its interval."""
    units = [result.units[row] for row in rows]
    found: dict[str, Any] = {"questions": len(rows), "units": len(set(units))}
    if result.kind == "map":
        return found  # places have no mean
    if result.kind == "relatedness":
        rating, cosine = (result.scores[side][rows] for side in ("rating", "cosine"))
        return {**found, "spearman": list(spearman_interval(rating, cosine, resamples, seed))}
    for name, values in result.scores.items():
        if len(rows):
            found[name] = list(mean_interval(values[rows], resamples, seed, units))
    return found


def versions() -> dict[str, str]:
    """Versions of the packages that are installed here."""
    found = {}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found
