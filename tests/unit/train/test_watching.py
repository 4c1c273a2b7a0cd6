"""What a person sees of a run: validation on the way, the probe, speeds and padding."""

import logging
from operator import attrgetter
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from test_train_run import load_data_of, train, trainer
from tiny_training import WORDS, TinyInputs

from bali.files import read_json
from bali.model.encoder import TextEncoder
from bali.model.encoding import Convention
from bali.model.tokenizer import load_tokenizer
from bali.train import course
from bali.train import progress as progress_module
from bali.train.names import Names
from bali.train.probe import Probe
from bali.train.progress import Progress


def test_the_probe_is_the_share_of_names_next_to_their_synonyms(tiny: TinyInputs):
    probe = Probe(Names(tiny.names, len(WORDS)), 8)
    assert len(probe) == len(set(probe.nodes.tolist())) == 8
    tokenizer = load_tokenizer(tiny.lm)
    asked, known = (
        [tokenizer.decode(ids, skip_special_tokens=True) for ids in names.tolist()]
        for names in (probe._asked, probe._known)
    )
    for node, one, other in zip(probe.nodes, asked, known, strict=True):
        assert {one, other} == {WORDS[node], f"{WORDS[node]} of the arm"}
    vectors = []
    for texts in (asked, known):
        found = TextEncoder.load(tiny.lm, "mean").encode(texts, batch_size=3, max_tokens=16)
        vectors.append(found / np.linalg.norm(found, axis=1, keepdims=True))
    nearest = (vectors[0] @ vectors[1].T).argmax(axis=1)
    expected = (nearest == np.arange(8)).mean()
    assert probe.accuracy(trainer(tiny).aligner) == pytest.approx(expected)


def test_names_that_all_coincide_are_found_by_chance(tiny: TinyInputs):
    probe = Probe(Names(tiny.names, len(WORDS)), 10)
    run = trainer(tiny)
    run.aligner.encode_names = lambda texts: torch.ones(len(texts), 4)
    assert probe.accuracy(run.aligner) == pytest.approx(1 / 10)


def test_a_probe_asks_for_no_more_concepts_than_there_are(tiny: TinyInputs):
    names = Names(tiny.names, len(WORDS))
    assert len(Probe(names, 1_000)) == len(WORDS)
    assert len(Probe(names, 0)) == 0


def test_validation_comes_at_stated_steps_and_at_the_end_of_each_epoch(
    tiny: TinyInputs, tmp_path: Path
):
    assert train(tiny, tmp_path, epochs=2, validate_every=2, probe=5) == 0  # 3 steps an epoch
    history = read_json(tmp_path / "history.json")
    assert [record["step"] for record in history["validation"]] == [2, 3, 4, 6]
    assert all({"loss", "losses", "probe"} <= record.keys() for record in history["validation"])


def test_validation_changes_nothing_of_the_training(tiny: TinyInputs, tmp_path: Path):
    for name, changes in (("often", {"validate_every": 1}), ("never", {"probe": 0})):
        assert train(tiny, tmp_path / name, **changes) == 0
    often, never = (read_json(tmp_path / name / "history.json") for name in ("often", "never"))
    assert often["steps"] == never["steps"]


@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize(
    ("changes", "read"),
    [
        ({}, ["sentences", "graph.names"]),
        ({"w_align": 0.0}, ["sentences"]),
        ({"w_align": 0.0, "w_mlm": 0.0, "w_synonyms": 1.0}, ["synonyms.names"]),
        ({"w_synonyms": 1.0}, ["sentences", "graph.names", "synonyms.names"]),
        ({"encoder": "linear-v1", "w_mlm": 0.0}, ["sentences", "graph.written"]),
        (
            {"encoder": "linear-v2", "w_own_name": 1.0, "hard_negatives": 1},
            ["sentences", "graph.names", "graph.written"],
        ),
    ],
    ids=str,
)
def test_tokens_and_padding_are_those_that_the_language_model_reads(
    tiny: TinyInputs, changes: dict, read: list[str], packed: bool
):
    run = trainer(tiny, **changes)
    run.data = load_data_of(tiny, run.settings)
    if not packed:
        run.aligner.convention = Convention(None)
    seen = []
    run.aligner.lm.register_forward_pre_hook(
        lambda _, __, inputs: seen.append(inputs["input_ids"].numel()), with_kwargs=True
    )
    batch = run.data.at(0)
    (record,) = run.step(batch, 0)
    texts = [attrgetter(name)(batch) for name in read]
    assert record["tokens"] == sum(int(text.lengths.sum()) for text in texts)
    assert record["cells"] == sum(seen)
    assert len(seen) == len(texts)
    assert record["tokens"] <= record["cells"]


