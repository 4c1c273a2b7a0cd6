"""Step `report tasks`: result files of all tasks -> gains with tests as CSV and LaTeX, figures."""

from __future__ import annotations

import argparse
from pathlib import Path

from bali.files import atomic_path, read_json
from bali.report.gains import gains, gains_csv, gains_latex, read_tasks
from bali.report.task_figures import gains_figure, groups_figure, map_figure


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Flags of `bali report tasks`."""
    parser.add_argument("--metrics", type=Path, nargs="+", required=True, help="result files")
    parser.add_argument("--maps", type=Path, nargs="*", default=[], help="those of kind map")
    parser.add_argument("--models", nargs="*", default=[], help="their order, after the baselines")
    outputs = {
        "gains": "CSV of all figures, gains and tests",
        "gains-latex": "LaTeX table of the main ones",
        "gains-figure": "SVG: forest plot",
        "groups-figure": "SVG: accuracy by semantic group",
        "map-figure": "SVG: concept vectors in two dimensions",
    }
    for name, purpose in outputs.items():
        parser.add_argument(f"--{name}", type=Path, required=True, help=purpose)


def run(args: argparse.Namespace) -> None:
    """Average, compare, test, draw."""
    tasks = read_tasks(args.metrics, args.models)
    rows = gains(tasks)
    outputs = {
        args.gains: gains_csv(rows).encode(),
        args.gains_latex: gains_latex(rows).encode(),
        args.gains_figure: gains_figure(rows),
        args.groups_figure: groups_figure(tasks),
        args.map_figure: map_figure([read_json(path) for path in args.maps]),
    }
    for path, content in outputs.items():
        with atomic_path(path) as part:
            part.write_bytes(content)
