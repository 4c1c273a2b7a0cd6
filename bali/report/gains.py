"""What every model gains over the base LM, on every set of every task, from the result files.

Statistics as bali/report/rows.py has them. Holm's correction is over all models and all main sets
of all tasks and pools of tasks, for the first figure of each; the other rows describe and carry no
test.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from bali.errors import InputError
from bali.files import read_json
from bali.report.pooled import Files
from bali.report.results import BASELINES, csv_text
from bali.report.rows import Row, corrected, number, questions_of


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
    return corrected(
        [
            questions.row(run, files, "base" if _gains(run, files) else None)
            for task, files in tasks.items()
            for questions in questions_of(task, files)
            for run in files
        ]
    )


def _gains(run: str, files: Files) -> bool:
    """Whether a run is a model that the base LM stands beside."""
    return run not in BASELINES and "base" in files


def gains_csv(rows: Iterable[Row]) -> str:
    """All rows; a field is empty where there is nothing to say."""
    header = ["task", "kind", "set", "figure", "run", "seeds", "questions", "units"]
    header += ["value", "low", "high", "deviation", "gain", "gain_low", "gain_high", "p", "p_holm"]
    return csv_text(
        header,
        (
            [row.task, row.kind, row.set, row.figure, row.run, row.seeds, row.questions, row.units]
            + [number(x) for x in row.value]
            + [number(row.deviation)]
            + [number(x) for x in row.gain or (None, None, None)]
            + [number(row.p), number(row.adjusted)]
            for row in rows
        ),
    )


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
