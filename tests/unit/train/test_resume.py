"""Interrupted runs: killed at any moment, they go on and end with the bits of one that was not."""

import multiprocessing
import os
import random
import signal
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from test_train_run import train, trainer
from tiny_training import TinyInputs

from bali.errors import InputError
from bali.files import read_json, sha256
from bali.model.aligner import Aligner
from bali.train import checkpoints as checkpoints_module
from bali.train import course, identity
from bali.train.checkpoints import Checkpoint, Checkpoints
from bali.train.loop import Trainer
from bali.train.state import capture, restore

RUN = {"epochs": 4, "validate_every": 5}  # 12 steps
RESULTS = ("model/model.safetensors", "model/graph_encoder.safetensors", "history.json")


def in_a_process(work, *arguments) -> int:
    """Exit status of a fork of this process; minus the signal that ended it."""
    process = multiprocessing.get_context("fork").Process(target=work, args=arguments)
    process.start()
    process.join(120)
    return process.exitcode


def killed_in_step(
    step: int, tiny: TinyInputs, out: Path, number: int, workers: int, minutes: float = 0
) -> None:
    """Train until the weights of a step have changed; get a signal there.

    Each step is saved, unless `minutes` says otherwise.
    """
    unharmed = Trainer.step

    def harmed(self, batch, done):
        records = unharmed(self, batch, done)
        if done == step:
            os.kill(os.getpid(), number)
        return records

    Trainer.step = harmed
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(99))  # what an unprepared process does
    sys.exit(train(tiny, out, workers=workers, minutes=minutes, **RUN))


