"""The cost of a step: by hand, against torch's counter, and for the published run."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import torch
from random_lms import ARCHITECTURES, write_random_lm
from test_train_run import load_data_of
from tiny_training import SETTINGS, TinyInputs
from torch.utils.flop_counter import FlopCounterMode

from bali.__main__ import main
from bali.config import merged
from bali.model.batch import Batch, Texts
from bali.model.encoding import encode, find_convention
from bali.model.lm import load_config, load_lm
from bali.model.views import Views
from bali.train.build import build_aligner
from bali.train.cost import (
    Reading,
    Shape,
    Step,
    forward_flops,
    memory,
    seconds,
    step_flops,
)
from bali.train.loop import Trainer
from bali.train.settings import Settings
from bali.train.sizes import shape_of
from paths import REPOSITORY


def settings_with(**changes: Any) -> Settings:
    return Settings.from_json(json.dumps(SETTINGS | changes))


# 2 layers of 4 projections of 4x4 and 2 of 4x8
SHAPE = Shape(dim=4, layers=2, matrices=256, embedding=4, vocabulary=10, trained=500, frozen=20)
STEP = Step(
    readings=(Reading(50, 60, 5), Reading(40, 40, 8)),
    hidden=7,
    members=5,
    edges=3,
    centres=2,
    siblings=1,
    mentions=3,
    names=4,
    synonyms=2,
    kinds=3,
    candidates=5,
    spans=3,
    meant=2,
    triples=6,
)


def test_flops_by_hand():
    # GATv2 x 2 with relations, both contrasts behind a linear head of 3, synonyms and links
    settings = settings_with(
        relations="embedding", projection="linear", projection_dim=3, w_own_name=1.0, w_link=1.0
    )
    parts = {
        "language model": 60 * (512 + 2 * 2 * 2 * 5 * 4) + 40 * (512 + 2 * 2 * 2 * 8 * 4),
        "MLM head": 7 * 2 * (16 + 40),
        "graph encoder": 5 * 2 * 32 + 2 * 32,
        "relations": (3 + 5) * 2 * 32,
        "projections": 2 * 7 * 2 * 4 * 3,
        "contrasts": 2 * 2 * 6 * 7 * 3 + 2 * 4 * 4 * 4 + 2 * (3 * 5 + 3 * 2) * 4,
        "link prediction": 2 * 6 * 7 * 4,
        "confirmed triples": 2 * 36 * 7,
    }
    assert forward_flops(SHAPE, settings, STEP) == parts
    confirmed = parts["confirmed triples"]
    assert step_flops(SHAPE, settings, STEP) == 3 * sum(parts.values()) - 2 * confirmed
    frozen = settings_with(**{**settings.as_dict(), "freeze_graph": True})
    saved = parts["graph encoder"] + 2 * parts["relations"]
    assert step_flops(SHAPE, frozen, STEP) == step_flops(SHAPE, settings, STEP) - saved


def test_memory_and_time_by_hand():
    settings = settings_with(precision="fp32")
    compared = 6 * 7 + 4 * 4 + 3 * 5 + 3 * 2 + 6 * (6 + 3 + 4)
    fixed = 16 * 500 + 4 * 20 + 3 * 4 * 7 * 10 + 16 * compared
    assert memory(SHAPE, settings, STEP) == fixed + 100 * 2 * 4 * 34 * 2
    bf16 = settings_with(precision="bf16")
    assert memory(SHAPE, bf16, STEP) == fixed + 100 * 2 * 4 * 34 + 2 * 500
    expected = step_flops(SHAPE, settings, STEP) / (1e6 * 0.5) + 28 * 500 / 1e5
    limits = {"peak": 1e6, "bandwidth": 1e5, "utilisation": 0.5}
    assert seconds(SHAPE, settings, STEP, **limits) == expected


def step_of(batch: Batch, run: Trainer) -> Step:
    """The numbers of a step's inputs; what the language model reads is what it was seen to read."""
    views = Views(batch, run.aligner)
    for objective in run.aligner.objectives.values():
        objective(views)
    graph, links, settings = batch.graph, batch.links, run.settings
    kinds, candidates = batch.hierarchy.unrelated.shape if batch.hierarchy else (0, 0)
    spans, meant = batch.soft.logit.shape if batch.soft else (0, 0)
    return Step(
        readings=tuple(
            Reading(len(texts.ids), texts.cells, texts.rows.token.shape[1])
            for texts in views.encoded
        ),
        hidden=len(batch.masked_tokens()) if settings.w_mlm else 0,
        mentions=len(batch.concept),
        centres=len(graph.centre) if graph else 0,
        siblings=len(graph.sibling) if graph else 0,
        members=len(graph.member) if graph else 0,
        edges=graph.edge_index.shape[1] if graph else 0,
        names=len(graph.names) if graph else 0,
        synonyms=len(batch.synonyms.concept) if batch.synonyms else 0,
        kinds=kinds,
        candidates=candidates,
        spans=spans,
        meant=meant,
        triples=len(links.row) if links else 0,
    )


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"encoder": "sage", "residual": False},
        {"encoder": "none"},
        {"encoder": "linear-v1"},
        {"encoder": "linear-v2", "w_own_name": 1.0},
        {"relations": "embedding", "hard_negatives": 2, "projection": "mlp"},
        {"freeze_graph": True, "relations": "embedding"},
        {"encoder": "sage", "freeze_graph": True},
        {"w_align": 0.0},
        {"w_align": 0.0, "w_mlm": 0.0, "w_synonyms": 1.0, "synonyms_mining": "hard"},
        {"w_align": 0.0, "w_own_name": 1.0, "projection": "linear", "hard_negatives": 1},
        {"w_link": 1.0, "w_own_name": 1.0, "w_synonyms": 1.0, "temperature_learnt": True},
        {"w_align": 0.0, "w_mlm": 0.0, "w_link": 1.0, "mention_pooling": "attention"},
        {"align_loss": "infonce", "mask_mentions": 0.5},
        {"w_align": 0.0, "w_mlm": 0.0, "w_hierarchy": 1.0, "hierarchy_siblings": 2},
        {"w_align": 0.0, "w_mlm": 0.0, "w_hierarchy": 1.0, "hierarchy_parent": 0.0},
        {"w_align": 0.0, "w_mlm": 0.0, "w_soft": 1.0},
    ],
    ids=str,
)
def test_the_formulas_are_what_torch_counts_and_what_the_model_holds(
    tiny: TinyInputs, changes: dict
):
    settings = settings_with(**changes)
    data = load_data_of(tiny, settings)
    run = Trainer(
        build_aligner(tiny.lm, settings, data.relations), data, settings, torch.device("cpu")
    )
    run.aligner.lm.set_attn_implementation("eager")  # the counter does not see into SDPA
    run.aligner.lm.pooler = None  # computed by BERT, a product a row, though nobody looks at it
    batch = data.at(0)
    shape, step = shape_of(load_config(tiny.lm), settings, data.relations), step_of(batch, run)
    with FlopCounterMode(display=False) as counter:
        losses = run.losses(batch)
    forward = sum(forward_flops(shape, settings, step).values())
    assert counter.get_total_flops() == pytest.approx(forward)
    with FlopCounterMode(display=False) as counter:
        losses.total.backward()
    backward = step_flops(shape, settings, step) - forward
    assert counter.get_total_flops() == pytest.approx(backward, rel=0.01)
    of_lm, rest = run.aligner.parameter_groups()
    assert shape.trained == sum(p.numel() for p in {*of_lm, *rest})
    assert shape.frozen == sum(p.numel() for p in run.aligner.parameters() if not p.requires_grad)


