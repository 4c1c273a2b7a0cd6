"""What a run gains over its control: another run, or a model of others, on the same questions.

The statistics are those of the gains over the base LM (bali/report/rows.py); pools count as tasks.
Holm's correction is over all pairs of a run with a control, and all main sets of all tasks and
pools: a family of its own. It does not count the tests against the base LM, nor do those count it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from bali.errors import InputError
from bali.report.pooled import Files
from bali.report.results import csv_text
from bali.report.rows import Row, corrected, number, questions_of

Pair = tuple[str, str]  # the run, and its control


@dataclass(frozen=True)
class Comparison:
    """A figure of a run and of its control on one set: `run.gain` is over the control."""

    run: Row
    control: Row


def read_pairs(wanted: Sequence[str], tasks: Mapping[str, Files]) -> list[Pair]:
    """Read --controls.

    Args:
        wanted: run=control each.
        tasks: task -> run -> result files.

    Raises:
        InputError: no pair of two models, one that was given before, a model without result
            files, or two that no task has both of.
    """
    measured = list(dict.fromkeys(run for files in tasks.values() for run in files))
    pairs: list[Pair] = []
    for text in wanted:
        run, _, control = text.partition("=")
        where = f"--controls {text}"
        if not (run and control) or run == control:
            raise InputError(f"{where}: give a run and another as its control: aligned=synonyms")
        if (run, control) in pairs:
            raise InputError(f"{where}: given twice; give each pair once")
        for name in (run, control):
            if name not in measured:
                raise InputError(
                    f"{where}: no result of {name!r} among --metrics and --models; there are "
                    f"{', '.join(measured)}"
                )
        if not any(run in files and control in files for files in tasks.values()):
            raise InputError(f"{where}: no task has results of both; measure them on one")
        pairs.append((run, control))
    return pairs


def against_controls(tasks: Mapping[str, Files], pairs: Sequence[Pair]) -> list[Comparison]:
    """All comparisons, by task, set, figure and pair; a pair counts in the tasks that have both.

    Args:
        tasks: task or pool -> run -> result files.
        pairs: of `read_pairs`.
    """
    found = [
        Comparison(questions.row(run, files, control), questions.row(control, files, None))
        for task, files in tasks.items()
        for questions in questions_of(task, files)
        for run, control in pairs
        if run in files and control in files
    ]
    rows = corrected([one.run for one in found])
    return [Comparison(row, one.control) for row, one in zip(rows, found, strict=True)]


def controls_csv(comparisons: Iterable[Comparison]) -> str:
    """One comparison a row; p is empty where none was tested. The header alone if there is none."""
    header = ["task", "kind", "set", "figure", "run", "control", "seeds", "control_seeds"]
    header += ["questions", "units", "value", "control_value", "gain", "gain_low", "gain_high"]
    header += ["p", "p_holm"]
    return csv_text(
        header,
        (
            [row.task, row.kind, row.set, row.figure, row.run, control.run]
            + [row.seeds, control.seeds, row.questions, row.units]
            + [number(row.value.value), number(control.value.value)]
            + [number(x) for x in row.gain or ()]
            + [number(row.p), number(row.adjusted)]
            for row, control in ((one.run, one.control) for one in comparisons)
        ),
    )
