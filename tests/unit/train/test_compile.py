"""torch.compile of the language model, by the compiler that a run with `compile: true` uses."""

import shutil

import pytest
import torch
from test_train_run import trainer
from test_training_data import load
from tiny_training import TinyInputs

STEPS = (0, 3)  # the first and the last, smaller one of an epoch


@pytest.mark.timeout(1800)  # g++ compiles some twenty kernels, and other tests want the cores
@pytest.mark.skipif(shutil.which("g++") is None, reason="torch.compile needs a C++ compiler")
def test_a_compiled_run_has_the_same_losses_and_is_compiled_once(tiny: TinyInputs):
    torch._dynamo.reset()
    plain, compiled = trainer(tiny, dropout=0.0), trainer(tiny, dropout=0.0, compile=True)
    for run in (plain, compiled):
        del run.aligner.lm.encoder.layer[1:]  # they are alike, and each costs kernels
        for module in run.aligner.modules():
            if isinstance(module, torch.nn.Dropout):
                module.p = 0.0  # compiled code draws from a generator of its own
        run.aligner.lm.config.attention_probs_dropout_prob = 0.0
    assert compiled.aligner.state_dict().keys() == plain.aligner.state_dict().keys()
    torch._dynamo.utils.counters.clear()
    data, shapes = load(tiny, batch_size=6), []
    for done in STEPS:
        batch = data.at(done)
        shapes += [tuple(t.rows.token.shape) for t in (batch.sentences, batch.graph.names)]
        (one,), (other,) = plain.step(batch, done), compiled.step(batch, done)
        assert other["loss"] == pytest.approx(one["loss"], rel=1e-4)
        assert other["grad_norm"] == pytest.approx(one["grad_norm"], rel=1e-3)
    counters = torch._dynamo.utils.counters
    assert counters["inductor"], "nothing was compiled"
    # sentences and names of all steps run through the same code: shapes are symbols in it
    assert len(set(shapes)) == 2 * len(STEPS)
    # numbers that are equal when it is compiled would be one symbol, and others compiled anew
    assert shapes[0][0] != shapes[0][1]
    assert counters["stats"]["unique_graphs"] == 1