@pytest.mark.parametrize("kind", ARCHITECTURES)
def test_any_architecture_is_counted(tmp_path: Path, kind: str):
    write_random_lm(tmp_path, kind, ["patients with heart attacks"])
    settings = settings_with()
    shape = shape_of(load_config(tmp_path), settings, 3)
    of_lm, rest = build_aligner(tmp_path, settings, 3).parameter_groups()
    assert shape.trained == sum(p.numel() for p in {*of_lm, *rest})
    lm = load_lm(tmp_path)
    lm.set_attn_implementation("eager")
    lm.pooler = None
    texts = Texts(torch.arange(60) % 9 + 6, torch.tensor([30, 20, 10]))
    convention = find_convention(lm)
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        encode(lm, texts, convention)
    row = Reading(60, texts.cells, texts.rows.token.shape[1])
    language_model = forward_flops(shape, settings, Step((row,)))["language model"]
    # ModernBERT's rotary positions are a small product of their own
    assert counter.get_total_flops() == pytest.approx(language_model, rel=0.001)


def test_the_published_run_is_estimated(capsys: pytest.CaptureFixture[str]):
    presets = REPOSITORY / "workflow/presets/paper.yaml"
    words = ["train", "estimate", "--config", str(REPOSITORY / "config.yaml")]
    if presets.is_file():
        words += ["--config", str(presets)]
    words += ["--run", "gat", "--device", "a100-80gb", "--sentences", "1500000"]
    assert main(words) == 0
    shown = capsys.readouterr().out
    assert re.search(r"^parameters +11\d\.\d M trained, 0.0 M frozen$", shown, re.MULTILINE)
    assert re.search(r"^time +0\.\d+ s a step, \d+\.\d h on one a100-80gb", shown, re.MULTILINE)
    assert "fits" in shown


