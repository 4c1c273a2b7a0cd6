"""Figures of all tasks: gains as a forest plot, accuracy by semantic group, a map of concepts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.figure import Figure

from bali.report.figures import BASE, COLOURS, KEPT, STYLE, WIDTH, svg_bytes
from bali.report.pooled import Files
from bali.report.results import BASELINES
from bali.report.rows import Row

FEWEST = 10  # questions of a semantic group that is shown


def gains_figure(rows: Sequence[Row]) -> bytes:
    """Forest plot of the tested gains: one row a set and model, filled where Holm's p < .05."""
    shown = [row for row in rows if row.main and row.gain]
    with rc_context(STYLE):
        figure = Figure(figsize=(WIDTH, 1.1 + 0.26 * max(1, len(shown))), layout="constrained")
        axes = figure.subplots()
        labels = []
        for place, row in enumerate(shown):
            value, low, high = (100 * x for x in row.gain or ())
            sure = row.adjusted is not None and row.adjusted < 0.05
            axes.plot([low, high], [place, place], color=KEPT, linewidth=2)
            axes.plot(value, place, "o", color=KEPT, markerfacecolor=KEPT if sure else "white")
            labels.append(f"{row.task}, {row.set}, {row.figure}: {row.label}")
        axes.axvline(0, color=BASE, linewidth=0.8, linestyle="--", zorder=0)
        axes.set_yticks(range(len(shown)), labels)
        axes.set_ylim(max(1, len(shown)) - 0.5, -0.5)
        axes.set_xlabel("points gained over the base LM, with 95 % interval")
        axes.grid(axis="x", color="#e5e5e5")
        if not shown:
            axes.text(0.5, 0.5, "No model was measured beside the base LM.", ha="center",
                      transform=axes.transAxes)  # fmt: skip
        return svg_bytes(figure)


def by_group(tasks: Mapping[str, Files]) -> dict[str, dict[str, dict[str, tuple[float, int]]]]:
    """Task -> semantic group -> run -> (acc@1, questions), of groups with enough questions."""
    found: dict[str, dict[str, dict[str, tuple[float, int]]]] = {}
    for task, files in tasks.items():
        labels = next(iter(files.values()))[0]["items"]["labels"].get("semantic group")
        if not labels:
            continue
        group = np.array(labels)
        for name in sorted({label for label in labels if label}):
            rows = np.flatnonzero(group == name)
            if len(rows) < FEWEST:
                continue
            for run, results in files.items():
                each = [np.array(r["items"]["scores"]["acc@1"])[rows].mean() for r in results]
                value = (float(np.mean(each)), len(rows))
                found.setdefault(task, {}).setdefault(name, {})[run] = value
    return found


def groups_figure(tasks: Mapping[str, Files]) -> bytes:
    """Accuracy by semantic group: one panel a task, one row a group, one point a model."""
    found = by_group(tasks)
    with rc_context(STYLE):
        rows = sum(len(groups) for groups in found.values())
        height = 1.2 + 0.35 * rows + 0.6 * len(found)
        figure = Figure(figsize=(WIDTH, height), layout="constrained")
        if not found:
            figure.text(
                0.5, 0.5, "No task knows the semantic groups of its questions.", ha="center"
            )
            return svg_bytes(figure)
        sizes = [max(1, len(groups)) for groups in found.values()]
        panels = figure.subplots(len(found), 1, sharex=True, squeeze=False, height_ratios=sizes)
        runs = list(dict.fromkeys(r for g in found.values() for row in g.values() for r in row))
        for axes, (task, groups) in zip(panels[:, 0], found.items(), strict=True):
            for place, row in enumerate(groups.values()):
                for run, (value, _) in row.items():
                    axes.plot(100 * value, place, "o", color=_colour(run, runs), alpha=0.85)
            labels = [f"{g} ({next(iter(row.values()))[1]})" for g, row in groups.items()]
            axes.set_yticks(range(len(groups)), labels)
            axes.set_ylim(len(groups) - 0.5, -0.5)
            axes.set_title(task)
            axes.grid(axis="x", color="#e5e5e5")
        panels[-1, 0].set_xlabel("acc@1, %; in brackets the questions")
        for run in runs:
            panels[0, 0].plot([], [], "o", color=_colour(run, runs), label=BASELINES.get(run, run))
        figure.legend(loc="outside lower center", ncols=min(5, len(runs)), frameon=False)
        return svg_bytes(figure)


def _colour(run: str, runs: Sequence[str]) -> str:
    models = [name for name in runs if name not in BASELINES]
    if run in BASELINES:
        return {"exact": "#cccccc", "tfidf": "#aaaaaa"}.get(run, BASE)
    return COLOURS[models.index(run) % len(COLOURS)]


def map_figure(maps: Sequence[dict[str, Any]]) -> bytes:
    """Concept vectors in two dimensions, before and after: one panel a model, coloured by group.

    Args:
        maps: result files of kind "map", the base LM's first.
    """
    with rc_context(STYLE):
        columns = min(3, max(1, len(maps)))
        lines = max(1, -(-len(maps) // columns))
        figure = Figure(figsize=(WIDTH, 0.4 + 3.2 * lines), layout="constrained")
        if not maps:
            figure.text(0.5, 0.5, "No task of kind map was measured.", ha="center")
            return svg_bytes(figure)
        groups = list(dict.fromkeys(maps[0]["items"]["labels"]["group"]))
        panels = figure.subplots(lines, columns, squeeze=False).flat
        for axes, one in zip(panels, maps, strict=False):
            scores, labels = one["items"]["scores"], np.array(one["items"]["labels"]["group"])
            for i, group in enumerate(groups):
                rows = np.flatnonzero(labels == group)
                x, y = (np.array(scores[axis])[rows] for axis in ("x", "y"))
                axes.plot(x, y, ".", markersize=3, color=COLOURS[i % len(COLOURS)], label=group)
            axes.set_title(BASELINES.get(one["run"], one["run"]))
            axes.set_xticks([])
            axes.set_yticks([])
        for axes in list(figure.axes)[len(maps) :]:
            axes.set_visible(False)
        handles, names = figure.axes[0].get_legend_handles_labels()
        figure.legend(handles, names, loc="outside lower center", ncols=4, frameon=False)
        return svg_bytes(figure)
