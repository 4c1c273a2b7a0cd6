"""What each objective costs in a training step: FLOPs, processor seconds, memory.

    python benchmarks/bench_objectives.py

A random BERT, 4 layers of width 256 and a vocabulary of 30,000; 32 sentences of 15 to 60 tokens, 48
mention rows, three neighbours a concept, names of 4 to 12 tokens, GATv2 of 3 layers. Forward and
backward, one thread, fp32, no optimiser. FLOPs are those of matrix products
(torch.utils.flop_counter); seconds are medians of runs in turn; memory is the peak of the resident
set above its size before the step, in a process of its own. Shares are of the published run's
objectives, mlm and align together.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import torch
from bench_alignment_loss import kilobytes
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode
from transformers import BertConfig, BertModel

from bali.model.aligner import Aligner
from bali.model.batch import Batch, GraphInput, HierarchyInput, SoftInput, SynonymInput, Texts
from bali.model.graph_encoder import RowEncoder, build_graph_encoder
from bali.model.masking import IGNORED
from bali.model.mlm_head import FreshHead
from bali.model.objectives.alignment import Alignment, OwnName
from bali.model.objectives.base import Objective
from bali.model.objectives.contrast import HIDDEN
from bali.model.objectives.hierarchy import Hierarchy
from bali.model.objectives.link import SCORES, LinkPrediction
from bali.model.objectives.masked_tokens import MaskedTokens
from bali.model.objectives.soft import Soft
from bali.model.objectives.synonyms import Synonyms
from bali.model.objectives.temperature import Temperature
from bali.train.links import triples

DIM, VOCABULARY, RELATIONS = 256, 30_000, 50
SENTENCES, ROWS, CONCEPTS, NEIGHBOURS = 32, 48, 40, 3
# what is measured -> its objectives, siblings a concept, and whether there is a graph
CASES: dict[str, tuple[tuple[str, ...], int, bool]] = {
    "mlm + align": (("mlm", "align"), 0, True),
    "mlm": (("mlm",), 0, True),
    "align": (("align",), 0, True),
    "align, names only": (("align",), 0, False),
    "align, 1 hard negative": (("align",), 1, True),
    "own_name": (("own_name",), 0, False),
    "link": (("link",), 0, True),
    "synonyms, 64 pairs": (("synonyms",), 0, False),
    "hierarchy, 16 families of 4": (("hierarchy",), 0, False),
    "soft, 64 spans of 4 names": (("soft",), 0, False),
    "mlm + align + own_name + link": (("mlm", "align", "own_name", "link"), 0, True),
}


def random_texts(rng: np.random.Generator, number: int, least: int, most: int) -> Texts:
    """Texts of random tokens."""
    lengths = rng.integers(least, most + 1, number)
    ids = rng.integers(1_000, VOCABULARY, int(lengths.sum()))
    return Texts(torch.from_numpy(ids), torch.from_numpy(lengths))


def make_batch(siblings: int, graph: bool) -> Batch:
    """The step; the same sentences and mentions in all cases."""
    rng = np.random.default_rng(29)
    sentences = random_texts(rng, SENTENCES, 15, 60)
    tokens = len(sentences.ids)
    labels = torch.full((tokens,), IGNORED)
    hidden = torch.from_numpy(np.flatnonzero(rng.random(tokens) < 0.15))
    labels[hidden] = sentences.ids[hidden]
    concept = np.sort(np.concatenate([np.arange(CONCEPTS), rng.integers(0, CONCEPTS, 8)]))
    synonyms = SynonymInput(random_texts(rng, 128, 4, 12), torch.arange(64))
    centres = CONCEPTS * (1 + siblings)
    members = 1 + NEIGHBOURS if graph else 1
    member = rng.integers(centres, 4_000, (centres, members))
    member[:, 0] = np.arange(centres)
    nodes, place = np.unique(member, return_inverse=True)
    centre = torch.arange(centres) * members
    target = centre.repeat_interleave(members - 1)
    source = target + torch.arange(1, members).repeat(centres)
    graph_input = GraphInput(
        names=random_texts(rng, len(nodes), 4, 12),
        member=torch.from_numpy(place.ravel()),
        edge_index=torch.stack([source, target]),
        relation=torch.from_numpy(rng.integers(0, RELATIONS, len(source))),
        centre=centre,
        row_centre=torch.from_numpy(concept),
        sibling=torch.arange(CONCEPTS, centres),
    )
    return Batch(
        sentences=sentences,
        labels=labels,
        token=torch.from_numpy(rng.permutation(tokens)[: 2 * ROWS]),
        group=torch.arange(ROWS).repeat_interleave(2),
        concept=torch.from_numpy(concept),
        graph=graph_input,
        synonyms=synonyms,
        hierarchy=families(rng, 16, 4),
        soft=spans(rng, 64, 4),
        links=triples(graph_input),
    )


def families(rng: np.random.Generator, number: int, children: int) -> HierarchyInput:
    """Families of which no two have a concept in common, and a parent of each."""
    concepts = number * children
    parent = concepts + torch.arange(number).repeat_interleave(children)
    other = ~torch.eye(concepts, concepts + number, dtype=torch.bool)
    unrelated = other.clone()
    unrelated[torch.arange(concepts), parent] = False
    names = random_texts(rng, 2 * concepts + number, 4, 12)
    return HierarchyInput(names, parent, other, unrelated, torch.zeros(len(other[0])))


def spans(rng: np.random.Generator, number: int, each: int) -> SoftInput:
    """Spans that share no name, each with as many."""
    logit = torch.full((number, number * each), HIDDEN)
    logit[torch.arange(number * each) // each, torch.arange(number * each)] = 1.0
    return SoftInput(random_texts(rng, number * (1 + each), 4, 12), logit)


def make_aligner(names: tuple[str, ...], graph: bool) -> Aligner:
    """The joint model with some objectives."""
    torch.manual_seed(29)
    shape = {"hidden_size": DIM, "num_hidden_layers": 4, "num_attention_heads": 4}
    lm = BertModel(BertConfig(vocab_size=VOCABULARY, intermediate_size=4 * DIM, **shape))
    temperature = Temperature(0.07, learnt=False)
    every: dict[str, Objective] = {
        "mlm": MaskedTokens(FreshHead(DIM, lm.get_input_embeddings().weight), fresh=True),
        "align": Alignment("ntxent", temperature),
        "own_name": OwnName("ntxent", temperature),
        "link": LinkPrediction(SCORES["distmult"](RELATIONS, DIM), temperature),
        "synonyms": Synonyms("multi_similarity", temperature),
        "hierarchy": Hierarchy(temperature),
        "soft": Soft(temperature),
    }
    options = {"layers": 3, "heads": 2, "dropout": 0.1, "residual": False}
    encoder = build_graph_encoder("gat", DIM, **options) if graph else RowEncoder()
    objectives = {name: every[name] for name in names}
    return Aligner(lm, encoder, objectives, dict.fromkeys(names, 1.0), name_pooling="mean").train()


def step(aligner: Aligner, batch: Batch) -> Tensor:
    """Forward and backward."""
    aligner.zero_grad(set_to_none=True)
    total = aligner(batch).total
    total.backward()
    return total


def flops(case: str) -> float:
    """Of matrix products, forward and backward."""
    names, siblings, graph = CASES[case]
    with FlopCounterMode(display=False) as counter:
        step(make_aligner(names, graph), make_batch(siblings, graph))
    return float(counter.get_total_flops())


def memory(case: str) -> float:
    """Peak above the start, in MiB, of this process; its first step has grown the buffers."""
    names, siblings, graph = CASES[case]
    aligner, batch = make_aligner(names, graph), make_batch(siblings, graph)
    Path("/proc/self/clear_refs").write_text("5")
    before = kilobytes("VmRSS")
    step(aligner, batch)
    return (kilobytes("VmHWM") - before) / 1024


def processor_seconds(repetitions: int) -> dict[str, float]:
    """Medians over runs of all cases in turn."""
    made = {
        case: (make_aligner(names, graph), make_batch(siblings, graph))
        for case, (names, siblings, graph) in CASES.items()
    }
    spent: dict[str, list[float]] = {case: [] for case in CASES}
    for _ in range(repetitions + 1):  # the first one warms up
        for case, (aligner, batch) in made.items():
            start = time.process_time()
            step(aligner, batch)
            spent[case].append(time.process_time() - start)
    return {case: statistics.median(seconds[1:]) for case, seconds in spent.items()}


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--memory-of", help=argparse.SUPPRESS)
    args = parser.parse_args()
    torch.set_num_threads(1)
    if args.memory_of:
        print(memory(args.memory_of))
        return
    seconds = processor_seconds(args.repetitions)
    base = next(iter(CASES))
    base_flops = flops(base)
    print("| objectives | GFLOPs | share | ms of CPU | share | MiB |\n|---|--:|--:|--:|--:|--:|")
    for case in CASES:
        count = flops(case)
        command = [sys.executable, __file__, "--memory-of", case]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        print(
            f"| {case} | {count / 1e9:.1f} | {count / base_flops:.0%} | {1000 * seconds[case]:.0f} "
            f"| {seconds[case] / seconds[base]:.0%} | {float(done.stdout):.0f} |"
        )


if __name__ == "__main__":
    main()