@pytest.fixture(scope="module")
def whole(tiny: TinyInputs, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that nothing interrupted, and that saved nothing on the way."""
    folder = tmp_path_factory.mktemp("whole")
    assert train(tiny, folder, minutes=999, **RUN) == 0
    return folder


def assert_same(one: Path, other: Path) -> None:
    for file in RESULTS:
        assert sha256(one / file) == sha256(other / file), file


@pytest.mark.parametrize("workers", [0, 2])
def test_a_run_killed_at_five_steps_ends_with_the_same_bits(
    tiny: TinyInputs, tmp_path: Path, whole: Path, workers: int
):
    steps = sorted(random.Random(workers).sample(range(12), 5))
    for step in steps:
        status = in_a_process(killed_in_step, step, tiny, tmp_path, signal.SIGKILL, workers)
        assert status == -signal.SIGKILL
        assert not (tmp_path / "model").exists()
        # the step itself was not saved, all before it were
        newest = sorted(path.name for path in (tmp_path / "checkpoints").glob("step-*"))[-1:]
        assert newest == ([f"step-{step:08d}"] if step else [])
    assert train(tiny, tmp_path, workers=workers, **RUN) == 0
    assert_same(whole, tmp_path)
    assert not (tmp_path / "checkpoints").exists()


def test_a_run_killed_while_it_saves_goes_on_from_the_checkpoint_before(
    tiny: TinyInputs, tmp_path: Path, whole: Path
):
    def killed_in_save() -> None:
        unharmed = checkpoints_module._sync
        calls = []

        def harmed(path: Path) -> None:
            calls.append(path)
            if len(calls) == 10:  # two files, their folder and the folder above, a checkpoint
                os.kill(os.getpid(), signal.SIGKILL)
            unharmed(path)

        checkpoints_module._sync = harmed
        train(tiny, tmp_path, minutes=0, **RUN)

    assert in_a_process(killed_in_save) == -signal.SIGKILL
    names = {path.name for path in (tmp_path / "checkpoints").iterdir()}
    assert names == {"step-00000001", "step-00000002", ".part-step-00000003"}
    assert train(tiny, tmp_path, **RUN) == 0
    assert_same(whole, tmp_path)


@pytest.mark.parametrize("workers", [0, 2])
def test_sigterm_saves_first_and_the_exit_status_says_so(
    tiny: TinyInputs, tmp_path: Path, whole: Path, workers: int
):
    def terminated() -> None:
        killed_in_step(6, tiny, tmp_path, signal.SIGTERM, workers, minutes=999)

    assert in_a_process(terminated) == 128 + signal.SIGTERM
    saved = tmp_path / "checkpoints/step-00000007"
    # numbers and JSON alone: the released code pickles (method.md section 5, defect 6)
    assert {path.name for path in saved.iterdir()} == {"state.json", "state.safetensors"}
    assert "SIGTERM: step 7 is saved" in (tmp_path / "log.txt").read_text()
    assert not (tmp_path / "model").exists()
    assert train(tiny, tmp_path, workers=workers, **RUN) == 0
    assert "goes on after step 7 of 12" in (tmp_path / "log.txt").read_text()
    assert_same(whole, tmp_path)


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("where", ["losses", "probe"])
def test_sigterm_in_a_validation_saves_at_once_and_the_validation_is_done_anew(
    tiny: TinyInputs, tmp_path: Path, whole: Path, where: str, workers: int
):
    owner, name = {"losses": (Trainer, "losses"), "probe": (Aligner, "encode_names")}[where]
    unharmed, asked = getattr(owner, name), []

    def terminated(step: int) -> None:
        def harmed(self, *given):
            model = self.aligner if where == "losses" else self
            if not model.training:
                assert not asked, "went on after SIGTERM"
                if current[0].done == step:
                    asked.append(step)
                    os.kill(os.getpid(), signal.SIGTERM)
            return unharmed(self, *given)

        current = []
        finish = course.Course.finish

        def remember(self, progress):
            current.append(self)
            return finish(self, progress)

        course.Course.finish = remember
        setattr(owner, name, harmed)
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(99))
        sys.exit(train(tiny, tmp_path, workers=workers, minutes=999, **RUN))

    for step in (6, 6, 12):  # twice in the same one: it is done anew, and left again
        assert in_a_process(terminated, step) == 128 + signal.SIGTERM
        assert f"SIGTERM: step {step} is saved" in (tmp_path / "log.txt").read_text()
        saved = read_json(tmp_path / f"checkpoints/step-{step:08d}/state.json")
        assert step not in [record["step"] for record in saved["history"]["validation"]]
    assert train(tiny, tmp_path, workers=workers, **RUN) == 0
    assert_same(whole, tmp_path)


def test_tensorboard_goes_on_without_doubled_steps(tiny: TinyInputs, tmp_path: Path):
    assert in_a_process(killed_in_step, 7, tiny, tmp_path, signal.SIGKILL, 0) == -signal.SIGKILL
    assert train(tiny, tmp_path, **RUN) == 0
    events = EventAccumulator(str(tmp_path / "tensorboard")).Reload()
    history = read_json(tmp_path / "history.json")
    for name, key in (("train/loss", "steps"), ("validation/loss", "validation")):
        points = [(event.step, event.value) for event in events.Scalars(name)]
        expected = [(record["step"], pytest.approx(record["loss"])) for record in history[key]]
        assert points == expected


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"lr_lm": 5e-4}, "train.lr_lm was 0.001 when this run began and is 0.0005 now"),
        ({"threads": 2}, "--threads was 1 when this run began and is 2 now"),
        ({"pairs": "validation"}, '--pairs was "sha256:'),
    ],
)
def test_a_changed_setting_refuses_to_go_on_and_is_named(
    tiny: TinyInputs,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    changes: dict,
    message: str,
):
    assert in_a_process(killed_in_step, 2, tiny, tmp_path, signal.SIGKILL, 0) == -signal.SIGKILL
    if "pairs" in changes:
        changes = {}
        tiny = replace(tiny, train=tiny.validation)
    assert train(tiny, tmp_path, **{**RUN, **changes}) == 2
    error = capsys.readouterr().err
    assert message in error
    assert f"set it back to go on, or remove {tmp_path}/checkpoints to start the run anew" in error


def test_other_code_or_another_library_refuses_to_go_on(
    tiny: TinyInputs,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
):
    assert in_a_process(killed_in_step, 2, tiny, tmp_path, signal.SIGKILL, 0) == -signal.SIGKILL
    with monkeypatch.context() as edited:
        edited.setattr(identity, "code_digest", lambda step: f"another {step}")
        assert train(tiny, tmp_path, **RUN) == 2
        assert 'and is "another train.run" now' in capsys.readouterr().err
    monkeypatch.setattr(identity, "version", lambda package: f"0 of {package}")
    assert train(tiny, tmp_path, **RUN) == 2
    assert 'and is "0 of torch" now' in capsys.readouterr().err


def test_a_damaged_checkpoint_is_named(
    tiny: TinyInputs, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    assert in_a_process(killed_in_step, 2, tiny, tmp_path, signal.SIGKILL, 0) == -signal.SIGKILL
    file = tmp_path / "checkpoints/step-00000002/state.safetensors"
    file.write_bytes(file.read_bytes()[:-100])
    assert train(tiny, tmp_path, **RUN) == 2
    assert "checkpoints/step-00000002: no checkpoint to go on from" in capsys.readouterr().err


def test_the_newest_and_the_best_are_kept(tmp_path: Path):
    kept = Checkpoints(tmp_path / "kept", {"seed": 1}, keep=2)
    for step, best in ((1, None), (2, 2), (3, 2), (4, 2), (5, 5), (6, 5), (7, 5)):
        kept.save(Checkpoint(step, {"x": torch.tensor(step)}, {"steps": []}), best)
        assert kept.steps() == sorted({*range(max(1, step - 1), step + 1), best or step})
    assert kept.steps() == [5, 6, 7]
    assert int(kept.newest().tensors["x"]) == 7


def test_the_best_weights_are_exported_if_asked_for(
    tiny: TinyInputs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    losses = iter([4.0, 3.0, 3.0, 5.0, 6.0, 7.0])  # at steps 3, 5, 6, 9, 10, 12
    monkeypatch.setattr(
        course, "mean_losses", lambda *_: {"loss": next(losses), "losses": {"mlm": 1.0}}
    )
    saved = []
    monkeypatch.setattr(Checkpoints, "clear", lambda own: saved.append(own.load(5)))
    assert train(tiny, tmp_path, export="best", **RUN) == 0
    assert read_json(tmp_path / "history.json")["exported_step"] == 5
    name = "embeddings.word_embeddings.weight"
    exported = load_file(tmp_path / "model/model.safetensors")[name]
    assert torch.equal(exported, saved[0].tensors[f"weights/lm.{name}"])


def test_defect_6_the_whole_state_is_restored_and_another_model_is_refused(tiny: TinyInputs):
    run = trainer(tiny)
    for done in range(2):
        run.step(run.data.at(done), done)
    saved = capture(run.aligner, run.optimizer)
    assert {name.split("/")[0] for name in saved} == {"weights", "optimizer", "random"}
    again = trainer(tiny, lr_lm=0.5)
    restore(again.aligner, again.optimizer, saved)
    restored = capture(again.aligner, again.optimizer)
    assert restored.keys() == saved.keys()
    assert all(torch.equal(restored[name], tensor) for name, tensor in saved.items())
    other = trainer(tiny, layers=1)
    with pytest.raises(ValueError, match=r"graph_encoder.convolutions.1.* was saved"):
        restore(other.aligner, other.optimizer, saved)


def test_an_error_line_needs_no_traceback(tmp_path: Path):
    (tmp_path / "step-00000003").mkdir()
    with pytest.raises(InputError, match=r"step-00000003: no checkpoint to go on from"):
        Checkpoints(tmp_path, {}, keep=1).newest()
