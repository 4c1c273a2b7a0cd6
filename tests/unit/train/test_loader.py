"""Worker processes make the same batches, byte for byte."""

import torch
from test_training_data import load as data_of
from tiny_training import TinyInputs

from bali.train.inspection import batch_tensors
from bali.train.loader import load


def in_bytes(batch) -> dict[str, bytes]:
    tensors = dict(batch_tensors(batch))
    tensors |= {"rows": batch.sentences.rows.token, "names": batch.graph.names.rows.place}
    return {name: value.numpy().tobytes() for name, value in tensors.items()}


def test_batches_are_the_same_bytes_with_0_and_2_workers(tiny: TinyInputs):
    data = data_of(tiny, batch_size=3)
    steps = range(2, 16)  # from within an epoch into the third
    alone, helped = (
        [in_bytes(batch) for batch in load(data.at, steps, workers)] for workers in (0, 2)
    )
    assert len(alone) == 14
    assert alone == helped
    assert len({batch["sentences.ids"] for batch in alone}) == 14
    assert alone[5] == in_bytes(next(data.epoch(2)))


def test_loading_draws_nothing_from_the_generator_of_dropout(tiny: TinyInputs):
    before = torch.get_rng_state()
    data = data_of(tiny)
    for workers in (0, 1):
        next(load(data.at, range(2), workers))
    assert torch.equal(torch.get_rng_state(), before)


def test_the_validation_stands_before_the_first_step(tiny: TinyInputs):
    data = data_of(tiny)
    batches = [in_bytes(batch) for batch in load(data.at, range(-data.steps, 0), 0)]
    assert batches == [in_bytes(batch) for batch in data.epoch(0)]