def test_every_control_is_estimated_and_each_part_of_it_is_named(
    capsys: pytest.CaptureFixture[str],
):
    files = ("config.yaml", "workflow/presets/paper.yaml", "workflow/presets/ablation.yaml")
    words = ["train", "estimate", "--device", "l4"]
    for file in files:
        words += ["--config", str(REPOSITORY / file)]
    parts = {
        "gat": {"language model", "MLM head", "graph encoder", "contrasts"},
        "linear": {"language model", "MLM head", "contrasts"},
        "synonyms-only": {"language model", "contrasts"},
        "mlm-only": {"language model", "MLM head"},
    }
    tokens = {}
    for run, expected in parts.items():
        assert main([*words, "--run", run]) == 0
        shown = capsys.readouterr().out
        line = re.search(r"^FLOPs a step .* T \((.*)\)$", shown, re.MULTILINE)
        assert {part.rpartition(" ")[0] for part in line[1].split(", ")} == expected
        tokens[run] = int(re.search(r"([\d,]+) real", shown)[1].replace(",", ""))
    # 256 sentences of 40 tokens; 403.2 concepts of 4 names, 60 % distinct, of 9 tokens; 128 names
    assert tokens["mlm-only"] == 10_240
    assert tokens["gat"] == round(10_240 + 403.2 * 4 * 0.6 * 9)
    assert tokens["linear"] == round(10_240 + 403.2 * (9 + 3 * (7 + 3 + 7 + 1)))
    assert tokens["synonyms-only"] == 128 * 9


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--relations", "0"], "--relations: 0 must be 1 or more"),
        (["--run", "gta"], "--run: 'gta' is none of aligned"),
        (["--utilisation", "0"], "--utilisation: 0.0 must be above 0 and at most 1"),
        (["--name-tokens", "nan"], "--name-tokens: nan must be above 0"),
        (["--lm", "nowhere"], "nowhere: no language model"),
        (["--config", "nowhere.yaml"], "nowhere.yaml: no such file"),
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


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("runs: {aligned: {soft_names: 3}}", "runs.aligned.soft_names: 3 does nothing in this run"),
        ("train: {epochs: 0}", "--config: train.epochs: 0 is less than the minimum of 1"),
        ("train: {lr_lm: .nan}", "--config: train.lr_lm: nan is no finite number"),
    ],
)
def test_a_mistake_in_the_config_is_one_line(
    change: str, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "c.yaml").write_text(change)
    files = [str(REPOSITORY / "config.yaml"), str(tmp_path / "c.yaml")]
    words = ["--config", files[0], "--config", files[1], "--sentences", "100", "--run", "aligned"]
    assert main(["train", "estimate", *words]) == 2
    assert f"bali: error: {message}" in capsys.readouterr().err


def test_the_model_that_is_assumed_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--config", str(REPOSITORY / "config.yaml"), "--sentences", "100"]
    assert main(["train", "estimate", *words]) == 0
    assert "language model    bert-base; --lm says another" in capsys.readouterr().out


def test_configs_merge_as_snakemake_merges_them():
    base = {"a": {"x": 1, "y": [1, 2]}, "b": 3}
    assert merged(base, {"a": {"y": [5]}}) == {"a": {"x": 1, "y": [5]}, "b": 3}
    assert base == {"a": {"x": 1, "y": [1, 2]}, "b": 3}
