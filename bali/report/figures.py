"""The figures, as SVG whose bytes depend on the numbers alone: no date, no random ids."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bali.report.results import CUTOFFS, Result
from bali.report.waterfall import Waterfall

STYLE: dict[Any, Any] = {
    "text.parse_math": False,  # names are shown as they are
    "svg.hashsalt": "bali",  # ids inside the SVG are hashes with this salt
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 10,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.edgecolor": "#888888",
    "figure.facecolor": "white",
}
# Okabe & Ito's palette: told apart with any kind of colour vision.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#F0E442")
KEPT, DROPPED, BASE = "#0072B2", "#D55E00", "#888888"
WIDTH = 9.0  # inches
WINDOWS = 40  # a loss curve is averaged over 1/40 of its steps


def accuracy_figure(results: Sequence[Result]) -> bytes:
    """Forest plot of accuracy on test, one panel a cut-off, one row a run.

    Exact string match is left out: held-out names differ from all others, so that it is at chance
    and would squeeze the rest into a corner.
    """
    shown = [result for result in results if result.run not in ("exact", "tfidf")]
    with rc_context(STYLE):
        figure = Figure(figsize=(WIDTH, 1.1 + 0.32 * len(shown)), layout="constrained")
        for axes, k in zip(figure.subplots(1, len(CUTOFFS), sharey=True), CUTOFFS, strict=True):
            for row, result in enumerate(shown):
                value, low, high = (100 * x for x in result.accuracy["test", k])
                colour = BASE if result.run == "base" else KEPT
                axes.plot([low, high], [row, row], color=colour, linewidth=2)
                axes.plot(value, row, "o", color=colour)
                if result.run == "base":
                    axes.axvline(value, color=BASE, linewidth=0.8, linestyle="--", zorder=0)
            axes.set_yticks(range(len(shown)), [result.label for result in shown])
            axes.set_ylim(len(shown) - 0.5, -0.5)
            axes.set_title(f"acc@{k}")
            axes.set_xlabel("%, with 95 % interval over concepts")
            axes.grid(axis="x", color="#e5e5e5")
        return svg_bytes(figure)


# Objective -> title of its panel, in the order of the panels.
OBJECTIVES = {
    "align": "Contrastive loss",
    "mlm": "Masked-language-model loss",
    "own_name": "Mention and own name",
    "synonyms": "Names of one concept",
    "hierarchy": "A name and a broader one",
    "soft": "A span and what it may mean",
    "link": "Link prediction",
}
PANELS = 2  # a row of them


def losses_figure(histories: Sequence[dict[str, Any]]) -> bytes:
    """Learning curves: losses by objective, and the linking probe.

    Training losses are averaged over a few steps; points are validations.

    Args:
        histories: of the training runs; what no run has gets no panel.
    """
    runs = list(dict.fromkeys(history["run"] for history in histories))
    colours = {run: COLOURS[i % len(COLOURS)] for i, run in enumerate(runs)}
    found = {
        name for history in histories for record in history["steps"] for name in record["losses"]
    }
    shown = [*(name for name in OBJECTIVES if name in found), *sorted(found - OBJECTIVES.keys())]
    probed = any("probe" in record for history in histories for record in history["validation"])
    rows = max(1, -(-(len(shown) + probed) // PANELS))
    with rc_context(STYLE):
        figure = Figure(figsize=(WIDTH, 0.6 + 2.8 * rows), layout="constrained")
        panels = figure.subplots(rows, PANELS, squeeze=False).ravel()
        for axes in panels[len(shown) + probed :]:
            axes.remove()
        if probed:
            axes = panels[len(shown)]
            for history in histories:
                _probe(axes, history, colours[history["run"]])
            axes.set_title("Linking probe, names seen in training")
            axes.set_xlabel("step")
            axes.set_ylabel("acc@1, %")
            axes.grid(axis="y", color="#e5e5e5")
            axes.set_xlim(left=0)
        for axes, name in zip(panels, shown, strict=False):
            for history in histories:
                _curve(axes, history, name, colours[history["run"]])
            axes.set_title(OBJECTIVES.get(name, name))
            axes.set_xlabel("step")
            axes.set_ylabel("nats")
            axes.grid(axis="y", color="#e5e5e5")
            axes.set_ylim(bottom=0)
            axes.set_xlim(left=0)
        for run, colour in colours.items():
            figure.axes[0].plot([], [], color=colour, label=f"{run}, training")
            figure.axes[0].plot([], [], "o", color=colour, label=f"{run}, validation")
        figure.legend(loc="outside lower center", ncols=min(len(runs), 4), frameon=False)
        return svg_bytes(figure)


def _curve(axes: Axes, history: dict[str, Any], loss: str, colour: str) -> None:
    """Draw one loss of one run and seed, unless the run does not have it."""
    points = {
        part: np.array(
            [(row["step"], row["losses"][loss]) for row in history[part] if loss in row["losses"]]
        )
        .reshape(-1, 2)
        .T
        for part in ("steps", "validation")
    }
    steps = points["steps"]
    if not steps.size:
        return
    window = max(1, steps.shape[1] // WINDOWS)
    step, value = (np.convolve(column, np.full(window, 1 / window), "valid") for column in steps)
    axes.plot(step, value, color=colour, linewidth=1.3)
    axes.plot(*points["validation"], "o", color=colour, markersize=5, markeredgecolor="white")


def _probe(axes: Axes, history: dict[str, Any], colour: str) -> None:
    """Draw the probe's accuracy at the validations of one run and seed."""
    points = [(r["step"], 100 * r["probe"]) for r in history["validation"] if "probe" in r]
    step, value = np.array(points).reshape(-1, 2).T
    axes.plot(step, value, "o-", color=colour, markersize=5, markeredgecolor="white", linewidth=1.3)


