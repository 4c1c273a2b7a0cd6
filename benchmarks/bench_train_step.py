"""A training step, batch 32, 4x256 BERT, 3 neighbours, GATv2 x 3: ours and the plain way, in turn.

    python benchmarks/bench_train_step.py [--steps 8] [--workers 2]

One thread. Forward, backward and AdamW; the batches are made before the clock starts. Prints of
fp32 and bf16 the processor seconds of a step (median) and the ratio, and that both give the same
loss; then the share of real tokens among encoded ones, and the share of its time that a step waits
for data, here and with worker processes.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import torch
from plain_training import plain, plain_loss
from training_input import VOCAB, paths, settings_json, write_input

from bali.model.aligner import Aligner
from bali.train.build import build_aligner
from bali.train.data import TrainingData
from bali.train.inspection import texts_of
from bali.train.loader import load
from bali.train.loop import Trainer
from bali.train.names import Names
from bali.train.settings import Settings
from bali.train.subgraphs import Subgraphs

TOLERANCE = 1e-4  # between the losses


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=8)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--json", type=Path, help="gets the figures")
    args = parser.parse_args()
    torch.set_num_threads(1)
    figures = {}
    with tempfile.TemporaryDirectory() as folder:
        write_input(Path(folder), sentences=32 * max(args.steps + 1, 40))
        for precision in ("fp32", "bf16"):
            figures[precision] = compare(Path(folder), precision, args.steps)
        figures["data"] = data_figures(Path(folder), args.steps, args.workers)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    sys.stdout.write(f"peak memory of both together: {peak:.0f} MiB\n")
    if args.json:
        args.json.write_text(json.dumps(figures, indent=2) + "\n")


def prepared(folder: Path, precision: str) -> tuple[Trainer, TrainingData]:
    """Model, optimiser and data of a run."""
    settings = Settings.from_json(settings_json(precision=precision))
    place = paths(folder)
    subgraphs = Subgraphs(place.subgraphs)
    data = TrainingData(
        place.pairs,
        VOCAB,
        names=Names(place.names, subgraphs.nodes),
        subgraphs=subgraphs,
        use_graph=True,
        mask_share=settings.mask_share,
        batch_size=settings.batch_size,
        seed=29,
    )
    torch.manual_seed(29)
    aligner = build_aligner(place.lm, settings, data.relations)
    return Trainer(aligner, data, settings, torch.device("cpu")), data


def compare(folder: Path, precision: str, steps: int) -> dict[str, float]:
    """Both ways on the same batches, in turn."""
    ours, data = prepared(folder, precision)
    other, _ = prepared(folder, precision)
    optimizer = torch.optim.AdamW(other.aligner.parameters(), lr=1e-5, weight_decay=0.01)
    bf16 = precision == "bf16"

    def loss_of(aligner: Aligner, batch: object) -> torch.Tensor:
        with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
            return plain_loss(aligner, batch)

    def plain_step(batch: object) -> None:
        other.aligner.train()
        optimizer.zero_grad()
        loss_of(other.aligner, batch).backward()
        torch.nn.utils.clip_grad_norm_(other.aligner.parameters(), 1.0)
        optimizer.step()

    seconds: dict[str, list[float]] = {"ours": [], "plain": []}
    worst, occurrences, distinct = 0.0, 0, 0
    for number in range(steps + 1):
        batch = data.at(number)
        padded = plain(batch)
        occurrences += len(padded.names)
        distinct += len(batch.graph.names)
        if number == 0:  # warms up, and compares: dropout off, both with the same weights
            ours.aligner.eval()
            with torch.no_grad():
                values = ours.losses(batch).total, loss_of(ours.aligner, padded)
            worst = abs(float(values[0]) - float(values[1]))
        one = processor_seconds(lambda b=batch, n=number: ours.step(b, n))
        two = processor_seconds(lambda b=padded: plain_step(b))
        if number:
            seconds["ours"].append(one)
            seconds["plain"].append(two)
    medians = {name: statistics.median(values) for name, values in seconds.items()}
    ratio = medians["plain"] / medians["ours"]
    sys.stdout.write(
        f"{precision}: ours {medians['ours']:.3f} s, plain {medians['plain']:.3f} s a step "
        f"(processor, median of {steps}), {ratio:.1f} times faster; "
        f"losses {values[0]:.6f} and {values[1]:.6f}; "
        f"{distinct / (steps + 1):.0f} distinct of {occurrences / (steps + 1):.0f} names a step\n"
    )
    if precision == "fp32" and worst > TOLERANCE:
        sys.exit(f"the losses differ by {worst}, more than {TOLERANCE}")
    return {**medians, "ratio": ratio, "difference": worst}


def data_figures(folder: Path, steps: int, workers: int) -> dict[str, float]:
    """Padding, and waiting for data."""
    trainer, data = prepared(folder, "fp32")
    texts = [text for number in range(40) for text in texts_of(data.at(number))]
    real = sum(len(text.ids) for text in texts) / sum(text.cells for text in texts)
    sys.stdout.write(f"real tokens among encoded ones, 40 steps: {real:.1%}\n")
    shares = {}
    for number in (0, workers):
        with closing(load(data.at, range(steps + 2), number)) as batches:
            ours = [next(batches), next(batches)]  # the workers are up
            trainer.step(ours[1], 0)
            start, waited = time.perf_counter(), 0.0
            for done in range(steps):
                asked = time.perf_counter()
                batch = next(batches)
                waited += time.perf_counter() - asked
                trainer.step(batch, done)
            shares[number] = waited / (time.perf_counter() - start)
        sys.stdout.write(f"time a step waits for data, {number} workers: {shares[number]:.2%}\n")
    return {"real_tokens": real, **{f"waiting_{n}_workers": s for n, s in shares.items()}}


def processor_seconds(work: Callable[[], object]) -> float:
    """Of this process."""
    start = time.process_time()
    work()
    return time.process_time() - start


if __name__ == "__main__":
    main()
