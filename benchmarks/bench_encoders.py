"""What each graph encoder costs in a training step: tokens that the LM reads, FLOPs, seconds.

    python benchmarks/bench_encoders.py

The input of bench_train_step.py: a random 4x256 BERT, 32 sentences a step, three neighbours a
concept; 3 layers of gat and sage; relations of 1 to 7 tokens. MLM and alignment, forward and
backward, one thread, fp32, no optimiser. FLOPs are those of matrix products; seconds are
processor time, of runs in turn; all are medians over the steps. Ratios are to `none`, without a
graph.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode
from training_input import CLS, FIRST, SEP, VOCAB, VOCABULARY, paths, settings_json, write_input

from bali.model.aligner import Aligner
from bali.model.batch import Batch
from bali.train.build import build_aligner
from bali.train.columns import Lists
from bali.train.data import TrainingData
from bali.train.inspection import texts_of
from bali.train.linear import Writer
from bali.train.names import Names
from bali.train.settings import Settings
from bali.train.subgraphs import Subgraphs

RUNS: dict[str, dict[str, Any]] = {
    "none": {"encoder": "none"},
    "gat": {"encoder": "gat"},
    "gat, relations": {"encoder": "gat", "relations": "embedding"},
    "sage": {"encoder": "sage"},
    "linear-v1": {"encoder": "linear-v1"},
    "linear-v2": {"encoder": "linear-v2"},
}
RELATIONS = 600


def phrases() -> Lists:
    """Token ids of each relation."""
    draw = np.random.default_rng(1)
    return Lists.of(
        [draw.integers(FIRST, VOCABULARY, draw.integers(1, 8)) for _ in range(RELATIONS)]
    )


def prepare(folder: Path, changes: dict[str, Any], steps: int) -> tuple[Aligner, list[Batch]]:
    """A run's model and its first steps."""
    place, settings = paths(folder), Settings.from_json(settings_json(**changes))
    subgraphs = Subgraphs(place.subgraphs)
    writer = None
    if settings.encoder.startswith("linear"):
        writer = Writer(
            phrases(),
            cls_id=CLS,
            sep_id=SEP,
            encoder=settings.encoder,
            max_tokens=settings.linear_tokens,
        )
    data = TrainingData(
        place.pairs,
        VOCAB,
        names=Names(place.names, subgraphs.nodes),
        subgraphs=subgraphs,
        use_graph=settings.needs_graph,
        mask_share=settings.mask_share,
        batch_size=settings.batch_size,
        seed=29,
        writer=writer,
        encode_names=settings.reads_names,
    )
    torch.manual_seed(29)
    aligner = build_aligner(place.lm, settings, RELATIONS).train()
    return aligner, [batch for batch, _ in zip(data.epoch(1), range(steps), strict=False)]


def step(aligner: Aligner, batch: Batch) -> None:
    """Forward and backward."""
    aligner.zero_grad(set_to_none=True)
    aligner(batch).total.backward()


def measure(made: dict[str, tuple[Aligner, list[Batch]]], steps: int) -> Iterator[list[Any]]:
    """Name, tokens, GFLOPs and milliseconds of each run; runs take turns at each step."""
    spent: dict[str, list[float]] = {name: [] for name in made}
    for number in range(steps):
        for name, (aligner, batches) in made.items():
            start = time.process_time()
            step(aligner, batches[number])
            spent[name].append(1000 * (time.process_time() - start))
    for name, (aligner, batches) in made.items():
        counts = []
        for batch in batches:
            with FlopCounterMode(display=False) as counter:
                step(aligner, batch)
            counts.append(counter.get_total_flops() / 1e9)
        tokens = [sum(len(texts.ids) for texts in texts_of(batch)) for batch in batches]
        # the first step grows the buffers
        yield [name, *map(statistics.median, (tokens, counts, spent[name][1:]))]


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=8)
    steps = parser.parse_args().steps
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_input(folder, sentences=32 * steps)
        made = {run: prepare(folder, changes, steps) for run, changes in RUNS.items()}
        print("| encoder | tokens | GFLOPs | ms of CPU | of `none` |\n|---|--:|--:|--:|--:|")
        base = None
        for run, tokens, gflops, spent in measure(made, steps):
            base = base or spent
            print(f"| {run} | {tokens:.0f} | {gflops:.0f} | {spent:.0f} | {spent / base:.2f} |")


if __name__ == "__main__":
    main()
