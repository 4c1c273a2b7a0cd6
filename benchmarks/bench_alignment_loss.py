"""NT-Xent, value and gradient: ours and pytorch-metric-learning's, in turn, on the same input.

    pytest benchmarks/bench_alignment_loss.py --benchmark-group-by=group --benchmark-columns=median

One thread. Memory is the growth of the peak of a process of its own, in MiB (`peak_mib` in
--benchmark-json, and on the terminal with -s); 0 says that the imports had needed more before.
"""

from __future__ import annotations

import subprocess
import sys

import pytest
import torch
from pytorch_metric_learning.losses import NTXentLoss

from bali.model.objectives.contrast import nt_xent

T = 0.07
DISTINCT = 192  # concepts, once each
SKEWED = 1_000  # mention rows whose concepts are drawn by Zipf's law


def batch(kind: str) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Mention vectors, node vectors and concept ids of a step."""
    generator = torch.Generator().manual_seed(29)
    rows = DISTINCT if kind == "distinct" else SKEWED
    concept = torch.arange(rows)
    if kind == "skewed":
        weights = 1 / torch.arange(1, 2_001, dtype=torch.float64)
        concept = torch.multinomial(weights, rows, replacement=True, generator=generator)
    mention, node = torch.randn(2, rows, 384, generator=generator)
    return mention.requires_grad_(), node.requires_grad_(), concept


def ours(mention: torch.Tensor, node: torch.Tensor, concept: torch.Tensor) -> torch.Tensor:
    """The training path."""
    return nt_xent(mention, node, concept, T).value


def peer(mention: torch.Tensor, node: torch.Tensor, concept: torch.Tensor) -> torch.Tensor:
    """The library, on the same 2M rows."""
    return NTXentLoss(temperature=T)(torch.cat([mention, node]), concept.repeat(2))


def step(which: str, kind: str) -> None:
    """Loss and gradients once."""
    {"ours": ours, "peer": peer}[which](*batch(kind)).backward()


@pytest.mark.parametrize(
    ("which", "kind"), [("ours", "distinct"), ("peer", "distinct"), ("ours", "skewed")]
)
def test_loss(benchmark, which: str, kind: str) -> None:
    torch.set_num_threads(1)
    benchmark.group = kind
    code = (
        "import resource, sys; sys.path.insert(0, 'benchmarks'); import bench_alignment_loss as b;"
        "peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024;"
        "b.torch.set_num_threads(1); before = peak();"
        f"b.step({which!r}, {kind!r}); print(peak() - before)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    benchmark.extra_info["peak_mib"] = round(float(done.stdout))
    benchmark.pedantic(step, (which, kind), rounds=5, warmup_rounds=1)
    sys.stderr.write(f"\n{kind}, {which}: {benchmark.extra_info['peak_mib']} MiB above start\n")


def test_both_give_the_same_value_and_gradient() -> None:
    first, second = batch("distinct"), batch("distinct")
    a, b = ours(*first), peer(*second)
    a.backward()
    b.backward()
    torch.testing.assert_close(a, b, atol=1e-5, rtol=0)
    torch.testing.assert_close(first[0].grad, second[0].grad, atol=1e-5, rtol=0)
