"""A loss or a gradient that is not finite: named by its step, saved, and no weight is spoiled."""

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from test_train_run import trainer
from tiny_training import TinyInputs

from bali.errors import InputError
from bali.train.loop import NotFiniteError, Trainer, explain

BAD = 4  # the step, from 0, of which a weight's gradient or the loss is spoiled


def spoil(run: Trainer, what: str) -> None:
    """Make step BAD, and no other, not finite."""
    losses = run.losses

    def spoilt(batch):
        result = losses(batch)
        if len(run._pending) == BAD:
            if what == "loss":
                result.total.mul_(float("nan"))
            else:
                result.total.register_hook(lambda gradient: gradient * float("inf"))
        return result

    run.losses = spoilt


@pytest.mark.parametrize("what", ["loss", "gradient"])
def test_the_step_is_named_and_weights_stay_as_before_it_however_late_it_is_noticed(
    tiny: TinyInputs, what: str
):
    good, run = trainer(tiny), trainer(tiny)
    run.fetch_every = 8
    spoil(run, what)
    torch.manual_seed(1)  # of dropout
    for done in range(BAD):
        good.step(good.data.at(done), done)
    torch.manual_seed(1)
    with pytest.raises(NotFiniteError) as caught:
        for done in range(8):
            run.step(run.data.at(done), done)
    assert caught.value.record["step"] == BAD + 1
    assert [record["step"] for record in caught.value.before] == list(range(1, BAD + 1))
    for (name, one), other in zip(
        good.aligner.named_parameters(), run.aligner.parameters(), strict=True
    ):
        assert torch.equal(one, other), name
    steps = {int(state["step"]) for state in run.optimizer.state.values()}
    assert steps == {BAD}


def test_losses_fetched_late_are_the_same(tiny: TinyInputs):
    at_once, late = trainer(tiny), trainer(tiny)
    late.fetch_every = 5
    records = {run: [] for run in (at_once, late)}
    for run, kept in records.items():
        torch.manual_seed(1)
        for done in range(12):
            kept += run.step(run.data.at(done), done)
        kept += run.fetch()
    assert records[at_once] == records[late]
    assert len(records[late]) == 12


def test_the_batch_is_saved_for_inspection(tiny: TinyInputs, tmp_path: Path):
    run = trainer(tiny)
    embedding = run.aligner.lm.embeddings.word_embeddings.weight
    embedding.data[5:] = float("nan")
    with pytest.raises(NotFiniteError) as caught:
        run.step(run.data.at(0), 0)
    error = explain(caught.value, run.data, [{"step": 0, "loss": 2.5}], tmp_path)
    assert isinstance(error, InputError)
    place = tmp_path / "not-finite-00000001"
    assert (
        "step 1, epoch 1: the loss is nan (mlm nan, align nan; norm of the gradient nan); its "
        in str(error)
    )
    assert f"batch is in {place}; lower train.lr_lm" in str(error)
    about = json.loads((place / "batch.json").read_text())
    assert (about["step"], about["loss"], len(about["rows"])) == (1, "nan", 8)
    assert about["before"] == [{"step": 0, "loss": 2.5}]
    tensors = load_file(place / "batch.safetensors")
    batch = run.data.at(0)
    assert torch.equal(tensors["sentences.ids"], batch.sentences.ids)
    assert torch.equal(tensors["graph.names.ids"], batch.graph.names.ids)
    assert torch.equal(tensors["concept"], batch.concept)