def test_the_log_and_tensorboard_tell_speed_padding_and_waiting(
    tiny: TinyInputs, tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    run = trainer(tiny)
    caplog.set_level(logging.INFO)
    with Progress(tmp_path, 2) as progress:
        for done in range(2):
            with progress.waiting():
                batch = run.data.at(done)
            for record in run.step(batch, done):
                progress.step(record)
    assert "step 1 of 2, epoch 1: loss " in caplog.text
    for words in ("mlm ", "align ", "sentences/s", "tokens/s", "% padding", "% waiting", "s left"):
        assert words in caplog.text
    events = EventAccumulator(str(tmp_path)).Reload()
    waiting = [event.value for event in events.Scalars("speed/waiting_share")]
    assert len(waiting) == 2
    assert all(0 < share < 1 for share in waiting)
    padding = [event.value for event in events.Scalars("speed/padding_share")]
    assert padding[-1] == pytest.approx(1 - record["tokens"] / record["cells"])
    assert "train/grad_norm" in events.Tags()["scalars"]


def test_speeds_and_the_time_left_by_hand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    now = [100.0]
    monkeypatch.setattr(progress_module, "time", SimpleNamespace(monotonic=lambda: now[0]))
    caplog.set_level(logging.INFO)

    def record(step: int, tokens: int, cells: int) -> dict:
        rates = {"lr_lm": 1e-3, "lr_rest": 1e-3, "grad_norm": 1.0}
        losses = {"loss": 2.0, "losses": {"mlm": 2.0}, "watched": {}}
        read = {"sentences": 6, "mentions": 9, "tokens": tokens, "cells": cells}
        return {"step": step, "epoch": 1, **losses, **rates, **read}

    with Progress(tmp_path, 12) as progress:
        now[0] += 1_000  # nothing of the earlier part counts
        progress.replay({"steps": [record(1, 7, 7), record(2, 7, 7)], "validation": []})
        for step, tokens, cells, waits, computes in (
            (3, 90, 100, 0.5, 1.5),
            (4, 110, 150, 19.5, 18.5),
        ):
            with progress.waiting():
                now[0] += waits
            now[0] += computes
            progress.step(record(step, tokens, cells))
    first, second = (line for line in caplog.messages if line.startswith("step "))
    assert first == (
        "step 3 of 12, epoch 1: loss 2.0000, mlm 2.0000; 3.0 sentences/s, 45 tokens/s, "
        "10.0 % padding, 25.0 % waiting for data, 18 s left"
    )
    # 12 sentences and 200 tokens of 250 cells in 40 s, 20 s waited; 8 steps of 20 s are left
    assert second == (
        "step 4 of 12, epoch 1: loss 2.0000, mlm 2.0000; 0.3 sentences/s, 5 tokens/s, "
        "20.0 % padding, 50.0 % waiting for data, 160 s left"
    )
    events = EventAccumulator(str(tmp_path)).Reload()
    for name, value in (("sentences", 0.3), ("tokens", 5.0)):
        assert events.Scalars(f"speed/{name}_per_second")[-1].value == pytest.approx(value)


def test_a_validation_loss_that_is_not_finite_stops_the_run(
    tiny: TinyInputs,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    spoilt = {"loss": float("inf"), "losses": {"mlm": float("inf")}}
    monkeypatch.setattr(course, "mean_losses", lambda *_: spoilt)
    assert train(tiny, tmp_path) == 2
    assert "bali: error: step 3: the validation loss is inf (mlm inf)" in capsys.readouterr().err
