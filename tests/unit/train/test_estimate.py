"""The cost of a step: by hand, against torch's counter, and for the published run."""

import re
from pathlib import Path

import pytest
from test_train_run import trainer
from tiny_training import TinyInputs
from torch.utils.flop_counter import FlopCounterMode

from bali.__main__ import main
from bali.model.masking import IGNORED
from bali.train.cost import Shape, Step, forward_flops, memory, parameters, seconds, step_flops
from bali.train.estimate import merged
from bali.train.inspection import texts_of
from paths import REPOSITORY

SHAPE = Shape(dim=4, layers=2, inner=8, vocabulary=10, positions=16, encoder="gat", graph_layers=3)
STEP = Step(tokens=90, cells=100, row=6, hidden=7, members=5, centres=2, mentions=3)


def test_flops_by_hand():
    assert forward_flops(SHAPE, STEP) == {
        # 2 layers of 100 cells: 4 projections of 4x4, 2 of 4x8, scores and sums over 6 cells
        "language model": 100 * 2 * (2 * (4 * 16 + 2 * 32) + 2 * 2 * 6 * 4),
        "MLM head": 7 * 2 * (16 + 40),
        "graph encoder": 5 * 3 * 32 + 2 * 32,
        "contrastive loss": 2 * 6 * 6 * 4,
    }
    assert step_flops(SHAPE, STEP) == 3 * (70_400 + 784 + 544 + 288)


def test_memory_and_time_by_hand():
    count = parameters(SHAPE)
    fixed = 16 * count + 3 * 4 * 7 * 10 + 4 * 4 * 36
    assert memory(SHAPE, STEP, 32) == fixed + 100 * 2 * 4 * 34 * 2
    assert memory(SHAPE, STEP, 16) == fixed + 100 * 2 * 4 * 34 + 2 * count
    expected = step_flops(SHAPE, STEP) / (1e6 * 0.5) + 28 * count / 1e5
    assert seconds(SHAPE, STEP, peak=1e6, bandwidth=1e5, utilisation=0.5) == expected


@pytest.mark.parametrize("encoder", ["gat", "sage", "none"])
def test_the_formulas_are_what_torch_counts(tiny: TinyInputs, encoder: str):
    run = trainer(tiny, encoder=encoder, residual=True)
    run.aligner.lm.set_attn_implementation("eager")  # the counter does not see into SDPA
    run.aligner.lm.pooler = None  # computed by BERT, a product a row, though nobody looks at it
    batch = run.data.at(0)
    config = run.aligner.lm.config
    shape = Shape(32, 2, 64, config.vocab_size, 128, encoder, 2)
    texts = list(texts_of(batch))
    cells = sum(text.cells for text in texts)
    step = Step(
        tokens=sum(len(text.ids) for text in texts),
        cells=cells,
        row=sum(text.cells * text.rows.token.shape[1] for text in texts) / cells,
        hidden=int((batch.labels != IGNORED).sum()),
        members=len(batch.graph.member),
        centres=len(batch.graph.centre),
        mentions=len(batch.concept),
    )
    with FlopCounterMode(display=False) as counter:
        losses = run.losses(batch)
    assert counter.get_total_flops() == pytest.approx(sum(forward_flops(shape, step).values()))
    with FlopCounterMode(display=False) as counter:
        losses.total.backward()
    assert counter.get_total_flops() == pytest.approx(step_flops(shape, step) * 2 / 3, rel=0.01)
    of_lm, rest = run.aligner.parameter_groups()
    assert parameters(shape) == sum(p.numel() for p in {*of_lm, *rest})


def test_the_published_run_is_estimated(capsys: pytest.CaptureFixture[str]):
    presets = REPOSITORY / "workflow/presets/paper.yaml"
    words = ["train", "estimate", "--config", str(REPOSITORY / "config.yaml")]
    if presets.is_file():
        words += ["--config", str(presets)]
    words += ["--run", "gat", "--device", "a100-80gb", "--sentences", "1500000"]
    assert main(words) == 0
    shown = capsys.readouterr().out
    assert re.search(r"^parameters +11\d\.\d M trained$", shown, re.MULTILINE)
    assert re.search(r"^time +0\.\d+ s a step, \d+\.\d h on one a100-80gb", shown, re.MULTILINE)
    assert "fits" in shown


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--run", "gta"], "--run: 'gta' is none of gat"),
        (["--utilisation", "0"], "--utilisation: 0.0 must be above 0 and at most 1"),
        (["--name-tokens", "nan"], "--name-tokens: nan must be above 0"),
        (["--lm", "nowhere"], "nowhere: no language model"),
        (["--config", "nowhere.yaml"], "nowhere.yaml: no config"),
    ],
)
def test_a_mistake_is_one_line(words: list[str], message: str, capsys: pytest.CaptureFixture[str]):
    config = ["--config", str(REPOSITORY / "config.yaml"), "--sentences", "100"]
    assert main(["train", "estimate", *config, *words]) == 2
    assert f"bali: error: {message}" in capsys.readouterr().err


def test_a_config_without_train_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    (tmp_path / "c.yaml").write_text("graph: {}\n")
    assert main(["train", "estimate", "--config", str(tmp_path / "c.yaml")]) == 2
    assert "no section train; name config.yaml first" in capsys.readouterr().err


def test_configs_merge_as_snakemake_merges_them():
    base = {"a": {"x": 1, "y": [1, 2]}, "b": 3}
    assert merged(base, {"a": {"y": [5]}}) == {"a": {"x": 1, "y": [5]}, "b": 3}
    assert base == {"a": {"x": 1, "y": [1, 2]}, "b": 3}
