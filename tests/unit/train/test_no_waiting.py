"""Nothing in a step waits for the device: no shape and no branch depends on a value.

FakeTensorMode computes shapes only. What would have to wait for a GPU, as nonzero() or item(), has
no answer there and raises.
"""

import pytest
import torch
from test_train_run import load_data_of, trainer
from tiny_training import TinyInputs
from torch._subclasses.fake_tensor import DynamicOutputShapeException, FakeTensorMode

from bali.train.inspection import batch_tensors, texts_of

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
        {"w_own_name": 1.0, "w_synonyms": 1.0, "w_link": 1.0, "hard_negatives": 1},
        {"w_synonyms": 1.0, "synonyms_mining": "hard", "w_hierarchy": 1.0},
        {"w_soft": 1.0, "w_hierarchy": 1.0, "mention_prior": 1.0, "temperature_learnt": True},
        {"encoder": "linear-v2", "mask_mentions": 0.3, "hidden_layer": 1},
        {"mention_pooling": "attention"},
    ],
    ids=str,
)
def test_forward_and_backward_have_no_data_dependent_shape(tiny: TinyInputs, changes: dict):
    run = trainer(tiny, **changes)
    batch = load_data_of(tiny, run.settings).at(0).to(CPU)
    with FakeTensorMode(allow_non_fake_inputs=True):
        losses = run.losses(batch)
        losses.total.backward()
    assert losses.values.keys() == run.settings.weights.keys()


def test_what_waits_is_noticed():
    with FakeTensorMode(), pytest.raises(DynamicOutputShapeException):
        torch.ones(3).nonzero()


def test_every_tensor_of_a_batch_moves_and_the_lengths_stay(tiny: TinyInputs):
    every = {"encoder": "linear-v1", "w_own_name": 1.0, "w_link": 1.0, "w_synonyms": 1.0}
    settings = trainer(tiny, **every, w_hierarchy=1.0, w_soft=1.0).settings
    batch = load_data_of(tiny, settings).at(0)
    there = batch.to(torch.device("meta"))
    # sentences, names, subgraphs as texts, synonyms, hierarchy, soft
    assert len(list(texts_of(there))) == 6
    for texts in texts_of(there):
        assert texts.lengths.device == CPU
        tensors = (texts.ids, texts.first, texts.owner, *vars(texts.rows).values())
        assert {tensor.device.type for tensor in tensors} == {"meta"}
    for name, tensor in batch_tensors(there):
        assert tensor.device.type == ("cpu" if name.endswith(".lengths") else "meta"), name
    here = dict(batch_tensors(batch.to(CPU)))
    assert here.keys() >= {"synonyms.names.ids", "links.row", "graph.relation", "masked"}
    assert here.keys() >= {"graph.written.ids", "hierarchy.names.ids", "hierarchy.unrelated"}
    assert here.keys() >= {"hierarchy.prior", "soft.names.ids", "soft.logit"}
    for name, tensor in batch_tensors(batch):
        assert torch.equal(here[name], tensor), name