ROW, HEAD, GAP = 0.2, 0.3, 0.25  # inches: a bar, a panel's title, space between panels
LABELS, NUMBERS = 1.95, 1.0  # inches left and right of a panel's bars
COLUMN = WIDTH / 2
BARS = COLUMN - LABELS - NUMBERS


def dropped_figure(waterfalls: Sequence[Waterfall]) -> bytes:
    """One waterfall a table: what was read, each reason's loss, what was kept.

    Tables that lost nothing are left out. Panels stand in two columns, each put where the shorter
    column ends.
    """
    places: list[tuple[Waterfall, int, float]] = []  # waterfall, column, inches from the top
    filled = [0.0, 0.0]
    for waterfall in waterfalls:
        if waterfall.read > waterfall.kept:
            column = filled.index(min(filled))
            places.append((waterfall, column, filled[column]))
            filled[column] += HEAD + ROW * len(_bars(waterfall)) + GAP
    height = max(*filled, 1.0)
    with rc_context(STYLE):
        figure = Figure(figsize=(WIDTH, height))
        for waterfall, column, top in places:
            bars = _bars(waterfall)
            inches = ROW * len(bars)
            axes = figure.add_axes(
                (
                    (column * COLUMN + LABELS) / WIDTH,
                    1 - (top + HEAD + inches) / height,
                    BARS / WIDTH,
                    inches / height,
                )
            )
            _draw_bars(axes, bars, waterfall)
        if not places:
            figure.text(0.5, 0.5, "No filter dropped anything.", ha="center")
        return svg_bytes(figure)


def _bars(waterfall: Waterfall) -> list[tuple[str, int, int, str]]:
    """Label, left end, length and colour of each bar, from what was read to what was kept."""
    bars = [("read", 0, waterfall.read, KEPT)]
    left = waterfall.read
    for reason, number in waterfall.dropped.items():
        left -= number
        if number:
            bars.append((reason, left, number, DROPPED))
    return [*bars, ("kept", 0, waterfall.kept, KEPT)]


def _draw_bars(axes: Axes, bars: list[tuple[str, int, int, str]], waterfall: Waterfall) -> None:
    for row, (_, left, length, colour) in enumerate(bars):
        axes.barh(row, length, left=left, color=colour, height=0.7)
        share = 100 * length / waterfall.read
        sign = "\N{MINUS SIGN}" if colour == DROPPED else ""
        text = f"{sign}{length:,} ({share:.1f} %)" if row else f"{length:,}"
        axes.annotate(
            text,
            (1, row),
            xycoords=("axes fraction", "data"),
            xytext=(4, 0),
            textcoords="offset points",
            va="center",
            fontsize=7.5,
        )
    axes.set_yticks(range(len(bars)), [_short(label) for label, *_ in bars], fontsize=7.5)
    axes.tick_params(axis="y", length=0)
    axes.set_ylim(len(bars) - 0.5, -0.5)
    axes.set_xlim(0, waterfall.read)
    axes.set_xticks([])
    axes.spines["bottom"].set_visible(False)
    axes.set_title(f"{waterfall.step}: {waterfall.table}", fontsize=8.5, x=(0.1 - LABELS) / BARS)


def _short(label: str, most: int = 34) -> str:
    return label if len(label) <= most else label[: most - 1] + "…"


def svg_bytes(figure: Figure) -> bytes:
    """Render without date and creator, so that equal numbers give equal bytes."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    return buffer.getvalue()
