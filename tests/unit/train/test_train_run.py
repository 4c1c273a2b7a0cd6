"""Whole runs on a random BERT, through the command line."""

import json
import math
from argparse import Namespace
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from test_training_data import load
from tiny_training import SETTINGS, TinyInputs

from bali.__main__ import main
from bali.files import read_json, sha256
from bali.model.encoder import TextEncoder
from bali.model.lm import load_lm
from bali.model.tokenizer import load_tokenizer
from bali.train.build import build_aligner
from bali.train.data import TrainingData
from bali.train.loop import Trainer
from bali.train.run import load_data
from bali.train.settings import Settings
from bali.train.validation import mean_losses
from paths import REPOSITORY

ABLATION = yaml.safe_load((REPOSITORY / "workflow/presets/ablation.yaml").read_text())["runs"]


def train(
    tiny: TinyInputs,
    out: Path,
    workers: int = 0,
    minutes: float = 10,
    threads: int = 1,
    **changes: Any,
) -> int:
    """Exit status of a run; `changes` are of its settings."""
    settings = json.dumps({**SETTINGS, **changes})
    flags = {
        "--settings": settings,
        "--run": "tiny",
        "--seed": "29",
        "--pairs": tiny.train,
        "--validation": tiny.validation,
        "--names": tiny.names,
        "--subgraphs": tiny.subgraphs,
        "--edge-types": tiny.edge_types,
        "--hierarchy": tiny.hierarchy,
        "--soft-links": tiny.soft_links,
        "--lm": tiny.lm,
        "--max-tokens": "64",
        "--threads": threads,
        "--out": out / "model",
        "--history": out / "history.json",
        "--tensorboard": out / "tensorboard",
        "--workers": workers,
        "--checkpoints": out / "checkpoints",
        "--checkpoint-minutes": minutes,
        "--log": out / "log.txt",
    }
    return main(["train", "run", *(str(word) for pair in flags.items() for word in pair)])


def trainer(tiny: TinyInputs, **changes: Any) -> Trainer:
    settings = Settings.from_json(json.dumps({**SETTINGS, **changes}))
    torch.manual_seed(0)
    aligner = build_aligner(tiny.lm, settings)
    return Trainer(aligner, load(tiny), settings, torch.device("cpu"))


def load_data_of(tiny: TinyInputs, settings: Settings) -> TrainingData:
    """The training sentences, with all that these settings ask for."""
    paths = {
        name: getattr(tiny, name)
        for name in "validation names subgraphs edge_types hierarchy soft_links lm".split()
    }
    args = Namespace(pairs=tiny.train, seed=29, **paths)
    data, _, _ = load_data(args, settings, load_tokenizer(tiny.lm))
    return data


