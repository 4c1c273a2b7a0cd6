"""What the figures draw, read back from matplotlib's own objects."""

import pytest

from bali.report import figures
from bali.report.waterfall import Waterfall


@pytest.fixture
def drawn(monkeypatch):
    """Figures as matplotlib holds them, in the order of drawing."""
    kept = []
    monkeypatch.setattr(figures, "svg_bytes", lambda figure: kept.append(figure) or b"")
    return kept


def history(run, objectives, losses):
    steps = [
        {"step": i + 1, "losses": dict.fromkeys(objectives, loss)} for i, loss in enumerate(losses)
    ]
    return {"run": run, "steps": steps, "validation": steps[-1:]}


def curves(axes):
    return [line.get_xydata().tolist() for line in axes.lines if len(line.get_xdata())]


def test_an_objective_that_a_run_does_not_have_is_not_drawn(drawn):
    both, one = history("a", ["mlm", "align"], [3, 2]), history("b", ["align"], [5, 4])
    figures.losses_figure([both, one])
    align, mlm = drawn[0].axes
    assert curves(align) == [[[1, 3], [2, 2]], [[2, 2]], [[1, 5], [2, 4]], [[2, 4]]]
    assert curves(mlm) == [[[1, 3], [2, 2]], [[2, 2]]]


def test_every_objective_has_a_panel_also_one_that_the_report_does_not_know(drawn):
    figures.losses_figure([history("a", ["new", "link", "align"], [3, 2])])
    titles = [axes.get_title(loc="left") for axes in drawn[0].axes]
    assert titles == ["Contrastive loss", "Link prediction", "new"]


def test_the_probe_has_the_last_panel(drawn):
    one = history("a", ["align"], [3, 2])
    one["validation"] = [
        {"step": 1, "losses": {}, "probe": 0.25},
        {"step": 2, "losses": {}, "probe": 0.5},
    ]
    figures.losses_figure([one, history("b", ["align"], [5, 4])])
    assert curves(drawn[0].axes[-1]) == [[[1, 25], [2, 50]]]


def test_a_curve_is_the_mean_of_a_fortieth_of_its_steps(drawn):
    figures.losses_figure([history("a", ["align"], range(80))])  # windows of two steps
    assert curves(drawn[0].axes[0])[0][:2] == [[1.5, 0.5], [2.5, 1.5]]


def test_bars_lead_from_read_to_kept(drawn):
    lossy = Waterfall("s", "t", read=10, kept=3, dropped={"a": 5, "b": 0, "c": 2})
    whole = Waterfall("s", "u", read=4, kept=4, dropped={"a": 0})
    figures.dropped_figure([lossy, whole])
    (axes,) = drawn[0].axes
    bars = [(bar.get_x(), bar.get_width()) for bar in axes.patches]
    assert bars == [(0, 10), (5, 5), (3, 2), (0, 3)]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["read", "a", "c", "kept"]
