"""Contrastive losses, value and gradient: ours and pytorch-metric-learning's, on the same input.

    python benchmarks/bench_alignment_loss.py

One thread; ours and theirs in turn, each run timed by its processor seconds, medians and their
ratio. Values and gradients must agree within 1e-5. Memory is the peak of the resident set above
its size before the call, in a process of its own that has imported and run a small case already
(Linux: writing 5 to /proc/self/clear_refs sets the peak back).
"""

from __future__ import annotations

import argparse
import re
import statistics
import subprocess
import sys
import time
from pathlib import Path

import torch
from pytorch_metric_learning.losses import MultiSimilarityLoss, NTXentLoss
from torch import Tensor

from bali.model.objectives.contrast import LOSSES

T = 0.07
DIM = 384
DISTINCT = 192  # concepts, once each
SKEWED = 1_000  # mention rows whose concepts are drawn by Zipf's law
PEERS = {
    "ntxent": NTXentLoss(temperature=T),
    "multi_similarity": MultiSimilarityLoss(alpha=2, beta=50, base=0.5),
}


def batch(kind: str) -> tuple[Tensor, Tensor, Tensor]:
    """Mention vectors, node vectors and concept ids of a step."""
    generator = torch.Generator().manual_seed(29)
    rows = {"distinct": DISTINCT, "skewed": SKEWED, "small": 8}[kind]
    concept = torch.arange(rows)
    if kind == "skewed":
        weights = 1 / torch.arange(1, 2_001, dtype=torch.float64)
        concept = torch.multinomial(weights, rows, replacement=True, generator=generator)
    mention, node = torch.randn(2, rows, DIM, generator=generator)
    return mention.requires_grad_(), node.requires_grad_(), concept


def step(loss: str, which: str, kind: str) -> tuple[Tensor, Tensor, Tensor]:
    """Loss, and its gradients with respect to both views."""
    mention, node, concept = batch(kind)
    if which == "ours":
        value = LOSSES[loss](mention, node, concept, T).value
    else:
        value = PEERS[loss](torch.cat([mention, node]), concept.repeat(2))
    value.backward()
    return value.detach(), mention.grad, node.grad


def kilobytes(field: str) -> int:
    """A field of this process's status, in KiB: VmRSS or VmHWM, its peak."""
    status = Path("/proc/self/status").read_text()
    return int(re.search(rf"{field}:\s+(\d+)", status)[1])


def memory(loss: str, which: str, kind: str) -> float:
    """Peak above the start, in MiB, of this process."""
    step(loss, which, "small")
    Path("/proc/self/clear_refs").write_text("5")
    before = kilobytes("VmRSS")
    step(loss, which, kind)
    return (kilobytes("VmHWM") - before) / 1024


def measured_memory(loss: str, which: str, kind: str) -> float:
    """`memory` in a process of its own."""
    command = [sys.executable, __file__, "--memory-of", loss, which, kind]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def processor_seconds(loss: str, repetitions: int) -> dict[str, float]:
    """Medians over runs in turn."""
    spent: dict[str, list[float]] = {"ours": [], "peer": []}
    for _ in range(repetitions + 1):  # the first one warms up
        for which, seconds in spent.items():
            start = time.process_time()
            step(loss, which, "distinct")
            seconds.append(time.process_time() - start)
    return {which: statistics.median(seconds[1:]) for which, seconds in spent.items()}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--memory-of", nargs=3, help=argparse.SUPPRESS)
    args = parser.parse_args()
    torch.set_num_threads(1)
    if args.memory_of:
        print(memory(*args.memory_of))
        return
    for loss in PEERS:
        for ours, theirs in zip(
            step(loss, "ours", "distinct"), step(loss, "peer", "distinct"), strict=True
        ):
            torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=0)
        seconds = processor_seconds(loss, args.repetitions)
        peaks = {which: measured_memory(loss, which, "distinct") for which in seconds}
        print(
            f"{loss}, {DISTINCT} distinct concepts, value and gradient within 1e-5: "
            f"ours {1000 * seconds['ours']:.1f} ms, {peaks['ours']:.0f} MiB; "
            f"peer {1000 * seconds['peer']:.1f} ms, {peaks['peer']:.0f} MiB; "
            f"ratio {seconds['peer'] / seconds['ours']:.1f}"
        )
    _, _, concept = batch("skewed")
    rows = 2 * torch.bincount(concept)[concept]  # that each mention row's concept has in both views
    pairs, negatives = int(2 * (rows - 1).sum()), int(2 * (2 * SKEWED - rows).sum())
    for loss in LOSSES:
        peak = measured_memory(loss, "ours", "skewed")
        print(f"{loss}, {SKEWED} rows by Zipf's law: ours {peak:.0f} MiB above the start")
    print(
        f"the peer's ntxent would build tensors of {pairs:,} positive x {negatives:,} negative "
        f"pairs there: {4 * pairs * negatives / 1e9:,.0f} GB each (computed, not run)"
    )


if __name__ == "__main__":
    main()
