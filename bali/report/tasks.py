r"""Step `report tasks`: result files of all tasks -> gains with tests as CSV and LaTeX, figures.

By hand, for two tasks as one, and for a run beside its control:

    bali report tasks --metrics results/evaluate/*/*/{ncbi,bc5cdr-disease}/29.json \
      --models aligned synonyms --pooled both=ncbi,bc5cdr-disease --gains gains.csv \
      --controls aligned=synonyms --controls-csv controls.csv
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from bali.errors import InputError
from bali.files import atomic_path, read_json
from bali.report.controls import against_controls, controls_csv, read_pairs
from bali.report.gains import gains, gains_csv, gains_latex, read_tasks
from bali.report.pooled import Files, pool
from bali.report.task_figures import gains_figure, groups_figure, map_figure


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Flags of `bali report tasks`."""
    parser.add_argument("--metrics", type=Path, nargs="+", required=True, help="result files")
    parser.add_argument("--maps", type=Path, nargs="*", default=[], help="those of kind map")
    parser.add_argument("--models", nargs="*", default=[], help="their order, after the baselines")
    parser.add_argument(
        "--pooled", nargs="*", default=[], metavar="NAME=TASK,TASK", help="tasks to test as one"
    )
    parser.add_argument(
        "--controls", nargs="*", default=[], metavar="RUN=CONTROL", help="gains of one over another"
    )
    outputs = {
        "gains": "CSV of all figures, gains and tests",
        "controls-csv": "CSV of the gains over controls",
        "gains-latex": "LaTeX table of the main ones",
        "gains-figure": "SVG: forest plot",
        "groups-figure": "SVG: accuracy by semantic group",
        "map-figure": "SVG: concept vectors in two dimensions",
    }
    for name, purpose in outputs.items():
        parser.add_argument(f"--{name}", type=Path, required=name == "gains", help=purpose)


def run(args: argparse.Namespace) -> None:
    """Average, compare, test, draw."""
    tasks = read_tasks(args.metrics, args.models)
    pairs = read_pairs(args.controls, tasks)
    if pairs and not args.controls_csv:
        raise InputError("--controls: nowhere to write to; give --controls-csv")
    together = {**tasks, **pools(args.pooled, tasks)}
    rows = gains(together)
    outputs: list[tuple[Path | None, Callable[[], bytes]]] = [
        (args.gains, lambda: gains_csv(rows).encode()),
        (args.controls_csv, lambda: controls_csv(against_controls(together, pairs)).encode()),
        (args.gains_latex, lambda: gains_latex(rows).encode()),
        (args.gains_figure, lambda: gains_figure(rows)),
        (args.groups_figure, lambda: groups_figure(tasks)),
        (args.map_figure, lambda: map_figure([read_json(path) for path in args.maps])),
    ]
    for path, make in outputs:
        if path:
            with atomic_path(path) as part:
                part.write_bytes(make())


def pools(wanted: Sequence[str], tasks: Mapping[str, Files]) -> dict[str, Files]:
    """Name of a pool -> its result files.

    Args:
        wanted: name=task,task each.
        tasks: task -> run -> result files.

    Raises:
        InputError: a name is missing or taken, or its tasks cannot be pooled.
    """
    found: dict[str, Files] = {}
    for text in wanted:
        name, separator, members = text.partition("=")
        if not (name and separator) or name in tasks:
            raise InputError(
                f"--pooled {text}: give a name that is no task's, as in both=one,other"
            )
        found[name] = pool(name, members.split(","), tasks)
    return found
