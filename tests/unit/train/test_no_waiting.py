"""Nothing in a step waits for the device: no shape and no branch depends on a value.

FakeTensorMode computes shapes only. What would have to wait for a GPU, as nonzero() or item(), has
no answer there and raises.
"""

import pytest
import torch
from test_train_run import trainer
from test_training_data import load
from tiny_training import TinyInputs
from torch._subclasses.fake_tensor import DynamicOutputShapeException, FakeTensorMode

from bali.train.inspection import batch_tensors, texts_of
from bali.train.names import Names
from bali.train.synonyms import SynonymPairs

CPU = torch.device("cpu")


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"encoder": "sage"},
        {"encoder": "none"},
        {"relations": "embedding", "projection": "mlp"},
        {"align_loss": "infonce", "align_mean": "concepts", "temperature_learnt": True},
        {"align_loss": "multi_similarity"},
        {"w_own_name": 1.0, "w_synonyms": 1.0, "w_link": 1.0},
        {"mention_pooling": "attention"},
    ],
    ids=str,
)
def test_forward_and_backward_have_no_data_dependent_shape(tiny: TinyInputs, changes: dict):
    run = trainer(tiny, **changes)
    synonyms = SynonymPairs(Names(tiny.names, 12), 4) if "w_synonyms" in changes else None
    data = load(tiny, use_links="w_link" in changes, synonyms=synonyms)
    batch = data.at(0).to(CPU)
    with FakeTensorMode(allow_non_fake_inputs=True):
        losses = run.losses(batch)
        losses.total.backward()


def test_what_waits_is_noticed():
    with FakeTensorMode(), pytest.raises(DynamicOutputShapeException):
        torch.ones(3).nonzero()


def test_every_tensor_of_a_batch_moves_and_the_lengths_stay(tiny: TinyInputs):
    names = Names(tiny.names, 12)
    batch = load(tiny, use_links=True, synonyms=SynonymPairs(names, 4)).at(0)
    there = batch.to(torch.device("meta"))
    assert len(list(texts_of(there))) == 3
    for texts in texts_of(there):
        assert texts.lengths.device == CPU
        tensors = (texts.ids, texts.first, texts.owner, *vars(texts.rows).values())
        assert {tensor.device.type for tensor in tensors} == {"meta"}
    for name, tensor in batch_tensors(there):
        assert tensor.device.type == ("cpu" if name.endswith(".lengths") else "meta"), name
    here = dict(batch_tensors(batch.to(CPU)))
    assert here.keys() >= {"synonyms.names.ids", "links.row", "graph.relation", "masked"}
    for name, tensor in batch_tensors(batch):
        assert torch.equal(here[name], tensor), name