@pytest.fixture(scope="module")
def finished(tiny: TinyInputs, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run of 40 epochs, 120 steps."""
    folder = tmp_path_factory.mktemp("run")
    assert train(tiny, folder, epochs=40, dropout=0.0, lr_lm=3e-3) == 0
    return folder


def test_training_lowers_both_losses(finished: Path):
    history = read_json(finished / "history.json")
    for loss in ("mlm", "align"):
        course = [record["losses"][loss] for record in history["steps"]]
        assert sum(course[-15:]) < 0.8 * sum(course[:15])
        validation = [record["losses"][loss] for record in history["validation"]]
        assert validation[-1] < validation[0]


def test_the_history_holds_what_the_report_reads(finished: Path, tiny: TinyInputs):
    history = read_json(finished / "history.json")
    assert (history["run"], history["seed"], history["lm"]) == ("tiny", 29, "lm")
    assert history["settings"] == {**SETTINGS, "epochs": 40, "dropout": 0.0, "lr_lm": 3e-3}
    assert history["counts"] == {
        "sentences": 20,
        "validation_sentences": 6,
        "probe": 10,
        "steps": 120,
        "warmup": 12,
    }
    assert [record["step"] for record in history["steps"]] == list(range(1, 121))
    assert [record["sentences"] for record in history["steps"][:3]] == [8, 8, 4]
    keys = {"step", "epoch", "loss", "losses", "watched", "lr_lm", "lr_rest", "grad_norm"}
    keys |= {"sentences", "mentions", "tokens", "cells"}
    assert set(history["steps"][0]) == keys
    last = history["validation"][-1]
    assert set(last) == {"epoch", "step", "loss", "losses", "probe"}
    assert 0 <= last["probe"] <= 1
    assert set(last["losses"]) == set(history["steps"][0]["losses"]) == {"mlm", "align"}
    assert (last["epoch"], last["step"]) == (40, 120) == (40, history["exported_step"])
    trained = sum(
        p.numel() for name, p in load_lm(tiny.lm).named_parameters() if "pooler" not in name
    )
    assert history["parameters"]["lm"] == trained
    assert history["parameters"]["fresh_mlm_head"] is True


def test_the_model_folder_is_complete_and_encodes(finished: Path, tiny: TinyInputs):
    names = {path.name for path in (finished / "model").iterdir()}
    assert {"model.safetensors", "config.json", "tokenizer.json", "modules.json"} <= names
    assert {"graph_encoder.safetensors", "graph_encoder.json"} <= names
    trained, base = (
        TextEncoder.load(folder, "mean").encode(["brim"], batch_size=1, max_tokens=8)
        for folder in (finished / "model", tiny.lm)
    )
    assert np.abs(trained - base).max() > 0.01
    assert list((finished / "tensorboard").glob("events.out.tfevents.*"))


def test_what_lies_in_the_folders_of_a_run_stays(
    tiny: TinyInputs, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    for folder in ("model", "tensorboard", "checkpoints"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "thesis.tex").write_text("years of work")
    assert train(tiny, tmp_path) == 2
    assert "model: holds files but no config.json" in capsys.readouterr().err
    assert not list((tmp_path / "tensorboard").glob("events*"))  # said before the training
    (tmp_path / "model" / "thesis.tex").rename(tmp_path / "thesis.tex")
    assert train(tiny, tmp_path) == 0
    assert [path.name for path in (tmp_path / "checkpoints").iterdir()] == ["thesis.tex"]
    assert (tmp_path / "tensorboard" / "thesis.tex").read_text() == "years of work"


def test_the_same_seed_gives_the_same_bytes(tiny: TinyInputs, tmp_path: Path):
    for name in ("one", "two"):
        assert train(tiny, tmp_path / name) == 0
    for file in ("model/model.safetensors", "model/graph_encoder.safetensors", "history.json"):
        assert sha256(tmp_path / "one" / file) == sha256(tmp_path / "two" / file)


@pytest.mark.parametrize(
    "changes",
    [
        {"encoder": "none", "w_mlm": 0.0},
        {"w_align": 0.0},
        {"w_mlm": 0.0, "mask_share": 0.0, "name_pooling": "cls"},
        {"precision": "bf16"},
        {"w_mlm": 0.0, "w_align": 0.0, "w_synonyms": 1.0, "synonyms_mining": "hard"},
        {"w_own_name": 1.0, "w_link": 0.5, "w_synonyms": 1.0, "hard_negatives": 1},
        {"align_loss": "infonce", "temperature_learnt": True, "align_mean": "concepts"},
        {"mask_share": 0.0, "mask_mentions": 0.3, "mask_names": 0.1},
        {"encoder": "sage", "freeze_graph": True},
        {"encoder": "linear-v2", "edges": "shuffled", "hard_negatives": 2, "mask_names": 0.1},
        {"relations": "embedding", "mention_pooling": "attention", "projection": "mlp"},
        {"hidden_layer": 1, "mention_pooling": "cls", "projection": "linear", "w_own_name": 1.0},
    ],
    ids=[
        "names only",
        "mlm only",
        "no masking",
        "bf16",
        "synonyms only",
        "all objectives",
        "infonce",
        "mentions masked",
        "sage",
        "linear",
        "relations",
        "layer",
    ],
)
def test_every_kind_of_run_ends_with_a_model(tiny: TinyInputs, tmp_path: Path, changes: dict):
    assert train(tiny, tmp_path, **changes) == 0
    history = read_json(tmp_path / "history.json")
    weights = {name: w for name, w in {**SETTINGS, **changes}.items() if name[:2] == "w_" and w}
    for record in history["steps"] + history["validation"]:
        assert {f"w_{name}" for name in record["losses"]} == weights.keys()
        total = sum(weights[f"w_{name}"] * loss for name, loss in record["losses"].items())
        assert record["loss"] == pytest.approx(total, rel=1e-5)
        assert math.isfinite(total)
        assert total > 0
    load_lm(tmp_path / "model")


@pytest.mark.parametrize("run", ABLATION)
def test_every_run_of_the_ablation_trains_as_it_stands_in_the_preset(
    tiny: TinyInputs, tmp_path: Path, run: str
):
    assert train(tiny, tmp_path, **ABLATION[run]) == 0
    history = read_json(tmp_path / "history.json")
    own = {key: history["settings"][key] for key in ABLATION[run]}
    assert own == ABLATION[run]
    assert len(history["steps"]) == 3 and len(history["validation"]) == 1
    assert math.isfinite(history["validation"][0]["loss"])
    load_lm(tmp_path / "model")


def test_defect_10_the_validation_loss_is_a_mean_over_what_it_counts(tiny: TinyInputs):
    run = trainer(tiny)
    batches = list(load(tiny, tiny.validation, batch_size=4).epoch(0))
    run.aligner.eval()
    with torch.no_grad():
        losses = [run.aligner(batch) for batch in batches]
    assert len({int(batch.counts["mlm"]) for batch in losses}) > 1  # 4 and 2 sentences
    means = {}
    for name in ("mlm", "align"):
        weights = np.array([loss.counts[name].item() for loss in losses])
        values = np.array([loss.values[name].item() for loss in losses])
        means[name] = pytest.approx((weights * values).sum() / weights.sum(), rel=1e-6)
    record = mean_losses(run, batches)
    assert record["losses"] == means
    assert record["loss"] == 0.5 * record["losses"]["mlm"] + 1.0 * record["losses"]["align"]
    assert mean_losses(run, batches) == record


def test_the_two_learning_rates_follow_the_schedule(tiny: TinyInputs):
    run = trainer(tiny, epochs=4, lr_lm=1e-4, lr_rest=1e-2, warmup_share=0.25)
    batches = list(run.data.epoch(1))
    records = [record for done in range(12) for record in run.step(batches[0], done)]
    assert run.warmup == 3
    assert [record["lr_lm"] for record in records[:4]] == pytest.approx(
        [1e-4 / 3, 2e-4 / 3, 1e-4, 1e-4]
    )
    for record in records:
        assert record["lr_rest"] == pytest.approx(100 * record["lr_lm"])
    embedding = run.aligner.lm.embeddings.word_embeddings.weight
    rates = {
        group["lr"]
        for group in run.optimizer.param_groups
        if any(parameter is embedding for parameter in group["params"])
    }
    assert rates == {records[-1]["lr_lm"]}


def test_all_parameters_decay_alike_as_in_the_released_command(tiny: TinyInputs):
    run = trainer(tiny, weight_decay=0.5, lr_lm=0.1, lr_rest=0.1)
    bias = run.aligner.lm.encoder.layer[0].output.dense.bias
    other = run.aligner.graph_encoder.projection[0].weight
    torch.nn.init.ones_(bias)
    before = [parameter.detach().clone() for parameter in (bias, other)]
    for parameter in run.parameters:
        parameter.grad = torch.zeros_like(parameter)
    run.set_rates(run.warmup)  # the peak
    run.optimizer.step()
    for parameter, old in zip((bias, other), before, strict=True):
        assert torch.allclose(parameter, old * (1 - 0.1 * 0.5))


def test_a_gradient_is_clipped_to_its_norm(tiny: TinyInputs):
    run = trainer(tiny, max_grad_norm=1e-3)
    run.step(run.data.at(0), 0)
    squares = [float(p.grad.square().sum()) for p in run.parameters if p.grad is not None]
    assert math.sqrt(sum(squares)) == pytest.approx(1e-3, rel=1e-3)


def test_a_users_mistake_is_one_line_and_leaves_nothing(
    tiny: TinyInputs, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    assert train(tiny, tmp_path, heads=3) == 2
    assert "bali: error: train.heads: 3 heads do not divide" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["log.txt"]


def test_a_missing_table_is_named(
    tiny: TinyInputs, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    gone = replace(tiny, train=tmp_path / "gone.arrow")
    assert train(gone, tmp_path) == 2
    assert f"bali: error: {tmp_path}/gone.arrow: no such file" in capsys.readouterr().err


@pytest.mark.parametrize("weight", [f.name for f in fields(Settings) if f.name.startswith("w_")])
def test_every_text_is_read_in_the_precision_of_the_run(tiny: TinyInputs, weight: str):
    """The losses are float32; the language model in front of them must not be."""
    alone = {name: 0.0 for name in SETTINGS if name.startswith("w_")}
    settings = {**SETTINGS, **alone, weight: 1.0, "precision": "bf16"}
    settings = Settings.from_json(json.dumps(settings))
    data = load_data_of(tiny, settings)
    aligner = build_aligner(tiny.lm, settings, data.relations)
    run = Trainer(aligner, data, settings, torch.device("cpu"))
    seen: list[torch.dtype] = []
    for module in aligner.lm.modules():
        if isinstance(module, torch.nn.Linear):
            module.register_forward_hook(lambda _, __, output: seen.append(output.dtype))
    losses = run.losses(data.at(0))
    assert losses.total.dtype == torch.float32
    assert set(seen) == {torch.bfloat16}
