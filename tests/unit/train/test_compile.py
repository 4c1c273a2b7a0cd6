"""torch.compile of the language model, by the compiler that a run with `compile: true` uses."""

import shutil

import pytest
import torch
from test_train_run import trainer
from tiny_training import TinyInputs

STEPS = 3  # of other numbers of sentences, names and tokens each


@pytest.mark.timeout(1800)  # g++ compiles some forty kernels
@pytest.mark.skipif(shutil.which("g++") is None, reason="torch.compile needs a C++ compiler")
def test_a_compiled_run_has_the_same_losses_and_is_compiled_once(tiny: TinyInputs):
    torch._dynamo.reset()
    plain, compiled = trainer(tiny, dropout=0.0), trainer(tiny, dropout=0.0, compile=True)
    for run in (plain, compiled):
        for module in run.aligner.modules():
            if isinstance(module, torch.nn.Dropout):
                module.p = 0.0  # compiled code draws from a generator of its own
        run.aligner.lm.config.attention_probs_dropout_prob = 0.0
    assert compiled.aligner.state_dict().keys() == plain.aligner.state_dict().keys()
    torch._dynamo.utils.counters.clear()
    for done in range(STEPS):
        batch = plain.data.at(done)
        (one,), (other,) = plain.step(batch, done), compiled.step(batch, done)
        assert other["loss"] == pytest.approx(one["loss"], rel=1e-4)
        assert other["grad_norm"] == pytest.approx(one["grad_norm"], rel=1e-3)
    counters = torch._dynamo.utils.counters
    assert counters["inductor"], "nothing was compiled"
    # sentences and names of all steps run through the same code: shapes are symbols in it
    assert counters["stats"]["unique_graphs"] <= 2
